"""Names of dtypes, which also make arrays when called: `float32(1)`; and questions about dtypes."""

from __future__ import annotations

import builtins
from typing import Any

import ml_dtypes
import numpy as np

from weft import dtypes
from weft._tracing.array_class import Array
from weft._tracing.values import is_array
from weft_compiler.avals import kind_of


class ScalarMeta(type):
    """Type of the scalar types: classes that are dtypes to NumPy and functions to their callers."""

    dtype: np.dtype[Any]

    def __hash__(cls) -> int:
        return hash(cls.dtype.type)

    def __eq__(cls, other: object) -> builtins.bool:
        return other is cls or cls.dtype.type == other

    def __ne__(cls, other: object) -> builtins.bool:
        return not cls == other

    def __call__(cls, x: Any) -> Any:
        from weft.numpy.creation import array

        return array(x, dtype=cls.dtype)

    def __instancecheck__(cls, instance: Any) -> builtins.bool:
        return isinstance(instance, cls.dtype.type)


def _scalar_type(name: str, scalar: type) -> Any:
    made = ScalarMeta(name, (), {"dtype": np.dtype(scalar), "__module__": "weft.numpy"})
    made.__doc__ = f"The dtype {name}; called with a value it makes an array of it."
    return made


bool = bool_ = _scalar_type("bool", np.bool_)
uint8 = _scalar_type("uint8", np.uint8)
uint16 = _scalar_type("uint16", np.uint16)
uint32 = _scalar_type("uint32", np.uint32)
uint64 = uint = _scalar_type("uint64", np.uint64)
int8 = _scalar_type("int8", np.int8)
int16 = _scalar_type("int16", np.int16)
int32 = _scalar_type("int32", np.int32)
int64 = int_ = _scalar_type("int64", np.int64)
float16 = _scalar_type("float16", np.float16)
bfloat16 = _scalar_type("bfloat16", ml_dtypes.bfloat16)
float32 = single = _scalar_type("float32", np.float32)
float64 = double = float_ = _scalar_type("float64", np.float64)
complex64 = csingle = _scalar_type("complex64", np.complex64)
complex128 = cdouble = complex_ = _scalar_type("complex128", np.complex128)

SMALL: dict[str, Any] = {
    name: _scalar_type(name, getattr(ml_dtypes, name))
    for name in (
        *("uint1", "uint2", "uint4", "int1", "int2", "int4"),
        *("float4_e2m1fn", "float6_e2m3fn", "float6_e3m2fn", "float8_e3m4", "float8_e4m3", "float8_e8m0fnu"),
        *("float8_e4m3b11fnuz", "float8_e4m3fn", "float8_e4m3fnuz", "float8_e5m2", "float8_e5m2fnuz"),
    )
    if hasattr(ml_dtypes, name)
}
"""Numbers of eight bits and fewer; which there are depends on the version of ml_dtypes."""


ndarray = Array


# Questions


def issubdtype(arg1: Any, arg2: Any) -> builtins.bool:
    """Whether the first dtype is the second, or of its kind: `issubdtype(bfloat16, floating)` is true."""
    return dtypes.issubdtype(arg1, arg2)


def isdtype(dtype: Any, kind: Any) -> builtins.bool:
    """Whether a dtype is `kind`: a dtype, the name of a kind ("real floating", "integral", …), or a tuple of them."""
    found = dtypes.as_dtype(dtype if isinstance(dtype, type) else getattr(dtype, "dtype", dtype))
    options = kind if isinstance(kind, tuple) else (kind,)
    for option in options:
        if isinstance(option, str) and option in _KINDS:
            if kind_of(found) in _KINDS[option]:
                return True
        elif isinstance(option, tuple) or option is None or not _is_dtype(option):
            raise TypeError(f"Expected kind to be a dtype, string, or tuple; got kind={kind!r}")
        elif dtypes.as_dtype(option) == found:
            return True
    return False


_KINDS = {
    "bool": "b",
    "signed integer": "i",
    "unsigned integer": "u",
    "integral": "iu",
    "real floating": "f",
    "complex floating": "c",
    "numeric": "iufc",
}


def _is_dtype(x: Any) -> builtins.bool:
    try:
        dtypes.as_dtype(x)
    except TypeError:
        if isinstance(x, str):
            raise ValueError(
                f"Unrecognized kind string {x!r}; it must be one of {', '.join(_KINDS)}"
            ) from None
        return False
    return True


def can_cast(from_: Any, to: Any, casting: str = "safe") -> builtins.bool:
    """Whether values of one dtype can become another under NumPy's casting rule."""
    source = dtypes.as_dtype(getattr(from_, "dtype", from_))
    return builtins.bool(np.can_cast(source, dtypes.as_dtype(to), casting=casting))  # type: ignore[arg-type]


def isscalar(element: Any) -> builtins.bool:
    """Whether the value is a number, a string, or an array without axes."""
    if is_array(element) or isinstance(element, np.ndarray):
        return element.ndim == 0
    return np.isscalar(element)


def iscomplexobj(x: Any) -> builtins.bool:
    """Whether the dtype of the value is complex."""
    dtype = getattr(x, "dtype", None)
    return np.iscomplexobj(x) if dtype is None else dtypes.issubdtype(dtype, np.complexfloating)


def isrealobj(x: Any) -> builtins.bool:
    """Whether the dtype of the value is not complex."""
    return not iscomplexobj(x)


def iterable(y: Any) -> builtins.bool:
    """Whether `iter` takes the value."""
    return np.iterable(y) if not is_array(y) else y.ndim > 0
