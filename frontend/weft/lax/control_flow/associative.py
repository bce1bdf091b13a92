"""`associative_scan`: all prefix combinations in a logarithmic number of steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from weft._tracing.values import as_value
from weft._transforms.scope import evaluated
from weft_runtime import pytree


def associative_scan(fn: Callable[[Any, Any], Any], elems: Any, reverse: bool = False, axis: int = 0) -> Any:
    """Prefix combinations of `elems` along `axis` by the associative function `fn`, which works on whole arrays.

    Source: Blelloch (1990), Prefix sums and their applications, CMU-CS-90-190.

    Raises: TypeError if `fn` is no function; ValueError if the leaves differ in length along `axis`.
    """
    if not callable(fn):
        raise TypeError("lax.associative_scan: fn argument should be callable.")
    return evaluated("associative_scan", lambda: _associative_scan(fn, elems, reverse, axis))


def _associative_scan(fn: Any, elems: Any, reverse: bool, axis: int) -> Any:
    from weft import numpy

    leaves, tree = pytree.flatten(elems)
    arrays = [as_value(x) for x in leaves]
    if not arrays:
        return elems
    axis = axis % arrays[0].ndim
    count = arrays[0].shape[axis]
    for x in arrays:
        if x.shape[axis] != count:
            raise ValueError(
                f"Array inputs to associative_scan must have the same first dimension. "
                f"(saw: {[a.shape for a in arrays]})"
            )
    if reverse:
        arrays = [numpy.flip(x, axis) for x in arrays]

    def combine(left: list[Any], right: list[Any]) -> list[Any]:
        return pytree.flatten(fn(tree.unflatten(left), tree.unflatten(right)))[0]

    def cut(x: Any, start: int, stop: int, step: int = 1) -> Any:
        return x[(slice(None),) * axis + (slice(start, stop, step),)]

    def prefixes(parts: list[Any]) -> list[Any]:
        n = parts[0].shape[axis]
        if n < 2:
            return parts
        pairs = combine([cut(x, 0, n - 1, 2) for x in parts], [cut(x, 1, n, 2) for x in parts])
        odd = prefixes(pairs)
        m = odd[0].shape[axis]
        before = [cut(x, 0, m - 1) for x in odd] if n % 2 == 0 else odd
        rest = [cut(x, 2, n, 2) for x in parts]
        even = combine(before, rest) if rest[0].shape[axis] else rest
        even = [numpy.concatenate([cut(x, 0, 1), e], axis) for x, e in zip(parts, even, strict=True)]
        return [_interleave(e, o, axis) for e, o in zip(even, odd, strict=True)]

    made = prefixes(arrays)
    if reverse:
        made = [numpy.flip(x, axis) for x in made]
    return tree.unflatten(made)


def _interleave(even: Any, odd: Any, axis: int) -> Any:
    """even[0], odd[0], even[1], odd[1], …; `even` may have one more."""
    from weft import numpy
    from weft.lax.shapes import pad

    total = even.shape[axis] + odd.shape[axis]
    if even.shape[axis] > odd.shape[axis]:
        fill = [(0, 0, 0)] * even.ndim
        fill[axis] = (0, 1, 0)
        odd = pad(odd, odd.dtype.type(0), fill)
    stacked = numpy.stack([even, odd], axis + 1)
    shape = (*even.shape[:axis], 2 * even.shape[axis], *even.shape[axis + 1 :])
    return stacked.reshape(shape)[(slice(None),) * axis + (slice(0, total),)]
