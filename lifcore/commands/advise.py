"""Which dt? ``python -m lifcore advise``: the step for an error, in mV, ms, pA and Hz."""

from __future__ import annotations

import argparse
import json
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lifcore.advice.advise import error_at, step_size
from lifcore.advice.result import ADVISED, Advice
from lifcore.commands.advice_plot import check_plot, save_plot
from lifcore.commands.advice_report import Units, as_dict, table
from lifcore.commands.arguments import confidence, number, positive, share, writable
from lifcore.commands.neurons import DIMENSIONLESS, PHYSICAL, neuron_of, read_neuron
from lifcore.models.neuron import LIF

ASKED = {
    "rate": (share, "1%", "largest relative error of the rate"),
    "interval": (share, "1%", "largest relative error of the mean interval between spikes"),
    "spike_time": (positive, "MS", "largest rms shift of matched spikes, ms"),
    "state": (positive, "MV", "largest rms error of V at T, mV"),
    "count": (share, "1%", "largest chance that a spike history on [0, T] does not match"),
}
"""Quantities, and how their tolerances are given."""

PATIENCE = 1.5
"""Seconds after which a line says that work goes on."""


def add_advise(commands: Any) -> None:
    """Add ``advise`` to the commands of a parser.

    Examples
    --------
    >>> parser = argparse.ArgumentParser()
    >>> add_advise(parser.add_subparsers())
    >>> parser.parse_args(["advise", "--mu", "1.5", "--rate-error", "1%"]).rate
    0.01
    """
    parser = commands.add_parser("advise", help="say which step meets which error, at what cost")
    parser.add_argument("file", nargs="?", type=Path, metavar="FILE", help="JSON, YAML or .nir")
    for title, names in (("with units", PHYSICAL), ("without units", DIMENSIONLESS)):
        group = parser.add_argument_group(f"neuron {title}")
        for name, text in names.items():
            flag = "--" + name.replace("_", "-")
            group.add_argument(flag, dest=f"neuron_{name}", type=number, metavar="X", help=text)
    parser.add_argument("--node", metavar="NAME", help="node of a NIR graph with several")
    for name, (kind, metavar, text) in ASKED.items():
        flag = "--" + name.replace("_", "-")
        parser.add_argument(
            f"{flag}-error", *(("--count",) if name == "count" else ()), dest=name, type=kind,
            metavar=metavar.replace("%", "%%") if "%" not in metavar else metavar, help=text,
        )  # fmt: skip
    parser.add_argument("--at", type=positive, metavar="DT", help="how wrong is this step?")
    parser.add_argument(
        "--of",
        choices=tuple(ASKED),
        metavar="NAME",
        help=f"what --at is asked of: {', '.join(ASKED)}",
    )
    parser.add_argument("--T", type=positive, metavar="T", help="horizon, ms (or unit of time)")
    parser.add_argument("--scheme", choices=ADVISED, default="euler", help="euler by default")
    parser.add_argument(
        "--confidence", type=confidence, default=0.95, metavar="95%",
        help="of the interval of the error; a pilot's meets the tolerance with it",
    )  # fmt: skip
    parser.add_argument(
        "--json",
        type=writable,
        metavar="FILE",
        nargs="?",
        const=Path("-"),
        help="write the answer here, or print it",
    )
    parser.add_argument(
        "--plot", type=writable, metavar="FILE", help="draw the error against the step"
    )
    parser.set_defaults(run=lambda options: _run(parser, options))


def _run(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    units = None
    try:
        with warnings.catch_warnings(record=True) as caught, _patience():
            warnings.simplefilter("always")
            if options.plot:
                check_plot(options.plot)
            neuron = _neuron(options)
            units = Units.of(neuron)
            advice = _advice(neuron, units, options)
            if options.plot:
                save_plot(options.plot, advice, units, _T(units, options), options.confidence)
    except (TypeError, ValueError, ImportError, RuntimeError, OSError) as error:
        said = " ".join(str(error).split())
        without = ("h = ", "T = ", "tolerance = ", "lif.")
        if units is not None and any(name in said for name in without):
            said += units.legend()
        parser.error("; ".join([said, *_notes(caught)]))
    notes = _notes(caught)
    if options.json:
        text = json.dumps(as_dict(advice, units, notes), indent=1) + "\n"
        if str(options.json) == "-":
            print(text, end="")
            return 0
        try:
            options.json.write_text(text)
        except OSError as error:  # as a disk that has become full
            parser.error(f"argument --json: {str(options.json)!r} cannot be written ({error})")
    print(table(advice, units, notes))
    return 0


def _notes(caught: list[warnings.WarningMessage]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(w.message) for w in caught if w.category is UserWarning))


def _neuron(options: argparse.Namespace) -> Any:
    given = {
        name: value
        for name in (*PHYSICAL, *DIMENSIONLESS)
        if (value := getattr(options, f"neuron_{name}")) is not None
    }
    return read_neuron(options.file, given, options.node) if options.file else neuron_of(given)


def _T(units: Units, options: argparse.Namespace) -> float | None:
    return None if options.T is None else options.T / units.time


def _advice(neuron: Any, units: Units, options: argparse.Namespace) -> Advice:
    asked = {name: getattr(options, name) for name in ASKED if getattr(options, name) is not None}
    lif = neuron if isinstance(neuron, LIF) else neuron.lif
    common: dict[str, Any] = {"T": _T(units, options), "scheme": options.scheme}
    common |= {"confidence": options.confidence}
    if options.at is not None:
        if asked:
            raise ValueError("--at asks for an error and --*-error gives one; allowed: one of them")
        quantity = options.of or "rate"
        return error_at(lif, options.at / units.time, quantity=quantity, **common)
    if len(asked) != 1:
        flags = ", ".join(f"--{name.replace('_', '-')}-error" for name in ASKED)
        raise ValueError(f"{len(asked)} errors are given; allowed: one of {flags}, or --at DT")
    ((quantity, tolerance),) = asked.items()
    tolerance /= units.scale(quantity)
    return step_size(lif, tolerance=tolerance, quantity=quantity, **common)


@contextmanager
def _patience() -> Iterator[None]:
    """Say on standard error that work goes on, if it takes long."""
    timer = threading.Timer(PATIENCE, lambda: print("computing ...", file=sys.stderr, flush=True))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
