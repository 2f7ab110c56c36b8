"""One ensemble of independent paths, by either scheme, on any executor."""

from __future__ import annotations

from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import replace

import numpy as np

from lifcore import checks
from lifcore.models.networks import Feedforward, Network, Recurrent, network
from lifcore.models.neuron import LIF
from lifcore.models.populations import Populations
from lifcore.networks.drawn import draw_synapses, has_synapses
from lifcore.networks.late_runs import is_late
from lifcore.noise.counts import LARGEST
from lifcore.noise.sources import NOISES, PATHWISE
from lifcore.noise.streams import BLOCK, block_count
from lifcore.runs.ensemble import Ensemble, final_block, recorded_spikes
from lifcore.runs.executors import Blocks, map_blocks, portion, threads_of
from lifcore.runs.feasible import check_run
from lifcore.runs.request import Request
from lifcore.runs.starts import Start, own_start
from lifcore.schemes import NETWORK_SCHEMES, SCHEMES
from lifcore.schemes.scheme import Scheme


def simulate(
    model: LIF | Feedforward | Recurrent | Populations,
    *,
    h: float,
    T: float,
    paths: int,
    seed: int | np.random.SeedSequence,
    scheme: str = "euler",
    noise: str = "gauss",
    start: Start | None = None,
    strict: bool = False,
    executor: Executor | str | None = None,
) -> Ensemble:
    """Simulate independent paths of a model up to time T.

    Parameters
    ----------
    model : LIF, Feedforward, Recurrent or Populations
        The neuron, or the network. A LIF whose fields are arrays is a layer of neurons.
    h : float
        Step size. For the exact scheme it has no influence on accuracy, only on cost.
    T : float
        Horizon, a whole multiple of `h`.
    paths : int
        Number of paths. With noise="numpy" one path costs what the 256 of its block cost, whose
        noise is drawn (and, by the exact scheme, whose steps are refined) together; else, and in a
        Recurrent network, a path costs what a path costs.
    seed : int or SeedSequence
        The noise depends on it alone: more paths, other executors or other numbers of
        workers change no bit of the paths already there, and neither does a further layer.
    scheme : str, optional
        Euler–Maruyama by default; "exact" is the exact flow with bridge-refined spike times;
        "interpolated" spikes and resets within a step, of neurons without input from others and
        refractory time. "exponential" is exact but for spikes, which are on the grid. Update rules
        of other programs are "frozen" (exponential, V sees the current of the step's start),
        "current_first" (Euler, V sees the new current), and for neurons by themselves
        "subtraction", "late_reset" and "late_subtraction" (Euler with other resets). All are in
        `lifcore.schemes.SCHEMES`, with their orders. On a grid a refractory time is
        rounded to whole steps (`lifcore.checks.held_steps`).
    noise : str, optional
        Where the increments of W come from. "gauss" by default, normals by a stream for each
        path; "numpy" is NumPy's own generator, slower, whose normals any program can draw again;
        "bits" and "three" draw two- and three-point numbers instead of normals, for averages of
        Euler's scheme only; see `lifcore.noise.sources`. The exact scheme in networks with loops
        draws by key (`lifcore.noise.keyed`), whichever of the first two is asked for.
    start : pair, optional
        Initial (V, I): two numbers, or two arrays of shape (paths, neurons), or (paths,) for
        one neuron. By default V = v_reset and I = mu. With arrays and noise="numpy", the exact
        scheme's refinement of a path also depends on the starts of the other paths in its block of
        256 (not so in a Recurrent network).
    strict : bool, optional
        Refuse a refractory time or a delay that the grid can only round, by up to h/2.
    executor : concurrent.futures.Executor or str, optional
        Where to compute; by default threads on all cores of this machine.

    Returns
    -------
    Ensemble

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong; the message names it and says what is allowed.

    Warns
    -----
    UserWarning
        If the gain of a Recurrent network is so large that it can go on spiking as a whole in
        every step of Euler.

    Examples
    --------
    >>> ensemble = simulate(LIF(mu=1.5, sigma=0.3), h=0.01, T=20.0, paths=512, seed=1)
    >>> ensemble.v.shape
    (512, 1)
    >>> chain = Feedforward([LIF(mu=1.5), LIF(mu=0.5)], [[[0.8, 0.8, 0.8]]])
    >>> simulate(chain, h=0.01, T=2.0, paths=512, seed=1).spike_counts.shape
    (512, 4)
    >>> ring = Recurrent(LIF(), np.roll(0.2 * np.eye(10), 1, axis=0))
    >>> simulate(ring, h=0.01, T=2.0, paths=5, seed=1, scheme="exact").v.shape
    (5, 10)
    """
    run, paths = _plan(model, h, T, paths, seed, scheme, noise, start, strict)
    blocks = block_count(paths, run.width)
    tasks = Blocks(lambda b: (own_start(run, b), b, paths), blocks)
    label, count = f"{scheme}, h = {run.h:g}", run.neuron_steps(paths)
    run = _shared(run, blocks, executor)
    results = map_blocks(final_block, tasks, executor, label, count, run.least(paths))
    v, i, counts = (np.concatenate(part) for part in zip(*results, strict=True))
    return Ensemble(v[:paths], i[:paths], counts[:paths], run.h, float(T), run)


def simulate_spikes(
    model: LIF | Feedforward | Recurrent | Populations,
    *,
    h: float,
    T: float,
    paths: int,
    seed: int | np.random.SeedSequence,
    scheme: str = "euler",
    noise: str = "gauss",
    start: Start | None = None,
    strict: bool = False,
    executor: Executor | str | None = None,
) -> np.ndarray:
    """Simulate as `simulate` does, and return all spikes instead of the state at T.

    Half the work of ``simulate(...).all_spikes()``, with the same result.

    Parameters
    ----------
    model, h, T, paths, seed, scheme, noise, start, strict, executor
        As in `simulate`.

    Returns
    -------
    ndarray
        As `Ensemble.all_spikes`.

    Raises
    ------
    TypeError, ValueError
        As `simulate`.

    Examples
    --------
    >>> spikes = simulate_spikes(LIF(), h=0.01, T=5.0, paths=3, seed=1)
    >>> bool((spikes["time"] <= 5.0).all())
    True
    """
    run, paths = _plan(model, h, T, paths, seed, scheme, noise, start, strict)
    run = _shared(run, block_count(paths, run.width), executor)
    return recorded_spikes(run, paths, executor)


def _plan(
    model: object,
    h: object,
    T: object,
    paths: object,
    seed: object,
    scheme: object,
    noise: object,
    start: object,
    strict: object,
) -> tuple[Request, int]:
    """Validate a request; return what any block needs, and the number of paths."""
    net = network("model", model, refractory=True, delays=True, poisson=True)
    scheme = checks.one_of("scheme", scheme, tuple(SCHEMES))
    noise = _noise(noise, SCHEMES[scheme], net)
    on_grid = [name for name in NETWORK_SCHEMES if SCHEMES[name].on_grid]
    if isinstance(net, Populations) and not SCHEMES[scheme].on_grid:
        raise ValueError(
            f"model: simulate with scheme = {scheme!r} does not support Populations; allowed: "
            f"scheme = {' or '.join(map(repr, on_grid))}"
        )
    h, horizon, steps = checks.steps(h, T)
    for lif in net.layers:
        SCHEMES[scheme].check(h, lif.decay_rates)
        if SCHEMES[scheme].on_grid:
            checks.held_steps(lif.t_ref, h)
    if SCHEMES[scheme].on_grid:
        checks.whole_steps(net, h, strict)
    if SCHEMES[scheme].on_grid and not isinstance(net, Populations):  # which look at their own
        checks.delays_on_grid(net.delays, h)
    for number, one in enumerate(getattr(net, "poisson", ())):
        most = h * float(np.max(one.rate))
        if most > LARGEST:
            raise ValueError(
                f"model.poisson[{number}].rate = {most / h:g}: {most:g} events in a step of h = "
                f"{h!r}; allowed: up to {LARGEST:g}; so many are noise, of sigma**2 = rate "
                "weight**2, and a mean current"
            )
    paths, neurons = checks.count("paths", paths), sum(net.sizes)
    width = BLOCK
    if not isinstance(net, Feedforward):
        width = portion(neurons, steps)
        # With delays or refractory times no neuron spikes in every step.
        if scheme == "euler" and isinstance(net, Recurrent) and not is_late(net):
            checks.volleys(net.weights, net.column, h)
    of = f" of {neurons} neurons" if neurons > 1 else ""
    # V, I and counts, of the blocks and of all together at the same time.
    size = checks.of_blocks(48.0 * paths * neurons, 3 * block_count(paths, width))
    checks.memory(f"the results of {paths} paths{of}", size)
    begin = None
    if start is not None:
        begin = checks.start(start, paths, net.at_rest, net.column("v_th"), net.column("i_th"))
    check_run(net, (scheme,), h, horizon, begin)
    return Request(net, scheme, h, steps, checks.seed(seed), begin, width, horizon, noise), paths


def _shared(run: Request, blocks: int, executor: Executor | str | None) -> Request:
    """Return a request whose blocks, where they are few, are shared by the executor's threads."""
    if not isinstance(run.model, Populations | Recurrent):
        return run
    run = replace(run, threads=max(1, threads_of(executor) // blocks))
    if isinstance(run.model, Populations) and not has_synapses(run.model):
        pool = executor if isinstance(executor, ThreadPoolExecutor) else None
        workers = pool or f"threads:{threads_of(executor)}"
        draw_synapses(
            run.model,
            lambda fill, numbers: map_blocks(fill, [(n,) for n in numbers], workers, "synapses"),
        )
    return run


def _noise(noise: object, scheme: Scheme, net: Network) -> str:
    """Return the name of a kind of noise, if this scheme can take it in this network."""
    name = checks.one_of("noise", noise, NOISES)
    if name in PATHWISE:
        return name
    if not isinstance(net, Feedforward):
        why = "is drawn for neurons and networks without loops"
    elif scheme.components > 1:
        why = f"replaces one normal a step, and {scheme.name!r} takes {scheme.components}"
    else:
        return name
    raise ValueError(f"noise = {name!r} {why}; allowed here: 'gauss' and 'numpy'")
