"""Operands brought to one dtype and one shape, as NumPy's functions do: the hot path of `x + y`."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

from weft._tracing.bind import bind, op_class
from weft._tracing.trace import STATE, Tracer
from weft._tracing.values import as_value
from weft.config import config
from weft.dtypes import dtype as dtype_of
from weft.dtypes import promote, promote_pair
from weft_runtime import Array

_NUMBERS = (bool, int, float, complex)


def binary(inst: Any, x: Any, y: Any) -> Any:
    """`inst` on two promoted and broadcast operands."""
    if type(x) is Tracer and type(y) is Tracer and x.val.aval is y.val.aval and x.weak_type == y.weak_type:
        trace = STATE.trace
        if trace is not None:
            return trace.emit(inst, (x, y), x.weak_type)
    elif type(x) is Array and type(y) is Array and x.spec is y.spec:
        return bind(inst, x, y)
    return bind(inst, *promoted(inst.name, x, y))


def promoted(name: str, *xs: Any) -> list[Any]:
    """Operands as arrays of one dtype and shape; numbers take the dtype that the arrays decide."""
    if len(xs) == 2:
        return _promoted_pair(name, *xs)
    typed = [(x.dtype, x.weak_type) if hasattr(x, "weak_type") else _typed(name, x) for x in xs]
    target, weak = promote(*typed)
    made = [convert(x, target, weak) for x in xs]
    return broadcast_all(name, made)


def _promoted_pair(name: str, x: Any, y: Any) -> list[Any]:
    dx, wx = (x.dtype, x.weak_type) if hasattr(x, "weak_type") else _typed(name, x)
    dy, wy = (y.dtype, y.weak_type) if hasattr(y, "weak_type") else _typed(name, y)
    target, weak = promote_pair(dx, wx, dy, wy)
    # A number beside a traced array becomes a constant of the array's shape at once: one op.
    trace = STATE.trace
    if trace is not None:
        if type(y) in _NUMBERS and type(x) is Tracer:
            x = convert(x, target, weak)
            return [x, trace.constant(x.val.aval, _checked_number(y, target), weak)]
        if type(x) in _NUMBERS and type(y) is Tracer:
            y = convert(y, target, weak)
            return [trace.constant(y.val.aval, _checked_number(x, target), weak), y]
    x, y = convert(x, target, weak), convert(y, target, weak)
    return [x, y] if x.shape == y.shape else broadcast_all(name, [x, y])


def _typed(name: str, x: Any) -> tuple[Any, bool]:
    kind = type(x)
    if kind in _NUMBERS:
        return dtype_of(x), kind is not bool
    if isinstance(x, (list, tuple)) or x is None:
        raise TypeError(f"{name} requires ndarray or scalar arguments, got {kind.__name__}: {x!r:.60}")
    if not isinstance(x, (np.ndarray, np.generic)):
        x = as_value(x)
        return x.dtype, x.weak_type
    return dtype_of(x), False


def _checked_number(value: Any, dtype: Any) -> Any:
    if type(value) is int and dtype.kind in "iu":
        info = np.iinfo(dtype)
        if not info.min <= value <= info.max:
            raise OverflowError(f"Python integer {value} out of bounds for {dtype}")
    return value


def convert(x: Any, dtype: Any, weak_type: bool) -> Any:
    """`x` as an array of `dtype`."""
    kind = type(x)
    if kind is not Tracer and kind is not Array:
        if kind in _NUMBERS:
            _checked_number(x, dtype)
        x = as_value(x, dtype)
        kind = type(x)
    if x.dtype == dtype:
        if x.weak_type == weak_type:
            return x
        return with_weak_type(x, weak_type)
    return bind(op_class("convert").of(dtype=dtype), x, weak_type=weak_type)


def with_weak_type(x: Any, weak_type: bool) -> Any:
    """The same value, weakly typed or not."""
    if type(x) is Tracer:
        return Tracer(x._trace, x.val, weak_type)
    return Array(x.spec.update(weak_type=weak_type), x._b)


def broadcast_all(name: str, xs: list[Any]) -> list[Any]:
    """Arrays brought to their common shape."""
    shapes = [x.shape for x in xs]
    first = shapes[0]
    if all(s == first for s in shapes):
        return xs
    target = broadcast_shapes(name, shapes)
    _check_rank_promotion(name, shapes)
    return [broadcast_to(x, target) for x in xs]


def broadcast_shapes(name: str, shapes: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    """The common shape; TypeError with all shapes where there is none."""
    found = _common_shape(tuple(shapes))
    if found is None:
        raise TypeError(f"{name} got incompatible shapes for broadcasting: {', '.join(map(str, shapes))}.")
    return found


@functools.lru_cache(4096)
def _common_shape(shapes: tuple[tuple[int, ...], ...]) -> tuple[int, ...] | None:
    rank = max(len(s) for s in shapes)
    padded = [(1,) * (rank - len(s)) + tuple(s) for s in shapes]
    target = []
    for sizes in zip(*padded, strict=True):
        others = {n for n in sizes if n != 1}
        if len(others) > 1:
            return None
        target.append(others.pop() if others else 1)
    return tuple(target)


def _check_rank_promotion(name: str, shapes: list[tuple[int, ...]]) -> None:
    if config.numpy_rank_promotion == "allow":
        return
    ranks = {len(s) for s in shapes if s}
    if len(ranks) > 1:
        message = (
            f"Operands could not be broadcast together for {name} on shapes {' '.join(map(str, shapes))} "
            "and with the config option jax_numpy_rank_promotion='raise'. For more information, see "
            "numpy_rank_promotion."
        )
        if config.numpy_rank_promotion == "raise":
            raise ValueError(message)
        import warnings

        warnings.warn(
            f"Following NumPy automatic rank promotion for {name} on shapes {shapes}.", stacklevel=3
        )


def broadcast_to(x: Any, shape: tuple[int, ...]) -> Any:
    """`x` repeated into `shape`, new axes first."""
    if x.shape == shape:
        return x
    offset = len(shape) - x.ndim
    return bind(
        op_class("broadcast_in_dim").of(shape=shape, dims=tuple(range(offset, len(shape)))),
        x,
        weak_type=x.weak_type,
    )
