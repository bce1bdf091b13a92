"""Masks in an index: as positions where they are true or, for writing, as a choice of old or new."""

from __future__ import annotations

from typing import Any

import numpy as np

from weft._indexing.tokens import Flag, kind, too_many
from weft._tracing.trace import Tracer
from weft_runtime import Array


def expanded(items: list[Any], shape: tuple[int, ...]) -> list[Any]:
    """Each mask (a boolean NumPy array) replaced by one array of positions for each of its axes."""
    used = [_axes_of(x) for x in items]
    axis, made = 0, []
    for position, (x, n) in enumerate(zip(items, used, strict=True)):
        if x is Ellipsis:
            axis += max(len(shape) - sum(used), 0)
        if isinstance(x, np.ndarray) and x.dtype.kind == "b":
            check_shape(x.shape, shape[axis : axis + n], position, sum(used), len(shape))
            made.extend([p.astype(np.int32) for p in np.nonzero(x)])
        else:
            made.append(x)
        axis += n
    return made


def check_shape(mask: tuple[int, ...], axes: tuple[int, ...], position: int, used: int, ndim: int) -> None:
    """A mask has the shape of the axes that it stands for."""
    if used > ndim:
        raise too_many(used, ndim)
    if mask != axes and 0 not in mask:  # a mask without elements selects nothing, as in NumPy
        raise IndexError(
            f"boolean index did not match shape of indexed array in index {position}: got {mask}, "
            f"expected {list(axes)}"
        )


def _axes_of(x: Any) -> int:
    if x is None or x is Ellipsis:
        return 0
    if isinstance(x, np.ndarray) and x.dtype.kind == "b":
        return x.ndim
    return 0 if type(x) is Flag else 1


def sole_mask(index: Any, shape: tuple[int, ...]) -> tuple[Any, int] | None:
    """The mask and its first axis, where an index is one mask among full slices; else None."""
    items = index if type(index) is tuple else (index,)
    found, before, after, seen_ellipsis = None, 0, 0, False
    for x in items:
        if x is Ellipsis:
            if seen_ellipsis:
                return None
            seen_ellipsis, ellipsis_before = True, found is None
        elif type(x) is slice and x == slice(None):
            before, after = (before + 1, after) if found is None else (before, after + 1)
        elif _is_mask(x) and found is None:
            found = x
        else:
            return None
    if found is None:
        return None
    rest = len(shape) - before - after - found.ndim
    if rest < 0:
        raise too_many(len(shape) - rest, len(shape))
    first = before + (rest if seen_ellipsis and ellipsis_before else 0)
    check_shape(found.shape, shape[first : first + found.ndim], 0, 0, len(shape))
    return found, first


def _is_mask(x: Any) -> bool:
    return isinstance(x, (Array, Tracer, np.ndarray)) and kind(x) == "b" and x.ndim > 0
