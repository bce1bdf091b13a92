"""Windows at places given by index vectors: gather, and scatter with what it does to the elements there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from weft import dtypes
from weft._tracing.bind import bind
from weft._tracing.library import library
from weft._tracing.operands import convert
from weft._tracing.values import as_value
from weft.errors import explain
from weft.lax.creation import filled
from weft.lax.enums import GatherScatterMode
from weft.lax.operands import axis_within, class_of, ints, kind, nary, op_of, rows, sizes


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


class ScatterDimensionNumbers(NamedTuple):
    """How `scatter` relates the axes of its updates, its index vectors and its operand."""

    update_window_dims: Sequence[int]
    """Axes of the updates that run within a window; the others number the index vectors."""
    inserted_window_dims: Sequence[int]
    """Operand axes along which windows have size 1 and the updates no axis."""
    scatter_dims_to_operand_dims: Sequence[int]
    """Operand axis of each component of an index vector."""
    operand_batching_dims: Sequence[int] = ()
    """Operand axes along which a window is where its index vector is along `scatter_indices_batching_dims`."""
    scatter_indices_batching_dims: Sequence[int] = ()
    """Axes of the indices that go with `operand_batching_dims`."""


Mode = str | GatherScatterMode | None

_MODES = {
    GatherScatterMode.CLIP: "clip",
    GatherScatterMode.FILL_OR_DROP: "fill",
    GatherScatterMode.PROMISE_IN_BOUNDS: "promise_in_bounds",
}


def _mode(name: str, mode: Mode) -> str:
    wanted = GatherScatterMode.from_any(mode)
    if wanted not in _MODES:
        raise NotImplementedError(f"lax.{name}: mode {wanted.name} has no implementation; try CLIP")
    return _MODES[wanted]


def _indices(name: str, indices: Any) -> Any:
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
    """Windows of `operand` of shape `slice_sizes`, one for each index vector along the last axis of the indices.

    A window that reaches out: with mode "clip" (the default) it is moved inside; with "fill" its elements are
    `fill_value` (nan, the least signed or the greatest unsigned integer, True); "promise_in_bounds" says that
    there is none. `unique_indices` and `indices_are_sorted` are promises too.

    Raises: TypeError if the dimension numbers do not fit; ValueError unless the indices are integers.
    """
    x, indices = as_value(operand), _indices("gather", start_indices)
    numbers = {
        field: tuple(dims) for field, dims in zip(dimension_numbers._fields, dimension_numbers, strict=True)
    }
    how = "clip" if mode is None else _mode("gather", mode)
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
    indices = [_indices("index_take", i) for i in idxs]
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


def _scatter(
    name: str,
    operand: Any,
    scatter_indices: Any,
    updates: Any,
    dimension_numbers: ScatterDimensionNumbers,
    indices_are_sorted: bool,
    unique_indices: bool,
    mode: Mode,
) -> Any:
    x, indices, changes = as_value(operand), _indices(name, scatter_indices), as_value(updates)
    if x.dtype != changes.dtype:
        what = f"lax.{name}: operands must have the same dtype, got {x.dtype}, {changes.dtype}"
        raise TypeError(explain(what, rows([x, changes], ["operand", "updates"])))
    numbers = {
        field: tuple(dims) for field, dims in zip(dimension_numbers._fields, dimension_numbers, strict=True)
    }
    inst = class_of(name).of(
        **numbers,
        mode=_mode(name, mode),
        indices_are_sorted=bool(indices_are_sorted),
        unique_indices=bool(unique_indices),
    )
    return bind(inst, x, indices, changes, weak_type=x.weak_type)


def scatter(
    operand: Any,
    scatter_indices: Any,
    updates: Any,
    dimension_numbers: ScatterDimensionNumbers,
    *,
    indices_are_sorted: bool = False,
    unique_indices: bool = False,
    mode: Mode = None,
) -> Any:
    """`operand` with windows replaced by `updates`; where windows overlap, one of them wins.

    A window that reaches out is left out by default; mode "clip" moves it inside, "promise_in_bounds" says that
    there is none. `unique_indices` and `indices_are_sorted` are promises too.

    Raises: TypeError if dtypes differ or the dimension numbers do not fit; ValueError unless the indices are
    integers.
    """
    return _scatter(
        "scatter",
        operand,
        scatter_indices,
        updates,
        dimension_numbers,
        indices_are_sorted,
        unique_indices,
        mode,
    )


def scatter_add(
    operand: Any,
    scatter_indices: Any,
    updates: Any,
    dimension_numbers: ScatterDimensionNumbers,
    *,
    indices_are_sorted: bool = False,
    unique_indices: bool = False,
    mode: Mode = None,
) -> Any:
    """As `scatter`, with the updates added to the windows, all where they overlap."""
    return _scatter(
        "scatter_add",
        operand,
        scatter_indices,
        updates,
        dimension_numbers,
        indices_are_sorted,
        unique_indices,
        mode,
    )


def scatter_sub(
    operand: Any,
    scatter_indices: Any,
    updates: Any,
    dimension_numbers: ScatterDimensionNumbers,
    *,
    indices_are_sorted: bool = False,
    unique_indices: bool = False,
    mode: Mode = None,
) -> Any:
    """As `scatter`, with the updates subtracted from the windows, all where they overlap."""
    return _scatter(
        "scatter_sub",
        operand,
        scatter_indices,
        updates,
        dimension_numbers,
        indices_are_sorted,
        unique_indices,
        mode,
    )


def scatter_mul(
    operand: Any,
    scatter_indices: Any,
    updates: Any,
    dimension_numbers: ScatterDimensionNumbers,
    *,
    indices_are_sorted: bool = False,
    unique_indices: bool = False,
    mode: Mode = None,
) -> Any:
    """As `scatter`, with the windows multiplied by the updates, by all where they overlap."""
    return _scatter(
        "scatter_mul",
        operand,
        scatter_indices,
        updates,
        dimension_numbers,
        indices_are_sorted,
        unique_indices,
        mode,
    )


def scatter_min(
    operand: Any,
    scatter_indices: Any,
    updates: Any,
    dimension_numbers: ScatterDimensionNumbers,
    *,
    indices_are_sorted: bool = False,
    unique_indices: bool = False,
    mode: Mode = None,
) -> Any:
    """As `scatter`, each element the least of the old one and its updates; nan where one is."""
    return _scatter(
        "scatter_min",
        operand,
        scatter_indices,
        updates,
        dimension_numbers,
        indices_are_sorted,
        unique_indices,
        mode,
    )


def scatter_max(
    operand: Any,
    scatter_indices: Any,
    updates: Any,
    dimension_numbers: ScatterDimensionNumbers,
    *,
    indices_are_sorted: bool = False,
    unique_indices: bool = False,
    mode: Mode = None,
) -> Any:
    """As `scatter`, each element the greatest of the old one and its updates; nan where one is."""
    return _scatter(
        "scatter_max",
        operand,
        scatter_indices,
        updates,
        dimension_numbers,
        indices_are_sorted,
        unique_indices,
        mode,
    )


def scatter_apply(
    operand: Any,
    scatter_indices: Any,
    func: Callable[[Any], Any],
    dimension_numbers: ScatterDimensionNumbers,
    *,
    update_shape: Sequence[int] = (),
    indices_are_sorted: bool = False,
    unique_indices: bool = False,
    mode: Mode = None,
) -> Any:
    """`operand` with the function of one element applied in windows, as often as windows cover an element.

    `update_shape` is the shape that updates would have. Reverse-mode derivatives need `unique_indices`.
    """
    from weft._transforms.scope import evaluated

    return evaluated(
        "scatter_apply",
        lambda: _applied(
            as_value(operand),
            scatter_indices,
            func,
            dimension_numbers,
            sizes(update_shape, "scatter_apply", "update_shape"),
            (indices_are_sorted, unique_indices, mode),
        ),
    )


def _applied(
    x: Any,
    indices: Any,
    func: Callable[[Any], Any],
    numbers: ScatterDimensionNumbers,
    update_shape: tuple[int, ...],
    how: tuple[bool, bool, Mode],
) -> Any:
    from weft._transforms.vmap import vmap
    from weft.lax.control_flow import while_loop

    number = np.dtype(np.int32)
    none, ones = filled(x.shape, 0, number, False), filled(update_shape, 1, number, False)
    counts = _scatter("scatter_add", none, indices, ones, numbers, *how)
    each = vmap(func)

    def once(done: Any, values: Any) -> Any:
        changed = bind(class_of("reshape").of(shape=x.shape), each(_flat(values)), weak_type=values.weak_type)
        return bind(op_of("select"), nary("gt", counts, done), changed, values, weak_type=values.weak_type)

    if how[1] or not x.size:
        return once(as_value(0, number), x)
    most = bind(class_of("reduce_max").of(axes=tuple(range(x.ndim))), counts)
    _, made = while_loop(
        lambda state: nary("lt", state[0], most),
        lambda state: (nary("add", state[0], as_value(1, number)), once(*state)),
        (as_value(0, number), x),
    )
    return made


def _flat(x: Any) -> Any:
    return bind(class_of("reshape").of(shape=(x.size,)), x, weak_type=x.weak_type)
