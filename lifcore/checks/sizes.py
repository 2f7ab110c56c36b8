"""The memory that a request takes, and what this machine has."""

from __future__ import annotations

import os

LOST = 1.25
"""What many small arrays take of a process over their bytes: freed ones leave gaps between them.

Measured by tests/runs/test_memory.py were 1.00 to 1.18 times the bytes.
"""

OBJECT = 150
"""Bytes of an array beside its data, and of its place in a list."""


def of_blocks(size: float, arrays: float) -> float:
    """Return what results take that come as arrays of many blocks and are joined.

    Parameters
    ----------
    size : float
        Bytes of data, with all copies that are there at the same time.
    arrays : float
        How many arrays all blocks have together.

    Returns
    -------
    float
        Bytes, with what is lost between the arrays.

    Examples
    --------
    >>> of_blocks(1e6, 1000)
    1437500.0
    """
    return LOST * (size + OBJECT * arrays)


def installed() -> float | None:
    """Return the bytes of memory that this process may use; None where nobody says.

    That is the machine's physical memory, or what a container's group of processes is given.

    Examples
    --------
    >>> installed() != 0
    True
    """
    try:
        available = float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, ValueError, OSError):  # no sysconf on this system: let NumPy say it
        return None
    for limit in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            with open(limit) as file:
                available = min(available, float(file.read()))
        except (OSError, ValueError):  # no such file, or "max"
            continue
    return available


def memory(
    what: str,
    size: float,
    hint: str = "ask for fewer paths or levels, or split the request by seed",
) -> None:
    """Refuse a request whose arrays would not fit into this machine's memory.

    Parameters
    ----------
    what : str
        What the arrays hold, for the message.
    size : float
        Bytes, with all copies that are there at the same time.
    hint : str, optional
        What to do.

    Raises
    ------
    ValueError
        If `size` exceeds the physical memory.

    Examples
    --------
    >>> memory("the results", 1e3)
    """
    available = installed()
    if available is not None and size > available:
        raise ValueError(
            f"{what} would take {size / 2**30:.1f} GiB, "
            f"this machine has {available / 2**30:.1f} GiB; "
            f"{hint}"
        )
