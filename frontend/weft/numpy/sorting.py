"""Sorting, and what rests on sorted arrays."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from weft import dtypes
from weft._tracing.bind import bind
from weft._tracing.library import library
from weft._tracing.operands import convert, with_weak_type
from weft.numpy._arguments import array, arrays, axis_within
from weft.numpy._ops import (
    broadcast_in_dim,
    compare,
    constant,
    emit,
    iota,
    kind,
    like,
    ops,
    reshape_to,
    select,
)
from weft.numpy.joining import parts_of
from weft.numpy.logic import isnan_
from weft.numpy.reductions import reduce_axes
from weft.numpy.shapes import flip

_INT32 = np.dtype(np.int32)


def _no_order(name: str, kind: Any, order: Any) -> None:
    """`kind` of NumPy chooses an algorithm, and `order` a field: here there is one of each."""
    if order is not None:
        raise ValueError(f"'order' argument to {name} is not supported.")
    if kind is not None:
        import warnings

        warnings.warn(
            f"The 'kind' argument to {name} has no effect; use stable instead.", UserWarning, stacklevel=3
        )


def sort(
    a: Any,
    axis: int | None = -1,
    *,
    kind: None = None,
    order: None = None,
    stable: bool = True,
    descending: bool = False,
) -> Any:
    """Elements in rising order along an axis (or flattened), nan last; with `descending` the other way round."""
    _no_order("sort", kind, order)
    return _sort(a, axis, stable, descending)


@library("a")
def _sort(a: Any, axis: int | None, stable: bool, descending: bool) -> Any:
    x = array("sort", a)
    if axis is None:
        x, axis = reshape_to(x, (x.size,)), 0
    at = axis_within(axis, x.ndim)
    (made,) = sort_op([x], at, 1, stable)
    return flip(made, at) if descending else made


def sort_op(xs: list[Any], axis: int, num_keys: int, stable: bool = True) -> tuple[Any, ...]:
    """All arrays in the order of the first `num_keys`."""
    made = emit("sort", *xs, axis=axis, num_keys=num_keys, is_stable=stable)
    return tuple(with_weak_type(v, x.weak_type) for v, x in zip(made, xs, strict=True))


def argsort(
    a: Any,
    axis: int | None = -1,
    *,
    kind: None = None,
    order: None = None,
    stable: bool = True,
    descending: bool = False,
    dtype: Any = None,
) -> Any:
    """Indices that put the elements along an axis (or flattened) in rising order, nan last."""
    _no_order("argsort", kind, order)
    target = dtypes.default_int() if dtype is None else dtypes.canonicalize_explicit(dtype, "argsort")
    return _argsort(a, axis, stable, descending, target)


@library("a")
def _argsort(a: Any, axis: int | None, stable: bool, descending: bool, dtype: Any) -> Any:
    x = array("argsort", a)
    if axis is None:
        x, axis = reshape_to(x, (x.size,)), 0
    at = axis_within(axis, x.ndim)
    index = iota(x.shape, np.dtype(dtype), at)
    if not descending:
        return sort_op([x, index], at, 1, stable)[1]
    # Reversed before and after, equal elements keep their order.
    return flip(sort_op([flip(x, at), flip(index, at)], at, 1, stable)[1], at)


@library("keys")
def lexsort(keys: Any, axis: int = -1) -> Any:
    """Indices that sort by the last key, equal ones by the key before it, and so on."""
    xs = parts_of("lexsort", keys)
    if len(xs) == 0:
        raise TypeError("need sequence of keys with len > 0 in lexsort")
    if any(x.shape != xs[0].shape for x in xs):
        raise ValueError("all keys need to be the same shape")
    if xs[0].ndim == 0:
        return constant(0, (), dtypes.default_int())
    at = axis_within(axis, xs[0].ndim)
    index = iota(xs[0].shape, dtypes.default_int(), at)
    return sort_op([*reversed(xs), index], at, len(xs))[-1]


@library("a")
def partition(a: Any, kth: int, axis: int = -1) -> Any:
    """The element that belongs at `kth` in its place, none before it larger, none behind it smaller."""
    x = array("partition", a)
    if kind(x) == "c":
        raise NotImplementedError("jnp.partition for complex dtype is not implemented.")
    at = axis_within(axis, x.ndim)
    _kth(kth, x.shape[at])
    return sort_op([x], at, 1)[0]


@library("a")
def argpartition(a: Any, kth: int, axis: int = -1) -> Any:
    """Indices that partition, see `partition`."""
    x = array("argpartition", a)
    if kind(x) == "c":
        raise NotImplementedError("jnp.argpartition for complex dtype is not implemented.")
    at = axis_within(axis, x.ndim)
    _kth(kth, x.shape[at])
    return sort_op([x, iota(x.shape, _INT32, at)], at, 1)[1]


def _kth(kth: Any, size: int) -> int:
    found = operator.index(kth)
    if not -size <= found < size:
        raise ValueError(f"kth(={found}) out of bounds ({size})")
    return found % size


@library("a")
def sort_complex(a: Any) -> Any:
    """Elements as complex numbers, in the order of their real, then imaginary parts."""
    x = array("sort_complex", a)
    x = convert(x, dtypes.narrow(dtypes.to_complex(x.dtype)), False)
    return _sort(x, -1, True, False)


# Places in sorted arrays


@library("a", "v", "sorter")
def searchsorted(a: Any, v: Any, side: str = "left", sorter: Any = None, *, method: str = "scan") -> Any:
    """Where elements would have to be put into a sorted vector: before equal ones, or behind them ("right").

    `method` is "scan" (bisection), "scan_unrolled", "sort" or "compare_all".
    """
    if side not in ("left", "right"):
        raise ValueError(
            f"{side!r} is an invalid value for keyword 'side'. Expected one of ['left', 'right']."
        )
    if method not in _SEARCHES:
        raise ValueError(
            f"{method!r} is an invalid value for keyword 'method'. Expected one of {sorted(_SEARCHES)}."
        )
    xs = arrays("searchsorted", a, v)
    if xs[0].ndim != 1:
        raise ValueError("a should be 1-dimensional")
    dtype, _ = dtypes.promote(*[(x.dtype, x.weak_type) for x in xs])
    x, values = [convert(x, dtype, False) for x in xs]
    if sorter is not None:
        x = x[array("searchsorted", sorter, 2)]
    if x.shape[0] == 0:
        return constant(0, values.shape, _INT32)
    return _SEARCHES[method](x, values, side == "left")


def _is_before(x: Any, y: Any, or_equal: bool) -> Any:
    """Whether x comes before y (or is equal) in sorted order, nan last."""
    if kind(x) == "c":
        from weft.numpy.logic import compare_complex

        before = compare_complex(x, y, "LE" if or_equal else "LT")
    else:
        before = compare(x, y, "LE" if or_equal else "LT")
    if kind(x) not in "fc":
        return before
    rest = isnan_(y) if or_equal else bind(ops.and_, isnan_(y), bind(ops.not_, isnan_(x)))
    return bind(ops.or_, before, rest)


def _by_bisection(x: Any, values: Any, is_left: bool, is_unrolled: bool = False) -> Any:
    from weft.lax.control_flow import fori_loop

    n = x.shape[0]
    steps = (
        math.ceil(math.log2(n + 1)) + 1 if isinstance(n, int) else 33
    )  # as many as indices of 32 bits need

    def step(_: Any, limits: tuple[Any, Any]) -> tuple[Any, Any]:
        low, high = limits
        middle = bind(ops.div, bind(ops.add, low, high), like(low, 2))
        candidate = x.at[middle].get(mode="clip")
        goes_behind = _is_before(candidate, values, not is_left)
        goes_behind = bind(ops.and_, goes_behind, compare(low, high, "LT"))
        is_open = compare(low, high, "LT")
        new_low = select(goes_behind, bind(ops.add, middle, like(middle, 1)), low)
        new_high = select(bind(ops.and_, is_open, bind(ops.not_, goes_behind)), middle, high)
        return new_low, new_high

    limits = (constant(0, values.shape, _INT32), constant(n, values.shape, _INT32))
    if is_unrolled:
        for i in range(steps):
            limits = step(i, limits)
        return limits[0]
    return fori_loop(0, steps, step, limits)[0]


def _by_comparing_all(x: Any, values: Any, is_left: bool) -> Any:
    shape = (*values.shape, x.shape[0])
    items = broadcast_in_dim(x, shape, (len(shape) - 1,))
    wanted = broadcast_in_dim(values, shape, tuple(range(len(shape) - 1)))
    before = _is_before(items, wanted, not is_left)
    return reduce_axes("reduce_sum", convert(before, _INT32, False), (len(shape) - 1,))


def _by_sorting(x: Any, values: Any, is_left: bool) -> Any:
    """Each value's place among all, less the number of values placed before it."""
    flat = reshape_to(values, (values.size,))
    n, m = x.shape[0], flat.shape[0]
    parts = [flat, x] if is_left else [x, flat]
    order = sort_op([emit("concatenate", *parts, axis=0), iota((n + m,), _INT32)], 0, 1)[1]
    rank = constant(0, (n + m,), _INT32).at[order].set(iota((n + m,), _INT32))
    first = 0 if is_left else n
    in_all = emit("slice", rank, start=(first,), limit=(first + m,), strides=(1,))
    own = sort_op([in_all, iota((m,), _INT32)], 0, 1)[1]
    own_rank = constant(0, (m,), _INT32).at[own].set(iota((m,), _INT32))
    return reshape_to(bind(ops.sub, in_all, own_rank), values.shape)


_SEARCHES = {
    "scan": _by_bisection,
    "scan_unrolled": lambda x, values, is_left: _by_bisection(x, values, is_left, True),
    "sort": _by_sorting,
    "compare_all": _by_comparing_all,
}


@library("x", "bins")
def digitize(x: Any, bins: Any, right: bool = False, *, method: str | None = None) -> Any:
    """Index of the bin that each element lies in; bins rise or fall, and include their left edge unless `right`."""
    values, edges = arrays("digitize", x, bins)
    if edges.ndim != 1:
        raise ValueError(f"digitize: bins must be a 1-dimensional array; got {bins=}")
    side = "left" if right else "right"
    how = {} if method is None else {"method": method}
    if edges.shape[0] == 0:
        return constant(0, values.shape, _INT32)
    rising = searchsorted(edges, values, side=side, **how)
    if edges.shape[0] == 1:
        return rising
    n = edges.shape[0]
    falling = searchsorted(flip(edges), values, side=side, **how)
    falling = bind(ops.sub, like(falling, n), falling)
    is_rising = compare(
        emit("slice", edges, start=(n - 1,), limit=(n,), strides=(1,)),
        emit("slice", edges, start=(0,), limit=(1,), strides=(1,)),
        "GE",
    )
    return select(reshape_to(is_rising, ()), rising, falling)
