"""Arrays joined along axes, repeated, and split."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from weft import dtypes
from weft._tracing.library import library
from weft._tracing.operands import convert
from weft._tracing.values import is_array
from weft.numpy._arguments import array, arrays, axis_within, explicit_dtype, no_out, shape_of
from weft.numpy._ops import (
    broadcast_in_dim,
    concatenate_arrays,
    reshape_to,
    slice_axis,
)
from weft.numpy.shapes import atleast_1d, atleast_2d, atleast_3d, expand_dims


def one_dtype(xs: list[Any], dtype: Any = None) -> list[Any]:
    """Arrays converted to the given dtype, or to the one they promote to."""
    if dtype is not None:
        return [convert(x, dtype, False) for x in xs]
    target, weak = dtypes.promote(*[(x.dtype, x.weak_type) for x in xs])
    return [convert(x, target, weak) for x in xs]


def parts_of(name: str, xs: Any) -> list[Any]:
    """The arrays to join: a sequence of arrays, or the rows of an array."""
    if is_array(xs):
        if xs.ndim == 0:
            raise TypeError(f"{name}: expected a sequence of arrays, got an array without axes")
        return unstack_(xs, 0)
    if isinstance(xs, (str, bytes)) or not isinstance(xs, Sequence | np.ndarray):
        try:
            xs = list(xs)
        except TypeError:
            raise TypeError(f"{name}: expected a sequence of arrays, got {type(xs).__name__}") from None
    if len(xs) == 0:
        raise ValueError(f"Need at least one array to {name}.")
    return arrays(name, *xs)


@library("arrays")
def concatenate(arrays: Any, axis: int | None = 0, dtype: Any = None) -> Any:
    """Arrays joined along an axis that they have; axis=None joins them flattened."""
    xs = parts_of("concatenate", arrays)
    if axis is None:
        xs, axis = [reshape_to(x, (x.size,)) for x in xs], 0
    if any(x.ndim == 0 for x in xs):
        raise ValueError("Zero-dimensional arrays cannot be concatenated.")
    at = axis_within(axis, xs[0].ndim)
    for x in xs:
        if (
            x.shape[:at] + x.shape[at + 1 :] != xs[0].shape[:at] + xs[0].shape[at + 1 :]
            or x.ndim != xs[0].ndim
        ):
            shapes = ", ".join(str(other.shape) for other in xs)
            raise TypeError(
                f"Cannot concatenate arrays with shapes that differ in dimensions other than the one being "
                f"concatenated: concatenating along dimension {at} for shapes {shapes}."
            )
    return concatenate_arrays(one_dtype(xs, explicit_dtype(dtype, "concatenate")), at)


def concat(arrays: Any, /, *, axis: int | None = 0) -> Any:
    """Arrays joined along an axis that they have; axis=None joins them flattened."""
    return concatenate(arrays, axis=axis)


@library("arrays")
def stack(arrays: Any, axis: int = 0, out: None = None, dtype: Any = None) -> Any:
    """Arrays of one shape joined along a new axis."""
    no_out("stack", out)
    xs = parts_of("stack", arrays)
    if any(x.shape != xs[0].shape for x in xs):
        shapes = {x.shape for x in xs}
        raise ValueError(f"All input arrays must have the same shape, got {sorted(shapes)}.")
    at = axis_within(axis, xs[0].ndim + 1)
    made = one_dtype(xs, explicit_dtype(dtype, "stack"))
    return concatenate_arrays([expand_dims(x, at) for x in made], at)


def _list(made: Any) -> list[Any]:
    return made if isinstance(made, list) else [made]


@library("tup")
def vstack(tup: Any, dtype: Any = None) -> Any:
    """Arrays joined along the first axis; those with one axis are rows."""
    return concatenate(_list(atleast_2d(*parts_of("vstack", tup))), axis=0, dtype=dtype)


@library("tup")
def hstack(tup: Any, dtype: Any = None) -> Any:
    """Arrays joined along the second axis, or the only one."""
    xs = _list(atleast_1d(*parts_of("hstack", tup)))
    return concatenate(xs, axis=0 if xs[0].ndim == 1 else 1, dtype=dtype)


@library("tup")
def dstack(tup: Any, dtype: Any = None) -> Any:
    """Arrays joined along the third axis."""
    return concatenate(_list(atleast_3d(*parts_of("dstack", tup))), axis=2, dtype=dtype)


@library("tup")
def column_stack(tup: Any) -> Any:
    """Arrays joined along the second axis; those with one axis are columns."""
    xs = [x if x.ndim >= 2 else reshape_to(x, (x.size, 1)) for x in parts_of("column_stack", tup)]
    return concatenate(xs, axis=1)


@library("arrays")
def block(arrays: Any) -> Any:
    """Nested lists of arrays joined: the innermost along the last axis, and so on outwards."""
    depth = _depth(arrays)
    rank = max(depth, _rank(arrays))
    return _block(arrays, rank, depth, 0)


def _depth(nested: Any) -> int:
    if isinstance(nested, tuple):
        raise ValueError("jnp.block does not allow tuples, got a tuple among the nested lists")
    if isinstance(nested, list):
        if not nested:
            raise ValueError("jnp.block does not allow empty list arguments.")
        depths = {_depth(item) for item in nested}
        if len(depths) > 1:
            raise ValueError(f"List depths are mismatched in jnp.block: {sorted(depths)}")
        return depths.pop() + 1
    return 0


def _rank(nested: Any) -> int:
    if isinstance(nested, list):
        return max(_rank(item) for item in nested)
    return array("block", nested).ndim


def _block(nested: Any, rank: int, depth: int, level: int) -> Any:
    if isinstance(nested, list):
        parts = [_block(item, rank, depth, level + 1) for item in nested]
        return concatenate(parts, axis=rank - depth + level)
    x = array("block", nested)
    return reshape_to(x, (1,) * (rank - x.ndim) + x.shape)


@library("arr", "values")
def append(arr: Any, values: Any, axis: int | None = None) -> Any:
    """`values` joined to the end of `arr` along an axis; without one both are flattened."""
    return concatenate(arrays("append", arr, values), axis=axis)


# Repetition


@library("A")
def tile(A: Any, reps: int | Sequence[int]) -> Any:
    """The array repeated as a whole, reps[i] times along axis i."""
    x = array("tile", A)
    counts = shape_of(reps, "reps")
    rank = max(x.ndim, len(counts))
    counts = (1,) * (rank - len(counts)) + counts
    sizes = (1,) * (rank - x.ndim) + x.shape
    # Every axis becomes a pair, repetitions and elements, then each pair one axis again.
    shape = tuple(n for pair in zip(counts, sizes, strict=True) for n in pair)
    dims = tuple(2 * (rank - x.ndim + i) + 1 for i in range(x.ndim))
    made = broadcast_in_dim(x, shape, dims)
    return reshape_to(made, tuple(n * m for n, m in zip(counts, sizes, strict=True)))


def repeat_evenly(x: Any, count: int, axis: int) -> Any:
    """Each element `count` times in a row along an axis."""
    shape = (*x.shape[: axis + 1], count, *x.shape[axis + 1 :])
    dims = tuple(i if i <= axis else i + 1 for i in range(x.ndim))
    made = broadcast_in_dim(x, shape, dims)
    return reshape_to(made, (*x.shape[:axis], x.shape[axis] * count, *x.shape[axis + 1 :]))


# Splitting


def unstack_(x: Any, axis: int) -> list[Any]:
    """The subarrays along an axis, without it."""
    rest = x.shape[:axis] + x.shape[axis + 1 :]
    return [reshape_to(slice_axis(x, axis, i, i + 1), rest) for i in range(x.shape[axis])]


@library("x")
def unstack(x: Any, /, *, axis: int = 0) -> tuple[Any, ...]:
    """The subarrays along an axis, without it."""
    x = array("unstack", x)
    if x.ndim == 0:
        raise ValueError("Unstack requires arrays with rank > 0, however a scalar array was passed.")
    return tuple(unstack_(x, axis_within(axis, x.ndim)))


def _boundaries(name: str, size: int, sections: Any, is_even: bool) -> tuple[int, ...]:
    if isinstance(sections, (tuple, list, np.ndarray)) or hasattr(sections, "__len__"):
        points = [operator.index(n) for n in sections]
        inside = [min(max(n + size if n < 0 else n, 0), size) for n in points]
        return (0, *inside, size)
    count = operator.index(sections)
    if count <= 0:
        raise ValueError("number sections must be larger than 0.")
    small, more = divmod(size, count)
    if is_even and more:
        raise ValueError(f"array split does not result in an equal division: rest is {more}")
    return tuple(i * small + min(i, more) for i in range(count + 1))


@library("x")
def _split(x: Any, name: str, boundaries: tuple[int, ...], axis: int) -> list[Any]:
    x = array(name, x)
    pairs = itertools.pairwise(boundaries)
    return [slice_axis(x, axis, start, max(start, end)) for start, end in pairs]


def _split_along(name: str, ary: Any, sections: Any, axis: int, is_even: bool) -> list[Any]:
    x = array(name, ary)
    at = axis_within(axis, x.ndim)
    return _split(x, name, _boundaries(name, x.shape[at], sections, is_even), at)


def split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """Parts along an axis: so many equal ones, or those between the given indices."""
    return _split_along("split", ary, indices_or_sections, axis, True)


def array_split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """Parts along an axis, as `split`; the first ones are larger by one where they cannot be equal."""
    return _split_along("array_split", ary, indices_or_sections, axis, False)


def vsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    """Parts along the first axis."""
    return _split_along("vsplit", ary, indices_or_sections, 0, True)


def hsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    """Parts along the second axis, or the only one."""
    return _split_along("hsplit", ary, indices_or_sections, 0 if array("hsplit", ary).ndim == 1 else 1, True)


def dsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    """Parts along the third axis."""
    return _split_along("dsplit", ary, indices_or_sections, 2, True)
