"""The shape of an array changed, and its axes moved; the elements stay."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from weft._tracing.library import library
from weft._tracing.operands import broadcast_shapes as common_shape
from weft._tracing.operands import broadcast_to as broadcast_value
from weft._tracing.values import as_value, is_array
from weft.numpy._arguments import Axis, array, arrays, axes_within, axis_within, no_sharding, shape_of
from weft.numpy._ops import broadcast_in_dim, emit, reshape_to, transpose_by
from weft_compiler.symbolic import DimExpr, InconclusiveDimensionOperation, as_dim


def shape(a: Any) -> tuple[int, ...]:
    """Sizes of the axes of an array, number or nested list."""
    return a.shape if is_array(a) else np.shape(a)


def ndim(a: Any) -> int:
    """Number of axes of an array, number or nested list."""
    return a.ndim if is_array(a) else np.ndim(a)


def size(a: Any, axis: Axis = None) -> int:
    """Number of elements, in all or along axes."""
    sizes = shape(a)
    return math.prod([sizes[i] for i in axes_within(axis, len(sizes))])


def reshape(
    a: Any, shape: Any, order: str = "C", *, copy: bool | None = None, out_sharding: Any = None
) -> Any:
    """The elements in another shape, of which one size may be -1 and follows from the others."""
    no_sharding("reshape", out_sharding=out_sharding)
    if copy is False:
        raise ValueError("reshape: copy=False cannot be promised; leave it out")
    return _reshape(a, _sizes(shape), order)


def _sizes(shape: Any) -> tuple[int, ...]:
    if isinstance(shape, (tuple, list)):
        return tuple([as_dim(n) for n in shape])
    return tuple([as_dim(n) for n in shape]) if getattr(shape, "ndim", 0) else (as_dim(shape),)


@library("a")
def _reshape(a: Any, shape: tuple[int, ...], order: str) -> Any:
    x = array("reshape", a)
    target = reshaped(x.shape, shape)
    if order == "C":
        return reshape_to(x, target)
    if order == "F":
        flipped = transpose_by(x, tuple(reversed(range(x.ndim))))
        return transpose_by(reshape_to(flipped, target[::-1]), tuple(reversed(range(len(target)))))
    if order == "A":
        raise NotImplementedError(
            "np.reshape order=A is not implemented: arrays of weft have no order in memory."
        )
    raise ValueError(f"Unexpected value for 'order' argument: {order}.")


def reshaped(old: tuple[int, ...], new: tuple[int, ...]) -> tuple[int, ...]:
    """`new` with -1 replaced by the size that is left; TypeError if the number of elements does not fit."""
    count = math.prod(old)
    if new.count(-1) > 1:
        raise TypeError(f"can only specify one unknown axis size with a `-1` value, got {new}")
    if any(n < -1 for n in new):
        raise TypeError(f"cannot reshape array of shape {old} into shape {new}: a size is negative")
    target = new
    if -1 in new:
        known = math.prod([n for n in new if n != -1])
        if known and count % known == 0:
            target = tuple(count // known if n == -1 else n for n in new)
    if -1 in target or math.prod(target) != count:
        is_known = not any(isinstance(n, DimExpr) for n in (*old, *new))
        raise (TypeError if is_known else InconclusiveDimensionOperation)(
            f"cannot reshape array of shape {old} (size {count}) into shape {new}"
        )
    return target


def ravel(a: Any, order: str = "C", *, out_sharding: Any = None) -> Any:
    """All elements along one axis."""
    if order == "K":
        raise NotImplementedError("Ravel not implemented for order='K'.")
    return reshape(a, (-1,) if 0 not in shape(a) else (0,), order, out_sharding=out_sharding)


@library("a")
def transpose(a: Any, axes: Sequence[int] | None = None) -> Any:
    """Axes reversed, or in the given order."""
    x = array("transpose", a)
    order = tuple(reversed(range(x.ndim))) if axes is None else axes_within(axes, x.ndim)
    if len(order) != x.ndim:
        raise TypeError(
            f"transpose permutation isn't a permutation of operand dimensions, got {axes} for shape {x.shape}."
        )
    return transpose_by(x, order)


def permute_dims(a: Any, /, axes: Sequence[int]) -> Any:
    """Axes in the given order."""
    return transpose(a, axes)


@library("x")
def matrix_transpose(x: Any, /) -> Any:
    """The last two axes exchanged."""
    x = array("matrix_transpose", x)
    if x.ndim < 2:
        raise ValueError(f"x must be at least two-dimensional for matrix_transpose; got ndim={x.ndim}")
    return swapaxes(x, -1, -2)


@library("a")
def swapaxes(a: Any, axis1: int, axis2: int) -> Any:
    """Two axes exchanged."""
    x = array("swapaxes", a)
    order = list(range(x.ndim))
    i, j = axis_within(axis1, x.ndim), axis_within(axis2, x.ndim)
    order[i], order[j] = j, i
    return transpose_by(x, tuple(order))


@library("a")
def moveaxis(a: Any, source: int | Sequence[int], destination: int | Sequence[int]) -> Any:
    """Axes moved to other places; the others keep their order."""
    x = array("moveaxis", a)
    old, new = axes_within(source, x.ndim), axes_within(destination, x.ndim)
    if len(old) != len(new):
        raise ValueError(f"Inconsistent number of elements: {len(old)} vs {len(new)}")
    order = [i for i in range(x.ndim) if i not in old]
    for to, i in sorted(zip(new, old, strict=True)):
        order.insert(to, i)
    return transpose_by(x, tuple(order))


@library("a")
def rollaxis(a: Any, axis: int, start: int = 0) -> Any:
    """An axis moved before the axis `start`."""
    x = array("rollaxis", a)
    i = axis_within(axis, x.ndim)
    if not -x.ndim <= start <= x.ndim:
        raise ValueError(f"start={start!r} must satisfy {-x.ndim}<=start<={x.ndim}")
    to = start + x.ndim if start < 0 else start
    return moveaxis(x, i, to - 1 if i < to else to)


@library("a")
def expand_dims(a: Any, axis: int | Sequence[int]) -> Any:
    """New axes of size 1 at these places of the result."""
    x = array("expand_dims", a)
    added = (axis,) if not isinstance(axis, (tuple, list)) else tuple(axis)
    rank = x.ndim + len(added)
    places = set(axes_within(added, rank))
    sizes = iter(x.shape)
    return reshape_to(x, tuple(1 if i in places else next(sizes) for i in range(rank)))


@library("a")
def squeeze(a: Any, axis: Axis = None) -> Any:
    """Without axes of size 1: all of them, or the given ones."""
    x = array("squeeze", a)
    if axis is None:
        return reshape_to(x, tuple(n for n in x.shape if n != 1))
    dropped = axes_within(axis, x.ndim)
    for i in dropped:
        if x.shape[i] != 1:
            raise ValueError(
                f"cannot select an axis to squeeze out which has size not equal to one: {dropped} of {x.shape}"
            )
    return reshape_to(x, tuple(n for i, n in enumerate(x.shape) if i not in dropped))


def broadcast_to(array: Any, shape: Any, *, out_sharding: Any = None) -> Any:
    """Repeated into a shape by NumPy's rules."""
    no_sharding("broadcast_to", out_sharding=out_sharding)
    return _broadcast_to(array, shape_of(shape))


@library("x")
def _broadcast_to(x: Any, shape: tuple[int, ...]) -> Any:
    x = array("broadcast_to", x)
    fits = x.ndim <= len(shape) and all(
        n in (1, m) for n, m in zip(reversed(x.shape), reversed(shape), strict=False)
    )
    if not fits:
        raise ValueError(f"Incompatible shapes for broadcasting: {x.shape} and requested shape {shape}")
    return broadcast_value(x, shape)


def broadcast_shapes(*shapes: Any) -> tuple[int, ...]:
    """The shape that arrays of these shapes broadcast to."""
    given = [shape_of(s) for s in shapes]
    if not given:
        return ()
    try:
        return common_shape("broadcast_shapes", given)
    except TypeError:
        raise ValueError(f"Incompatible shapes for broadcasting: shapes={given}") from None


@library("args")
def broadcast_arrays(*args: Any) -> list[Any]:
    """The arrays repeated into their common shape."""
    xs = arrays("broadcast_arrays", *args)
    target = broadcast_shapes(*[x.shape for x in xs])
    return [broadcast_value(x, target) for x in xs]


def _at_least(name: str, rank: int, arys: tuple[Any, ...]) -> Any:
    made = [_raised(array(name, x, i), rank) for i, x in enumerate(arys)]
    return made[0] if len(made) == 1 else made


@library("x")
def _raised(x: Any, rank: int) -> Any:
    x = as_value(x)
    if rank == 3 and x.ndim == 2:
        return broadcast_in_dim(x, (*x.shape, 1), (0, 1))
    if rank == 3 and x.ndim == 1:
        return broadcast_in_dim(x, (1, *x.shape, 1), (1,))
    return reshape_to(x, (1,) * max(rank - x.ndim, 0) + x.shape)


def atleast_1d(*arys: Any) -> Any:
    """Arrays with at least one axis; a list of them if several are given."""
    return _at_least("atleast_1d", 1, arys)


def atleast_2d(*arys: Any) -> Any:
    """Arrays with at least two axes, new ones first; a list of them if several are given."""
    return _at_least("atleast_2d", 2, arys)


def atleast_3d(*arys: Any) -> Any:
    """Arrays with at least three axes; a list of them if several are given."""
    return _at_least("atleast_3d", 3, arys)


@library("m")
def flip(m: Any, axis: Axis = None) -> Any:
    """Elements in reverse order along axes."""
    x = array("flip", m)
    axes = tuple(sorted(axes_within(axis, x.ndim)))
    return emit("reverse", x, axes=axes) if axes else x


def flipud(m: Any) -> Any:
    """Rows in reverse order."""
    return flip(m, 0)


def fliplr(m: Any) -> Any:
    """Columns in reverse order."""
    return flip(m, 1)


@library("m")
def rot90(m: Any, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Any:
    """Rotated k times by 90 degrees in the plane of two axes, from the first towards the second."""
    x = array("rot90", m)
    i, j = axes_within(axes, x.ndim)
    turns = k % 4
    if turns == 0:
        return x
    if turns == 2:
        return flip(x, (i, j))
    return flip(swapaxes(x, i, j), i) if turns == 1 else swapaxes(flip(x, i), i, j)
