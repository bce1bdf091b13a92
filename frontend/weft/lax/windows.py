"""Reductions by a function of the user's: over whole axes, and over windows that slide along them.

A function that is one op the dialect has a reduction for becomes that reduction. Any other is applied to
pairs, in a logarithmic number of steps.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from weft._tracing.bind import bind
from weft._tracing.library import library
from weft._tracing.operands import broadcast_to, convert
from weft._tracing.staging import type_of
from weft._tracing.values import as_value
from weft._transforms.scope import evaluated
from weft.errors import explain
from weft.lax import elementwise
from weft.lax.creation import filled
from weft.lax.monoids import MONOIDS, is_neutral, monoid_of, neutral
from weft.lax.operands import check_no_sharding, class_of, ints, kind, nary, op_of, rows
from weft.lax.padding import Padding, Windows
from weft.lax.reductions import reduced
from weft.lax.shapes import concatenate, pad, reshaped, transpose
from weft.lax.slicing import slice as slice_
from weft_runtime import pytree

Leaves = list[Any]
Combine = Callable[[Leaves, Leaves], Leaves]


def reduce(
    operands: Any,
    init_values: Any,
    computation: Callable[[Any, Any], Any],
    dimensions: Sequence[int],
    out_sharding: Any = None,
) -> Any:
    """Elements along `dimensions` combined by an associative and commutative function, with the initial values.

    `operands` and `init_values` are an array and a scalar, or trees of them; the function takes two such trees of
    scalars and gives one.
    Raises: ValueError unless the initial values are scalars and the axes exist.
    """
    check_no_sharding("reduce", out_sharding)
    xs, inits, tree = _operands("reduce", operands, init_values)
    axes = tuple(sorted(ints(dimensions, "reduce", "dimensions")))
    if len(set(axes)) != len(axes) or any(not 0 <= a < xs[0].ndim for a in axes):
        raise ValueError(explain(f"lax.reduce: no axes {axes} to reduce", rows(xs)))
    monoid = monoid_of(computation, xs[0].dtype) if len(xs) == 1 and xs[0].ndim else None
    if monoid is not None:
        made = reduced(monoid.reduction, xs[0], axes)
        if not is_neutral(monoid, inits[0], xs[0].dtype):
            made = _with_init(monoid.op, made, inits[0])
        return tree.unflatten([made])
    combine = _combiner(computation, tree, xs)
    return tree.unflatten(evaluated("reduce", lambda: _reduce(xs, inits, axes, combine)))


def _operands(name: str, operands: Any, init_values: Any) -> tuple[Leaves, Leaves, Any]:
    leaves, tree = pytree.flatten(operands)
    init_leaves, init_tree = pytree.flatten(init_values)
    if tree != init_tree or not leaves:
        raise ValueError(f"lax.{name}: operands and initial values differ in structure: {tree} and {init_tree}")
    xs = [as_value(x, what=f"{name}: an operand") for x in leaves]
    if any(x.shape != xs[0].shape for x in xs):
        raise ValueError(explain(f"lax.{name}: operands must have one shape", rows(xs)))
    given = [as_value(v, what=f"{name}: an initial value") for v in init_leaves]
    if any(v.shape for v in given):
        raise ValueError(explain(f"lax.{name}: initial values must be scalars", rows(given)))
    return xs, [convert(v, x.dtype, v.weak_type) for v, x in zip(given, xs, strict=True)], tree


@library("x", "init")
def _with_init(op: str, x: Any, init: Any) -> Any:
    return bind(op_of(op), broadcast_to(init, x.shape), x, weak_type=x.weak_type)


def _combiner(computation: Callable[[Any, Any], Any], tree: Any, like: Leaves) -> Combine:
    """The user's function of two scalars (or trees of them) on arrays of any shape."""
    from weft._transforms.vmap import vmap

    def each(xs: Leaves, ys: Leaves) -> Leaves:
        leaves, out_tree = pytree.flatten(computation(tree.unflatten(xs), tree.unflatten(ys)))
        outs = [as_value(v) for v in leaves]
        wanted = [type_of(x)[0].dtype for x in like]
        if out_tree != tree or [v.dtype for v in outs] != wanted:
            words = ", ".join(map(str, wanted))
            raise TypeError(explain(f"lax.reduce: the function must give scalars of {words}", rows(outs)))
        return outs

    def combine(xs: Leaves, ys: Leaves) -> Leaves:
        shape = xs[0].shape
        flat = [[reshaped(v, (math.prod(shape),)) for v in vs] for vs in (xs, ys)]
        return [reshaped(v, shape) for v in vmap(each)(*flat)]

    return combine


def _reduce(xs: Leaves, inits: Leaves, axes: tuple[int, ...], combine: Combine) -> Leaves:
    """Neighbours combined until one is left, then the initial values with it."""
    kept = tuple(i for i in range(xs[0].ndim) if i not in axes)
    shape = tuple(xs[0].shape[i] for i in kept)
    count, size = math.prod(xs[0].shape[i] for i in axes), math.prod(shape)
    starts = [broadcast_to(v, shape) for v in inits]
    if not count or not size:
        return starts
    parts = [reshaped(transpose(x, (*axes, *kept)), (count, size)) for x in xs]
    while count > 1:
        half = count // 2
        pairs = [[_rows(p, first, 2 * half, 2) for p in parts] for first in (0, 1)]
        made = combine(*pairs)
        if count % 2:
            made = [concatenate([m, _rows(p, count - 1, count, 1)], 0) for m, p in zip(made, parts, strict=True)]
        parts, count = made, half + count % 2
    return combine(starts, [reshaped(p, shape) for p in parts])


def _rows(x: Any, start: int, limit: int, step: int) -> Any:
    return slice_(x, (start, 0), (limit, x.shape[1]), (step, 1))


def reduce_window(
    operand: Any,
    init_value: Any,
    computation: Callable[[Any, Any], Any],
    window_dimensions: Sequence[int],
    window_strides: Sequence[int] | None = None,
    padding: Padding = "VALID",
    base_dilation: Sequence[int] | None = None,
    window_dilation: Sequence[int] | None = None,
) -> Any:
    """Elements in each window combined by an associative and commutative function, with the initial values.

    Windows slide by `window_strides`; `padding` is "VALID", "SAME", "SAME_LOWER" or (low, high) for each axis;
    dilations put gaps between the elements of the operand and of the window. Padding and gaps add nothing.
    The slope of a maximum goes to the first of equal elements.

    Raises: TypeError unless there is one number for each axis; ValueError unless the initial values are scalars.
    """
    name = "reduce_window"
    xs, inits, tree = _operands(name, operand, init_value)
    shape = xs[0].shape
    windows = Windows.of(
        name, shape, window_dimensions, window_strides, padding, base_dilation, window_dilation
    )
    monoid = monoid_of(computation, xs[0].dtype) if len(xs) == 1 else None
    if monoid is not None:
        made = _monoid_windows(monoid.op, xs[0], tuple(windows))
        if not is_neutral(monoid, inits[0], xs[0].dtype):
            made = _with_init(monoid.op, made, inits[0])
        return tree.unflatten([made])
    combine = _combiner(computation, tree, xs)
    return tree.unflatten(evaluated(name, lambda: _any_windows(xs, inits, windows, combine)))


@library("x")
def _monoid_windows(op: str, x: Any, windows: Sequence[Any]) -> Any:
    """Windows of a known function; padding is its neutral element."""
    shape = Windows(*windows)
    filling = filled((), neutral(MONOIDS[op], x.dtype), x.dtype, x.weak_type)
    combine = functools.partial(_chosen, op) if op in ("max", "min") and kind(x) == "f" else nary
    if not math.prod(shape.result_shape(x.shape)):
        return filled(shape.result_shape(x.shape), 0, x.dtype, x.weak_type)
    (made,) = _slide(
        [_padded(x, filling, shape)],
        shape,
        lambda xs, ys: [combine(*(() if combine is not nary else (op,)), xs[0], ys[0])],
    )
    return made


def _chosen(op: str, x: Any, y: Any) -> Any:
    """The greater or the less of two, x where they are equal: so one element gets the whole slope."""
    wins = elementwise.ge(x, y) if op == "max" else elementwise.le(x, y)
    wins = bind(op_of("bitwise_or"), wins, elementwise.ne(x, x))
    return bind(op_of("select"), wins, x, y)


def _any_windows(xs: Leaves, inits: Leaves, windows: Windows, combine: Combine) -> Leaves:
    """Windows of any function; where there may be padding, marks tell what is an element."""
    shape = windows.result_shape(xs[0].shape)
    starts = [broadcast_to(v, shape) for v in inits]
    if not math.prod(shape):
        return starts
    if not windows.has_gaps():
        return combine(starts, _slide(xs, windows, combine))
    everywhere = filled(xs[0].shape, True, np.dtype(bool), False)
    marks = _padded(everywhere, as_value(False), windows)
    parts = [_padded(x, v, windows) for x, v in zip(xs, inits, strict=True)]

    def marked(left: Leaves, right: Leaves) -> Leaves:
        both = combine(left[1:], right[1:])
        is_left, is_right = left[0], right[0]
        either = [_where(is_left, x, y) for x, y in zip(left[1:], right[1:], strict=True)]
        has_both = bind(op_of("bitwise_and"), is_left, is_right)
        chosen = [_where(has_both, p, q) for p, q in zip(both, either, strict=True)]
        return [bind(op_of("bitwise_or"), is_left, is_right), *chosen]

    is_any, *made = _slide([marks, *parts], windows, marked)
    return [_where(is_any, v, s) for v, s in zip(combine(starts, made), starts, strict=True)]


def _where(mark: Any, x: Any, y: Any) -> Any:
    return bind(op_of("select"), mark, x, y, weak_type=x.weak_type and y.weak_type)


def _padded(x: Any, value: Any, windows: Windows) -> Any:
    gaps = [d - 1 for d in windows.base_dilation]
    return pad(x, value, list(zip(windows.low, windows.high, gaps, strict=True)))


def _slide(xs: Leaves, windows: Windows, combine: Combine) -> Leaves:
    """All windows, axis by axis from the last on."""
    for axis in reversed(range(len(windows.sizes))):
        size, dilation, stride = windows.sizes[axis], windows.window_dilation[axis], windows.strides[axis]
        xs = _along(xs, axis, size, dilation, combine)
        if stride > 1:
            xs = [_cut(x, axis, 0, x.shape[axis], stride) for x in xs]
    return xs


def _along(xs: Leaves, axis: int, size: int, dilation: int, combine: Combine) -> Leaves:
    """Windows along one axis: those of 1, 2, 4, ... elements, put together as the bits of `size` say."""
    power, width = xs, 1
    made: Leaves = []
    covered = 0
    while True:
        if size & width:
            made = _joined(made, power, axis, covered * dilation, combine) if made else power
            covered += width
        if covered == size:
            return made
        power = _joined(power, power, axis, width * dilation, combine)
        width *= 2


def _joined(xs: Leaves, ys: Leaves, axis: int, offset: int, combine: Combine) -> Leaves:
    """Each window of `xs` with the window of `ys` that is `offset` places further on."""
    count = min(xs[0].shape[axis], ys[0].shape[axis] - offset)
    left = [_cut(x, axis, 0, count, 1) for x in xs]
    return combine(left, [_cut(y, axis, offset, offset + count, 1) for y in ys])


def _cut(x: Any, axis: int, start: int, limit: int, step: int) -> Any:
    if (start, limit, step) == (0, x.shape[axis], 1):
        return x
    first, last, steps = [0] * x.ndim, list(x.shape), [1] * x.ndim
    first[axis], last[axis], steps[axis] = start, limit, step
    return slice_(x, first, last, steps)
