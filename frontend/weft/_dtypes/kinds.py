"""The dtypes weft knows, their kinds, and the 32-bit form they take while 64-bit types are off."""

from __future__ import annotations

import functools
import warnings
from typing import Any

import ml_dtypes
import numpy as np

from weft.config import config

bfloat16 = ml_dtypes.bfloat16
float0 = np.dtype([("float0", np.void, 0)])
finfo = ml_dtypes.finfo
iinfo = ml_dtypes.iinfo


class extended(np.generic):
    """Scalar class of all dtypes that NumPy does not have; used in `issubdtype`."""


class prng_key(extended):
    """Scalar class of PRNG key dtypes; used in `issubdtype`."""


def _from_ml_dtypes(*names: str) -> tuple[np.dtype[Any], ...]:
    # Which of the small types there are depends on the version of ml_dtypes.
    return tuple(np.dtype(getattr(ml_dtypes, name)) for name in names if hasattr(ml_dtypes, name))


SMALL_INTS = _from_ml_dtypes("uint1", "uint2", "uint4", "int1", "int2", "int4")
SMALL_FLOATS = _from_ml_dtypes(
    *("float4_e2m1fn", "float6_e2m3fn", "float6_e3m2fn", "float8_e3m4", "float8_e4m3", "float8_e8m0fnu"),
    *("float8_e4m3b11fnuz", "float8_e4m3fn", "float8_e4m3fnuz", "float8_e5m2", "float8_e5m2fnuz"),
)
BOOL = np.dtype(np.bool_)
UINTS = tuple(np.dtype(f"uint{bits}") for bits in (8, 16, 32, 64))
INTS = tuple(np.dtype(f"int{bits}") for bits in (8, 16, 32, 64))
BFLOAT16 = np.dtype(bfloat16)
FLOATS = tuple(np.dtype(f"float{bits}") for bits in (16, 32, 64))
COMPLEXES = tuple(np.dtype(f"complex{bits}") for bits in (64, 128))
ALL = frozenset((BOOL, *SMALL_INTS, *UINTS, *INTS, *SMALL_FLOATS, BFLOAT16, *FLOATS, *COMPLEXES))
"""Every dtype an array of numbers can have."""

_SMALL_BITS = {
    dtype: int("".join(c for c in dtype.name.split("_")[0] if c.isdigit()))
    for dtype in (*SMALL_INTS, *SMALL_FLOATS)
}
"""Widths that are in the names only: in memory each of these takes a byte."""
_NARROW = {
    np.dtype("int64"): np.dtype("int32"),
    np.dtype("uint64"): np.dtype("uint32"),
    np.dtype("float64"): np.dtype("float32"),
    np.dtype("complex128"): np.dtype("complex64"),
}
_KINDS: dict[type, type] = {
    **{
        dtype.type: np.unsignedinteger if dtype.name.startswith("u") else np.signedinteger
        for dtype in SMALL_INTS
    },
    **{dtype.type: np.floating for dtype in (*SMALL_FLOATS, BFLOAT16)},
}
"""The abstract NumPy class of each scalar class that NumPy itself places nowhere."""


def is_extended(dtype: object) -> bool:
    """Whether `dtype` is the dtype of PRNG keys (an object with the attribute `impl`)."""
    return (
        not isinstance(dtype, (np.dtype, type, str))
        and hasattr(dtype, "impl")
        and not hasattr(dtype, "shape")
    )


def as_dtype(dtype: Any) -> Any:
    """A NumPy dtype (or key dtype) from whatever names one: a dtype, a scalar class, a string, None."""
    if isinstance(dtype, np.dtype) or is_extended(dtype):
        return dtype
    return np.dtype(dtype)


def narrow(dtype: Any) -> Any:
    """The dtype that values of `dtype` have: the 32-bit one for 64-bit types while enable_x64 is off."""
    return dtype if config.x64 else _NARROW.get(dtype, dtype)


def canonicalize_dtype(dtype: Any, allow_extended_dtype: bool = False) -> Any:
    """The dtype that an array asked for with `dtype` gets: 32 bits wide at most while enable_x64 is off.

    Raises: ValueError for a key dtype unless `allow_extended_dtype`; TypeError if it is no dtype.
    """
    if is_extended(dtype):
        if allow_extended_dtype:
            return dtype
        raise ValueError(f"{dtype} has no NumPy dtype: PRNG keys are not numbers")
    if hasattr(dtype, "shape") and not isinstance(dtype, (np.dtype, type)):
        raise TypeError(f"expected a dtype, got an array: {dtype!r}")
    return narrow(np.dtype(dtype))


def canonicalize_explicit(dtype: Any, where: str) -> Any:
    """As `canonicalize_dtype`, for a dtype the user wrote in a call of `where`: losing bits makes a warning.

    Python's `int`, `float` and `complex` stand for the default width and never warn.
    """
    if dtype in (int, float, complex) or is_extended(dtype):
        return canonicalize_dtype(dtype, allow_extended_dtype=True)
    asked = np.dtype(dtype)
    given = narrow(asked)
    if given is asked or given == asked:
        return given
    text = f"{where}: dtype {asked} needs 64-bit types, which are off"
    hint = 'config.update("enable_x64", True), or set WEFT_ENABLE_X64=1'
    if config.explicit_x64_dtypes == "error":
        raise ValueError(f"{text}\n  try {hint}")
    if config.explicit_x64_dtypes == "warn":
        warnings.warn(f"{text}, so the result is {given}; to keep {asked}: {hint}", UserWarning, stacklevel=3)
    return given


def default_int() -> np.dtype[Any]:
    """The dtype of Python integers: int32, or int64 with enable_x64."""
    return narrow(INTS[3])


def default_float() -> np.dtype[Any]:
    """The dtype of Python floats: float32, or float64 with enable_x64."""
    return narrow(FLOATS[2])


def default_complex() -> np.dtype[Any]:
    """The dtype of Python complex numbers: complex64, or complex128 with enable_x64."""
    return narrow(COMPLEXES[1])


def itemsize_bits(dtype: Any) -> int:
    """Width of one element in bits; 4 for int4, 8 for bool.

    Raises: ValueError if `dtype` is None or has no width as a number.
    """
    if dtype is None:
        raise ValueError("itemsize_bits: dtype must be given, got None")
    if is_extended(dtype):
        raise ValueError(f"itemsize_bits: {dtype} is a key dtype, whose elements are not numbers")
    found = np.dtype(dtype)
    if found not in ALL:
        raise ValueError(f"itemsize_bits: {found} is not the dtype of an array of numbers")
    return _SMALL_BITS.get(found, found.itemsize * 8)


def _class_of(a: Any) -> type:
    """The scalar class that stands for `a` in `issubdtype`; abstract classes stand for themselves."""
    if is_extended(a):
        return prng_key
    if isinstance(a, type) and issubclass(a, np.generic):
        return a
    return np.dtype(a).type


@functools.lru_cache(4096)
def issubdtype(a: Any, b: Any) -> bool:
    """Whether dtype `a` is `b`, or of the kind `b`; as np.issubdtype, and also for bfloat16, int4, keys, ...

    >>> issubdtype("bfloat16", np.floating)
    True
    """
    if is_extended(b):
        return is_extended(a) and a == b
    low, high = _class_of(a), _class_of(b)
    return issubclass(low, high) or issubclass(_KINDS.get(low, low), high)


_SCALAR_TYPES: tuple[tuple[type, type], ...] = (
    (np.bool_, bool),
    (np.integer, int),
    (np.floating, float),
    (np.complexfloating, complex),
)


def python_type(dtype: Any) -> type:
    """bool, int, float or complex: the Python type of elements of `dtype`."""
    for kind, scalar in _SCALAR_TYPES:
        if issubdtype(dtype, kind):
            return scalar
    raise TypeError(f"{dtype} has no corresponding Python scalar type")


def to_inexact(dtype: Any) -> Any:
    """`dtype` itself if floating or complex, else the float as wide (at least float32)."""
    if issubdtype(dtype, np.inexact):
        return dtype
    return FLOATS[2] if itemsize_bits(dtype) == 64 else FLOATS[1]


def to_complex(dtype: Any) -> Any:
    """The complex dtype that holds values of `dtype`: complex128 for 64-bit types, else complex64."""
    if issubdtype(dtype, np.complexfloating):
        return dtype
    return COMPLEXES[1] if itemsize_bits(dtype) == 64 else COMPLEXES[0]


def to_real(dtype: Any) -> Any:
    """The dtype of the real part: float32 of complex64, float64 of complex128; any other dtype itself."""
    if dtype == COMPLEXES[0]:
        return FLOATS[1]
    return FLOATS[2] if dtype == COMPLEXES[1] else dtype
