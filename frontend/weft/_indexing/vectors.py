"""Index vectors in the IR: places along axes, brought to one dtype, counted from the front, side by side."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

from weft._indexing.layout import Layout, Point
from weft._tracing.bind import op_class
from weft._tracing.trace import Trace
from weft_compiler.avals import INT32, INT64, Aval


@functools.cache
def _ops() -> tuple[Any, ...]:
    return op_class("compare").of(direction="LT"), op_class("add").of(), op_class("select").of()


def places(trace: Trace, layout: Layout, points: Sequence[Point], operands: Sequence[Any]) -> list[Any]:
    """The place of each point as a tracer, all of one dtype; known ones are scalar constants."""
    dtype = _common([operands[p.operand].dtype for p in points if p.vector is not None], layout.shape)
    made = []
    for p in points:
        if p.vector is None:
            made.append(trace.constant(Aval.of((), dtype), p.value))
            continue
        x = operands[p.operand]
        if x.dtype != dtype:
            x = trace.emit(op_class("convert").of(dtype=dtype), (x,))
        made.append(_from_the_front(trace, x, layout.shape[p.axis]) if p.vector.wraps else x)
    return made


def _common(dtypes: list[Any], shape: tuple[int, ...]) -> Any:
    """One dtype for all places, wide enough for the sizes of the array."""
    if any(d.itemsize == 8 for d in dtypes) or any(n > 2**31 - 1 for n in shape):
        return INT64
    if len(set(dtypes)) == 1 and (dtypes[0] == INT32 or all(np.iinfo(dtypes[0]).max >= n for n in shape)):
        return dtypes[0]
    return INT32


def _from_the_front(trace: Trace, x: Any, n: int) -> Any:
    less, add, select = _ops()
    aval = Aval.of(x.shape, x.dtype)
    is_negative = trace.emit(less, (x, trace.constant(aval, 0)))
    return trace.emit(select, (is_negative, trace.emit(add, (x, trace.constant(aval, n))), x))


def side_by_side(trace: Trace, columns: Sequence[tuple[Any, tuple[int, ...]]], shape: tuple[int, ...]) -> Any:
    """Columns, each with the axes of `shape` that it has, as components of vectors: a new last axis."""
    full = (*shape, 1)
    made = []
    for x, dims in columns:
        if x.shape == shape:
            made.append(trace.emit(op_class("reshape").of(shape=full), (x,)))
        else:
            made.append(trace.emit(op_class("broadcast_in_dim").of(shape=full, dims=dims), (x,)))
    if len(made) == 1:
        return made[0]
    return trace.emit(op_class("concatenate").of(axis=len(shape)), made)


def trailing(x: Any, before: int, rank: int) -> tuple[int, ...]:
    """The axes of `x` among those of a block of `rank` axes that starts at `before`."""
    return tuple(range(before + rank - x.ndim, before + rank))
