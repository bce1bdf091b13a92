"""What is written to an array, brought to its dtype."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.exceptions import ComplexWarning

from weft._tracing.operands import convert, with_weak_type
from weft._tracing.trace import Tracer
from weft._tracing.values import as_value
from weft.config import config
from weft.dtypes import promote_pair
from weft_compiler.avals import KeyDtype, kind_of
from weft_runtime import Array

_FITTING = {float: "fc", int: "iufc", bool: "biufc", complex: "c"}
"""Kinds of dtype that take a Python number as it is."""


def as_update(y: Any, x: Any) -> Any:
    """`y` as an array or tracer of the dtype of `x`. Warns where that may lose what `y` is."""
    kind = type(y)
    dtype = x.dtype
    if kind in _FITTING and kind_of(dtype) in _FITTING[kind]:
        if kind is int and kind_of(dtype) in "iu":
            y = _wrapped(y, dtype)
        return as_value(y, dtype)
    if kind is not Array and kind is not Tracer:
        y = _given(y)
    if y.dtype == dtype:
        return with_weak_type(y, False) if y.weak_type else y
    if isinstance(y.dtype, KeyDtype) or isinstance(dtype, KeyDtype):
        raise TypeError(f"cannot write values of dtype {y.dtype} to an array of dtype {dtype}")
    warn_if_unsafe(y, dtype)
    return convert(y, dtype, False)


def warn_if_unsafe(y: Any, dtype: Any) -> None:
    """Warns where values of another dtype do not all exist in `dtype`."""
    if promote_pair(dtype, False, y.dtype, y.weak_type)[0] != dtype:
        warnings.warn(
            "scatter inputs have incompatible types: cannot safely cast value "
            f"from dtype={y.dtype} to dtype={dtype} with "
            f"jax_numpy_dtype_promotion={config.numpy_dtype_promotion}. "
            "In future JAX releases this will result in an error.",
            FutureWarning,
            stacklevel=5,
        )
    if kind_of(y.dtype) == "c" and kind_of(dtype) != "c":
        warnings.warn(
            "Casting complex values to real discards the imaginary part", ComplexWarning, stacklevel=5
        )


def _wrapped(y: int, dtype: Any) -> int:
    """An int within the range of an integer dtype, counted round it if need be."""
    info = np.iinfo(dtype)
    if info.min <= y <= info.max:
        return y
    return int(np.asarray(y).astype(dtype))


def _given(y: Any) -> Any:
    if y is None:
        raise ValueError("None is no value to write to an array")
    if isinstance(y, (list, tuple)):
        from weft import numpy

        return numpy.asarray(y)
    return as_value(y, what="the value to write")
