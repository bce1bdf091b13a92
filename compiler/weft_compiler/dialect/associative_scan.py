"""Prefix combinations in a logarithmic number of steps, written with ops that every transformation knows."""

from collections.abc import Callable, Sequence
from typing import Any

Values = tuple[Any, ...]
Combine = Callable[[Values, Values], Values]


def associative_scan(b: Any, combine: Combine, xs: Sequence[Any], axis: int, reverse: bool = False) -> Values:
    """All prefix combinations of `xs` along `axis`: result i combines elements 0 … i (i … last in reverse).

    `combine` takes two tuples of values with any size along `axis`, earlier elements first, and must be
    associative. Neighbours are combined, the pairs are scanned, and every second result is then at hand:
    twice as many combinations as elements, in 2 log n steps (Blelloch 1990, CMU-CS-90-190).
    """
    ordered = tuple(b.reverse(x, axes=(axis,)) for x in xs) if reverse else tuple(xs)
    made = _scan(b, combine, ordered, axis)
    return tuple(b.reverse(x, axes=(axis,)) for x in made) if reverse else made


def _scan(b: Any, combine: Combine, xs: Values, axis: int) -> Values:
    size = xs[0].shape[axis]
    if size < 2:
        return xs
    pairs = combine(_every(b, xs, axis, 0, size - 1, 2), _every(b, xs, axis, 1, size, 2))
    odd = _scan(b, combine, pairs, axis)
    before = _every(b, odd, axis, 0, (size - 1) // 2, 1)
    even = _every(b, xs, axis, 0, 1, 1)
    if size > 2:
        later = combine(before, _every(b, xs, axis, 2, size, 2))
        even = tuple(b.concatenate(x, y, axis=axis) for x, y in zip(even, later, strict=True))
    return tuple(_interleaved(b, x, y, axis) for x, y in zip(even, odd, strict=True))


def _every(b: Any, xs: Values, axis: int, start: int, limit: int, stride: int) -> Values:
    return tuple(part(b, x, axis, start, limit, stride) for x in xs)


def part(b: Any, x: Any, axis: int, start: int, limit: int, stride: int = 1) -> Any:
    """Elements start, start + stride, … below limit along one axis."""
    if (start, limit, stride) == (0, x.shape[axis], 1):
        return x
    starts, limits, strides = [0] * x.ndim, list(x.shape), [1] * x.ndim
    starts[axis], limits[axis], strides[axis] = start, limit, stride
    return b.slice(x, start=tuple(starts), limit=tuple(limits), strides=tuple(strides))


def _interleaved(b: Any, even: Any, odd: Any, axis: int) -> Any:
    """even[0], odd[0], even[1], …; `even` may be longer by one."""
    size = odd.shape[axis]
    paired = part(b, even, axis, 0, size)
    stacked_shape = (*odd.shape[: axis + 1], 1, *odd.shape[axis + 1 :])
    both = b.concatenate(
        b.reshape(paired, shape=stacked_shape), b.reshape(odd, shape=stacked_shape), axis=axis + 1
    )
    both = b.reshape(both, shape=(*odd.shape[:axis], 2 * size, *odd.shape[axis + 1 :]))
    if even.shape[axis] == size:
        return both
    return b.concatenate(both, part(b, even, axis, size, size + 1), axis=axis)


def combined(b: Any, combine: Combine, xs: Sequence[Any], neutral: Sequence[Any]) -> Values:
    """All elements along the last axis combined into one, by halves; scalars `neutral` change nothing."""
    xs = tuple(xs)
    axis, size = xs[0].ndim - 1, xs[0].shape[-1]
    whole = 1 << max(size - 1, 0).bit_length()
    if whole > size:
        zeros, high = (0,) * (axis + 1), (*(0,) * axis, whole - size)
        xs = tuple(
            b.pad(x, one, low=zeros, high=high, interior=zeros) for x, one in zip(xs, neutral, strict=True)
        )
    while whole > 1:
        half = whole // 2
        xs = combine(_every(b, xs, axis, 0, half, 1), _every(b, xs, axis, half, whole, 1))
        whole = half
    return tuple(b.reshape(x, shape=x.shape[:-1]) for x in xs)
