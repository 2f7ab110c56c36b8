"""Eight lanes side by side, written out for a processor's vectors: words, and normals of them.

A loop over lanes that moves a generator by one word reads and writes four words of state a lane.
Several words a lane are cheaper if the state stays in registers meanwhile, which a compiler does
not find by itself. So `draw_group` says it in the language of vectors; whatever width a processor
has, or none, LLVM makes of it what gives the same bits. Every operation is one of 64-bit words, or
a subtraction or multiplication of doubles, none of them fused.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.errors import TypingError
from numba.extending import intrinsic

GROUP = 8
"""Lanes in a group."""

_I32, _I64, _F64 = ir.IntType(32), ir.IntType(64), ir.DoubleType()
_WORDS, _FLOATS = ir.VectorType(_I64, GROUP), ir.VectorType(_F64, GROUP)
_FLAGS = ir.VectorType(ir.IntType(1), GROUP)
_TWO = 0x4000000000000000  # the bits of 2.0


def rectangle_drawer(ends: np.ndarray, count: int) -> Any:
    """Return a jitted function that draws normals of a group of lanes by rectangles.

    Parameters
    ----------
    ends : ndarray, shape (parts,)
        How far each rectangle reaches, `parts` being a power of two.
    count : int
        How many of the parts are rectangles.

    Returns
    -------
    callable
        ``draw(states, lane, out, column, row, scale)`` draws from lanes `lane` to ``lane + 7``, of
        states of shape (4, lanes), into these columns of `out` from `row` on, to its last row or to
        the first in which a word is of no rectangle. Returns three numbers packed into one: the
        row after the last that was drawn, times 2**16; the signs of the words there, a bit a lane
        from bit 8 on; and which of them are of no rectangle, from bit 0 on.

    Examples
    --------
    >>> from numba import njit
    >>> draw = rectangle_drawer(np.ones(2), 2)
    >>> jitted = njit(lambda states, out: draw(states, 0, out, 0, 0, 2.0))
    >>> out = np.empty((3, 8))
    >>> jitted(np.ones((4, 8), np.uint64), out) >> 16
    3
    >>> bool((np.abs(out) <= 2.0).all())
    True
    """

    @intrinsic
    def draw(typingctx, states, lane, out, column, row, scale):  # type: ignore[no-untyped-def]
        for array in (states, out):
            if not (isinstance(array, types.Array) and array.ndim == 2 and array.layout == "C"):
                raise TypingError("states and out are matrices whose rows are in one piece")
        whole = types.int64
        signature = whole(states, whole, out, whole, whole, types.float64)

        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            states, lane, out, column, row, scale = args
            states = context.make_array(signature.args[0])(context, builder, states)
            out = context.make_array(signature.args[2])(context, builder, out)
            _, lanes = cgutils.unpack_tuple(builder, states.shape)
            places = [
                _vector_at(builder, states.data, builder.add(builder.mul(_I64(r), lanes), lane))
                for r in range(4)
            ]
            begin = [builder.load(place, align=8) for place in places]
            table = builder.ptrtoint(_constant_table(builder, ends), _I64)
            table, scale = _spread(builder, table), _spread(builder, scale)
            before, loop = builder.block, builder.append_basic_block("rows")
            builder.branch(loop)
            builder.position_at_end(loop)
            at, moving = builder.phi(_I64), [builder.phi(_WORDS) for _ in range(4)]
            word, moved = _next_words(builder, moving)
            part = builder.and_(word, _words(ends.size - 1))
            high = builder.lshr(word, _words(12))
            unit = builder.bitcast(builder.or_(high, _words(_TWO)), _FLOATS)
            unit = builder.fsub(unit, _FLOATS([3.0] * GROUP))
            normal = builder.fmul(scale, builder.fmul(unit, _gather(builder, table, part)))
            _store_row(builder, out, at, column, normal)
            none = builder.icmp_unsigned(">=", part, _words(count))
            none = builder.zext(builder.bitcast(none, ir.IntType(GROUP)), _I64)
            following = builder.add(at, _I64(1))
            rows, _ = cgutils.unpack_tuple(builder, out.shape)
            full = builder.icmp_signed(">=", following, rows)
            stop = builder.or_(builder.icmp_unsigned("!=", none, _I64(0)), full)
            for phi, first, then in zip(
                (at, *moving), (row, *begin), (following, *moved), strict=True
            ):
                phi.add_incoming(first, before)
                phi.add_incoming(then, loop)
            done = builder.append_basic_block("done")
            builder.cbranch(stop, done, loop)
            builder.position_at_end(done)
            for place, then in zip(places, moved, strict=True):
                builder.store(then, place, align=8)
            sign = builder.trunc(high, _FLAGS)
            sign = builder.zext(builder.bitcast(sign, ir.IntType(GROUP)), _I64)
            found = builder.or_(builder.shl(sign, _I64(GROUP)), none)
            return builder.or_(builder.shl(following, _I64(2 * GROUP)), found)

        return signature, generate

    return draw


def _words(number: int) -> ir.Constant:
    return _WORDS([number] * GROUP)


def _vector_at(builder: Any, data: Any, index: Any) -> Any:
    """Return where a vector of 64-bit numbers begins, `index` of them behind `data`."""
    kind = _FLOATS if data.type.pointee == _F64 else _WORDS
    return builder.bitcast(builder.gep(data, [index]), kind.as_pointer())


def _store_row(builder: Any, out: Any, row: Any, column: Any, values: Any) -> Any:
    _, width = cgutils.unpack_tuple(builder, out.shape)
    index = builder.add(builder.mul(row, width), column)
    builder.store(values, _vector_at(builder, out.data, index), align=8)


def _spread(builder: Any, number: Any) -> Any:
    """Return a vector of one number."""
    kind = ir.VectorType(number.type, GROUP)
    vector = builder.insert_element(kind(ir.Undefined), number, _I32(0))
    return builder.shuffle_vector(
        vector, kind(ir.Undefined), ir.VectorType(_I32, GROUP)([0] * GROUP)
    )


def _rotated(builder: Any, words: Any, left: Any) -> Any:
    return builder.or_(builder.shl(words, _words(left)), builder.lshr(words, _words(64 - left)))


def _next_words(builder: Any, state: Any) -> Any:
    """Return a word of each lane, and the state after it, as `lifcore.noise.lanes.next_word`."""
    a, b, c, d = state
    word = builder.add(_rotated(builder, builder.add(a, d), 23), a)
    shifted = builder.shl(b, _words(17))
    c, d = builder.xor(c, a), builder.xor(d, b)
    b, a = builder.xor(b, c), builder.xor(a, d)
    return word, [a, b, builder.xor(c, shifted), _rotated(builder, d, 45)]


def _constant_table(builder: Any, numbers: Any) -> Any:
    kind = ir.ArrayType(_F64, numbers.size)
    name = builder.module.get_unique_name("table")
    table = ir.GlobalVariable(builder.module, kind, name)
    table.linkage, table.global_constant = "internal", True
    table.initializer = kind([float(x) for x in numbers])
    return table


def _gather(builder: Any, table: Any, index: Any) -> Any:
    """Return the doubles at some indices, behind the addresses `table`."""
    pointers = ir.VectorType(ir.PointerType(_F64), GROUP)
    places = builder.inttoptr(builder.add(table, builder.shl(index, _words(3))), pointers)
    kind = ir.FunctionType(_FLOATS, [pointers, _I32, _FLAGS, _FLOATS])
    name = f"llvm.masked.gather.v{GROUP}f64.v{GROUP}p0"
    gather = cgutils.get_or_insert_function(builder.module, kind, name)
    return builder.call(gather, [places, _I32(8), _FLAGS([1] * GROUP), _FLOATS([0.0] * GROUP)])
