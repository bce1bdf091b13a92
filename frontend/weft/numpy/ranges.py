"""Ranges: evenly spaced numbers, on a linear or a logarithmic scale."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

import weft_runtime
from weft import dtypes
from weft._tracing.bind import bind
from weft._tracing.concrete import concrete
from weft._tracing.library import library
from weft._tracing.operands import broadcast_to, convert, promoted
from weft._tracing.trace import STATE, Tracer
from weft._tracing.values import as_value, is_array
from weft.errors import ConcretizationTypeError
from weft.numpy._arguments import array as as_array
from weft.numpy._arguments import explicit_dtype, no_sharding
from weft.numpy._ops import broadcast_in_dim, compare, constant, iota, kind, like, ops, select
from weft.numpy.arithmetic import power
from weft.numpy.creation import HOST_LIMIT, placed
from weft.numpy.shapes import moveaxis
from weft_compiler.symbolic import DimExpr, as_dim, max_dim


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
    if any(isinstance(v, (complex, np.complexfloating)) for v in limits):
        raise ValueError(
            "Passing complex start/stop/step to jnp.arange is no longer supported: complex numbers have no order"
        )
    kinds = [0 if isinstance(v, DimExpr) else v for v in limits]
    target = dtypes.result_type(*kinds) if wanted is None else wanted
    if target == np.bool_:
        raise TypeError("arange: a range has no booleans; give a dtype of numbers")
    first, last = (0, limits[0]) if stop is None else limits[:2]
    by = limits[-1] if step is not None else 1
    if by == 0:
        raise ZeroDivisionError("arange: step must not be 0")
    if any(isinstance(v, DimExpr) for v in limits):
        count = max_dim(-((as_dim(first) - as_dim(last)) // as_dim(by)), 0)
    else:
        count = max(math.ceil((last - first) / by), 0)
    return placed(_arange(first, by, count, target), device)


def _static_number(x: Any, name: str) -> Any:
    """A limit as a NumPy or Python number; ConcretizationTypeError where it is only known later."""
    if type(x) is Tracer:
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


def _arange(first: Any, by: Any, count: Any, dtype: Any) -> Any:
    trace = STATE.trace
    if trace is not None and trace.staged:
        if isinstance(count, DimExpr) or isinstance(first, DimExpr) or count > 64:
            return _arange_on_device(first, by, count, dtype)
        return as_value(_arange_on_host(first, by, count, dtype), dtype)
    if count <= HOST_LIMIT:
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
    count = as_dim(num)
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
