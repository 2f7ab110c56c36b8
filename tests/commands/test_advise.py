"""python -m lifcore advise: answers in the reader's units, files, and one line for a bad call."""

import json
import subprocess
import sys

import pytest

from lifcore import LIF, error_at, step_size
from lifcore.commands.verify import main

NEURON = [
    "--C-m",
    "250",
    "--tau-m",
    "10",
    "--tau-syn",
    "0.5",
    "--V-th",
    "-50",
    "--V-reset",
    "-65",
    "--E-L",
    "-65",
    "--I-e",
    "400",
    "--noise-sd",
    "200",
]

PLAIN = ["--mu", 1.5, "--sigma", 0.15]


def advise(*arguments, capsys):
    status = main(["advise", *map(str, arguments)])
    said = capsys.readouterr()
    return status, said.out, said.err


def test_as_a_program():
    run = subprocess.run(
        [sys.executable, "-m", "lifcore", "advise", *NEURON, "--rate-error", "1%"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0
    last = run.stdout.strip().splitlines()[-1]
    assert last.startswith("Use dt = ")
    assert " ms or less with Euler" in last
    assert " Hz instead of " in last


def test_a_rate_loads_no_more_than_it_needs():
    """Start-up is most of the waiting: what a rate does not use is not imported."""
    heavy = ("matplotlib", "pandas", "nir", "papermill", "scipy.stats", "scipy.interpolate")
    code = (
        "import sys; from lifcore.commands import main\n"
        "main(['advise', '--mu', '0.9', '--sigma', '0.8', '--rate-error', '1%'])\n"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.splitlines()[-1] == "[]"


def test_json_holds_what_step_size_says(capsys, tmp_path):
    status, out, _ = advise(*PLAIN, "--rate-error", "1%", "--json", capsys=capsys)
    assert status == 0
    assert out == advise(*PLAIN, "--rate-error", "1%", "--json", "-", capsys=capsys)[1]
    found, advice = (
        json.loads(out),
        step_size(LIF(mu=1.5, sigma=0.15), tolerance=0.01, quantity="rate"),
    )
    assert found["dt"] == advice.h
    assert found["error"] == advice.error.mean
    file = tmp_path / "advice.json"
    advise(*PLAIN, "--rate-error", "1%", "--json", file, capsys=capsys)
    assert json.loads(file.read_text()) == found


def test_units_and_the_reverse_question(capsys):
    _, out, _ = advise(*NEURON, "--at", 0.1, "--json", "-", capsys=capsys)
    found = json.loads(out)
    lif = LIF(**found["neuron"])
    assert (lif.g, lif.v_th, lif.tau) == (1.0, 1.0, 0.05)
    advice = error_at(lif, 0.01, quantity="rate")
    assert found["error"] == pytest.approx(advice.error.mean)
    assert found["exact_rate"] == pytest.approx(100.0 * advice.exact)  # Hz: a unit is 10 ms
    assert found["h"] == pytest.approx(0.01)


def test_tolerances_in_ms_and_mv(capsys):
    slow = [*NEURON[:5], "5", *NEURON[6:-3], "450", "--noise-sd", "60"]
    _, out, _ = advise(*slow, "--state-error", 1.5, "--T", 40, "--json", "-", capsys=capsys)
    found = json.loads(out)
    advice = step_size(LIF(**found["neuron"]), tolerance=0.1, quantity="state", T=4.0)
    assert found["dt"] == pytest.approx(10.0 * advice.h)
    assert found["tolerance"] == pytest.approx(1.5)


@pytest.mark.parametrize("name", ["neuron.json", "neuron.yaml"])
def test_files(name, tmp_path, capsys):
    file = tmp_path / name
    file.write_text(json.dumps({"mu": 1.5, "sigma": 0.15}))  # JSON is YAML
    _, out, _ = advise(file, "--tau", 0.4, "--at", 0.1, "--json", "-", capsys=capsys)
    assert json.loads(out)["neuron"]["tau"] == 0.4
    assert json.loads(out)["neuron"]["sigma"] == 0.15


@pytest.mark.parametrize(
    ("asked", "label"),
    [
        (["--rate-error", "1%"], "the rate"),
        (["--spike-time-error", "0.1", "--T", "2"], "spike times (rms)"),
        (["--count", "5%", "--T", "2"], "the spike history"),
        (["--at", "0.1", "--of", "state", "--T", "2"], "V at T (rms)"),
    ],
)
def test_plot(asked, label, tmp_path, capsys, monkeypatch):
    drawn = []
    monkeypatch.setattr(
        "matplotlib.figure.Figure.savefig", lambda figure, path: drawn.append(figure)
    )
    status, out, _ = advise(
        *PLAIN, *asked, "--plot", tmp_path / "error.svg", "--json", "-", capsys=capsys
    )
    assert status == 0
    found = json.loads(out)
    (axes,) = drawn[0].axes
    assert axes.get_ylabel() == f"error of {label}"
    curve, mark = axes.lines[:2]
    steps, sizes = curve.get_data()
    assert len(steps) >= 4
    assert all(sizes > 0.0)
    assert sizes[-1] > sizes[0]
    assert mark.get_xdata()[0] == pytest.approx(found["dt"])
    assert mark.get_ydata()[0] == pytest.approx(abs(found["error"]))


def test_plot_as_a_file_in_ms_and_mv(tmp_path, capsys):
    file = tmp_path / "error.svg"
    asked = ["--state-error", "2", "--T", "40", "--plot", file]
    status, _, _ = advise(*NEURON, *asked, capsys=capsys)
    assert status == 0
    assert "<svg" in file.read_text()


def test_confidence(capsys):
    def interval(*asked):
        _, out, _ = advise(*PLAIN, *asked, "--json", "-", capsys=capsys)
        found = json.loads(out)
        method = found["method"] if "pilot" in found["method"] else found["limit"]
        return found["low"], found["error"], found["high"], method

    low, error, high, _ = interval("--at", "0.1")
    lowest, same, highest, _ = interval("--at", "0.1", "--confidence", "99.9%")
    assert same == error
    assert lowest < low < error < high < highest
    assert interval("--at", "0.1", "--confidence", "0.95") == (low, error, high, "given")
    asked = ["--state-error", "0.1", "--T", "4", "--confidence"]
    bold, careful = interval(*asked, "80%"), interval(*asked, "99.9%")
    assert max(bold[2], careful[2]) <= 0.1 * (1.0 + 1e-9)
    assert bold[3] != careful[3]  # a pilot takes as many paths as the confidence asks for


BAD = [
    (["--rate-error", "1%"], "no neuron is given"),
    (["--mu", "1.5"], "0 errors are given"),
    (["--mu", "1.5", "--rate-error", "1%", "--interval-error", "1%"], "2 errors are given"),
    (["--mu", "1.5", "--rate-error", "1%", "--at", "0.1"], "allowed: one of them"),
    (["--mu", "1.5", "--rate-error", "0"], "allowed: a share > 0"),
    (["--mu", "x", "--rate-error", "1%"], "allowed: a finite number"),
    (["--mu", "1.5", "--V-th", "-50", "--rate-error", "1%"], "parameters of one kind"),
    (["--C-m", "-250", *NEURON[2:], "--rate-error", "1%"], "C_m"),
    (["--mu", "0.2", "--sigma", "0.01", "--rate-error", "1%"], "never fires"),
    (["--mu", "1.5", "--state-error", "0.1"], "T is missing"),
    (["--mu", "1.5", "--rate-error", "1%", "--confidence", "1"], "allowed: a share below 1"),
    (["--mu", "1.5", "--rate-error", "1%", "--confidence", "0"], "allowed: a share > 0"),
    (["nothing.json", "--rate-error", "1%"], "nothing.json"),
]


@pytest.mark.parametrize(("arguments", "text"), BAD)
def test_bad_calls(arguments, text, capsys):
    status, out, err = advise(*arguments, capsys=capsys)
    assert status == 2
    assert out == ""
    assert text in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("flag", ["--json", "--plot"])
def test_files_that_cannot_be_written_are_refused_before_any_work(
    flag, tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr("lifcore.commands.advise._advice", pytest.fail)
    for file in (tmp_path / "none" / "file.svg", tmp_path):
        line = refused(*PLAIN, "--rate-error", "1%", flag, file, capsys=capsys)
        assert f"argument {flag}: {str(file)!r} cannot be written (" in line
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_tried_without_a_trace(tmp_path, capsys):
    kept, new, link = (tmp_path / name for name in ("kept.json", "new.json", "link.json"))
    kept.write_text("kept")
    link.symlink_to(new)
    for file in (kept, new, link):
        refused("--mu", 1.5, "--json", file, capsys=capsys)  # it does not say of what error
    assert kept.read_text() == "kept"
    assert not new.exists()
    assert link.is_symlink()


def test_figures_of_an_unknown_kind_are_refused_before_any_work(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("lifcore.commands.advise._advice", pytest.fail)
    line = refused(*PLAIN, "--at", 0.1, "--plot", tmp_path / "error.xyz", capsys=capsys)
    assert "argument --plot: " in line
    assert "ends in .xyz; allowed: " in line
    assert "svg" in line


@pytest.mark.parametrize(
    "asked", [["--rate-error", "1%"], ["--state-error", "0.1", "--T", "2"], ["--at", "0.1"]]
)
def test_a_layer_is_refused(asked, tmp_path, capsys):
    file = tmp_path / "layer.json"
    file.write_text(json.dumps({"mu": [1.5, 1.2], "sigma": 0.3}))
    line = refused(file, *asked, capsys=capsys)
    assert "mu = [1.5, 1.2] is a list; allowed: a finite number" in line
    assert "one, no layer" in line


def test_steps_with_a_refractory_time_are_advised_such_as_divide_it(capsys):
    for neuron, unit, t_ref in ((NEURON, 10.0, 2.0), (["--mu", 1.5, "--sigma", 0.3], 1.0, 0.25)):
        asked = [*neuron, "--t-ref", t_ref, "--rate-error", "1%"]
        found = json.loads(advise(*asked, "--json", capsys=capsys)[1])
        assert found["neuron"]["t_ref"] == pytest.approx(t_ref / unit)
        n = round(t_ref / found["dt"])
        _, out, _ = advise(*asked, capsys=capsys)
        assert f"t_ref = {t_ref / unit:g}\n" in out
        last = out.splitlines()[-1]
        assert "or less" not in last
        assert f" = t_ref/{n}, or t_ref/n with a larger whole n, with Euler: " in last
        assert float(last.split()[3]) * n == pytest.approx(t_ref, rel=1e-10)
        (line,) = (line for line in out.splitlines() if line.startswith("cheapest"))
        assert f"euler dt {last.split()[3]}, " in line


def test_a_pilot_with_a_refractory_time_advises_its_own_step(capsys):
    asked = ["--mu", 1.5, "--sigma", 0.3, "--t-ref", 0.21, "--state-error", 0.1, "--T", 2]
    _, out, _ = advise(*asked, capsys=capsys)
    last = out.splitlines()[-1]
    h = float(last.split()[3])
    assert 2.0 / h == pytest.approx(round(2.0 / h), rel=1e-10)
    assert f", or t_ref/n with a whole n > {0.21 / h:.4g}, with Euler: " in last
    _, out, _ = advise(*asked, "--scheme", "exact", capsys=capsys)
    assert " or less with the exact scheme: " in out


def test_a_disk_that_becomes_full_is_told_in_a_line(tmp_path, capsys, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_text", full)
    line = refused(*PLAIN, "--at", 0.1, "--json", tmp_path / "a.json", capsys=capsys)
    assert "No space left on device" in line


def test_a_file_that_is_none(tmp_path, capsys):
    for name, text in (("a.json", "{"), ("b.yaml", "a: ["), ("c.json", "[1]")):
        (tmp_path / name).write_text(text)
        status, _, err = advise(tmp_path / name, "--rate-error", "1%", capsys=capsys)
        assert status == 2
        assert name in err


def test_refractory_time_with_and_without_units(capsys):
    status, said, _ = advise(*NEURON, "--t-ref", 2, "--at", 0.1, capsys=capsys)
    assert status == 0
    assert "rate" in said
    plain = ["--mu", 1.5, "--sigma", 0.3, "--t-ref", 0.2, "--at", 0.1]
    status, other, _ = advise(*plain, capsys=capsys)
    assert status == 0
    assert other != advise(*plain[:4], *plain[6:], capsys=capsys)[1]
    status, _, complaint = advise("--t-ref", 2, "--at", 0.1, capsys=capsys)
    assert status == 2
    assert "no neuron is given" in complaint


def refused(*arguments, capsys):
    status, _, err = advise(*arguments, capsys=capsys)
    assert status == 2
    (line,) = err.strip().splitlines()
    return line


def test_seconds_for_ms_are_named_also_where_nothing_can_be_computed(capsys):
    seconds = [*NEURON[:3], "0.01", *NEURON[4:]]
    assert "tau_m = 0.01 ms" in refused(*seconds, "--rate-error", "1%", capsys=capsys)


def test_messages_without_units_say_what_a_unit_is(capsys):
    line = refused(*NEURON, "--at", "20", capsys=capsys)
    assert "in units of 10 ms" in line
    assert "allowed: h < 0.1" in line  # tau's limit, which is stricter than the leak's
    silent = [*NEURON[:-3], "0", "--noise-sd", "1", "--spike-time-error", "0.1", "--T", "50"]
    line = refused(*silent, capsys=capsys)
    assert "model is silent: up to T = 5 " in line
    assert "T and tau in units of 10 ms" in line
    _, out, _ = advise(*NEURON, "--at", "0.0109999", capsys=capsys)
    assert "At dt = 0.0109999 ms" in out
    asked = ["--of", "spike_time", "--T", "200"]
    _, out, _ = advise(*NEURON, "--at", "0.002", *asked, capsys=capsys)
    assert "times as long by the order" in out
    assert " h = " not in out


def test_help_shows_one_percent_sign(capsys):
    _, out, _ = advise("--help", capsys=capsys)
    assert "--confidence 95%" in out
    assert "%%" not in out


def test_an_error_that_speaks_of_a_model_suggests_no_chapter(capsys):
    silent = refused("--mu", "0", "--sigma", "0", "--rate-error", "1%", capsys=capsys)
    assert silent.startswith("python -m lifcore advise: model = ")
    assert "chapter" not in silent
