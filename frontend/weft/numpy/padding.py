"""`pad`: arrays made larger at both ends of their axes."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from weft import dtypes
from weft._tracing.bind import bind
from weft._tracing.library import library
from weft._tracing.operands import broadcast_to, convert
from weft._tracing.values import is_array
from weft.numpy._arguments import array
from weft.numpy._ops import concatenate_arrays, constant, emit, iota, kind, like, ops, slice_axis
from weft.numpy.means import mean as mean_
from weft.numpy.order_statistics import median
from weft.numpy.reductions import max as max_
from weft.numpy.reductions import min as min_
from weft.numpy.shapes import flip

Widths = tuple[tuple[int, int], ...]

_STATISTICS: dict[str, Callable[..., Any]] = {
    "maximum": max_,
    "minimum": min_,
    "mean": mean_,
    "median": median,
}
_OPTIONS = {
    "constant": ("constant_values", 0),
    "linear_ramp": ("end_values", 0),
    "maximum": ("stat_length", None),
    "mean": ("stat_length", None),
    "median": ("stat_length", None),
    "minimum": ("stat_length", None),
    "reflect": ("reflect_type", "even"),
    "symmetric": ("reflect_type", "even"),
    "edge": None,
    "wrap": None,
    "empty": None,
}


def pad(array: Any, pad_width: Any, mode: str | Callable[..., Any] = "constant", **kwargs: Any) -> Any:
    """The array with more elements before and after along each axis.

    `pad_width` is a number for all, a pair (before, after), one pair for each axis, or a dict from axes to these.
    The modes are those of NumPy, or a function of (row, widths, axis, kwargs) that returns the padded row.
    """
    from weft.numpy._arguments import array as as_array

    x = as_array("pad", array)
    widths = pad_widths(pad_width, x.ndim)
    if callable(mode):
        return _pad_by_function(x, widths, mode, kwargs)
    if mode not in _OPTIONS:
        raise NotImplementedError(f"mode '{mode}' is not supported; it must be one of {', '.join(_OPTIONS)}")
    option = _OPTIONS[mode]
    unknown = set(kwargs) - ({option[0]} if option else set())
    if unknown:
        raise ValueError(f"unsupported keyword arguments for mode '{mode}': {unknown}")
    value = kwargs.get(option[0], option[1]) if option else None
    if mode in ("constant", "linear_ramp"):
        return _pad_with_values(x, _one_each(value, x.ndim), widths, mode)
    if mode in ("maximum", "mean", "median", "minimum"):
        lengths = None if value is None else pad_widths(value, x.ndim)
        return _pad_with_statistic(x, widths, mode, lengths)
    return _pad_with_elements(x, widths, mode, value)


def pad_widths(given: Any, ndim: int) -> Widths:
    """Numbers before and after along each axis, from any form in which NumPy takes them."""
    if isinstance(given, dict):
        widths = [(0, 0)] * ndim
        for axis, pair in given.items():
            widths[axis] = _pair(pair)
    else:
        items = np.asarray(given)
        if items.dtype.kind not in "iu":
            raise TypeError("`pad_width` must be of integral type.")
        try:
            widths = [(int(a), int(b)) for a, b in np.broadcast_to(items, (ndim, 2))]
        except ValueError:
            raise ValueError(f"jnp.pad: pad_width {given} does not fit an array of {ndim} axes") from None
    if any(n < 0 for pair in widths for n in pair):
        raise ValueError("index can't contain negative values")
    return tuple(widths)


def _pair(given: Any) -> tuple[int, int]:
    return (
        (operator.index(given[0]), operator.index(given[1]))
        if isinstance(given, (tuple, list))
        else (
            operator.index(given),
            operator.index(given),
        )
    )


def _one_each(values: Any, ndim: int) -> tuple[tuple[Any, Any], ...]:
    """A value before and one after along each axis, from any form in which NumPy takes them."""
    if isinstance(values, (tuple, list)) and any(is_array(v) for v in _leaves(values)):
        if len(values) == ndim and all(isinstance(v, (tuple, list)) for v in values):
            return tuple((v[0], v[-1]) for v in values)
        inner = values[0] if len(values) == 1 and isinstance(values[0], (tuple, list)) else values
        return ((inner[0], inner[-1]),) * ndim
    if is_array(values):
        if values.ndim == 0:
            return ((values, values),) * ndim
        spread = broadcast_to(values, (ndim, 2))
        return tuple((spread[i, 0], spread[i, 1]) for i in range(ndim))
    spread = np.broadcast_to(np.asarray(values), (ndim, 2))
    return tuple((a.item(), b.item()) for a, b in spread)


def _leaves(nested: Any) -> list[Any]:
    return [leaf for v in nested for leaf in _leaves(v)] if isinstance(nested, (tuple, list)) else [nested]


@library("x", "values")
def _pad_with_values(x: Any, values: Any, widths: Widths, mode: str) -> Any:
    for axis, (width, pair) in enumerate(zip(widths, values, strict=True)):
        if width == (0, 0):
            continue
        ends = [convert(array("pad", v), x.dtype, False) for v in pair]
        sides = []
        for n, end, is_front in ((width[0], ends[0], True), (width[1], ends[1], False)):
            shape = tuple(n if i == axis else m for i, m in enumerate(x.shape))
            made = broadcast_to(end, shape) if mode == "constant" else _ramp(x, end, shape, axis, is_front)
            sides.append(convert(made, x.dtype, x.weak_type))
        x = concatenate_arrays([sides[0], x, sides[1]], axis)
    return x


def _ramp(x: Any, end: Any, shape: tuple[int, ...], axis: int, is_front: bool) -> Any:
    """From the end value to the edge, in even steps; the edge itself is not included."""
    n = shape[axis]
    if n == 0:
        return constant(0, shape, x.dtype)
    at = 0 if is_front else x.shape[axis] - 1
    edge = broadcast_to(slice_axis(x, axis, at, at + 1), shape)
    work = dtypes.narrow(dtypes.to_inexact(x.dtype))
    edge, end = convert(edge, work, False), broadcast_to(convert(end, work, False), shape)
    step = convert(iota(shape, np.dtype(np.int32), axis), work, False)
    if not is_front:
        step = bind(ops.sub, like(step, n - 1), step)
    share = bind(ops.div, step, like(step, n))
    made = bind(ops.add, end, bind(ops.mul, bind(ops.sub, edge, end), share))
    return convert(bind(ops.floor, made) if kind(x) in "iu" else made, x.dtype, False)


@library("x")
def _pad_with_statistic(x: Any, widths: Widths, mode: str, lengths: Widths | None) -> Any:
    function = _STATISTICS[mode]
    for axis, width in enumerate(widths):
        if width == (0, 0):
            continue
        n = x.shape[axis]
        sides = []
        for side in (0, 1):
            length = n if lengths is None else min(lengths[axis][side], n)
            if length == 0:
                raise ValueError("stat_length of 0 yields no value for padding")
            part = slice_axis(x, axis, 0, length) if side == 0 else slice_axis(x, axis, n - length, n)
            value = function(part, axis=axis, keepdims=True)
            if kind(x) in "iu" and kind(value) == "f":
                value = bind(ops.round_nearest_even, value)
            shape = tuple(width[side] if i == axis else m for i, m in enumerate(x.shape))
            sides.append(broadcast_to(convert(value, x.dtype, x.weak_type), shape))
        x = concatenate_arrays([sides[0], x, sides[1]], axis)
    return x


@library("x")
def _pad_with_elements(x: Any, widths: Widths, mode: str, reflect_type: Any) -> Any:
    for axis, (before, after) in enumerate(widths):
        n = x.shape[axis]
        if (before, after) == (0, 0):
            continue
        if n == 0 and mode != "empty":
            raise ValueError(f"can't extend empty axis {axis} using modes other than 'constant' or 'empty'")
        if mode in ("reflect", "symmetric"):
            x = _mirrored(x, axis, before, after, mode, reflect_type)
            continue
        shapes = [tuple(m if i == axis else size for i, size in enumerate(x.shape)) for m in (before, after)]
        if mode == "edge":
            ends = [slice_axis(x, axis, 0, 1), slice_axis(x, axis, n - 1, n)]
            sides = [broadcast_to(end, shape) for end, shape in zip(ends, shapes, strict=True)]
        elif mode == "empty":
            sides = [constant(0, shape, x.dtype, x.weak_type) for shape in shapes]
        else:
            sides = [_wrapped(x, axis, -before, before), _wrapped(x, axis, 0, after)]
        x = concatenate_arrays([sides[0], x, sides[1]], axis)
    return x


def _wrapped(x: Any, axis: int, start: int, count: int) -> Any:
    """`count` elements from `start` on of the endless repetition of an axis."""
    n = x.shape[axis]
    parts, at = [], start % n
    while count:
        taken = min(count, n - at)
        parts.append(slice_axis(x, axis, at, at + taken))
        at, count = 0, count - taken
    return concatenate_arrays(parts, axis) if parts else slice_axis(x, axis, 0, 0)


def _mirrored(x: Any, axis: int, before: int, after: int, mode: str, reflect_type: str) -> Any:
    if reflect_type not in ("even", "odd"):
        raise ValueError(f"reflect_type must be 'even' or 'odd', got {reflect_type!r}")
    skipped = 1 if mode == "reflect" else 0
    front = _mirrored_front(x, axis, before, skipped, reflect_type == "odd")
    back = flip(_mirrored_front(flip(x, axis), axis, after, skipped, reflect_type == "odd"), axis)
    return concatenate_arrays([front, x, back], axis)


def _mirrored_front(x: Any, axis: int, missing: int, skipped: int, is_odd: bool) -> Any:
    """What comes before the elements of an axis when they are mirrored at the first one again and again."""
    if x.shape[axis] == 1 and skipped:
        return broadcast_to(x, tuple(missing if i == axis else m for i, m in enumerate(x.shape)))
    grown, added = x, 0
    while added < missing:
        # What is there already is mirrored as a whole, so that each round doubles it.
        n = grown.shape[axis]
        taken = n - skipped if added or missing > n - skipped else missing
        part = flip(slice_axis(grown, axis, skipped, skipped + taken), axis)
        if is_odd:
            edge = broadcast_to(slice_axis(grown, axis, 0, 1), part.shape)
            part = bind(ops.sub, bind(ops.add, edge, edge), part)
        grown, added = concatenate_arrays([part, grown], axis), added + taken
    return slice_axis(grown, axis, added - missing, added)


def _pad_by_function(x: Any, widths: Widths, function: Callable[..., Any], kwargs: dict[str, Any]) -> Any:
    from weft.numpy.vectorizing import apply_along_axis

    zero = constant(0, (), x.dtype)
    low, high = tuple(a for a, _ in widths), tuple(b for _, b in widths)
    x = emit("pad", x, zero, low=low, high=high, interior=(0,) * x.ndim)
    for axis in range(x.ndim):
        x = apply_along_axis(function, axis, x, widths[axis], axis, kwargs)
    return x
