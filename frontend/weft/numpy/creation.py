"""Arrays from nothing: filled ones, ranges, grids, and from Python and NumPy values."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

import weft_runtime
from weft import dtypes
from weft._tracing.bind import bind
from weft._tracing.library import library
from weft._tracing.operands import broadcast_to, convert, promoted
from weft._tracing.trace import STATE, Tracer
from weft._tracing.values import as_value, is_array
from weft.numpy._arguments import array as as_array
from weft.numpy._arguments import explicit_dtype, no_sharding, shape_of
from weft.numpy._ops import broadcast_in_dim, compare, constant, iota, kind, like, ops, reshape_to, select
from weft.numpy.arithmetic import power
from weft_runtime import Array

_HOST_LIMIT = 1 << 14
"""Filled arrays of up to so many elements are made by NumPy, since a program for each shape takes longer."""


def placed(x: Any, device: Any) -> Any:
    """A result on the device that was asked for, if any."""
    if device is None:
        return x
    if type(x) is not Array:
        raise NotImplementedError("device is not supported while tracing")
    return weft_runtime.move(x, device)


def _filled(shape: tuple[int, ...], value: Any, dtype: Any, weak_type: bool = False) -> Any:
    """A Python number in every place."""
    trace = STATE.trace
    if trace is not None and trace.staged:
        return constant(value, shape, dtype, weak_type)
    if math.prod(shape) <= _HOST_LIMIT:
        return weft_runtime.device_put(np.full(shape, value, dtype), dtype, weak_type=weak_type)
    return _filled_on_device(shape, value, dtype, weak_type)


@library()
def _filled_on_device(shape: tuple[int, ...], value: Any, dtype: Any, weak_type: bool) -> Any:
    return constant(value, shape, dtype, weak_type)


def zeros(shape: Any, dtype: Any = None, *, device: Any = None, out_sharding: Any = None) -> Any:
    """An array of zeros."""
    no_sharding("zeros", out_sharding=out_sharding)
    return placed(_filled(shape_of(shape), 0, _float_dtype(dtype, "zeros")), device)


def ones(shape: Any, dtype: Any = None, *, device: Any = None, out_sharding: Any = None) -> Any:
    """An array of ones."""
    no_sharding("ones", out_sharding=out_sharding)
    return placed(_filled(shape_of(shape), 1, _float_dtype(dtype, "ones")), device)


def empty(shape: Any, dtype: Any = None, *, device: Any = None, out_sharding: Any = None) -> Any:
    """An array of zeros: memory is never left as it was found."""
    return zeros(shape, dtype, device=device, out_sharding=out_sharding)


def _float_dtype(dtype: Any, name: str) -> Any:
    return dtypes.default_float() if dtype is None else dtypes.canonicalize_explicit(dtype, name)


def full(
    shape: Any, fill_value: Any, dtype: Any = None, *, device: Any = None, out_sharding: Any = None
) -> Any:
    """An array with one value in every place, or with an array repeated into the shape."""
    no_sharding("full", out_sharding=out_sharding)
    wanted = explicit_dtype(dtype, "full")
    return placed(_full(shape_of(shape), fill_value, wanted), device)


def _full(shape: tuple[int, ...], fill_value: Any, dtype: Any) -> Any:
    if type(fill_value) in (bool, int, float, complex):
        weak = dtype is None and type(fill_value) is not bool
        target = dtypes.dtype(fill_value) if dtype is None else dtype
        return _filled(shape, checked(fill_value, target), target, weak)
    value = asarray(fill_value, dtype)
    return _repeated(value, shape)


def checked(value: Any, dtype: Any) -> Any:
    """A Python number that the dtype can hold; OverflowError for integers out of range."""
    if type(value) is int and np.dtype(dtype).kind in "iu":
        info = np.iinfo(dtype)
        if not info.min <= value <= info.max:
            raise OverflowError(f"Python integer {value} out of bounds for {dtype}")
    return value


@library("x")
def _repeated(x: Any, shape: tuple[int, ...]) -> Any:
    target = np.broadcast_shapes(x.shape, shape)
    if target != shape:
        raise ValueError(f"Incompatible shapes for broadcasting: {x.shape} and requested shape {shape}")
    return broadcast_to(x, shape)


def _like(name: str, a: Any, dtype: Any, shape: Any) -> tuple[tuple[int, ...], Any, bool]:
    """Shape, dtype and weak type of a new array like `a`."""
    if not (hasattr(a, "shape") and hasattr(a, "dtype")):
        a = as_array(name, a)
    wanted = explicit_dtype(dtype, name)
    weak = wanted is None and getattr(a, "weak_type", False)
    return (
        tuple(a.shape) if shape is None else shape_of(shape),
        dtypes.narrow(a.dtype) if wanted is None else wanted,
        weak,
    )


def zeros_like(
    a: Any, dtype: Any = None, shape: Any = None, *, device: Any = None, out_sharding: Any = None
) -> Any:
    """Zeros in the shape and dtype of another array."""
    no_sharding("zeros_like", out_sharding=out_sharding)
    sizes, target, weak = _like("zeros_like", a, dtype, shape)
    return placed(_filled(sizes, 0, target, weak), device)


def ones_like(
    a: Any, dtype: Any = None, shape: Any = None, *, device: Any = None, out_sharding: Any = None
) -> Any:
    """Ones in the shape and dtype of another array."""
    no_sharding("ones_like", out_sharding=out_sharding)
    sizes, target, weak = _like("ones_like", a, dtype, shape)
    return placed(_filled(sizes, 1, target, weak), device)


def empty_like(prototype: Any, dtype: Any = None, shape: Any = None, *, device: Any = None) -> Any:
    """Zeros in the shape and dtype of another array: memory is never left as it was found."""
    return zeros_like(prototype, dtype, shape, device=device)


def full_like(
    a: Any,
    fill_value: Any,
    dtype: Any = None,
    shape: Any = None,
    *,
    device: Any = None,
    out_sharding: Any = None,
) -> Any:
    """One value in every place, in the shape and dtype of another array."""
    no_sharding("full_like", out_sharding=out_sharding)
    sizes, target, weak = _like("full_like", a, dtype, shape)
    if type(fill_value) in (bool, int, float, complex):
        number = np.dtype(target).type(fill_value) if np.dtype(target).kind in "iub" else fill_value
        return placed(_filled(sizes, number if number is fill_value else number.item(), target, weak), device)
    return placed(_repeated(asarray(fill_value, target), sizes), device)


# From values


def array(
    object: Any,
    dtype: Any = None,
    copy: bool = True,
    order: str | None = "K",
    ndmin: int = 0,
    *,
    device: Any = None,
    out_sharding: Any = None,
) -> Any:
    """An array of what is given: a number, an array of this or another library, or nested lists of them."""
    no_sharding("array", out_sharding=out_sharding)
    if order is not None and order not in ("K", "C"):
        raise NotImplementedError("Only implemented for order='K'")
    made = _array(object, explicit_dtype(dtype, "array"))
    if made is object and copy and type(made) is Array and device is None:
        made = weft_runtime.copy_array(made)
    if ndmin > made.ndim:
        made = _with_rank(made, ndmin)
    return placed(made, device)


def asarray(
    a: Any,
    dtype: Any = None,
    order: str | None = None,
    *,
    copy: bool | None = None,
    device: Any = None,
    out_sharding: Any = None,
) -> Any:
    """As `array`, but what is an array already is not copied."""
    return array(a, dtype, bool(copy), order or "K", device=device, out_sharding=out_sharding)


def copy(a: Any, order: str | None = None) -> Any:
    """A copy of an array."""
    as_array("copy", a)
    return array(a, copy=True, order=order or "K")


@library("x")
def _with_rank(x: Any, rank: int) -> Any:
    return reshape_to(x, (1,) * (rank - x.ndim) + x.shape)


def _array(x: Any, dtype: Any) -> Any:
    if is_array(x):
        return x if dtype is None else _converted(x, dtype)
    if isinstance(x, (bool, int, float, complex)) and not isinstance(x, np.generic):
        return as_value(x) if dtype is None else as_value(checked(x, dtype), dtype)
    if isinstance(x, (list, tuple)):
        return _from_list(x, dtype)
    if x is None or isinstance(x, (str, bytes, dict, set)):
        raise TypeError(f"Value {x!r:.60} with type {type(x)} is not a valid array type.")
    if isinstance(x, np.ndarray) and x.dtype == object:
        raise TypeError(
            f"Value {x!r:.60} with dtype object is not a valid array type. Only arrays of numeric types are supported."
        )
    made = as_value(x, what="array: the value")
    return made if dtype is None else _converted(made, dtype)


def _converted(x: Any, dtype: Any) -> Any:
    return astype(x, dtype)


def _from_list(x: Any, dtype: Any) -> Any:
    leaves: list[Any] = []
    shape = _collect(x, leaves)
    if any(is_array(v) or hasattr(v, "__jax_array__") for v in leaves):
        from weft.numpy.joining import stack

        parts = [_array(v, dtype) for v in x]
        return stack(parts) if parts else zeros((0,), dtype)
    if not leaves and shape:
        return weft_runtime.device_put(np.empty(shape), _float_dtype(dtype, "array"))
    if dtype is None:
        dtype = dtypes.result_type(*leaves) if len(leaves) < 64 else _dtype_of_many(leaves)
    elif np.dtype(dtype).kind in "iu":
        for value in leaves:
            checked(value, dtype)
    values = np.asarray(x, dtype=dtype)
    if values.dtype == object:
        raise TypeError(f"Value {x!r:.60} is not a valid array: its elements are no numbers")
    return as_value(values, dtype)


def _dtype_of_many(leaves: list[Any]) -> Any:
    """`result_type` of many values, of which most have the same type."""
    distinct = {
        type(v) if isinstance(v, (bool, int, float, complex)) else getattr(v, "dtype", type(v)): v
        for v in leaves
    }
    found = dtypes.result_type(*distinct.values())
    if np.dtype(found).kind in "iu":
        for value in leaves:
            checked(value, found)
    return found


def _collect(x: Any, leaves: list[Any]) -> tuple[int, ...]:
    """Gathers what nested lists hold; their shape. ValueError where lengths differ."""
    if isinstance(x, (list, tuple)):
        shapes = {_collect(item, leaves) for item in x}
        if len(shapes) > 1:
            raise ValueError(
                f"setting an array element with a sequence: the parts of {x!r:.80} have shapes {sorted(shapes)}"
            )
        return (len(x), *(shapes.pop() if shapes else ()))
    if x is None or isinstance(x, (str, bytes)):
        raise TypeError(f"Value {x!r:.60} with type {type(x)} is not a valid array type.")
    leaves.append(x)
    return np.shape(x) if not is_array(x) else x.shape


def astype(x: Any, dtype: Any, /, *, copy: bool = False, device: Any = None) -> Any:
    """The elements in another dtype. Floats are truncated to integers; complex numbers lose their imaginary part."""
    target = dtypes.default_float() if dtype is None else dtypes.canonicalize_explicit(dtype, "astype")
    return placed(_astype(x, target), device)


@library("x")
def _astype(x: Any, dtype: Any) -> Any:
    x = as_array("astype", x)
    if kind(x) == "c" and np.dtype(dtype).kind not in "cb":
        x = bind(ops.real, x)
    if dtype == np.bool_ and kind(x) != "b":
        return compare(x, like(x, 0), "NE")
    return convert(x, dtype, False)


# Ranges


def arange(
    start: Any,
    stop: Any = None,
    step: Any = None,
    dtype: Any = None,
    *,
    device: Any = None,
    out_sharding: Any = None,
) -> Any:
    """Numbers from start (0 if only one limit is given) up to stop, which is not included, by step."""
    no_sharding("arange", out_sharding=out_sharding)
    wanted = explicit_dtype(dtype, "arange")
    limits = [_static_number(v, "arange") for v in (start, stop, step) if v is not None]
    target = dtypes.result_type(*limits) if wanted is None else wanted
    first, last = (0, limits[0]) if stop is None else limits[:2]
    by = limits[-1] if step is not None else 1
    if by == 0:
        raise ZeroDivisionError("arange: step must not be 0")
    count = max(math.ceil((last - first) / by), 0)
    return placed(_arange(first, by, count, target), device)


def _static_number(x: Any, name: str) -> Any:
    """A limit as a NumPy or Python number; ConcretizationTypeError where it is only known later."""
    if type(x) is Tracer:
        from weft._tracing.concrete import concrete
        from weft.errors import ConcretizationTypeError

        value = concrete(x)
        if value is None:
            raise ConcretizationTypeError(
                x, f"It arose in weft.numpy.{name}, whose arguments decide the size."
            )
        x = value
    if is_array(x) or isinstance(x, np.ndarray):
        if x.ndim:
            raise ValueError(f"{name}: arguments must be scalars, got shape {x.shape}")
        x = np.asarray(x)[()]
    if isinstance(x, (list, tuple, str)):
        raise TypeError(f"{name}: arguments must be numbers, got {x!r:.60}")
    return x


def _arange(first: Any, by: Any, count: int, dtype: Any) -> Any:
    trace = STATE.trace
    if trace is not None and trace.staged:
        if count > 64:
            return _arange_on_device.fun(first, by, count, dtype)
        return as_value(_arange_on_host(first, by, count, dtype), dtype)
    if count <= _HOST_LIMIT:
        return weft_runtime.device_put(_arange_on_host(first, by, count, dtype), dtype)
    return _arange_on_device(first, by, count, dtype)


def _arange_on_host(first: Any, by: Any, count: int, dtype: Any) -> np.ndarray:
    values = np.arange(count) * by + first
    return values.astype(dtype)


@library()
def _arange_on_device(first: Any, by: Any, count: int, dtype: Any) -> Any:
    target = np.dtype(dtype)
    # Small floats cannot count far; their ranges are computed in float32.
    work = target if target.itemsize >= 4 or target.kind in "iu" else np.dtype(np.float32)
    made = iota((count,), work)
    if by != 1:
        made = bind(ops.mul, made, constant(by, (count,), work))
    if first != 0:
        made = bind(ops.add, made, constant(first, (count,), work))
    return convert(made, target, False)


def linspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
    *,
    device: Any = None,
) -> Any:
    """`num` evenly spaced numbers from start to stop; with `retstep` a pair with the distance of two."""
    count = operator.index(num)
    if count < 0:
        raise ValueError(f"Number of samples, {count}, must be non-negative.")
    wanted = explicit_dtype(dtype, "linspace")
    made, step = _linspace(start, stop, count, endpoint, wanted, axis)
    made = placed(made, device)
    return (made, step) if retstep else made


@library("start", "stop")
def _linspace(start: Any, stop: Any, num: int, endpoint: bool, dtype: Any, axis: int) -> Any:
    for i, x in enumerate((start, stop)):
        as_array("linspace", x, i)
    x, y = promoted("linspace", start, stop)
    natural = dtypes.narrow(dtypes.to_inexact(x.dtype))
    target = natural if dtype is None else dtype
    work = natural if kind(x) == "c" or natural.itemsize >= 4 else np.dtype(np.float32)
    x, y = convert(x, work, False), convert(y, work, False)
    parts = num - 1 if endpoint else num
    difference = bind(ops.sub, y, x)
    step = bind(ops.div, difference, like(x, parts)) if parts > 0 else like(x, math.nan)
    shape = (num, *x.shape)
    dims = tuple(range(1, len(shape)))
    if num == 0:
        made = constant(0, shape, work)
    elif num == 1:
        made = broadcast_in_dim(x, shape, dims)
    else:
        made = _interpolated(x, y, parts, endpoint, shape, dims)
    made = _to_front(made, axis)
    if np.dtype(target).kind in "iu" and kind(made) == "f":
        made = bind(ops.floor, made)
    return convert(made, target, False), convert(step, natural, False)


def _interpolated(
    x: Any, y: Any, parts: int, endpoint: bool, shape: tuple[int, ...], dims: tuple[int, ...]
) -> Any:
    """start * (1 - t) + stop * t, which hits both ends."""
    real = dtypes.to_real(x.dtype)
    t = bind(ops.div, iota(shape, real, 0), constant(parts, shape, real))
    t = convert(t, x.dtype, False)
    first, last = broadcast_in_dim(x, shape, dims), broadcast_in_dim(y, shape, dims)
    made = bind(ops.add, bind(ops.mul, first, bind(ops.sub, like(t, 1), t)), bind(ops.mul, last, t))
    if not endpoint:
        return made
    is_last = compare(
        iota(shape, np.dtype(np.int32), 0), constant(shape[0] - 1, shape, np.dtype(np.int32)), "EQ"
    )
    return select(is_last, last, made)


def _to_front(x: Any, axis: int) -> Any:
    from weft.numpy.shapes import moveaxis

    return moveaxis(x, 0, axis) if axis not in (0, -x.ndim) else x


def logspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    base: Any = 10.0,
    dtype: Any = None,
    axis: int = 0,
) -> Any:
    """`num` numbers from base**start to base**stop whose logarithms are evenly spaced."""
    wanted = explicit_dtype(dtype, "logspace")
    return _logspace(start, stop, operator.index(num), endpoint, base, wanted, axis)


@library("start", "stop", "base")
def _logspace(start: Any, stop: Any, num: int, endpoint: bool, base: Any, dtype: Any, axis: int) -> Any:
    exponents = linspace(start, stop, num, endpoint, axis=axis)
    made = power(base, exponents)
    return made if dtype is None else convert(made, dtype, False)


@library("start", "stop")
def geomspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0
) -> Any:
    """`num` numbers from start to stop, each the same multiple of the one before."""
    wanted = explicit_dtype(dtype, "geomspace")
    x, y = promoted("geomspace", start, stop)
    target = dtypes.narrow(dtypes.to_inexact(x.dtype)) if wanted is None else wanted
    work = target if np.dtype(target).kind in "fcV" else dtypes.default_float()
    x, y = convert(x, work, False), convert(y, work, False)
    # Relative to start, so that negative and complex ranges work as well.
    ratio = bind(ops.log, bind(ops.div, y, x))
    made = bind(ops.exp, linspace(like(ratio, 0), ratio, num, endpoint))
    made = bind(ops.mul, made, broadcast_to(x, made.shape))
    if num > 0 and endpoint:
        is_last = compare(
            iota(made.shape, np.dtype(np.int32), 0), constant(num - 1, made.shape, np.dtype(np.int32)), "EQ"
        )
        made = select(is_last, broadcast_to(y, made.shape), made) if num > 1 else made
    return convert(_to_front(made, axis), target, False)
