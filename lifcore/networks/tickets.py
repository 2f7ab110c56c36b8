"""Threads that share a network's parts: tickets, and waiting until all parts of a step are done.

Ticket k is part ``k % parts`` of step ``k // parts``. Threads draw tickets one after the other, and
begin a step only when all parts of the steps before are done, which a second number counts. There
is nothing else to agree upon: any number of threads may help, and each takes what is next.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.errors import TypingError
from numba.extending import intrinsic

_BYTE, _I32 = ir.IntType(8).as_pointer(), ir.IntType(32)

DRAWN, DONE = 0, 16
"""Where the two numbers are: far enough from each other for lines of memory of their own."""


def tickets(number: int) -> np.ndarray:
    """Return counters that stand at so many tickets drawn, and as many done.

    Examples
    --------
    >>> counters = tickets(3)
    >>> counters[DRAWN], counters[DONE]
    (np.int64(3), np.int64(3))
    """
    counters = np.zeros(32, np.int64)
    counters[[DRAWN, DONE]] = number
    return counters


def _place(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    array = context.make_array(signature.args[0])(context, builder, args[0])
    return builder.gep(array.data, [args[1]])


def _check(array: Any) -> None:
    if not (isinstance(array, types.Array) and array.dtype == types.int64):
        raise TypingError("counters are an array of int64")


@intrinsic
def draw_next(typingctx, counters, index):
    """Return a counter that several threads share, and add one to it."""
    _check(counters)

    def generate(context, builder, signature, args):
        place = _place(context, builder, signature, args)
        return builder.atomic_rmw("add", place, ir.IntType(64)(1), "seq_cst")

    return types.int64(counters, types.int64), generate


@intrinsic
def look_at(typingctx, counters, index):
    """Return a counter as the other threads have left it, with all that they wrote before."""
    _check(counters)

    def generate(context, builder, signature, args):
        return builder.load_atomic(_place(context, builder, signature, args), "acquire", 8)

    return types.int64(counters, types.int64), generate


@intrinsic
def prefetch(typingctx, array, index):
    """Ask memory for an entry of an array that is to be read soon."""
    if not isinstance(array, types.Array):
        raise TypingError("an entry of an array")

    def generate(context, builder, signature, args):
        place = builder.bitcast(_place(context, builder, signature, args), _BYTE)
        kind = ir.FunctionType(ir.VoidType(), [_BYTE, _I32, _I32, _I32])
        name = "llvm.prefetch.p0i8"
        ask = cgutils.get_or_insert_function(builder.module, kind, name)
        builder.call(ask, [place, _I32(0), _I32(3), _I32(1)])
        return context.get_dummy_value()

    return types.void(array, types.int64), generate
