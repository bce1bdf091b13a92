"""Which axes of a mesh each axis of an array is split over."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar


class _Unconstrained:
    def __repr__(self) -> str:
        return "UNCONSTRAINED"


class PartitionSpec:
    """For each axis of an array the name of a mesh axis, a tuple of names, or None: not split.

    Array axes behind the last entry are not split.
    """

    __slots__ = ("_parts",)

    UNCONSTRAINED: ClassVar[Any] = _Unconstrained()

    def __init__(self, *partitions: Any, unreduced: Any = frozenset(), reduced: Any = frozenset()) -> None:
        if unreduced or reduced:
            raise NotImplementedError(
                "PartitionSpec: unreduced and reduced are of meshes with explicit axes, which are not there"
            )
        self._parts = tuple(_canonical(p) for p in partitions)

    @property
    def unreduced(self) -> frozenset[Any]:
        return frozenset()

    @property
    def reduced(self) -> frozenset[Any]:
        return frozenset()

    def names(self) -> tuple[tuple[Any, ...], ...]:
        """For each entry the names in it."""
        return tuple(
            () if p is None or p is self.UNCONSTRAINED else p if isinstance(p, tuple) else (p,)
            for p in self._parts
        )

    def __len__(self) -> int:
        return len(self._parts)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._parts)

    def __getitem__(self, index: Any) -> Any:
        return self._parts[index]

    def __add__(self, other: Any) -> PartitionSpec:
        return PartitionSpec(*self._parts, *other)

    def __radd__(self, other: Any) -> PartitionSpec:
        return PartitionSpec(*other, *self._parts)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, PartitionSpec):
            return self._parts == other._parts
        return NotImplemented

    def __hash__(self) -> int:
        return hash(self._parts)

    def __reduce__(self) -> Any:
        return PartitionSpec, self._parts

    def __repr__(self) -> str:
        return f"P({', '.join(map(repr, self._parts))}{',' * (len(self._parts) == 1)})"


def _canonical(part: Any) -> Any:
    if isinstance(part, list):
        part = tuple(part)
    if isinstance(part, tuple):
        return None if not part else part[0] if len(part) == 1 else part
    return part
