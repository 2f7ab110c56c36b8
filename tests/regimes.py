"""Neurons that the solvers are tried on, from rare spikes to many, in several units."""

from lifcore.models.neuron import LIF

REGIMES = {
    "balanced": LIF(mu=1.0, sigma=1.0, tau=1.0),
    "mean-driven": LIF(mu=1.5, sigma=0.3, tau=0.5),
    "default": LIF(),
    "below threshold": LIF(mu=0.8, sigma=0.5, tau=0.5),
    "rate 0.02": LIF(mu=0.5, sigma=0.5, tau=1.0),
    "slow current": LIF(mu=0.6, sigma=0.3, tau=2.0),
    "fast current": LIF(mu=1.0, sigma=1.0, tau=0.1),
    "faster current": LIF(mu=1.0, sigma=3.0, tau=0.05),
    "fast spiking": LIF(mu=2.0, sigma=0.5, tau=1.0),
    "large noise": LIF(mu=1.0, sigma=5.0, tau=1.0),
    "other units": LIF(g=0.05, v_th=20.0, v_reset=10.0, tau=5.0, mu=0.9, sigma=0.5),
    "reset below rest": LIF(g=3.0, v_th=1.0, v_reset=-1.0, tau=0.4, mu=3.0, sigma=2.0),
    "threshold below rest": LIF(g=1.0, v_th=-5.0, v_reset=-6.5, tau=0.5, mu=-4.8, sigma=0.6),
}
