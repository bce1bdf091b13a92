"""`x[ds(start, size)]`: slices of a fixed size that may begin at a traced place."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from weft._tracing.trace import Tracer
from weft_runtime import Array, pytree


@dataclass(frozen=True, eq=False)
class Slice:
    """`size` elements from `start` on, `stride` apart. A tree whose leaf is `start`, unless that is a number."""

    start: Any
    size: int
    stride: int = 1

    def __post_init__(self) -> None:
        if self.size < 0:
            raise ValueError(f"ds: the size must not be negative, got {self.size}")
        if self.stride < 1:
            raise ValueError(f"ds: the stride must be positive, got {self.stride}")

    @property
    def is_dynamic_start(self) -> bool:
        """Whether the start is an array."""
        return not isinstance(self.start, int)


def _children(s: Slice) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    if s.is_dynamic_start:
        return (s.start,), (None, s.size, s.stride)
    return (), (s.start, s.size, s.stride)


def _rebuilt(data: tuple[Any, ...], children: tuple[Any, ...]) -> Slice:
    made = object.__new__(Slice)  # while trees are taken apart, the start may be anything
    start = children[0] if children else data[0]
    for name, value in (("start", start), ("size", data[1]), ("stride", data[2])):
        object.__setattr__(made, name, value)
    return made


pytree.register_node(Slice, _children, _rebuilt)


def ds(start: Any, size: int | None = None, stride: int | None = None) -> slice | Slice:
    """An index for `size` elements from `start` on, which may be traced; the size may not.

    `ds(None)` is `:`, `ds(n)` the first n elements. A window that reaches out is moved inside where it is read
    (with a stride, its elements are, one by one), and left out where it is written. A negative start counts from
    the end.

    >>> x = weft.numpy.arange(10)
    >>> weft.jit(lambda x, i: x[ds(i, 2)])(x, 4)
    Array([4, 5], dtype=int32)
    """
    if start is None:
        return slice(None)
    if size is None:
        start, size = 0, start
    count = operator.index(size)  # of a tracer it is an error: sizes are known while tracing
    if isinstance(start, (Array, Tracer)) and start.shape:
        raise TypeError(f"ds: the start must be a scalar, got {start.aval}")
    first = start if isinstance(start, (Array, Tracer)) else operator.index(start)
    return Slice(first, count, 1 if stride is None else operator.index(stride))


class SliceFound(Exception):
    """An index has a `Slice` in it, so it is not for the usual way."""


def read(x: Any, index: Any, rest: Callable[[Any, Any], Any]) -> Any:
    """The elements at an index with `Slice`s; `rest` reads what it is otherwise."""
    from weft import numpy as jnp

    items, windows = _windows(index, x.shape)
    for axis, window in windows.items():
        if window.stride == 1:
            x = _contiguous(x, axis, window)
        else:
            x = jnp.take(x, _places(window, x.shape[axis]), axis, mode="clip")
    return rest(x, items)


def write(x: Any, index: Any, change: Callable[[Any, Any], Any]) -> Any:
    """`x` after `change(part, index)` of its part in the windows of an index with `Slice`s."""
    from weft import numpy as jnp

    items, windows = _windows(index, x.shape)
    places = [
        _places(windows[axis], n) if axis in windows else np.arange(n) for axis, n in enumerate(x.shape)
    ]
    grid = jnp.ix_(*places)
    made = change(x.at[grid].get(mode="clip"), items)
    if any(window.stride == 1 for window in windows.values()):
        fits = [
            (places[axis][0] >= 0) & (places[axis][0] <= x.shape[axis] - window.size)
            for axis, window in windows.items()
            if window.stride == 1 and window.size
        ]
        for fit in fits:  # a window that reaches out is left alone
            made = jnp.where(fit, made, x.astype(made.dtype).at[grid].get(mode="clip"))
    return x.astype(made.dtype).at[grid].set(made, mode="drop")


def _contiguous(x: Any, axis: int, window: Slice) -> Any:
    from weft import lax

    if window.size > x.shape[axis]:
        raise TypeError(
            f"ds: a window of {window.size} elements does not fit into an axis of {x.shape[axis]}"
        )
    return lax.dynamic_slice_in_dim(x, window.start, window.size, axis)


def _places(window: Slice, size: int) -> Any:
    from weft import numpy as jnp

    start = jnp.asarray(window.start)
    return jnp.where(start < 0, start + size, start) + window.stride * np.arange(
        window.size, dtype=start.dtype
    )


def _windows(index: Any, shape: tuple[int, ...]) -> tuple[tuple[Any, ...], dict[int, Slice]]:
    """The index with `:` in place of its `Slice`s, and these by their axes."""
    items = index if type(index) is tuple else (index,)
    found: dict[int, Slice] = {}
    total = sum(map(_axes_of, items))
    axis = 0
    for item in items:
        if item is Ellipsis:
            axis += len(shape) - total
        elif isinstance(item, Slice):
            if axis >= len(shape):
                raise IndexError(f"too many indices for an array of shape {shape}")
            found[axis] = item
        axis += _axes_of(item)
    return tuple(slice(None) if isinstance(item, Slice) else item for item in items), found


def _axes_of(item: Any) -> int:
    if item is None or item is Ellipsis or isinstance(item, (bool, np.bool_)):
        return 0
    dtype = getattr(item, "dtype", None)
    return item.ndim if dtype == np.bool_ else 1
