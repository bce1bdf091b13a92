"""Interpolation, integrals, gradients, and phases without jumps."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from weft import dtypes
from weft._tracing.bind import bind
from weft._tracing.library import library
from weft._tracing.operands import broadcast_shapes, broadcast_to, convert
from weft.numpy._arguments import array, arrays, axes_within, axis_within, inexact
from weft.numpy._ops import (
    compare,
    compare_to,
    concatenate_arrays,
    emit,
    kind,
    like,
    ops,
    reshape_to,
    select,
    slice_axis,
)
from weft.numpy.arithmetic import remainder
from weft.numpy.cumulative import diff
from weft.numpy.reductions import reduce_axes
from weft.numpy.sorting import searchsorted, sort_op


def interp(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None) -> Any:
    """Values at x of the piecewise linear function through the points (xp, fp), of which xp rises.

    Outside it is `left` and `right` (by default the first and last value; "extrapolate" continues the line),
    or repeats with the given period.
    """
    for name, side in (("left", left), ("right", right)):
        if isinstance(side, str) and side != "extrapolate":
            raise ValueError(f"the only valid string value of `{name}` is 'extrapolate', but got: {side!r}")
    continues = (isinstance(left, str), isinstance(right, str))
    values = tuple(None if isinstance(side, str) else side for side in (left, right))
    return _interp(x, xp, fp, values[0], values[1], period, continues)


@library("x", "xp", "fp", "left", "right", "period")
def _interp(
    x: Any, xp: Any, fp: Any, left: Any, right: Any, period: Any, continues: tuple[bool, bool]
) -> Any:
    x, xp, fp = arrays("interp", x, xp, fp)
    if xp.shape != fp.shape or xp.ndim != 1:
        raise ValueError("xp and fp must be one-dimensional arrays of equal size")
    place_dtype = dtypes.promote((x.dtype, x.weak_type), (xp.dtype, xp.weak_type))[0]
    place_dtype = dtypes.narrow(dtypes.to_inexact(place_dtype))
    if kind(convert(x, place_dtype, False)) == "c":
        raise ValueError("jnp.interp: complex x values not supported.")
    value_dtype = dtypes.narrow(dtypes.to_inexact(fp.dtype))
    x, xp, fp = (
        convert(x, place_dtype, False),
        convert(xp, place_dtype, False),
        convert(fp, value_dtype, False),
    )
    if period is not None:
        x, xp, fp = _periodic(x, xp, fp, period)
        left = right = None
    n = xp.shape[0]
    index = searchsorted(xp, x, side="right")
    index = bind(ops.max, bind(ops.min, index, like(index, n - 1)), like(index, 1))
    before = bind(ops.sub, index, like(index, 1))
    x0, x1 = xp.at[before].get(mode="clip"), xp.at[index].get(mode="clip")
    y0, y1 = fp.at[before].get(mode="clip"), fp.at[index].get(mode="clip")
    width = bind(ops.sub, x1, x0)
    is_point = compare(bind(ops.abs, width), like(width, float(np.spacing(np.finfo(np.float32).eps))), "LE")
    share = bind(ops.div, bind(ops.sub, x, x0), select(is_point, like(width, 1), width))
    line = bind(ops.add, y0, bind(ops.mul, convert(share, value_dtype, False), bind(ops.sub, y1, y0)))
    made = select(is_point, y0, line)
    if period is None:
        made = _beyond(made, x, xp, fp, (left, right), continues)
    return made


def _beyond(
    made: Any, x: Any, xp: Any, fp: Any, values: tuple[Any, Any], continues: tuple[bool, bool]
) -> Any:
    n = xp.shape[0]
    for at, direction, value, goes_on in zip((0, n - 1), ("LT", "GT"), values, continues, strict=True):
        if goes_on:
            continue
        end = fp if value is None else convert(array("interp", value), made.dtype, False)
        if value is None:
            end = reshape_to(slice_axis(fp, 0, at, at + 1), ())
        limit = broadcast_to(reshape_to(slice_axis(xp, 0, at, at + 1), ()), x.shape)
        made = select(compare(x, limit, direction), broadcast_to(end, made.shape), made)
    return made


def _periodic(x: Any, xp: Any, fp: Any, period: Any) -> tuple[Any, Any, Any]:
    p = bind(ops.abs, convert(array("interp", period), x.dtype, False))
    if p.ndim:
        raise ValueError(f"period must be a scalar; got {period}")
    x = remainder(x, broadcast_to(p, x.shape))
    xp, fp = sort_op([remainder(xp, broadcast_to(p, xp.shape)), fp], 0, 1)
    n = xp.shape[0]
    p1 = reshape_to(p, (1,))
    first, last = slice_axis(xp, 0, 0, 1), slice_axis(xp, 0, n - 1, n)
    xp = concatenate_arrays([bind(ops.sub, last, p1), xp, bind(ops.add, first, p1)], 0)
    fp = concatenate_arrays([slice_axis(fp, 0, n - 1, n), fp, slice_axis(fp, 0, 0, 1)], 0)
    return x, xp, fp


@library("y", "x", "dx")
def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    """Integral along an axis by the trapezoidal rule, of samples at x or at distance dx."""
    values = inexact("trapezoid", y)
    at = axis_within(axis, values.ndim)
    if x is None:
        widths: Any = dx
    else:
        places = inexact("trapezoid", x)
        if places.ndim == 1:
            steps = diff(places)
            widths = reshape_to(steps, tuple(steps.size if i == at else 1 for i in range(values.ndim)))
        else:
            widths = diff(places, axis=at)
    n = values.shape[at]
    pairs = bind(ops.add, slice_axis(values, at, 1, n), slice_axis(values, at, 0, n - 1))
    pairs, widths = arrays("trapezoid", pairs, widths)
    target = dtypes.promote((pairs.dtype, pairs.weak_type), (widths.dtype, widths.weak_type))[0]
    shape = broadcast_shapes("trapezoid", [pairs.shape, widths.shape])
    pairs, widths = (broadcast_to(convert(v, target, False), shape) for v in (pairs, widths))
    made = bind(ops.mul, pairs, widths)
    total = reduce_axes("reduce_sum", made, (axis_within(axis, made.ndim),))
    return bind(ops.mul, total, like(total, 0.5))


def gradient(
    f: Any, *varargs: Any, axis: int | Sequence[int] | None = None, edge_order: int | None = None
) -> Any:
    """Slopes along each axis from neighbours on both sides; at the ends from one side.

    `varargs`: the distance of samples, for all axes or one for each, or their coordinates along each axis.
    """
    if edge_order is not None and edge_order != 1:
        raise NotImplementedError(
            f"The 'edge_order' argument to jnp.gradient is only supported for edge_order=None or 1, got {edge_order}."
        )
    x = array("gradient", f)
    axes = axes_within(axis, x.ndim)
    if len(varargs) not in (0, 1, len(axes)):
        raise TypeError(f"Invalid number of spacing arguments: {len(varargs)} for {axes=}")
    for i in axes:
        if x.shape[i] < 2:
            raise ValueError(
                "Shape of array too small to calculate a numerical gradient, at least 2 elements are required."
            )
    steps = list(varargs) if len(varargs) == len(axes) else list(varargs) * len(axes)
    made = _gradient(x, steps or [1.0] * len(axes), axes)
    return made[0] if len(axes) == 1 else made


@library("x", "steps")
def _gradient(x: Any, steps: list[Any], axes: tuple[int, ...]) -> list[Any]:
    x = inexact("gradient", x)
    return [_slopes(x, step, at) for step, at in zip(steps, axes, strict=True)]


def _slopes(x: Any, step: Any, axis: int) -> Any:
    h = convert(array("gradient", step), x.dtype, False)
    n = x.shape[axis]
    if h.ndim > 1:
        raise ValueError("Spacing arguments must be scalars or 1D arrays.")
    if h.ndim == 1 and h.shape[0] != n:
        raise ValueError(f"Spacing arguments for axis {axis} must have {n} entries, got {h.shape[0]}")

    def part(first: int, last: int) -> Any:
        return slice_axis(x, axis, first, last)

    def over(difference: Any, width: Any) -> Any:
        return bind(ops.div, difference, broadcast_to(width, difference.shape))

    if h.ndim == 0:
        first = over(bind(ops.sub, part(1, 2), part(0, 1)), h)
        last = over(bind(ops.sub, part(n - 1, n), part(n - 2, n - 1)), h)
        inner = over(bind(ops.sub, part(2, n), part(0, n - 2)), bind(ops.mul, h, like(h, 2)))
        return concatenate_arrays([first, inner, last], axis)
    gaps = reshape_to(diff(h), tuple(n - 1 if i == axis else 1 for i in range(x.ndim)))
    first = over(bind(ops.sub, part(1, 2), part(0, 1)), slice_axis(gaps, axis, 0, 1))
    last = over(bind(ops.sub, part(n - 1, n), part(n - 2, n - 1)), slice_axis(gaps, axis, n - 2, n - 1))
    # The parabola through three neighbours.
    low, high = slice_axis(gaps, axis, 0, n - 2), slice_axis(gaps, axis, 1, n - 1)
    below, above = (
        over(bind(ops.sub, part(1, n - 1), part(0, n - 2)), low),
        over(bind(ops.sub, part(2, n), part(1, n - 1)), high),
    )
    both = bind(ops.add, low, high)
    inner = bind(
        ops.add,
        bind(ops.mul, below, broadcast_to(bind(ops.div, high, both), below.shape)),
        bind(ops.mul, above, broadcast_to(bind(ops.div, low, both), above.shape)),
    )
    return concatenate_arrays([first, inner, last], axis)


@library("p", "discont", "period")
def unwrap(p: Any, discont: Any = None, axis: int = -1, period: Any = 2 * math.pi) -> Any:
    """Angles along an axis moved by multiples of the period so that neighbours differ by at most half of it."""
    x = array("unwrap", p)
    if kind(x) == "c":
        raise ValueError("jnp.unwrap does not support complex inputs.")
    if x.ndim == 0 or x.shape[axis] == 0:
        return inexact("unwrap", x) if kind(x) in "biu" and kind(array("unwrap", period)) == "f" else x
    dtype, weak = dtypes.promote((x.dtype, x.weak_type), _typed(period))
    x, turn = convert(x, dtype, weak), convert(array("unwrap", period), dtype, weak)
    at = axis_within(axis, x.ndim)
    steps = diff(x, axis=at)
    turns = broadcast_to(turn, steps.shape)
    half = bind(ops.div, turns, like(turns, 2))
    reduced = bind(ops.sub, remainder(bind(ops.add, steps, half), turns), half)
    # A step of exactly half a turn keeps its sign.
    is_lower = bind(ops.and_, compare(reduced, bind(ops.neg, half), "EQ"), compare_to(steps, 0, "GT"))
    reduced = select(is_lower, half, reduced)
    limit = (
        half if discont is None else broadcast_to(convert(array("unwrap", discont), dtype, weak), steps.shape)
    )
    change = bind(ops.sub, reduced, steps)
    change = select(compare(bind(ops.abs, steps), limit, "LT"), like(change, 0), change)
    total = emit("cumsum", change, axis=at)
    first, rest = slice_axis(x, at, 0, 1), slice_axis(x, at, 1, x.shape[at])
    return concatenate_arrays([first, bind(ops.add, rest, total)], at)


def _typed(x: Any) -> tuple[Any, bool]:
    value = array("unwrap", x)
    return value.dtype, value.weak_type
