"""Threads that share a network's parts: who does which, and waiting until a step is done.

Each thread begins with parts of its own, which stay in its core's memory; when it has waited for
the others, it looks whether one is left that they have not begun. A part is claimed by moving its
number from step n to n + 1, which one thread alone can do; a step begins when all parts of the one
before are done, which is counted. There is nothing else to agree upon: any number of threads may
help, and one that has lost its core holds up none of the others but by the part it is at.
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

LINE = 8
"""Numbers in a line of memory: two threads that write to the same one wait for each other."""

DONE = 0
"""Where the number of parts that are done stands; part k's next step is k + 1 lines behind it."""

PATIENCE = 1_000_000
"""Looks at what the others have done before a thread gives its core away, about a millisecond.

Where noise is drawn for several steps, one of them takes ten times as long as the others.
"""

SOON = 1000
"""Looks after which a thread sees whether others have parts left, about a microsecond."""


def turns(parts: int, begin: int) -> np.ndarray:
    """Return counters that say that so many parts are to take step `begin`.

    Examples
    --------
    >>> counters = turns(2, 3)
    >>> counters[[DONE, LINE, 2 * LINE]]
    array([6, 3, 3])
    """
    counters = np.zeros((parts + 1) * LINE, np.int64)
    counters[DONE], counters[LINE::LINE] = parts * begin, begin
    return counters


def _place(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    array = context.make_array(signature.args[0])(context, builder, args[0])
    return builder.gep(array.data, [args[1]])


def _check(array: Any) -> None:
    if not (isinstance(array, types.Array) and array.dtype == types.int64):
        raise TypingError("counters are an array of int64")


@intrinsic
def draw_next(typingctx, counters, index, number):
    """Return a counter that several threads share, and add a number to it."""
    _check(counters)

    def generate(context, builder, signature, args):
        place = _place(context, builder, signature, args)
        return builder.atomic_rmw("add", place, args[2], "seq_cst")

    return types.int64(counters, types.int64, types.int64), generate


@intrinsic
def claim(typingctx, counters, part, n):
    """Return whether step n of a part is this thread's to do, and nobody else's from now on."""
    _check(counters)

    def generate(context, builder, signature, args):
        index = builder.mul(builder.add(args[1], ir.IntType(64)(1)), ir.IntType(64)(LINE))
        place = _place(context, builder, signature, [args[0], index])
        after = builder.add(args[2], ir.IntType(64)(1))
        found = builder.cmpxchg(place, args[2], after, "seq_cst", "seq_cst")
        return builder.extract_value(found, 1)

    return types.boolean(counters, types.int64, types.int64), generate


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
