"""What users pass, checked: arrays, axes, shapes, and parameters that exist for NumPy's sake only."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from weft import dtypes
from weft._tracing.operands import broadcast_all, convert, promoted
from weft._tracing.values import as_value, is_array
from weft.errors import ConcretizationTypeError
from weft_compiler.avals import kind_of
from weft_compiler.symbolic import as_dim

Axis = int | Sequence[int] | None


def array(name: str, x: Any, position: int = 0) -> Any:
    """An argument of the function `name` as an array or tracer; lists are a TypeError."""
    if is_array(x):
        return x
    if x is None or isinstance(x, (list, tuple, str, bytes, set, dict)):
        raise TypeError(
            f"{name} requires ndarray or scalar arguments, got {type(x)} at position {position}.\n"
            "  Lists are not converted implicitly, because each element would be one more operation.\n"
            "  try weft.numpy.asarray(x)"
        )
    return as_value(x, what=f"{name}: argument {position}")


def arrays(name: str, *xs: Any) -> list[Any]:
    """Arguments of the function `name` as arrays or tracers."""
    return [array(name, x, i) for i, x in enumerate(xs)]


def inexact(name: str, x: Any) -> Any:
    """An argument as an array of floats or complex numbers; integers become floats."""
    x = array(name, x)
    if kind_of(x.dtype) in "fc":
        return x
    return convert(x, dtypes.narrow(dtypes.to_inexact(x.dtype)), x.weak_type)


def promoted_inexact(name: str, *xs: Any) -> list[Any]:
    """Arguments promoted to one floating or complex dtype, and broadcast."""
    for i, x in enumerate(xs):
        if isinstance(x, (list, tuple)) or x is None:
            array(name, x, i)
    made = promoted(name, *xs)
    if kind_of(made[0].dtype) in "fc":
        return made
    # From the integers as they are, since the dtype that they promote to may be narrower than one of them.
    target = dtypes.narrow(dtypes.to_inexact(made[0].dtype))
    weak = made[0].weak_type
    return broadcast_all(name, [convert(array(name, x, i), target, weak) for i, x in enumerate(xs)])


def axis_within(axis: Any, ndim: int) -> int:
    """An axis counted from the front; ValueError if an array of `ndim` axes has none such."""
    i = operator.index(axis)
    if not -ndim <= i < ndim:
        raise np.exceptions.AxisError(i, ndim)  # a ValueError and an IndexError
    return i + ndim if i < 0 else i


def axes_within(axis: Axis, ndim: int) -> tuple[int, ...]:
    """Axes counted from the front, in the order given; None stands for all of them."""
    if axis is None:
        return tuple(range(ndim))
    if isinstance(axis, (tuple, list, np.ndarray)):
        found = tuple([axis_within(a, ndim) for a in axis])
        if len(set(found)) != len(found):
            raise ValueError(f"repeated axis in {tuple(axis)}: duplicate value in 'axis'")
        return found
    return (axis_within(axis, ndim),)


def shape_of(shape: Any, what: str = "shape") -> tuple[int, ...]:
    """Sizes as a tuple; an integer is the size of the only axis."""
    if hasattr(shape, "__index__") and not getattr(shape, "ndim", 0):
        sizes: tuple[int, ...] = (_size(shape, shape, what),)
    else:
        try:
            items = tuple(shape)
        except TypeError:
            raise TypeError(
                f"Shapes must be 1D sequences of concrete values of integer type, got {shape!r} as {what}."
            ) from None
        sizes = tuple([_size(n, shape, what) for n in items])
    for n in sizes:
        if n < 0:
            raise TypeError(f"{what} must have every element be nonnegative, got {sizes}")
    return sizes


def _size(n: Any, shape: Any, what: str) -> int:
    try:
        return as_dim(n)
    except ConcretizationTypeError:
        raise
    except TypeError as error:
        if hasattr(n, "trace") and hasattr(n, "val"):
            raise
        raise TypeError(
            f"Shapes must be 1D sequences of concrete values of integer type, got {shape!r} as {what}."
        ) from error


def explicit_dtype(dtype: Any, name: str) -> Any:
    """The dtype that a `dtype` argument of the function `name` asks for; None stays None."""
    return None if dtype is None else dtypes.canonicalize_explicit(dtype, name)


def no_out(name: str, out: Any) -> None:
    """Fails where NumPy's `out` is given: arrays of weft cannot be written to."""
    if out is not None:
        raise NotImplementedError(
            f"The 'out' argument to weft.numpy.{name} is not supported: arrays are immutable."
        )


def no_sharding(name: str, **given: Any) -> None:
    """Fails where a place for the result is asked for in a way that is not supported."""
    for parameter, value in given.items():
        if value is not None:
            raise NotImplementedError(f"weft.numpy.{name}: {parameter} is not supported")
