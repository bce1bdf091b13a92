"""Tokens: the parts of an index that shapes depend on. Others are None, Ellipsis, ints, slice tuples."""

from __future__ import annotations

from typing import Any, NamedTuple

from weft_compiler.avals import KINDS


class Vector(NamedTuple):
    """An array of integers in an index; the next of the operands."""

    shape: tuple[int, ...]
    dtype: Any
    wraps: bool
    """Whether elements may be negative, to be counted from the end."""
    is_inside: bool = False
    """Whether all elements are known to lie within the axis."""


class Flag(NamedTuple):
    """True or False in an index: a new axis of size 1 or 0 that takes part in the broadcasting of vectors."""

    value: bool


FULL = (None, None, None)
"""The slice `:`."""
Token = Any
Index = tuple[tuple[Token, ...], list[Any]]
"""Tokens, and the arrays that its vectors stand for."""


def kind(x: Any) -> str:
    """The kind of an array's dtype: "b", "i", "u", and others that are no indices."""
    return KINDS.get(x.dtype, x.dtype.kind)


def too_many(used: int, ndim: int) -> IndexError:
    """The error of an index with more entries than the array has axes."""
    return IndexError(f"Too many indices: array is {ndim}-dimensional, but {used} were indexed")
