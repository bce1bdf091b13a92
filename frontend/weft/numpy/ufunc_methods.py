"""The methods of ufuncs: the function of weft.numpy that does the same where there is one, else a loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from weft._tracing.operands import convert
from weft.numpy import cumulative, reductions
from weft.numpy._arguments import array, arrays, axis_within, explicit_dtype, no_out
from weft.numpy._ops import emit, reshape_to
from weft.numpy.shapes import expand_dims, moveaxis

if TYPE_CHECKING:
    from weft.numpy.ufunc_class import ufunc

_REDUCTIONS: dict[str, Callable[..., Any]] = {
    "add": reductions.sum,
    "multiply": reductions.prod,
    "maximum": reductions.max,
    "minimum": reductions.min,
    "logical_and": reductions.all,
    "logical_or": reductions.any,
}
_BITWISE = {"bitwise_and": "reduce_and", "bitwise_or": "reduce_or", "bitwise_xor": "reduce_xor"}
_ACCUMULATIONS = {"add": cumulative.cumsum, "multiply": cumulative.cumprod}
_UPDATES = {"add": "add", "subtract": "subtract", "multiply": "multiply", "maximum": "max", "minimum": "min"}


def _check_binary(function: ufunc, method: str) -> None:
    if function.nin != 2 or function.nout != 1:
        raise ValueError(
            f"{method} is only supported for binary ufuncs with one result, {function!r} is none"
        )


def reduce(
    function: ufunc, a: Any, axis: Any, dtype: Any, out: Any, keepdims: bool, initial: Any, where: Any
) -> Any:
    """All elements along an axis combined, from the first on."""
    _check_binary(function, "reduce")
    no_out(f"{function.__name__}.reduce", out)
    if where is not None and initial is None and function.identity is None:
        raise ValueError(
            f"reduction operation {function.__name__!r} does not have an identity, so initial is needed with where."
        )
    given = function._quick_methods.get("reduce")
    name = function.__name__ if given is None else ""
    if given is not None:
        return given(a, axis=axis, dtype=dtype, keepdims=keepdims, initial=initial, where=where)
    if name in ("add", "multiply"):
        return _REDUCTIONS[name](a, axis=axis, dtype=dtype, keepdims=keepdims, initial=initial, where=where)
    if name in _REDUCTIONS and (initial is None or name in ("maximum", "minimum")):
        more = {"initial": initial} if name in ("maximum", "minimum") else {}
        made = _REDUCTIONS[name](a, axis=axis, keepdims=keepdims, where=where, **more)
        return made if dtype is None else convert(made, explicit_dtype(dtype, name), False)
    return _reduce_slowly(
        function, array(f"{function.__name__}.reduce", a), axis, dtype, keepdims, initial, where
    )


def _reduce_slowly(
    function: ufunc, x: Any, axis: Any, dtype: Any, keepdims: bool, initial: Any, where: Any
) -> Any:
    from weft.lax.control_flow import scan

    if dtype is not None:
        x = convert(x, explicit_dtype(dtype, function.__name__), False)
    rank = x.ndim
    if axis is None:
        x, at = reshape_to(x, (x.size,)), 0
    elif isinstance(axis, tuple):
        raise ValueError("reduce of this ufunc takes one axis, since it is not said to be reorderable")
    else:
        at = axis_within(axis, x.ndim)
    op = _BITWISE.get(function.__name__)
    if op is not None and initial is None and where is None:
        made = emit(op, x, axes=(at,), weak_type=False)
    else:
        rows = moveaxis(x, at, 0)
        mask = None if where is None else moveaxis(_mask(where, x), at, 0)
        start = initial if initial is not None else (function.identity if where is not None else None)
        if start is None and rows.shape[0] == 0:
            if function.identity is None:
                raise ValueError(
                    f"zero-size array to reduction operation {function.__name__} which has no identity"
                )
            start = function.identity
        if start is None:
            start, rows = rows[0], rows[1:]
        else:
            from weft.numpy.creation import full

            start = full(rows.shape[1:], start, rows.dtype)
        made = scan(_step(function, mask is not None), start, rows if mask is None else (rows, mask))[0]
    if not keepdims:
        return made
    return reshape_to(made, (1,) * rank) if axis is None else expand_dims(made, at)


def _mask(where: Any, x: Any) -> Any:
    from weft.numpy.logic import truth
    from weft.numpy.shapes import broadcast_to

    return broadcast_to(truth(array("reduce", where)), x.shape)


def _step(function: ufunc, is_masked: bool) -> Callable[[Any, Any], tuple[Any, None]]:
    from weft.numpy.selection import where_

    def plain(total: Any, row: Any) -> tuple[Any, None]:
        return convert(function(total, row), total.dtype, total.weak_type), None

    def masked(total: Any, item: tuple[Any, Any]) -> tuple[Any, None]:
        row, mask = item
        return where_(mask, plain(total, row)[0], total), None

    return masked if is_masked else plain


def accumulate(function: ufunc, a: Any, axis: int, dtype: Any, out: Any) -> Any:
    """The combinations of the elements so far along an axis."""
    from weft.lax.control_flow import scan
    from weft.numpy.joining import concatenate

    _check_binary(function, "accumulate")
    no_out(f"{function.__name__}.accumulate", out)
    if axis is None or isinstance(axis, tuple):
        raise ValueError(f"accumulate does not allow multiple axes, got axis={axis}")
    given = function._quick_methods.get("accumulate")
    if given is not None:
        return given(a, axis=axis, dtype=dtype)
    if function.__name__ in _ACCUMULATIONS:
        return _ACCUMULATIONS[function.__name__](a, axis=axis, dtype=dtype)
    x = array("accumulate", a)
    if dtype is not None:
        x = convert(x, explicit_dtype(dtype, function.__name__), False)
    at = axis_within(axis, x.ndim)
    rows = moveaxis(x, at, 0)
    if rows.shape[0] < 2:
        return x
    step = _step(function, False)

    def keep(total: Any, row: Any) -> tuple[Any, Any]:
        made, _ = step(total, row)
        return made, made

    rest = scan(keep, rows[0], rows[1:])[1]
    return moveaxis(concatenate([rows[:1], rest]), 0, at)


def at(function: ufunc, a: Any, indices: Any, b: Any, inplace: bool) -> Any:
    """The array with elements replaced by their combination with `b`."""
    if inplace:
        raise NotImplementedError(
            f"{function!r}.at cannot modify arrays in place; with inplace=False it returns the changed array"
        )
    given = function._quick_methods.get("at")
    if given is not None:
        return given(a, indices, b)
    x = array("at", a)
    if b is None:
        return x.at[indices].set(function(x[indices]))
    y = array("at", b)
    method = _UPDATES.get(function.__name__)
    if method is not None:
        return getattr(x.at[indices], method)(y)
    return _at_one_by_one(function, x, indices, y)


def _at_one_by_one(function: ufunc, x: Any, indices: Any, y: Any) -> Any:
    """In the order of the indices, since one may occur several times."""
    from weft.lax.control_flow import scan
    from weft.numpy.ranges import arange
    from weft.numpy.shapes import broadcast_to, reshape

    flat_places = reshape(arange(x.size), x.shape)[indices]
    values = reshape(broadcast_to(convert(y, x.dtype, False), flat_places.shape), (flat_places.size,))

    def step(state: Any, item: tuple[Any, Any]) -> tuple[Any, None]:
        place, value = item
        made = convert(function(state[place], value), state.dtype, state.weak_type)
        return state.at[place].set(made), None

    flat = reshape(x, (x.size,))
    return reshape(scan(step, flat, (reshape(flat_places, (flat_places.size,)), values))[0], x.shape)


def outer(function: ufunc, A: Any, B: Any) -> Any:
    """Every element of A combined with every one of B."""
    _check_binary(function, "outer")
    x, y = arrays("outer", A, B)
    return function(reshape_to(x, x.shape + (1,) * y.ndim), reshape_to(y, (1,) * x.ndim + y.shape))


def reduceat(function: ufunc, a: Any, indices: Any, axis: int, dtype: Any, out: Any) -> Any:
    """Combinations of the elements from each index up to the next; the element itself where that is not larger."""
    from weft.lax.control_flow import scan
    from weft.numpy.creation import asarray
    from weft.numpy.joining import concatenate
    from weft.numpy.ranges import arange
    from weft.numpy.selection import where_

    _check_binary(function, "reduceat")
    no_out(f"{function.__name__}.reduceat", out)
    if axis is None or isinstance(axis, (tuple, list)):
        raise ValueError("reduceat requires a single integer axis.")
    given = function._quick_methods.get("reduceat")
    if given is not None:
        return given(a, indices, axis=axis, dtype=dtype)
    x, index = array("reduceat", a), asarray(indices)
    if index.ndim != 1:
        raise ValueError(f"reduceat: indices must be one-dimensional, got shape {index.shape}")
    if dtype is not None:
        x = convert(x, explicit_dtype(dtype, function.__name__), False)
    at = axis_within(axis, x.ndim)
    rows = moveaxis(x, at, 0)
    n = rows.shape[0]
    ends = concatenate([index[1:], asarray([n], index.dtype)])
    shape = (index.shape[0],) + (1,) * (x.ndim - 1)

    def step(totals: Any, i: Any) -> tuple[Any, None]:
        is_inside = reshape_to((index < i) & (i < ends), shape)
        made = convert(function(totals, rows[i][np.newaxis]), totals.dtype, totals.weak_type)
        return where_(is_inside, made, totals), None

    return moveaxis(scan(step, rows[index], arange(n))[0], 0, at)
