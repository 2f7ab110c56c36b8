r"""The probe experiments: small deterministic runs that tell one update rule from another.

All of them are of the neuron :math:`\tau_m \dot V = I + b(t) - V`, :math:`\tau_s \dot I = -I`, in
which an input of weight w adds w to I, and V at v_th means a spike. Times are in ms, and V, I and
the drive b in units of the threshold. The step is a power of two: times on the grid are exact.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Experiment:
    """One run of one neuron.

    Attributes
    ----------
    name : str
        What it is called.
    steps : int
        How many steps of `dt` it has.
    v, i : float
        Where V and I begin.
    drive : float
        The constant current b, from time `onset` on.
    onset : float
        When the drive begins, ms.
    inputs : tuple of (float, float)
        Time of arrival (ms, on the grid) and weight of each input.
    refractory : float
        How long V is held at 0 after a spike, ms.
    spikes : int
        How many spikes there are at least; a run with fewer tells nothing.
    dt, tau_m, tau_s : float
        Step and time constants, ms.
    v_th : float
        Threshold. The reset is to 0, or by `v_th`.

    Examples
    --------
    >>> EXPERIMENTS["input"].inputs
    ((2.0, 0.5),)
    """

    name: str
    steps: int
    v: float = 0.0
    i: float = 0.0
    drive: float = 0.0
    onset: float = 0.0
    inputs: tuple[tuple[float, float], ...] = ()
    refractory: float = 0.0
    spikes: int = 0
    dt: float = 0.5
    tau_m: float = 10.0
    tau_s: float = 2.0
    v_th: float = 1.0

    @property
    def synaptic(self) -> bool:
        """Whether a current flows besides the drive: not every package's neuron has one.

        Examples
        --------
        >>> [name for name, e in EXPERIMENTS.items() if not e.synaptic]
        ['membrane decay', 'onset', 'drive', 'threshold', 'strong drive', 'refractory']
        """
        return self.i != 0.0 or bool(self.inputs)


EXPERIMENTS = {
    experiment.name: experiment
    for experiment in (
        Experiment("one step", 2, v=0.25, i=1.0, drive=0.5),
        Experiment("decay", 12, v=0.5, i=0.25),
        Experiment("membrane decay", 12, v=0.5),
        Experiment("input", 12, inputs=((2.0, 0.5),)),
        Experiment("two inputs", 12, inputs=((2.0, 0.5), (2.0, 0.25))),
        Experiment("onset", 12, drive=0.5, onset=2.0),
        Experiment("drive", 60, drive=2.0, spikes=3),
        Experiment("threshold", 6, v=1.0, drive=1.0),
        Experiment("strong input", 24, inputs=((2.0, 30.0),), spikes=1),
        Experiment("strong drive", 6, drive=50.0, spikes=3),
        Experiment("refractory", 40, drive=8.0, refractory=1.2, spikes=3),
    )
}
"""The experiments by name. In *threshold* V stays on the threshold exactly, by any scheme; the
refractory time is 2.4 steps; a *strong*
drive or input charges a neuron through more than one threshold in a step."""
