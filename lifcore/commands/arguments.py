"""What the command line takes: numbers with their limits, shares, names of executors."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from pathlib import Path

from lifcore.runs.executors import named_executor


def whole(at_least: int) -> Callable[[str], int]:
    """Return a parser of integers not below `at_least`.

    Examples
    --------
    >>> whole(1)("3")
    3
    """

    def parse(text: str) -> int:
        if not text.isdecimal() or int(text) < at_least:
            raise argparse.ArgumentTypeError(f"{text!r}; allowed: an integer >= {at_least}")
        return int(text)

    return parse


def executor_name(text: str) -> str:
    """Return the name of an executor, if there is such a one.

    Examples
    --------
    >>> executor_name("threads:1")
    'threads:1'
    """
    try:
        named_executor(text).shutdown()
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return text


def writable(text: str) -> Path:
    """Return the path of a file that can be written; "-" stands for none.

    Nothing is left of the try: a file that was not there is not there after it.

    Examples
    --------
    >>> writable("-")
    PosixPath('-')
    """
    if text == "-":
        return Path(text)
    try:
        path = Path(text).resolve()  # what a link names is tried, not the link
        there = path.exists()
        if not there or path.is_file() or path.is_dir():  # a pipe would wait for its reader
            path.open("a").close()
        if not there:
            path.unlink()
    except (OSError, RuntimeError, ValueError) as error:
        # Not of the system: links in a circle before Python 3.13, a zero byte in a name.
        why = getattr(error, "strerror", None) or error
        raise argparse.ArgumentTypeError(f"{text!r} cannot be written ({why})") from error
    return Path(text)


def number(text: str) -> float:
    """Return a finite number.

    Examples
    --------
    >>> number("-65")
    -65.0
    """
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"{text!r}; allowed: a finite number")
    return value


def positive(text: str) -> float:
    """Return a number above 0.

    Examples
    --------
    >>> positive("0.1")
    0.1
    """
    value = number(text)
    if value <= 0.0:
        raise argparse.ArgumentTypeError(f"{text!r}; allowed: a number > 0")
    return value


def share(text: str) -> float:
    """Return a share above 0, written as a number or in percent.

    Examples
    --------
    >>> share("1%"), share("0.01")
    (0.01, 0.01)
    """
    percent = text.strip().endswith("%")
    try:
        value = positive(text.strip().removesuffix("%"))
    except argparse.ArgumentTypeError:
        raise argparse.ArgumentTypeError(f"{text!r}; allowed: a share > 0, as 0.01 or 1%") from None
    return value / 100.0 if percent else value


def confidence(text: str) -> float:
    """Return a share between 0 and 1, both excluded.

    Examples
    --------
    >>> confidence("99%")
    0.99
    """
    value = share(text)
    if value >= 1.0:
        raise argparse.ArgumentTypeError(f"{text!r}; allowed: a share below 1, as 0.95 or 95%")
    return value
