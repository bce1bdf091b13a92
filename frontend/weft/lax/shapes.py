"""Functions of shape: the elements stay, their arrangement changes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from weft._tracing.bind import bind
from weft._tracing.library import library
from weft._tracing.operands import broadcast_to
from weft._tracing.trace import Tracer
from weft._tracing.values import as_value
from weft.errors import explain
from weft.lax.operands import (
    Shape,
    all_weak,
    axis_within,
    check_dtypes,
    check_no_sharding,
    class_of,
    integer,
    ints,
    rows,
)
from weft.lax.operands import sizes as sizes_of
from weft_runtime import Array


def reshaped(x: Any, shape: Shape) -> Any:
    """`x` in row-major order as a shape that is known to fit."""
    if x.shape == shape:
        return x
    return bind(class_of("reshape").of(shape=shape), x, weak_type=x.weak_type)


def broadcast(operand: Any, sizes: Sequence[int], *, out_sharding: Any = None) -> Any:
    """`operand` repeated, with new axes of these sizes before its own."""
    x = as_value(operand)
    check_no_sharding("broadcast", out_sharding)
    return broadcast_to(x, (*sizes_of(sizes, "broadcast", "sizes"), *x.shape))


def broadcast_in_dim(
    operand: Any, shape: Sequence[int], broadcast_dimensions: Sequence[int], *, out_sharding: Any = None
) -> Any:
    """`operand` repeated into `shape`: its axis i becomes axis `broadcast_dimensions[i]`; size 1 stretches.

    Raises: TypeError if it does not fit.
    """
    x = as_value(operand)
    check_no_sharding("broadcast_in_dim", out_sharding)
    dims = ints(broadcast_dimensions, "broadcast_in_dim", "broadcast_dimensions")
    target = sizes_of(shape, "broadcast_in_dim")
    if x.shape == target and dims == tuple(range(x.ndim)):
        return x
    return bind(class_of("broadcast_in_dim").of(shape=target, dims=dims), x, weak_type=x.weak_type)


def broadcast_shapes(*shapes: Sequence[int]) -> Shape:
    """The shape that arrays of these shapes broadcast to, by NumPy's rules.

    Raises: ValueError if there is none.
    """
    wanted = [ints(s, "broadcast_shapes", "a shape") for s in shapes]
    rank = max((len(s) for s in wanted), default=0)
    target = []
    for sizes in zip(*[(1,) * (rank - len(s)) + s for s in wanted], strict=True):
        larger = {n for n in sizes if n != 1}
        if len(larger) > 1:
            words = ", ".join(map(str, wanted))
            raise ValueError(f"lax.broadcast_shapes: incompatible shapes for broadcasting: {words}")
        target.append(larger.pop() if larger else 1)
    return tuple(target)


def broadcast_to_rank(x: Any, rank: int) -> Any:
    """`x` with axes of size 1 in front, so that it has at least `rank` axes."""
    x = as_value(x)
    return reshaped(x, (1,) * (rank - x.ndim) + x.shape)


def broadcast_like(arr: Any, like_arr: Any) -> Any:
    """`arr` broadcast to the shape of `like_arr`, by NumPy's rules.

    Raises: ValueError if it does not fit.
    """
    x, shape = as_value(arr), as_value(like_arr).shape
    if len(shape) < x.ndim or broadcast_shapes(x.shape, shape) != shape:
        raise ValueError(f"lax.broadcast_like: an array of shape {x.shape} does not broadcast to {shape}")
    return broadcast_to(x, shape)


def reshape(
    operand: Any,
    new_sizes: Sequence[int] | int,
    dimensions: Sequence[int] | None = None,
    *,
    out_sharding: Any = None,
) -> Any:
    """`operand` as an array of shape `new_sizes`, in row-major order of its axes (as `dimensions` list them).

    Raises: TypeError if the number of elements differs or a size is negative.
    """
    x = as_value(operand)
    check_no_sharding("reshape", out_sharding)
    shape = sizes_of(new_sizes if hasattr(new_sizes, "__iter__") else (new_sizes,), "reshape", "new_sizes")
    if math.prod(shape) != math.prod(x.shape):
        what = f"lax.reshape: an array of {math.prod(x.shape)} elements cannot have the shape {shape}"
        raise TypeError(explain(what, rows([x], ["operand"])))
    if dimensions is not None:
        x = transpose(x, dimensions)
    return reshaped(x, shape)


def transpose(operand: Any, permutation: Sequence[int]) -> Any:
    """Axes reordered: axis i of the result is axis `permutation[i]` of the operand.

    Raises: TypeError unless `permutation` names each axis once.
    """
    x, axes = as_value(operand), ints(permutation, "transpose", "permutation")
    if axes == tuple(range(x.ndim)):
        return x
    return bind(class_of("transpose").of(permutation=axes), x, weak_type=x.weak_type)


def squeeze(array: Any, dimensions: Sequence[int]) -> Any:
    """`array` without some axes of size 1.

    Raises: ValueError if one has another size, is out of range or named twice.
    """
    x = as_value(array)
    axes = [axis_within(a, x.ndim, "squeeze") for a in ints(dimensions, "squeeze", "dimensions")]
    if len(set(axes)) != len(axes):
        raise ValueError(f"lax.squeeze: dimensions {tuple(dimensions)} name an axis twice")
    if any(x.shape[a] != 1 for a in axes):
        raise ValueError(
            f"lax.squeeze: axes {tuple(axes)} of an array of shape {x.shape} are not all of size 1"
        )
    return reshaped(x, tuple(n for i, n in enumerate(x.shape) if i not in axes))


def expand_dims(array: Any, dimensions: Sequence[int]) -> Any:
    """`array` with new axes of size 1, at the places `dimensions` of the result.

    Raises: ValueError if one is out of range or named twice.
    """
    x, places = as_value(array), ints(dimensions, "expand_dims", "dimensions")
    ndim = x.ndim + len(places)
    axes = {axis_within(a, ndim, "expand_dims") for a in places}
    if len(axes) != len(places):
        raise ValueError(f"lax.expand_dims: dimensions {places} name an axis twice")
    sizes = iter(x.shape)
    return reshaped(x, tuple(1 if i in axes else next(sizes) for i in range(ndim)))


def collapse(operand: Any, start_dimension: int, stop_dimension: int | None = None) -> Any:
    """The axes from `start_dimension` up to `stop_dimension` merged into one."""
    x = as_value(operand)
    first, last, _ = slice(start_dimension, stop_dimension).indices(x.ndim)
    if last < first:
        raise ValueError(
            f"lax.collapse: no range of axes: {start_dimension}:{stop_dimension} of shape {x.shape}"
        )
    return reshaped(x, (*x.shape[:first], math.prod(x.shape[first:last]), *x.shape[last:]))


def rev(operand: Any, dimensions: Sequence[int]) -> Any:
    """The order of elements turned round along each of `dimensions`.

    Raises: TypeError if one is out of range or named twice.
    """
    x, axes = as_value(operand), ints(dimensions, "rev", "dimensions")
    return bind(class_of("reverse").of(axes=axes), x, weak_type=x.weak_type) if axes else x


def concatenate(operands: Any, dimension: int) -> Any:
    """Arrays of one dtype, one after the other along the axis `dimension`.

    Raises: ValueError without operands; TypeError if dtypes or other sizes differ, or for a wrong axis.
    """
    if isinstance(operands, (Array, Tracer)):
        operands = _unstacked(operands)
    xs = [as_value(x, what="concatenate: an operand") for x in operands]
    if not xs:
        raise ValueError("lax.concatenate: at least one array is needed")
    check_dtypes("concatenate", xs)
    if len(xs) == 1 and 0 <= dimension < xs[0].ndim:
        return xs[0]
    return bind(class_of("concatenate").of(axis=integer(dimension, "concatenate", "dimension")), *xs)


def _unstacked(x: Any) -> tuple[Any, ...]:
    if not x.shape:
        raise TypeError("lax.concatenate: operands must be a sequence of arrays, got a scalar")
    return unstack(x)


def stack(operands: Sequence[Any], axis: int = 0) -> Any:
    """Arrays of one type, one beside the other along a new axis.

    Raises: TypeError if types differ; ValueError without operands.
    """
    if len(operands) == 0:
        raise ValueError("lax.stack: at least one array is needed")
    return _stack(tuple(operands), axis)


@library("operands")
def _stack(operands: Sequence[Any], axis: int) -> Any:
    xs = [as_value(x, what="stack: an operand") for x in operands]
    check_dtypes("stack", xs)
    if any(x.shape != xs[0].shape for x in xs):
        raise TypeError(explain("lax.stack: operands must have one shape", rows(xs)))
    where = axis_within(axis, xs[0].ndim + 1, "stack")
    return concatenate([expand_dims(x, (where,)) for x in xs], where)


@library("x")
def unstack(x: Any, axis: int = 0) -> tuple[Any, ...]:
    """The slices of `x` along `axis`, which they do not have."""
    x = as_value(x)
    where = axis_within(axis, x.ndim, "unstack")
    return tuple([squeeze(_part(x, where, i, i + 1), (where,)) for i in range(x.shape[where])])


@library("operand")
def split(operand: Any, sizes: Sequence[int], axis: int = 0) -> list[Any]:
    """Parts of `operand` along `axis`, of the given sizes.

    Raises: ValueError unless these add up to the size of the axis.
    """
    x, parts = as_value(operand), ints(sizes, "split", "sizes")
    where = axis_within(axis, x.ndim, "split")
    if sum(parts) != x.shape[where] or any(n < 0 for n in parts):
        what = f"lax.split: sizes {parts} must add up to {x.shape[where]}, the size of axis {where}"
        raise ValueError(explain(what, rows([x], ["operand"])))
    starts = [sum(parts[:i]) for i in range(len(parts))]
    return [_part(x, where, i, i + n) for i, n in zip(starts, parts, strict=True)]


def _part(x: Any, axis: int, start: int, limit: int) -> Any:
    first, last = [0] * x.ndim, list(x.shape)
    first[axis], last[axis] = start, limit
    inst = class_of("slice").of(start=tuple(first), limit=tuple(last), strides=(1,) * x.ndim)
    return bind(inst, x, weak_type=x.weak_type)


@library("operand")
def tile(operand: Any, reps: Sequence[int]) -> Any:
    """`operand` repeated `reps[i]` times along each axis i.

    Raises: TypeError unless there is one number for each axis.
    """
    x, counts = as_value(operand), ints(reps, "tile", "reps")
    if len(counts) != x.ndim:
        raise TypeError(f"lax.tile: reps {counts} must have one entry for each of the {x.ndim} axes")
    wide = tuple(n for pair in zip(counts, x.shape, strict=True) for n in pair)
    dims = tuple(range(1, 2 * x.ndim, 2))
    made = bind(class_of("broadcast_in_dim").of(shape=wide, dims=dims), x)
    return reshaped(made, tuple(m * n for m, n in zip(counts, x.shape, strict=True)))


def pad(operand: Any, padding_value: Any, padding_config: Sequence[tuple[int, int, int]]) -> Any:
    """`operand` with copies of a scalar around and between its elements.

    `padding_config` has (low, high, interior) for each axis; negative low and high cut elements off.
    Raises: TypeError if dtypes differ; ValueError if the configuration does not fit.
    """
    x, value = as_value(operand), as_value(padding_value)
    check_dtypes("pad", (x, value))
    if value.shape:
        raise ValueError(f"lax.pad: padding_value must be a scalar, got shape {value.shape}")
    config = [ints(c, "pad", "each entry of padding_config") for c in padding_config]
    if len(config) != x.ndim or any(len(c) != 3 for c in config):
        raise ValueError(
            f"lax.pad: padding_config {config} must have (low, high, interior) for each of the {x.ndim} axes"
        )
    for axis, (n, (low, high, interior)) in enumerate(zip(x.shape, config, strict=True)):
        if interior < 0:
            raise ValueError(f"lax.pad: interior padding {interior} of axis {axis} must not be negative")
        if low + high + n + max(n - 1, 0) * interior < 0:
            raise ValueError(f"lax.pad: axis {axis} has {n} elements; {config[axis]} cuts off more than that")
    if not any(any(c) for c in config):
        return x
    lows, highs, gaps = zip(*config, strict=True)
    inst = class_of("pad").of(low=lows, high=highs, interior=gaps)
    return bind(inst, x, value, weak_type=all_weak((x, value)))
