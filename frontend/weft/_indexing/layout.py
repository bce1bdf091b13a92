"""Where the elements of `x[index]` come from: NumPy's rules, worked out once for each shape and index."""

from __future__ import annotations

from typing import Any, NamedTuple

from weft._indexing.tokens import FULL, Flag, Token, Vector, too_many
from weft_compiler.symbolic import DimExpr, max_dim, min_dim


class Dim(NamedTuple):
    """An axis of the result: new (None in the index), along a slice of `axis` of x, or of the vectors."""

    kind: str
    size: int
    axis: int = -1
    start: int = 0
    step: int = 1


class Point(NamedTuple):
    """One number or vector of an index: the place along `axis` of x."""

    axis: int
    value: int
    """The place, if it is known while tracing."""
    operand: int
    """Else which of the operands; -1 if known."""
    vector: Vector | None


class Layout:
    """The result axes of an index, and the places that it names."""

    __slots__ = ("dims", "points", "result", "shape", "vector_shape")

    def __init__(
        self,
        shape: tuple[int, ...],
        dims: tuple[Dim, ...],
        points: tuple[Point, ...],
        vector_shape: tuple[int, ...] | None,
    ) -> None:
        self.shape = shape
        self.dims = dims
        self.points = points
        self.vector_shape = vector_shape
        """What the vectors broadcast to; None if there are none but scalars."""
        self.result = tuple(d.size for d in dims)

    def is_inside(self, point: Point) -> bool:
        """Whether a place is known to lie within x."""
        if point.vector is not None:
            return point.vector.is_inside
        return 0 <= point.value < self.shape[point.axis]


_known: dict[tuple[Any, ...], Layout] = {}


def layout_of(shape: tuple[int, ...], tokens: tuple[Token, ...], wraps: bool = True) -> Layout:
    """The layout of an index; negative numbers count from the end if `wraps`."""
    key = (shape, tokens, wraps)
    found = _known.get(key)
    if found is None:
        found = _known[key] = _make(shape, tokens, wraps)
    return found


def _make(shape: tuple[int, ...], tokens: tuple[Token, ...], wraps: bool) -> Layout:
    entries = _placed(shape, tokens)
    vectors = [t for t, _ in entries if type(t) is Vector or type(t) is Flag]
    is_advanced = any(isinstance(t, Flag) or t.shape for t in vectors)
    vector_shape = _broadcast(vectors) if is_advanced else None
    dims: list[Dim] = []
    points: list[Point] = []
    operand = 0
    positions: list[int] = []  # of the entries that vectors broadcast with
    insert_at = 0
    for position, (token, axis) in enumerate(entries):
        if token is Ellipsis:
            continue
        if token is None:
            dims.append(Dim("new", 1))
        elif type(token) is tuple:
            dims.append(Dim("slice", *_sliced(slice(*token), shape[axis], axis)))
        else:
            if not positions:
                insert_at = len(dims)
            positions.append(position)
            if type(token) is Vector:
                if not token.shape:
                    _check_not_empty(shape[axis], axis)
                points.append(Point(axis, 0, operand, token))
                operand += 1
            elif isinstance(token, (int, DimExpr)):
                points.append(Point(axis, _place(token, shape[axis], axis, wraps), -1, None))
    if vector_shape is not None:
        is_apart = positions != list(range(positions[0], positions[0] + len(positions)))
        at = 0 if is_apart else insert_at
        dims[at:at] = [Dim("vector", n, i) for i, n in enumerate(vector_shape)]
    return Layout(shape, tuple(dims), tuple(points), vector_shape)


def _placed(shape: tuple[int, ...], tokens: tuple[Token, ...]) -> list[tuple[Token, int]]:
    """Tokens with the axes that they stand for; the ellipsis becomes full slices."""
    used = sum(t is not None and t is not Ellipsis and type(t) is not Flag for t in tokens)
    if used > len(shape):
        raise too_many(used, len(shape))
    ellipses = sum(t is Ellipsis for t in tokens)
    if ellipses > 1:
        raise IndexError("an index can only have a single ellipsis ('...')")
    if not ellipses:
        tokens = (*tokens, Ellipsis)
    axis = 0
    made: list[tuple[Token, int]] = []
    for t in tokens:
        if t is Ellipsis:
            made.append((t, -1))  # it keeps vectors apart, even where it stands for no axis
            for _ in range(len(shape) - used):
                made.append((FULL, axis))
                axis += 1
        elif t is None or type(t) is Flag:
            made.append((t, -1))
        else:
            made.append((t, axis))
            axis += 1
    return made


def _sliced(token: slice, n: Any, axis: int) -> tuple[Any, int, Any, int]:
    """Size, axis, first place and step of a slice of an axis of `n` elements."""
    if not any(isinstance(x, DimExpr) for x in (n, token.start, token.stop)):
        start, stop, step = token.indices(n)
        return len(range(start, stop, step)), axis, start, step
    step = 1 if token.step is None else token.step
    if step == 0:
        raise ValueError("slice step cannot be zero")
    least, most = (0, n) if step > 0 else (-1, n - 1)

    def bound(x: Any, default: Any) -> Any:
        if x is None:
            return default
        return max_dim(x + n, least) if x < 0 else min_dim(x, most)

    first, last = (least, most) if step > 0 else (most, least)
    start, stop = bound(token.start, first), bound(token.stop, last)
    count = (stop - start + step - 1) // step if step > 0 else (start - stop - step - 1) // -step
    return max_dim(count, 0), axis, start, step


def _place(i: Any, n: Any, axis: int, wraps: bool) -> Any:
    _check_not_empty(n, axis)
    if not -(2**63) <= i < 2**63:
        raise OverflowError(f"index {i} is too large for axis {axis}")
    return i + n if i < 0 and wraps else i


def _check_not_empty(n: int, axis: int) -> None:
    if n == 0:
        raise IndexError(f"index is out of bounds for axis {axis} with size 0")


def _broadcast(vectors: list[Any]) -> tuple[int, ...]:
    shapes = [(int(t.value),) if type(t) is Flag else t.shape for t in vectors]
    rank = max(len(s) for s in shapes)
    made = []
    for sizes in zip(*[(1,) * (rank - len(s)) + s for s in shapes], strict=True):
        others = {n for n in sizes if n != 1}
        if len(others) > 1:
            raise ValueError(
                f"Incompatible shapes for broadcasting: shapes={shapes} of the arrays in an index"
            )
        made.append(others.pop() if others else 1)
    return tuple(made)
