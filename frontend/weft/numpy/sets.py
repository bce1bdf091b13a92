"""Arrays as sets: distinct elements, unions, intersections, differences, membership."""

from __future__ import annotations

import operator
from typing import Any, NamedTuple

import numpy as np

import weft_runtime
from weft import dtypes
from weft._tracing.bind import bind
from weft._tracing.library import library
from weft._tracing.operands import broadcast_to, convert
from weft.numpy._arguments import array, arrays, axis_within
from weft.numpy._ops import (
    compare,
    concatenate_arrays,
    constant,
    emit,
    iota,
    kind,
    ops,
    reshape_to,
    select,
    slice_axis,
)
from weft.numpy.finding import _GIVE_SIZE, indices_on_device, places, value_of
from weft.numpy.joining import one_dtype
from weft.numpy.logic import isnan_
from weft.numpy.reductions import argmax, reduce_axes
from weft.numpy.shapes import moveaxis
from weft.numpy.sorting import searchsorted, sort_op


class _UniqueAll(NamedTuple):
    values: Any
    indices: Any
    inverse_indices: Any
    counts: Any


class _UniqueCounts(NamedTuple):
    values: Any
    counts: Any


class _UniqueInverse(NamedTuple):
    values: Any
    inverse_indices: Any


def unique(
    ar: Any,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
    *,
    equal_nan: bool = True,
    size: int | None = None,
    fill_value: Any = None,
    sorted: bool = True,
) -> Any:
    """Distinct elements (or slices along an axis) in rising order; as asked also where each comes first, which of
    them each element is, and how often each occurs.

    With `size` there are exactly so many: further ones are dropped, missing ones are `fill_value` (the least).
    """
    x = array("unique", ar)
    at = None if axis is None else axis_within(axis, x.ndim)
    if size is None:
        found = _unique_on_host(value_of("unique", x, _GIVE_SIZE), at, equal_nan)
        made = [weft_runtime.device_put(found[0], x.dtype), *[indices_on_device(v) for v in found[1:]]]
        if x.weak_type:
            made[0] = convert(made[0], x.dtype, True)
    else:
        made = list(_unique(x, fill_value, at, equal_nan, operator.index(size)))
    wanted = [made[0]]
    for is_wanted, part in zip((return_index, return_inverse, return_counts), made[1:], strict=True):
        if is_wanted:
            wanted.append(part)
    return wanted[0] if len(wanted) == 1 else tuple(wanted)


def _unique_on_host(value: np.ndarray, axis: int | None, equal_nan: bool) -> Any:
    work = value.astype(np.float32) if value.dtype.kind == "V" else value
    return np.unique(work, True, True, True, axis=axis, equal_nan=equal_nan)


@library("x", "fill_value")
def _unique(x: Any, fill_value: Any, axis: int | None, equal_nan: bool, size: int) -> tuple[Any, ...]:
    x = array("unique", x)
    shape = x.shape
    rows = reshape_to(x, (x.size, 1)) if axis is None else moveaxis(x, axis, 0)
    rest = rows.shape[1:]
    n = rows.shape[0]
    if n == 0 or size == 0:
        raise ValueError(
            f"unique with size needs elements to choose from and room for them, got {x.aval} and {size}"
        )
    rows = reshape_to(rows, (n, rows.size // n))
    int_ = dtypes.default_int()
    columns = [reshape_to(slice_axis(rows, 1, i, i + 1), (n,)) for i in range(rows.shape[1])]
    *_, order = sort_op([*columns, iota((n,), int_)], 0, len(columns))
    ordered = rows.at[order].get(mode="promise_in_bounds")
    is_first = _differs_from_previous(ordered, equal_nan)
    group = bind(ops.sub, emit("cumsum", convert(is_first, int_, False), axis=0), constant(1, (n,), int_))
    first, is_found = places(is_first, size)
    values = ordered.at[first].get(mode="clip")
    if fill_value is None:
        fill = slice_axis(values, 0, 0, 1)
    else:
        fill = convert(array("unique", fill_value), x.dtype, False)
        fill = reshape_to(fill, (1, 1)) if fill.size == 1 else reshape_to(fill, (1, rows.shape[1]))
    values = select(_column(is_found, values), values, broadcast_to(fill, values.shape))
    zero = constant(0, (size,), int_)
    index = order.at[first].get(mode="clip")
    # Missing values stand where the first one stands.
    index = select(is_found, index, broadcast_to(slice_axis(index, 0, 0, 1), (size,)))
    counts = zero.at[group].add(constant(1, (n,), int_), mode="drop")
    inverse = constant(0, (n,), int_).at[order].set(group)
    if axis is None:
        return reshape_to(values, (size,)), index, reshape_to(inverse, shape), counts
    values = moveaxis(reshape_to(values, (size, *rest)), 0, axis)
    return values, index, inverse, counts


def _column(mask: Any, like_rows: Any) -> Any:
    return emit("broadcast_in_dim", mask, shape=like_rows.shape, dims=(0,))


def _differs_from_previous(rows: Any, equal_nan: bool) -> Any:
    """Whether each row of a sorted matrix differs from the one before it; the first one does."""
    n = rows.shape[0]
    before, after = slice_axis(rows, 0, 0, n - 1), slice_axis(rows, 0, 1, n)
    differs = compare(before, after, "NE")
    if equal_nan and kind(rows) in "fc":
        both_nan = bind(ops.and_, isnan_(before), isnan_(after))
        differs = bind(ops.and_, differs, bind(ops.not_, both_nan))
    some = reduce_axes("reduce_or", differs, (1,))
    return concatenate_arrays([constant(True, (1,), np.dtype(np.bool_)), some], 0)


def unique_all(x: Any, /, *, size: int | None = None, fill_value: Any = None) -> _UniqueAll:
    """Distinct elements, where each comes first, which of them each element is, and how often each occurs."""
    return _UniqueAll(*unique(x, True, True, True, equal_nan=False, size=size, fill_value=fill_value))


def unique_counts(x: Any, /, *, size: int | None = None, fill_value: Any = None) -> _UniqueCounts:
    """Distinct elements, and how often each occurs."""
    return _UniqueCounts(*unique(x, return_counts=True, equal_nan=False, size=size, fill_value=fill_value))


def unique_inverse(x: Any, /, *, size: int | None = None, fill_value: Any = None) -> _UniqueInverse:
    """Distinct elements, and which of them each element is."""
    return _UniqueInverse(*unique(x, return_inverse=True, equal_nan=False, size=size, fill_value=fill_value))


def unique_values(x: Any, /, *, size: int | None = None, fill_value: Any = None) -> Any:
    """Distinct elements."""
    return unique(x, equal_nan=False, size=size, fill_value=fill_value)


# Two sets


def _flat_pair(name: str, ar1: Any, ar2: Any) -> list[Any]:
    xs = [reshape_to(x, (x.size,)) for x in arrays(name, ar1, ar2)]
    return one_dtype(xs)


def union1d(ar1: Any, ar2: Any, *, size: int | None = None, fill_value: Any = None) -> Any:
    """Distinct elements of both arrays."""
    from weft.numpy.joining import concatenate

    return unique(concatenate(_flat_pair("union1d", ar1, ar2)), size=size, fill_value=fill_value)


def setdiff1d(
    ar1: Any, ar2: Any, assume_unique: bool = False, *, size: int | None = None, fill_value: Any = None
) -> Any:
    """Distinct elements of the first array that are not in the second."""
    from weft.numpy.finding import compress

    x, y = [reshape_to(v, (v.size,)) for v in arrays("setdiff1d", ar1, ar2)]
    fill = 0 if fill_value is None else fill_value
    if size is None:
        value_of("setdiff1d", x, _GIVE_SIZE)
        candidates = x if assume_unique else unique(x)
        return compress(isin(candidates, y, invert=True), candidates)
    if assume_unique or x.size == 0:
        return compress(isin(x, y, invert=True), x, size=size, fill_value=fill)
    mask = bind(ops.and_, isin(x, y, invert=True), _is_first_of_kind(x))
    ordered, mask = _sorted_with(x, mask)
    return compress(mask, ordered, size=size, fill_value=fill)


@library("x")
def _is_first_of_kind(x: Any) -> Any:
    """Which elements have no equal one before them."""
    order = sort_op([x, iota(x.shape, dtypes.default_int())], 0, 1)[1]
    ordered = x.at[order].get(mode="promise_in_bounds")
    is_first = _differs_from_previous(reshape_to(ordered, (x.size, 1)), True)
    return constant(False, x.shape, np.dtype(np.bool_)).at[order].set(is_first)


@library("x", "mask")
def _sorted_with(x: Any, mask: Any) -> Any:
    return sort_op([x, mask], 0, 1)


def setxor1d(
    ar1: Any, ar2: Any, assume_unique: bool = False, *, size: int | None = None, fill_value: Any = None
) -> Any:
    """Distinct elements that are in exactly one of the arrays."""
    x, y = _flat_pair("setxor1d", ar1, ar2)
    if size is None:
        a, b = (value_of("setxor1d", v, _GIVE_SIZE) for v in (x, y))
        return weft_runtime.device_put(np.setxor1d(a, b, assume_unique), x.dtype)
    from weft.numpy.finding import compress
    from weft.numpy.joining import concatenate

    both = concatenate([x, y])
    alone = concatenate([isin(x, y, invert=True), isin(y, x, invert=True)])
    if not assume_unique:
        alone = bind(ops.and_, alone, _is_first_of_kind(both))
    ordered, mask = _sorted_with(both, alone)
    if fill_value is None:  # the least element
        fill_value = ordered.at[argmax(mask)].get(mode="clip") if ordered.size else 0
    return compress(mask, ordered, size=size, fill_value=fill_value)


def intersect1d(
    ar1: Any,
    ar2: Any,
    assume_unique: bool = False,
    return_indices: bool = False,
    *,
    size: int | None = None,
    fill_value: Any = None,
) -> Any:
    """Distinct elements that are in both arrays; with `return_indices` also where they come first in each."""
    x, y = _flat_pair("intersect1d", ar1, ar2)
    if size is None:
        a, b = (value_of("intersect1d", v, _GIVE_SIZE) for v in (x, y))
        found: Any = np.intersect1d(a, b, assume_unique, return_indices=return_indices)  # type: ignore[call-overload]
        if not return_indices:
            return weft_runtime.device_put(found, x.dtype)
        return weft_runtime.device_put(found[0], x.dtype), *[indices_on_device(v) for v in found[1:]]
    made = _intersect(x, y, fill_value, operator.index(size))
    return made if return_indices else made[0]


@library("x", "y", "fill_value")
def _intersect(x: Any, y: Any, fill_value: Any, size: int) -> Any:
    int_ = dtypes.default_int()
    ordered, places_x = sort_op([x, iota(x.shape, int_)], 0, 1)
    ordered_y, places_y = sort_op([y, iota(y.shape, int_)], 0, 1)
    if x.size == 0 or y.size == 0:
        mask = constant(False, x.shape, np.dtype(np.bool_))
    else:
        is_first = _differs_from_previous(reshape_to(ordered, (x.size, 1)), False)
        mask = bind(ops.and_, is_first, isin(ordered, y))
    found, is_found = (
        places(mask, size)
        if x.size
        else (constant(0, (size,), int_), constant(False, (size,), np.dtype(np.bool_)))
    )
    values = ordered.at[found].get(mode="clip") if x.size else constant(0, (size,), x.dtype)
    in_y = searchsorted(ordered_y, values)
    if fill_value is None:
        fill = slice_axis(values, 0, 0, 1)
    else:
        fill = convert(array("intersect1d", fill_value), x.dtype, False)
    made = select(is_found, values, broadcast_to(fill, (size,)))
    first = select(is_found, places_x.at[found].get(mode="clip"), constant(x.size, (size,), int_))
    second = select(is_found, places_y.at[in_y].get(mode="clip"), constant(y.size, (size,), int_))
    return made, first, second


@library("element", "test_elements")
def isin(
    element: Any,
    test_elements: Any,
    assume_unique: bool = False,
    invert: bool = False,
    *,
    method: str = "auto",
) -> Any:
    """Whether each element is among the test elements; with `invert` whether it is not.

    `method` is "compare_all", "binary_search", "sort" or "auto".
    """
    if method not in ("auto", "compare_all", "binary_search", "sort"):
        raise ValueError(
            f"isin: method must be 'auto', 'compare_all', 'binary_search' or 'sort', got {method!r}"
        )
    xs = arrays("isin", element, test_elements)
    x, tests = one_dtype(xs)
    tests = reshape_to(tests, (tests.size,))
    if tests.size == 0 or x.size == 0:
        return constant(invert, x.shape, np.dtype(np.bool_))
    if method == "compare_all" or (method == "auto" and tests.size <= 32):
        shape = (*x.shape, tests.size)
        left = emit("broadcast_in_dim", x, shape=shape, dims=tuple(range(x.ndim)))
        right = emit("broadcast_in_dim", tests, shape=shape, dims=(x.ndim,))
        found = reduce_axes("reduce_or", compare(left, right, "EQ"), (x.ndim,))
    else:
        (ordered,) = sort_op([tests], 0, 1)
        index = searchsorted(ordered, x)
        found = compare(ordered.at[index].get(mode="clip"), x, "EQ")
    return bind(ops.not_, found) if invert else found
