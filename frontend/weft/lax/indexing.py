"""Gather: windows of an array at places given by index vectors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from weft import dtypes
from weft._tracing.bind import bind
from weft._tracing.library import library
from weft._tracing.operands import convert
from weft._tracing.values import as_value
from weft.errors import explain
from weft.lax.enums import GatherScatterMode
from weft.lax.operands import axis_within, class_of, ints, kind, nary, op_of, rows


class GatherDimensionNumbers(NamedTuple):
    """How `gather` relates the axes of its operand, its index vectors and its result."""

    offset_dims: tuple[int, ...]
    """Axes of the result that run within a window; the others number the index vectors."""
    collapsed_slice_dims: tuple[int, ...]
    """Operand axes along which windows have size 1 and the result no axis."""
    start_index_map: tuple[int, ...]
    """Operand axis of each component of an index vector."""
    operand_batching_dims: tuple[int, ...] = ()
    """Operand axes along which a window is where its index vector is along `start_indices_batching_dims`."""
    start_indices_batching_dims: tuple[int, ...] = ()
    """Axes of the indices that go with `operand_batching_dims`."""


Mode = str | GatherScatterMode | None

_MODES = {
    GatherScatterMode.CLIP: "clip",
    GatherScatterMode.FILL_OR_DROP: "fill",
    GatherScatterMode.PROMISE_IN_BOUNDS: "promise_in_bounds",
}


def mode_name(name: str, mode: Mode) -> str:
    """What the ops call a mode."""
    wanted = GatherScatterMode.from_any(mode)
    if wanted not in _MODES:
        raise NotImplementedError(f"lax.{name}: mode {wanted.name} has no implementation; try CLIP")
    return _MODES[wanted]


def index_vectors(name: str, indices: Any) -> Any:
    """Indices as an array; ValueError unless they are integers."""
    made = as_value(indices)
    if kind(made) not in "iu":
        raise ValueError(
            explain(f"lax.{name}: indices must have an integer dtype", rows([made], ["indices"]))
        )
    return made


def gather(
    operand: Any,
    start_indices: Any,
    dimension_numbers: GatherDimensionNumbers,
    slice_sizes: Sequence[int],
    *,
    unique_indices: bool = False,
    indices_are_sorted: bool = False,
    mode: Mode = None,
    fill_value: Any = None,
) -> Any:
    """Windows of `operand` of shape `slice_sizes`, one for each index vector, which the last axis holds.

    A window that reaches out: with mode "clip" (the default) it is moved inside; with "fill" its elements are
    `fill_value` (nan, the least signed or the greatest unsigned integer, True); "promise_in_bounds" says that
    there is none. `unique_indices` and `indices_are_sorted` are promises too.

    Raises: TypeError if the dimension numbers do not fit; ValueError unless the indices are integers.
    """
    x, indices = as_value(operand), index_vectors("gather", start_indices)
    numbers = {
        field: tuple(dims) for field, dims in zip(dimension_numbers._fields, dimension_numbers, strict=True)
    }
    how = "clip" if mode is None else mode_name("gather", mode)
    more = {} if fill_value is None or how != "fill" else {"fill_value": _number_of(fill_value, x.dtype)}
    inst = class_of("gather").of(
        **numbers,
        slice_sizes=ints(slice_sizes, "gather", "slice_sizes"),
        mode=how,
        indices_are_sorted=bool(indices_are_sorted),
        unique_indices=bool(unique_indices),
        **more,
    )
    return bind(inst, x, indices, weak_type=x.weak_type)


def _number_of(value: Any, dtype: Any) -> Any:
    """A fill value as the dtype holds it, so that equal ones make equal ops."""
    if dtypes.is_extended(dtype):
        return value
    with np.errstate(all="ignore"):
        made = np.asarray(value).astype(dtype)
    return made.astype(np.float64).item() if made.dtype.kind == "V" else made.item()


@library("src", "idxs")
def index_take(src: Any, idxs: Sequence[Any], axes: Sequence[int]) -> Any:
    """Slices of `src` at indices along `axes`: one array of n indices for each axis; slice i is `result[i]`.

    Indices are taken modulo the size of their axis, so that negative ones count from the end.
    """
    x = as_value(src)
    where = [axis_within(a, x.ndim, "index_take") for a in ints(axes, "index_take", "axes")]
    indices = [index_vectors("index_take", i) for i in idxs]
    if not indices or any(i.ndim != 1 for i in indices):
        raise ValueError(explain("lax.index_take: takes one array of indices for each axis", rows(indices)))
    columns = [_modulo(i, x.shape[a]) for i, a in zip(indices, where, strict=True)]
    columns = [bind(class_of("reshape").of(shape=(*i.shape, 1)), i) for i in columns]
    vectors = bind(class_of("concatenate").of(axis=1), *columns)
    numbers = GatherDimensionNumbers(
        offset_dims=tuple(range(1, x.ndim - len(where) + 1)),
        collapsed_slice_dims=tuple(sorted(where)),
        start_index_map=tuple(where),
    )
    return gather(x, vectors, numbers, tuple(1 if a in where else n for a, n in enumerate(x.shape)))


def _modulo(index: Any, size: int) -> Any:
    """Indices modulo the size."""
    if index.dtype.itemsize < 4:
        index = convert(index, np.dtype(np.int32), False)
    length = as_value(max(size, 1), index.dtype)
    rest = nary("rem", index, length)
    if kind(index) == "u":
        return rest
    return bind(op_of("select"), nary("lt", rest, as_value(0, index.dtype)), nary("add", rest, length), rest)
