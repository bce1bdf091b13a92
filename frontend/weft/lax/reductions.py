"""Reductions and running combinations along axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from weft import dtypes
from weft._tracing.bind import bind
from weft._tracing.values import as_value
from weft.errors import explain
from weft.lax.operands import check_no_sharding, class_of, integer, ints, kind, rows


def reduced(name: str, operand: Any, axes: Sequence[int]) -> Any:
    """A reduction op over `axes`, which must exist and be named once."""
    x = as_value(operand)
    wanted = axes if type(axes) is tuple else ints(axes, name, "axes")
    for axis in wanted:
        if not 0 <= axis < x.ndim:
            what = f"lax.{name}: axes {wanted} are not all within the array"
            raise ValueError(explain(what, rows([x], ["operand"])))
    if len(wanted) > 1:
        ordered = tuple(sorted(set(wanted)))
        if len(ordered) != len(wanted):
            raise ValueError(f"lax.{name}: axes {wanted} name one twice")
        wanted = ordered
    return bind(class_of(name).of(axes=wanted), x)


def reduce_sum(operand: Any, axes: Sequence[int], *, out_sharding: Any = None) -> Any:
    """Sum over `axes`; of no elements 0. Integers wrap around.

    Raises: ValueError if an axis is out of range or named twice, as all reductions.
    """
    check_no_sharding("reduce_sum", out_sharding)
    return reduced("reduce_sum", operand, axes)


def reduce_prod(operand: Any, axes: Sequence[int]) -> Any:
    """Product over `axes`; of no elements 1. Integers wrap around."""
    return reduced("reduce_prod", operand, axes)


def reduce_max(operand: Any, axes: Sequence[int]) -> Any:
    """The greatest element along `axes`; nan where there is one, of none the least value of the dtype."""
    return reduced("reduce_max", operand, axes)


def reduce_min(operand: Any, axes: Sequence[int]) -> Any:
    """The least element along `axes`; nan where there is one, of none the greatest value of the dtype."""
    return reduced("reduce_min", operand, axes)


def reduce_and(operand: Any, axes: Sequence[int]) -> Any:
    """Whether all booleans along `axes` are true; of integers the bits that all have."""
    return reduced("reduce_and", operand, axes)


def reduce_or(operand: Any, axes: Sequence[int]) -> Any:
    """Whether any boolean along `axes` is true; of integers the bits that any has."""
    return reduced("reduce_or", operand, axes)


def reduce_xor(operand: Any, axes: Sequence[int]) -> Any:
    """Whether an odd number of booleans along `axes` is true; of integers, bit by bit."""
    return reduced("reduce_xor", operand, axes)


def argmax(operand: Any, axis: int, index_dtype: Any) -> Any:
    """The index along `axis` of the first greatest element, or of the first nan.

    Raises: ValueError if there is no such axis or it has no elements; TypeError if `index_dtype` is no
    integer dtype.
    """
    return _index_of("argmax", operand, axis, index_dtype)


def argmin(operand: Any, axis: int, index_dtype: Any) -> Any:
    """The index along `axis` of the first least element, or of the first nan.

    Raises: as `argmax`.
    """
    return _index_of("argmin", operand, axis, index_dtype)


def _index_of(name: str, operand: Any, axis: int, index_dtype: Any) -> Any:
    wanted = dtypes.canonicalize_explicit(index_dtype, f"lax.{name}")
    inst = class_of(name).of(axis=integer(axis, name, "axis"), index_dtype=wanted)
    return bind(inst, as_value(operand), weak_type=False)


def _cumulative(name: str, operand: Any, axis: int, reverse: bool) -> Any:
    x = as_value(operand)
    where = integer(axis, name, "axis")
    if not 0 <= where < x.ndim:
        raise ValueError(f"lax.{name}: axis {where} is out of bounds for array of shape {x.shape}")
    if kind(x) == "c" and name in ("cummax", "cummin"):
        return _complex_extrema(name, x, where, bool(reverse))
    return bind(class_of(name).of(axis=where, reverse=bool(reverse)), x)


def _complex_extrema(name: str, x: Any, axis: int, reverse: bool) -> Any:
    """Complex numbers compare real part first; the ops have real numbers only."""
    from weft.lax import elementwise
    from weft.lax.control_flow import associative_scan

    return associative_scan(elementwise.max if name == "cummax" else elementwise.min, x, reverse, axis)


def cumsum(operand: Any, axis: int = 0, reverse: bool = False) -> Any:
    """Sums of the elements so far along `axis`; with `reverse` of those from here on.

    Raises: ValueError if the axis is out of range, as all running combinations.
    """
    return _cumulative("cumsum", operand, axis, reverse)


def cumprod(operand: Any, axis: int = 0, reverse: bool = False) -> Any:
    """Products of the elements so far along `axis`; with `reverse` of those from here on."""
    return _cumulative("cumprod", operand, axis, reverse)


def cummax(operand: Any, axis: int = 0, reverse: bool = False) -> Any:
    """The greatest element so far along `axis`; with `reverse` from here on."""
    return _cumulative("cummax", operand, axis, reverse)


def cummin(operand: Any, axis: int = 0, reverse: bool = False) -> Any:
    """The least element so far along `axis`; with `reverse` from here on."""
    return _cumulative("cummin", operand, axis, reverse)


def cumlogsumexp(operand: Any, axis: int = 0, reverse: bool = False) -> Any:
    """Logarithms of the sums of exponentials so far along `axis`; with `reverse` of those from here on."""
    return _cumulative("cumlogsumexp", operand, axis, reverse)
