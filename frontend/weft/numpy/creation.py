"""Arrays from nothing: filled ones, ranges, grids, and from Python and NumPy values."""

from __future__ import annotations

import array as array_module
import math
from typing import Any

import numpy as np

import weft_runtime
from weft import dtypes
from weft._tracing.bind import bind
from weft._tracing.host_values import host_value
from weft._tracing.library import library
from weft._tracing.operands import broadcast_to, convert, with_weak_type
from weft._tracing.trace import MOMENT, STATE
from weft._tracing.values import as_value, is_array
from weft.numpy._arguments import array as as_array
from weft.numpy._arguments import explicit_dtype, no_sharding, shape_of
from weft.numpy._ops import compare, constant, kind, like, ops, reshape_to
from weft.numpy.shapes import broadcast_shapes
from weft_runtime import Array

HOST_LIMIT = 1 << 14
"""Filled arrays of up to so many elements are made by NumPy, since a program for each shape takes longer."""


def placed(x: Any, device: Any) -> Any:
    """A result on the device that was asked for, if any."""
    if device is None:
        return x
    from weft._transforms.transfers import device_put

    return device_put(x, device)


def _filled(shape: tuple[int, ...], value: Any, dtype: Any, weak_type: bool = False) -> Any:
    """A Python number in every place."""
    trace = STATE.trace
    if trace is not None and trace.staged:
        return constant(value, shape, dtype, weak_type)
    if math.prod(shape) <= HOST_LIMIT:
        return weft_runtime.device_put(np.full(shape, value, dtype), dtype, weak_type=weak_type)
    return _filled_on_device(shape, value, dtype, weak_type)


@library()
def _filled_on_device(shape: tuple[int, ...], value: Any, dtype: Any, weak_type: bool) -> Any:
    return constant(value, shape, dtype, weak_type)


def zeros(shape: Any, dtype: Any = None, *, device: Any = None, out_sharding: Any = None) -> Any:
    """An array of zeros."""
    no_sharding("zeros", out_sharding=out_sharding)
    return placed(_filled(shape_of(shape), 0, float_dtype(dtype, "zeros")), device)


def ones(shape: Any, dtype: Any = None, *, device: Any = None, out_sharding: Any = None) -> Any:
    """An array of ones."""
    no_sharding("ones", out_sharding=out_sharding)
    return placed(_filled(shape_of(shape), 1, float_dtype(dtype, "ones")), device)


def empty(shape: Any, dtype: Any = None, *, device: Any = None, out_sharding: Any = None) -> Any:
    """An array of zeros: memory is never left as it was found."""
    return zeros(shape, dtype, device=device, out_sharding=out_sharding)


def float_dtype(dtype: Any, name: str) -> Any:
    """The dtype asked for, or the default float."""
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
        return _filled(shape, wrapped(fill_value, target), target, weak)
    value = asarray(fill_value, dtype)
    return _repeated(value, shape)


def wrapped(value: Any, dtype: Any) -> Any:
    """A Python number as one that the dtype has: integers wrap around, floats lose their fraction."""
    if np.dtype(dtype).kind not in "iub":
        return value
    if type(value) is complex:
        value = value.real
    if type(value) is int and np.dtype(dtype).kind != "b":
        bits = np.iinfo(dtype).bits
        value &= (1 << bits) - 1
        return value - (1 << bits) if value > np.iinfo(dtype).max else value
    return np.asarray(value).astype(dtype).item()


def checked(value: Any, dtype: Any) -> Any:
    """A Python number that the dtype can hold; OverflowError for integers out of range."""
    if type(value) is int and np.dtype(dtype).kind in "iu":
        info = np.iinfo(dtype)
        if not info.min <= value <= info.max:
            raise OverflowError(f"Python integer {value} out of bounds for {dtype}")
    return value


@library("x")
def _repeated(x: Any, shape: tuple[int, ...]) -> Any:
    target = broadcast_shapes(x.shape, shape)
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


def _place_like(a: Any, shape: Any, device: Any) -> Any:
    """Where a new array like `a` goes: beside it, if it is committed and the shape is the same."""
    is_beside = device is None and shape is None and type(a) is Array and a.committed
    return a.sharding if is_beside and (STATE.trace is None or not STATE.trace.staged) else device


def zeros_like(
    a: Any, dtype: Any = None, shape: Any = None, *, device: Any = None, out_sharding: Any = None
) -> Any:
    """Zeros in the shape and dtype of another array."""
    no_sharding("zeros_like", out_sharding=out_sharding)
    sizes, target, weak = _like("zeros_like", a, dtype, shape)
    return placed(_filled(sizes, 0, target, weak), _place_like(a, shape, device))


def ones_like(
    a: Any, dtype: Any = None, shape: Any = None, *, device: Any = None, out_sharding: Any = None
) -> Any:
    """Ones in the shape and dtype of another array."""
    no_sharding("ones_like", out_sharding=out_sharding)
    sizes, target, weak = _like("ones_like", a, dtype, shape)
    return placed(_filled(sizes, 1, target, weak), _place_like(a, shape, device))


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
        made = _filled(sizes, wrapped(fill_value, target), target, weak)
    else:
        made = _repeated(asarray(fill_value, target), sizes)
    return placed(made, _place_like(a, shape, device))


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
    settings = MOMENT.key
    if type(a) is np.ndarray and settings is not None and dtype is order is device is out_sharding is None:
        made = host_value(a, settings)
        if made is not None:
            return made
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
    if x is None:
        raise ValueError("None is not a valid value for jnp.array")
    if isinstance(x, (str, bytes, dict, set)):
        raise TypeError(f"Value {x!r:.60} with type {type(x)} is not a valid array type.")
    if isinstance(x, np.ndarray) and x.dtype == object:
        raise TypeError(
            f"Value {x!r:.60} with dtype object is not a valid array type. Only arrays of numeric types are supported."
        )
    if isinstance(x, np.ma.MaskedArray):
        raise ValueError(
            "numpy masked arrays are not supported; x.filled(value) has a value in the masked places"
        )
    if isinstance(x, (bytearray, memoryview, array_module.array)):
        x = np.asarray(x)
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
        return with_weak_type(stack(parts), False)
    if not leaves and shape:
        return weft_runtime.device_put(np.empty(shape), float_dtype(dtype, "array"))
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
    if x is None:
        raise ValueError("None is not a valid value for jnp.array")
    if isinstance(x, (str, bytes)):
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
