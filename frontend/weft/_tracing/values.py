"""What users pass where an array is expected, as arrays or tracers."""

from __future__ import annotations

from typing import Any

import numpy as np

import weft_runtime
from weft import dtypes
from weft._tracing import eager
from weft._tracing.trace import STATE, Tracer, Value
from weft_compiler.avals import Aval, KeyDtype
from weft_runtime import Array

PYTHON_NUMBERS = (bool, int, float, complex)
INLINE_LIMIT = 64
"""NumPy arrays up to this size become constants of a trace; larger ones are passed to the program."""


def is_array(x: Any) -> bool:
    """Whether `x` is an array or a tracer of weft."""
    kind = type(x)
    return kind is Array or kind is Tracer


def can_be_value(x: Any) -> bool:
    """Whether `as_value` takes `x` for an array or number, by what it is."""
    known = (*PYTHON_NUMBERS, np.ndarray, np.generic)
    if is_array(x) or isinstance(x, known):
        return True
    return any(hasattr(x, name) for name in ("aval", "__jax_array__", "__weft_array__", "__array__"))


def as_value(x: Any, dtype: Any = None, *, what: str = "argument") -> Value:
    """`x` as an array, or as a constant of the current staged trace; `dtype` for numbers that should take one.

    Raises: TypeError for lists and other things that are no numbers.
    """
    kind = type(x)
    if kind is Array or kind is Tracer:
        return x
    if kind in PYTHON_NUMBERS:
        return _number(x, dtype)
    if isinstance(x, (np.ndarray, np.generic)):
        return _from_numpy(np.asarray(x), dtype)
    if hasattr(x, "spec") and hasattr(x, "aval"):  # a placeholder: its type is all there is
        return x
    convert = getattr(x, "__jax_array__", None) or getattr(x, "__weft_array__", None)
    if convert is not None:
        return as_value(convert())
    if isinstance(x, PYTHON_NUMBERS):
        number: Any = x
        return as_value(next(base(number) for base in PYTHON_NUMBERS if isinstance(x, base)), dtype)
    if hasattr(x, "__array__") and not isinstance(x, (list, tuple)):
        return _from_numpy(np.asarray(x), dtype)
    raise TypeError(f"{what} must be an array or a number, got {x!r:.80} of type {kind.__name__}")


def _number(x: Any, dtype: Any) -> Value:
    target, weak = (dtypes.dtype(x), type(x) is not bool) if dtype is None else (dtype, False)
    if type(x) is int and dtype is None:
        _check_int(x, target)
    trace = STATE.trace
    if trace is not None and trace.staged:
        return trace.constant(Aval.of((), target), x, weak)
    return eager.scalar(x, target, weak)


def _check_int(x: int, dtype: np.dtype) -> None:
    info = np.iinfo(dtype)
    if not info.min <= x <= info.max:
        raise OverflowError(f"Python integer {x} is out of range for {dtype}; give a dtype, or enable x64")


def _from_numpy(x: np.ndarray, dtype: Any) -> Value:
    if x.dtype == dtypes.float0:
        return x  # tangents of integers stay with NumPy
    target = dtypes.dtype(x) if dtype is None else dtype
    trace = STATE.trace
    if trace is not None and trace.staged and x.size <= INLINE_LIMIT:
        array = np.asarray(x, target)
        builder = trace.builder
        return Tracer(trace, builder.constant(array), False)
    return weft_runtime.device_put(x, target)


def aval_of_value(x: Value) -> Aval:
    """Shape and dtype of an array or tracer."""
    if type(x) is Tracer:
        return x.val.aval
    return Aval.of(x.spec.shape, x.spec.dtype)


def is_key(x: Any) -> bool:
    """Whether `x` is an array of PRNG keys."""
    return isinstance(getattr(x, "dtype", None), KeyDtype)
