"""Reductions along axes: sums, products, extrema, means, variances, and whether any or all are true."""

from __future__ import annotations

import builtins
import math
from typing import Any

import numpy as np

from weft import dtypes
from weft._tracing.bind import bind
from weft._tracing.library import library
from weft._tracing.operands import broadcast_to, convert, with_weak_type
from weft.numpy._arguments import Axis, array, axes_within, axis_within, explicit_dtype, no_out
from weft.numpy._ops import emit, kind, like, ops, reshape_to, select
from weft.numpy.logic import truth
from weft_compiler.avals import kind_of

_FLOAT32 = np.dtype(np.float32)


def reduce_axes(op: str, x: Any, axes: tuple[int, ...], keepdims: bool = False) -> Any:
    """One reduction op over axes counted from the front, in any order; the result is not weakly typed."""
    shape = x.shape
    made = emit(op, x, axes=tuple(sorted(axes)), weak_type=False) if axes else with_weak_type(x, False)
    if keepdims:
        made = reshape_to(made, tuple(1 if i in axes else n for i, n in enumerate(shape)))
    return made


def masked(name: str, x: Any, where: Any, value: Any) -> Any:
    """`x` with `value` where the mask is false."""
    if where is None:
        return x
    mask = truth(array(name, where))
    shape = np.broadcast_shapes(x.shape, mask.shape)
    x, mask = broadcast_to(x, shape), broadcast_to(mask, shape)
    return select(mask, x, like(x, value))


def wide(x: Any) -> Any:
    """16-bit and smaller floats in float32, in which they are summed."""
    return convert(x, _FLOAT32, False) if kind(x) == "f" and x.dtype.itemsize <= 2 else x


def sum_dtype(dtype: Any, promote_integers: bool) -> Any:
    """The dtype in which values of `dtype` are summed and multiplied."""
    which = kind_of(dtype)
    if which == "b":
        return dtypes.default_int()
    if promote_integers and which in "iu":
        default = dtypes.default_int()
        if dtypes.itemsize_bits(dtype) < dtypes.itemsize_bits(default):
            return default if which == "i" else np.dtype(f"u{default.itemsize}")
    return dtype


def _accumulation(
    name: str,
    op: str,
    neutral: int,
    a: Any,
    axis: Axis,
    dtype: Any,
    keepdims: bool,
    initial: Any,
    where: Any,
    up: bool,
) -> Any:
    x = array(name, a)
    wanted = explicit_dtype(dtype, name)
    x = masked(name, x, where, neutral)
    axes = axes_within(axis, x.ndim)
    target = sum_dtype(x.dtype, up) if wanted is None else wanted
    x = wide(convert(x, target, False))
    made = reduce_axes(op, x, axes, keepdims)
    if initial is not None:
        start = convert(array(name, initial), made.dtype, False)
        if start.shape:
            raise ValueError(f"initial value must be a scalar. Got array of shape {start.shape}")
        made = bind(ops.add if op == "reduce_sum" else ops.mul, made, broadcast_to(start, made.shape))
    return convert(made, target, False)


@library("a", "initial", "where")
def sum(
    a: Any,
    axis: Axis = None,
    dtype: Any = None,
    out: None = None,
    keepdims: bool = False,
    initial: Any = None,
    where: Any = None,
    promote_integers: bool = True,
) -> Any:
    """Sum along axes. Booleans and small integers are summed as int32 (int64 with x64), small floats in float32."""
    no_out("sum", out)
    return _accumulation("sum", "reduce_sum", 0, a, axis, dtype, keepdims, initial, where, promote_integers)


@library("a", "initial", "where")
def prod(
    a: Any,
    axis: Axis = None,
    dtype: Any = None,
    out: None = None,
    keepdims: bool = False,
    initial: Any = None,
    where: Any = None,
    promote_integers: bool = True,
) -> Any:
    """Product along axes; dtypes as for `sum`."""
    no_out("prod", out)
    return _accumulation("prod", "reduce_prod", 1, a, axis, dtype, keepdims, initial, where, promote_integers)


def lowest(dtype: Any) -> Any:
    """The least value of a dtype as a Python number."""
    which = kind_of(dtype)
    if which in "bc":
        return False if which == "b" else complex(-math.inf, -math.inf)
    return int(dtypes.iinfo(dtype).min) if which in "iu" else -math.inf


def highest(dtype: Any) -> Any:
    """The greatest value of a dtype as a Python number."""
    which = kind_of(dtype)
    if which in "bc":
        return True if which == "b" else complex(math.inf, math.inf)
    return int(dtypes.iinfo(dtype).max) if which in "iu" else math.inf


def _extremum(name: str, a: Any, axis: Axis, keepdims: bool, initial: Any, where: Any) -> Any:
    x = array(name, a)
    if where is not None and initial is None:
        raise ValueError(
            f"reduction operation {name} does not have an identity, so to use a where mask one has to specify 'initial'"
        )
    axes = axes_within(axis, x.ndim)
    if initial is None:
        for i in axes:
            if x.shape[i] < 1:
                raise ValueError(f"zero-size array to reduction operation {name} which has no identity")
    neutral = lowest if name == "max" else highest
    x = masked(name, x, where, neutral(x.dtype))
    made = reduce_axes(f"reduce_{name}", x, axes, keepdims)
    if initial is not None:
        start = convert(array(name, initial), made.dtype, False)
        if start.shape:
            raise ValueError(f"initial value must be a scalar. Got array of shape {start.shape}")
        op = {"max": "or_", "min": "and_"}[name] if kind(made) == "b" else name
        made = bind(getattr(ops, op), made, broadcast_to(start, made.shape))
    return made


@library("a", "initial", "where")
def max(
    a: Any,
    axis: Axis = None,
    out: None = None,
    keepdims: bool = False,
    initial: Any = None,
    where: Any = None,
) -> Any:
    """The largest element along axes; nan if any is."""
    no_out("max", out)
    return _extremum("max", a, axis, keepdims, initial, where)


@library("a", "initial", "where")
def min(
    a: Any,
    axis: Axis = None,
    out: None = None,
    keepdims: bool = False,
    initial: Any = None,
    where: Any = None,
) -> Any:
    """The smallest element along axes; nan if any is."""
    no_out("min", out)
    return _extremum("min", a, axis, keepdims, initial, where)


amax, amin = max, min


@library("a", "where")
def all(a: Any, axis: Axis = None, out: None = None, keepdims: bool = False, *, where: Any = None) -> Any:
    """Whether all elements along axes are true (not 0)."""
    no_out("all", out)
    x = masked("all", truth(array("all", a)), where, True)
    return reduce_axes("reduce_and", x, axes_within(axis, x.ndim), keepdims)


@library("a", "where")
def any(a: Any, axis: Axis = None, out: None = None, keepdims: bool = False, *, where: Any = None) -> Any:
    """Whether any element along axes is true (not 0)."""
    no_out("any", out)
    x = masked("any", truth(array("any", a)), where, False)
    return reduce_axes("reduce_or", x, axes_within(axis, x.ndim), keepdims)


@library("a")
def ptp(a: Any, axis: Axis = None, out: None = None, keepdims: bool = False) -> Any:
    """Largest minus smallest element along axes."""
    no_out("ptp", out)
    x = array("ptp", a)
    return bind(ops.sub, max(x, axis, keepdims=keepdims), min(x, axis, keepdims=keepdims))


@library("a")
def count_nonzero(a: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Number of elements along axes that are not 0."""
    x = truth(array("count_nonzero", a))
    counted = convert(x, dtypes.default_int(), False)
    return reduce_axes("reduce_sum", counted, axes_within(axis, x.ndim), keepdims)


# Places of extrema


def _index_of_extremum(name: str, a: Any, axis: int | None, keepdims: bool) -> Any:
    x = array(name, a)
    if x.size == 0 and (axis is None or x.shape[axis] == 0):
        raise ValueError(f"attempt to get {name} of an empty sequence")
    ndim = x.ndim
    if axis is None:
        x, at = reshape_to(x, (x.size,)), 0
    else:
        at = axis_within(axis, ndim)
    made = emit(name, x, axis=at, index_dtype=dtypes.default_int(), weak_type=False)
    if not keepdims:
        return made
    return reshape_to(made, (1,) * ndim if axis is None else (*made.shape[:at], 1, *made.shape[at:]))


@library("a")
def argmax(a: Any, axis: int | None = None, out: None = None, keepdims: builtins.bool | None = None) -> Any:
    """Index of the (first) largest element along an axis, or in the flattened array; nan counts as largest."""
    no_out("argmax", out)
    return _index_of_extremum("argmax", a, axis, builtins.bool(keepdims))


@library("a")
def argmin(a: Any, axis: int | None = None, out: None = None, keepdims: builtins.bool | None = None) -> Any:
    """Index of the (first) smallest element along an axis, or in the flattened array; nan counts as smallest."""
    no_out("argmin", out)
    return _index_of_extremum("argmin", a, axis, builtins.bool(keepdims))
