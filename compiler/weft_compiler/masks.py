"""Masks: which of several values are marked, as tuples of bools."""

from collections.abc import Iterable, Sequence
from typing import Any

Mask = tuple[bool, ...]


def marks(values: Iterable[Any]) -> Mask:
    """Which values are there: not None."""
    return tuple(v is not None for v in values)


def present(values: Iterable[Any]) -> list[Any]:
    """Those that are not None."""
    return [v for v in values if v is not None]


def picked(values: Iterable[Any], mask: Mask) -> list[Any]:
    """Those that the mask marks."""
    return [v for v, is_marked in zip(values, mask, strict=True) if is_marked]


def spread(mask: Mask, values: Iterable[Any]) -> tuple[Any, ...]:
    """One value for each position, in order where the mask marks it and None elsewhere."""
    given = iter(values)
    made = tuple(next(given) if is_marked else None for is_marked in mask)
    assert next(given, None) is None, "more values than the mask marks"
    return made


def union(masks: Iterable[Mask]) -> Mask:
    """Which positions any of the masks marks."""
    return tuple(any(column) for column in zip(*masks, strict=True))


def inverse(mask: Mask) -> Mask:
    """Which positions are not marked."""
    return tuple(not m for m in mask)


def parts(values: Sequence[Any], *sizes: int) -> list[tuple[Any, ...]]:
    """The values cut into groups of these sizes; what is left is the last group."""
    groups, start = [], 0
    for size in sizes:
        groups.append(tuple(values[start : start + size]))
        start += size
    return [*groups, tuple(values[start:])]
