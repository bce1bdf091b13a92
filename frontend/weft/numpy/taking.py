"""Elements taken from given places, and put there."""

from __future__ import annotations

from typing import Any

import numpy as np

from weft import dtypes
from weft._tracing.bind import bind
from weft._tracing.library import library
from weft._tracing.operands import broadcast_shapes, broadcast_to, convert
from weft.numpy._arguments import array, arrays, axis_within, no_out
from weft.numpy._ops import compare_to, constant, emit, iota, kind, like, ops, reshape_to, select
from weft.numpy.arithmetic import remainder
from weft.numpy.finding import value_of
from weft.numpy.joining import one_dtype
from weft.numpy.shapes import broadcast_shapes as common_shape


def integer_index(name: str, index: Any, position: int) -> Any:
    """An argument that is indices."""
    x = array(name, index, position)
    if kind(x) not in "iu":
        if kind(x) == "b":
            return convert(x, dtypes.default_int(), False)
        raise ValueError(f"{name}: indices must have an integer type, got {x.aval}")
    return x


_MODES = (None, "fill", "wrap", "clip", "promise_in_bounds")


def _check_mode(name: str, mode: Any) -> str:
    text = getattr(mode, "name", mode)
    text = text.lower() if isinstance(text, str) else text
    text = {"fill_or_drop": "fill", "drop": "fill"}.get(text, text)
    if text == "raise":
        raise NotImplementedError("The 'raise' mode to jnp.take is not supported.")
    if text not in _MODES:
        raise ValueError(
            f"Invalid mode '{mode}' for {name}; it must be one of {', '.join(map(str, _MODES[1:]))}"
        )
    return text or "fill"


@library("a", "indices")
def take(
    a: Any,
    indices: Any,
    axis: int | None = None,
    out: None = None,
    mode: Any = None,
    unique_indices: bool = False,
    indices_are_sorted: bool = False,
    fill_value: Any = None,
) -> Any:
    """Elements at these indices along an axis, or of the flattened array.

    `mode` says what stands for an index beyond the end: "fill" (nan or `fill_value`), "clip" or "wrap".
    """
    no_out("take", out)
    x, index = array("take", a), integer_index("take", indices, 1)
    how = _check_mode("take", mode)
    if axis is None:
        x, axis = reshape_to(x, (x.size,)), 0
    at = axis_within(axis, x.ndim)
    if index.size and x.shape[at] == 0:
        raise IndexError("cannot do a non-empty jnp.take() from an empty axis.")
    if how == "wrap":
        index, how = remainder(index, like(index, x.shape[at])), "promise_in_bounds"
    elif how == "clip":  # a negative index is clipped to 0, as in NumPy
        index = bind(ops.max, index, like(index, 0))
    return x.at[(slice(None),) * at + (index,)].get(
        mode=how, unique_indices=unique_indices, indices_are_sorted=indices_are_sorted, fill_value=fill_value
    )


@library("arr", "indices")
def take_along_axis(
    arr: Any,
    indices: Any,
    axis: int | None = -1,
    mode: Any = None,
    fill_value: Any = None,
    *,
    wrap_negative_indices: bool = True,
) -> Any:
    """Elements along an axis at indices of their own for each row; the other axes broadcast."""
    x, index = array("take_along_axis", arr), array("take_along_axis", indices, 1)
    if kind(index) not in "iu":
        raise TypeError(f"take_along_axis indices must be of integer type, got {index.dtype}")
    how = _check_mode("take_along_axis", mode)
    if axis is None:
        if index.ndim != 1:
            raise ValueError(f"take_along_axis indices must be 1D if axis=None, got shape {index.shape}")
        x, axis = reshape_to(x, (x.size,)), 0
    if x.ndim != index.ndim:
        raise ValueError(
            f"indices and arr must have the same number of dimensions; {index.ndim} vs. {x.ndim}"
        )
    at = axis_within(axis, x.ndim)
    return gather_along(x, index, at, how, fill_value, wrap_negative_indices)


def gather_along(
    x: Any,
    index: Any,
    axis: int,
    mode: str = "promise_in_bounds",
    fill_value: Any = None,
    wraps: bool = False,
) -> Any:
    """`x` along an axis at the indices of each row; the rank is that of `x`."""
    n = x.shape[axis]
    rest = [1 if i == axis else size for i, size in enumerate(x.shape)]
    rest_index = [1 if i == axis else size for i, size in enumerate(index.shape)]
    rest = list(common_shape(tuple(rest), tuple(rest_index)))
    x = broadcast_to(x, tuple(n if i == axis else m for i, m in enumerate(rest)))
    index = broadcast_to(index, tuple(index.shape[axis] if i == axis else m for i, m in enumerate(rest)))
    if mode == "wrap":
        index, mode = remainder(index, like(index, n)), "promise_in_bounds"
    elif wraps and kind(index) == "i":
        index = select(compare_to(index, 0, "LT"), bind(ops.add, index, like(index, n)), index)
    others = tuple(i for i in range(x.ndim) if i != axis)
    fill = {} if fill_value is None or mode != "fill" else {"fill_value": fill_value}
    made = emit(
        "gather",
        x,
        reshape_to(index, (*index.shape, 1)),
        offset_dims=(),
        collapsed_slice_dims=(axis,),
        start_index_map=(axis,),
        operand_batching_dims=others,
        start_indices_batching_dims=others,
        slice_sizes=(1,) * x.ndim,
        mode=mode,
        weak_type=x.weak_type,
        **fill,
    )
    return made


def _not_in_place(name: str, inplace: bool) -> None:
    if inplace:
        raise ValueError(
            f"jax.numpy.{name} cannot modify arrays in-place, because arrays are immutable. "
            "Pass inplace=False to get the changed array as the result."
        )


def put_along_axis(
    arr: Any, indices: Any, values: Any, axis: int | None, inplace: bool = True, *, mode: Any = None
) -> Any:
    """The array with elements along an axis replaced, at indices of their own for each row."""
    _not_in_place("put_along_axis", inplace)
    return _put_along_axis(arr, indices, values, axis, mode)


@library("arr", "indices", "values")
def _put_along_axis(arr: Any, indices: Any, values: Any, axis: int | None, mode: Any) -> Any:
    x, index, y = arrays("put_along_axis", arr, indices, values)
    shape = x.shape
    if kind(index) not in "iu":
        raise TypeError(f"put_along_axis indices must be of integer type, got {index.dtype}")
    if axis is None:
        x, axis = reshape_to(x, (x.size,)), 0
        index = reshape_to(index, (index.size,))
    at = axis_within(axis, x.ndim)
    if x.ndim != index.ndim:
        raise ValueError(
            f"indices and arr must have the same number of dimensions; {index.ndim} vs. {x.ndim}"
        )
    rest = tuple(1 if i == at else n for i, n in enumerate(x.shape))
    target = common_shape(index.shape, rest)
    y = broadcast_to(y, target) if y.ndim <= len(target) else y
    grid = tuple(
        broadcast_to(index, target) if i == at else iota(target, dtypes.default_int(), i)
        for i in range(x.ndim)
    )
    made = x.at[grid].set(convert(y, x.dtype, False), mode=mode)
    return reshape_to(made, shape)


def put(a: Any, ind: Any, v: Any, mode: str | None = None, *, inplace: bool = True) -> Any:
    """The array with the elements at flat indices replaced by values, which repeat as needed."""
    _not_in_place("put", inplace)
    return _put(a, ind, v, mode)


@library("a", "ind", "v")
def _put(a: Any, ind: Any, v: Any, mode: str | None) -> Any:
    x, index, values = arrays("put", a, ind, v)
    index, values = reshape_to(index, (index.size,)), reshape_to(values, (values.size,))
    if x.size == 0 or index.size == 0 or values.size == 0:
        return x
    values = resized(values, (index.size,))
    if mode is None or mode == "clip":
        n = like(index, x.size - 1)
        index, how = bind(ops.max, bind(ops.min, index, n), like(index, 0)), "promise_in_bounds"
    elif mode == "wrap":
        index, how = remainder(index, like(index, x.size)), "promise_in_bounds"
    else:
        raise NotImplementedError(f"put mode={mode!r} is not supported: it must be 'clip' or 'wrap'")
    made = reshape_to(x, (x.size,)).at[index].set(convert(values, x.dtype, False), mode=how)
    return reshape_to(made, x.shape)


def place(arr: Any, mask: Any, vals: Any, *, inplace: bool = True) -> Any:
    """The array with the elements under a mask replaced by values, one after the other, which repeat as needed."""
    _not_in_place("place", inplace)
    return _place(arr, mask, vals)


@library("arr", "mask", "vals")
def _place(arr: Any, mask: Any, vals: Any) -> Any:
    from weft.numpy.finding import places
    from weft.numpy.logic import truth

    x, chosen, values = arrays("place", arr, mask, vals)
    if x.size != chosen.size:
        raise ValueError("place: arr and mask must be the same size")
    if values.size == 0:
        raise ValueError("Cannot place values from an empty array")
    if x.size == 0:
        return x
    index, is_found = places(truth(reshape_to(chosen, (x.size,))), x.size)
    index = select(is_found, index, like(index, x.size))
    values = resized(reshape_to(values, (values.size,)), (x.size,))
    made = reshape_to(x, (x.size,)).at[index].set(convert(values, x.dtype, False), mode="drop")
    return reshape_to(made, x.shape)


def resized(x: Any, shape: tuple[int, ...]) -> Any:
    """The elements of a vector over and over until the shape is full."""
    from weft.numpy.joining import tile

    count = int(np.prod(shape, dtype=int))
    repeats = -(-count // x.shape[0]) if x.shape[0] else 0
    repeated = tile(x, max(repeats, 1))
    return reshape_to(emit("slice", repeated, start=(0,), limit=(count,), strides=(1,)), shape)


def resize(a: Any, new_shape: Any) -> Any:
    """The elements over and over until the new shape is full."""
    from weft.numpy._arguments import shape_of

    return _resize(a, shape_of(new_shape, "new_shape"))


@library("a")
def _resize(a: Any, shape: tuple[int, ...]) -> Any:
    x = array("resize", a)
    if x.size == 0:
        return constant(0, shape, x.dtype)
    return resized(reshape_to(x, (x.size,)), shape)


def choose(a: Any, choices: Any, out: None = None, mode: str = "raise") -> Any:
    """For each index the element at its place of the choice of that number; all broadcast.

    `mode` is "wrap" or "clip"; "raise" is for indices known now only.
    """
    no_out("choose", out)
    if mode == "raise":
        check_within("choose", array("choose", a), len(choices))
        mode = "wrap"
    return _choose(a, choices, mode)


@library("a", "choices")
def _choose(a: Any, choices: Any, mode: str) -> Any:
    index = integer_index("choose", a, 0)
    options = list(choices) if isinstance(choices, (list, tuple)) else rows_of(array("choose", choices, 1))
    options = one_dtype(arrays("choose", *options))
    n = len(options)
    if mode == "wrap":
        index = remainder(index, like(index, n))
    elif mode == "clip":
        index = bind(ops.max, bind(ops.min, index, like(index, n - 1)), like(index, 0))
    else:
        raise ValueError(f"mode={mode!r} not understood. Must be 'raise', 'wrap', or 'clip'")
    shape = broadcast_shapes("choose", [index.shape, *[x.shape for x in options]])
    index = broadcast_to(index, shape)
    made = broadcast_to(options[0], shape)
    for i, option in enumerate(options[1:], 1):
        made = select(compare_to(index, i, "EQ"), broadcast_to(option, shape), made)
    return made


def rows_of(x: Any) -> list[Any]:
    """The subarrays along the first axis."""
    from weft.numpy.joining import unstack_

    return unstack_(x, 0)


def check_within(name: str, index: Any, n: int) -> None:
    """Fails unless all indices lie below n, which they must be known now for."""
    found = value_of(name, index, "mode='clip' and mode='wrap' need no values.")
    if found.size and not (found.min() >= 0 and found.max() < n):
        raise ValueError(f"invalid entry in {name}: indices must lie between 0 and {n - 1}")


def fill_diagonal(a: Any, val: Any, wrap: bool = False, *, inplace: bool = True) -> Any:
    """The array with its diagonal replaced; of tall matrices with `wrap` also those that follow."""
    _not_in_place("fill_diagonal", inplace)
    if wrap:
        raise NotImplementedError("wrap=True is not implemented, must pass wrap=False.")
    return _fill_diagonal(a, val)


@library("a", "val")
def _fill_diagonal(a: Any, val: Any) -> Any:
    x, values = arrays("fill_diagonal", a, val)
    if x.ndim < 2:
        raise ValueError("array must be at least 2-d")
    n = min(x.shape)
    index = iota((n,), dtypes.default_int())
    if values.ndim:
        values = resized(reshape_to(values, (values.size,)), (n,))
    return x.at[(index,) * x.ndim].set(convert(values, x.dtype, False))
