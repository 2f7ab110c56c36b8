#!/usr/bin/env bash
# Expected: nengo.processes.WhiteSignal(period, high, seed=...) is a function of time, a sum of
#   sines up to `high` Hz; the seed fixes it, and the step only says where it is sampled.
# Seen: every step draws another signal from the same seed. 1/dt sets how many coefficients are
#   drawn, nearly all to be zeroed; the imaginary parts come first, so those below `high` agree
#   between two steps, and the real parts, drawn after them, do not. Two signals of 10 Hz, which
#   steps of 1 and 0.5 ms resolve a hundred times over, are correlated by about one half.
# Why it matters: a study of the step with "the same input, seed 0" compares responses to different
#   inputs. The difference neither shrinks with the step nor looks like an error of the scheme. The
#   signal has to be drawn once, at the finest step, and handed on as a function of time.
# Versions: nengo 4.1.0, numpy 2.3.5 (Python 3.11). Date: 2026-11-27.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check nengo==4.1.0 numpy==2.3.5
cd "$work"
venv/bin/python - <<'PY'
import nengo
import numpy as np
from nengo.processes import WhiteSignal

PERIOD, HIGH, RMS, COARSE = 2.0, 10.0, 0.5, 0.001


def signal(dt, seed):
    """The signal of one seed, simulated at dt, at the multiples of COARSE."""
    with nengo.Network() as model:
        node = nengo.Node(WhiteSignal(PERIOD, high=HIGH, rms=RMS, seed=seed))
        probe = nengo.Probe(node)
    with nengo.Simulator(model, dt=dt, progress_bar=False) as sim:
        sim.run(PERIOD)
        every = round(COARSE / dt)
        times, values = sim.trange()[every - 1 :: every], sim.data[probe][every - 1 :: every, 0]
    assert np.allclose(times, COARSE * np.arange(1, len(times) + 1))
    return values


print("nengo", nengo.__version__, f"- WhiteSignal({PERIOD}, high={HIGH}, rms={RMS}, seed)")
correlations = []
for seed in range(4):
    reference = signal(COARSE, seed)
    assert (signal(COARSE, seed) == reference).all(), "one seed and one step: one signal"
    for dt in (0.0005, 0.00025):
        other = signal(dt, seed)
        r = np.corrcoef(reference, other)[0, 1]
        a, b = (np.fft.rfft(np.roll(x, 1))[1:20] for x in (reference, other))  # 0.5 to 9.5 Hz
        sines = np.linalg.norm(a.imag - b.imag) / np.linalg.norm(a.imag)
        cosines = np.linalg.norm(a.real - b.real) / np.linalg.norm(a.real)
        print(f"seed {seed}: at dt {COARSE} and {dt:7}: correlation {r:+.2f}, relative difference "
              f"of the sines {sines:.3f}, of the cosines {cosines:.3f}")
        assert sines < 0.05 and cosines > 0.5, "one half of the signal is another"
        correlations.append(r)
assert max(correlations) < 0.9 and 0.2 < np.mean(correlations) < 0.8
print("behaviour as described")
PY
