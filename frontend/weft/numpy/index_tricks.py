"""Objects whose indexing makes arrays: `mgrid`, `ogrid`, `r_`, `c_`, `s_`; and `ix_`."""

from __future__ import annotations

from typing import Any

import numpy as np

from weft import dtypes
from weft.numpy._arguments import array
from weft.numpy._ops import kind, reshape_to
from weft.numpy.creation import asarray
from weft.numpy.finding import nonzero
from weft.numpy.joining import concatenate, stack
from weft.numpy.matrices import meshgrid
from weft.numpy.ranges import arange, linspace

s_ = np.s_
index_exp = np.index_exp


def _range_of(key: slice) -> Any:
    """The numbers of a slice; an imaginary step is the number of points, the last included."""
    start = 0 if key.start is None else key.start
    step = 1 if key.step is None else key.step
    if isinstance(step, complex):
        return linspace(start, key.stop, int(abs(step)))
    return arange(start, key.stop, step)


def _one_dtype(xs: list[Any]) -> list[Any]:
    from weft.numpy.joining import one_dtype

    return one_dtype(xs)


class _Mgrid:
    """Coordinates of a grid as one array: `mgrid[0:3, 0:4]`; a step such as `5j` is a number of points."""

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, slice):
            return _range_of(key)
        if not key:
            return arange(0)
        vectors = _one_dtype([_range_of(k) for k in key])
        return stack(meshgrid(*vectors, indexing="ij"))


class _Ogrid:
    """Coordinates of a grid as arrays that broadcast: `ogrid[0:3, 0:4]`."""

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, slice):
            return _range_of(key)
        if not key:
            return []
        return meshgrid(*_one_dtype([_range_of(k) for k in key]), indexing="ij", sparse=True)


class _Concatenator:
    """Joins what stands in the brackets; a first string names axis, rank, and the place of vectors."""

    def __init__(self, axis: int, rank: int, place: int) -> None:
        self.defaults = (axis, rank, place)

    def __getitem__(self, key: Any) -> Any:
        items = list(key) if isinstance(key, tuple) else [key]
        axis, rank, place = self.defaults
        as_matrix = ""
        if items and isinstance(items[0], str):
            text = items.pop(0)
            if text in ("r", "c"):
                as_matrix = text
            else:
                numbers = _numbers(text)
                axis, rank, place = (*numbers, *self.defaults[len(numbers) :])[:3]
        parts = [_raised(self._array(item), rank, place) for item in items]
        if as_matrix:
            raise NotImplementedError("weft has no matrix class: 'r' and 'c' are not supported in r_ and c_")
        if not parts:
            raise ValueError("need at least one array to concatenate")
        return concatenate(parts, axis=axis)

    def _array(self, item: Any) -> tuple[Any, bool]:
        if isinstance(item, str):
            raise ValueError("string directives must be the first entry of the index")
        if isinstance(item, slice):
            return _range_of(item), False
        made = asarray(item)
        return made, made.ndim == 0


def _numbers(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise ValueError(f"could not understand directive {text!r}") from None


def _raised(item: tuple[Any, bool], rank: int, place: int) -> Any:
    """An array with at least `rank` axes; its own ones start at `place`, or end there if that is negative."""
    x, _ = item
    least = max(rank, 1)
    if x.ndim == 0:
        return reshape_to(x, (1,) * least)
    missing = least - x.ndim
    if missing <= 0:
        return x
    before = missing if place == -1 else (place if place >= 0 else missing + place + 1)
    before = min(max(before, 0), missing)
    return reshape_to(x, (1,) * before + x.shape + (1,) * (missing - before))


mgrid = _Mgrid()
ogrid = _Ogrid()
r_ = _Concatenator(0, 1, -1)
c_ = _Concatenator(-1, 2, 0)


def ix_(*args: Any) -> tuple[Any, ...]:
    """Vectors shaped such that indexing with them takes every combination: `x[ix_(rows, columns)]`."""
    made = []
    for i, arg in enumerate(args):
        x = asarray(arg) if isinstance(arg, (list, tuple)) else array("ix_", arg, i)
        if x.ndim != 1:
            raise ValueError(f"Arguments to jax.numpy.ix_ must be 1-dimensional, got shape {x.shape}")
        if kind(x) == "b":
            x = nonzero(x)[0]
        elif x.size == 0:
            x = x.astype(dtypes.default_int())
        made.append(reshape_to(x, tuple(x.size if j == i else 1 for j in range(len(args)))))
    return tuple(made)
