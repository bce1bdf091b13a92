"""Conversion between dtypes and between real and complex, and values that pass unchanged."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from weft import dtypes
from weft._tracing.bind import bind
from weft._tracing.library import library
from weft._tracing.operands import convert
from weft._tracing.values import as_value, is_array
from weft.errors import explain
from weft.lax.operands import class_of, integer, kind, op_of, rows
from weft_runtime import pytree


def convert_element_type(operand: Any, new_dtype: Any) -> Any:
    """`operand` as `new_dtype`, strongly typed.

    Floats become integers by cutting off the fraction, anything becomes a boolean by x != 0, complex numbers
    become real by dropping the imaginary part.
    Raises: ValueError from or to keys, or without a dtype.
    """
    if new_dtype is None:
        raise ValueError("lax.convert_element_type: a dtype is needed, got None")
    if dtypes.is_extended(new_dtype):
        return _key_as(as_value(operand), new_dtype)
    wanted = dtypes.canonicalize_explicit(new_dtype, "lax.convert_element_type")
    if type(operand) is int:
        operand = _int_as(operand, wanted)
    if not is_array(operand):
        operand = as_value(operand)
    if dtypes.is_extended(operand.dtype):
        raise ValueError(f"lax.convert_element_type: keys are not numbers: {operand.dtype} to {wanted}")
    if kind(operand) == "c" and not dtypes.issubdtype(wanted, np.complexfloating) and wanted != np.bool_:
        warnings.warn(
            "Casting complex values to real discards the imaginary part",
            np.exceptions.ComplexWarning,
            stacklevel=2,
        )
    return convert(operand, wanted, False)


def _int_as(x: int, wanted: Any) -> Any:
    """A Python integer, which may have any size, as a NumPy scalar that fits: integers lose their high bits."""
    if dtypes.issubdtype(wanted, np.integer):
        info = dtypes.iinfo(wanted)
        count = int(info.max) - int(info.min) + 1
        return np.asarray((x - int(info.min)) % count + int(info.min), wanted)
    return bool(x) if wanted == np.bool_ else float(x)


def _key_as(x: Any, wanted: Any) -> Any:
    if x.dtype == wanted:
        return x
    raise ValueError(f"lax.convert_element_type: {x.dtype} cannot become keys of dtype {wanted}")


def bitcast_convert_type(operand: Any, new_dtype: Any) -> Any:
    """The bits of `operand` read as another dtype.

    A narrower dtype adds a trailing axis, a wider one takes it.
    Raises: TypeError for booleans and complex numbers; ValueError if the last axis does not fit.
    """
    x = as_value(operand)
    wanted = dtypes.canonicalize_explicit(new_dtype, "lax.bitcast_convert_type")
    if x.dtype == wanted:
        return convert(x, wanted, False)
    if any(dtypes.python_type(d) in (bool, complex) for d in (x.dtype, wanted)):
        what = f"lax.bitcast_convert_type: booleans and complex numbers have no bits to read as {wanted}"
        raise TypeError(explain(what, rows([x], ["operand"]), "x.view(dtype)"))
    old, new = dtypes.itemsize_bits(x.dtype), dtypes.itemsize_bits(wanted)
    if old < new and (not x.shape or x.shape[-1] * old != new):
        what = f"lax.bitcast_convert_type: the last axis must have size {new // old} to make {wanted}"
        raise ValueError(explain(what, rows([x], ["operand"])))
    return bind(class_of("bitcast_convert").of(dtype=wanted), x, weak_type=False)


def reduce_precision(operand: Any, exponent_bits: int, mantissa_bits: int) -> Any:
    """`operand` rounded to floats of so many bits, in its own dtype.

    Raises: ValueError unless exponent_bits > 0 and mantissa_bits >= 0.
    """
    inst = class_of("reduce_precision").of(
        exponent_bits=integer(exponent_bits, "reduce_precision", "exponent_bits"),
        mantissa_bits=integer(mantissa_bits, "reduce_precision", "mantissa_bits"),
    )
    return bind(inst, as_value(operand))


def real(x: Any) -> Any:
    """The real part of complex numbers."""
    return bind(op_of("real"), as_value(x))


def imag(x: Any) -> Any:
    """The imaginary part of complex numbers."""
    return bind(op_of("imag"), as_value(x))


def conj(x: Any) -> Any:
    """The complex conjugate; of float32 and float64 the complex number without an imaginary part."""
    x = as_value(x)
    return bind(op_of("conj"), x) if kind(x) == "c" else _as_complex(x)


@library("x")
def _as_complex(x: Any) -> Any:
    if x.dtype not in (np.dtype(np.float32), np.dtype(np.float64)):
        raise TypeError(explain("lax.conj: takes complex numbers, float32 or float64", rows([x], ["x"])))
    return bind(class_of("convert").of(dtype=dtypes.to_complex(x.dtype)), x, weak_type=x.weak_type)


def stop_gradient(x: Any) -> Any:
    """`x`, an array or a tree of them, with a derivative of zero."""
    leaves, tree = pytree.flatten(x)
    return tree.unflatten([_without_gradient(leaf) for leaf in leaves])


def _without_gradient(x: Any) -> Any:
    x = as_value(x)
    return bind(op_of("stop_gradient"), x, weak_type=x.weak_type) if kind(x) in "fc" else x


def optimization_barrier(operand: Any, /) -> Any:
    """`operand`, an array or a tree of them; the compiler has all of it before anything that follows.

    It moves nothing across, and computes again what it has kept no result of.
    """
    leaves, tree = pytree.flatten(operand)
    values = [as_value(x) for x in leaves]
    if not values:
        return operand
    return tree.unflatten(_weak_as(values, bind(op_of("optimization_barrier"), *values)))


def _weak_as(values: list[Any], made: tuple[Any, ...]) -> list[Any]:
    from weft._tracing.operands import with_weak_type

    return [with_weak_type(y, x.weak_type) for x, y in zip(values, made, strict=True)]


def stage(x: Any, /) -> Any:
    """`x` as an array: a value of the trace, while one is made."""
    return as_value(x)


def dce_sink(val: Any, *, prevent_mlir_dce: bool = False) -> None:
    """Marks a value as used, so that it is computed though no result depends on it."""
