"""Scatter: an array with windows of it changed, at places given by index vectors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from weft._tracing.bind import bind
from weft._tracing.values import as_value
from weft.errors import explain
from weft.lax.creation import filled
from weft.lax.indexing import Mode, index_vectors, mode_name
from weft.lax.operands import class_of, nary, op_of, rows, sizes


class ScatterDimensionNumbers(NamedTuple):
    """How `scatter` relates the axes of its updates, its index vectors and its operand."""

    update_window_dims: Sequence[int]
    """Axes of the updates that run within a window; the others number the index vectors."""
    inserted_window_dims: Sequence[int]
    """Operand axes along which windows have size 1 and the updates no axis."""
    scatter_dims_to_operand_dims: Sequence[int]
    """Operand axis of each component of an index vector."""
    operand_batching_dims: Sequence[int] = ()
    """Operand axes along which a window is where its vector is along `scatter_indices_batching_dims`."""
    scatter_indices_batching_dims: Sequence[int] = ()
    """Axes of the indices that go with `operand_batching_dims`."""


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
    x, indices, changes = as_value(operand), index_vectors(name, scatter_indices), as_value(updates)
    if x.dtype != changes.dtype:
        what = f"lax.{name}: operands must have the same dtype, got {x.dtype}, {changes.dtype}"
        raise TypeError(explain(what, rows([x, changes], ["operand", "updates"])))
    numbers = {
        field: tuple(dims) for field, dims in zip(dimension_numbers._fields, dimension_numbers, strict=True)
    }
    inst = class_of(name).of(
        **numbers,
        mode=mode_name(name, mode),
        indices_are_sorted=bool(indices_are_sorted),
        unique_indices=bool(unique_indices),
    )
    return bind(inst, x, indices, changes, weak_type=x.weak_type)


def _kind(name: str, text: str) -> Callable[..., Any]:
    """The public function of one kind of scatter."""

    def function(
        operand: Any,
        scatter_indices: Any,
        updates: Any,
        dimension_numbers: ScatterDimensionNumbers,
        *,
        indices_are_sorted: bool = False,
        unique_indices: bool = False,
        mode: Mode = None,
    ) -> Any:
        return _scatter(
            name,
            operand,
            scatter_indices,
            updates,
            dimension_numbers,
            indices_are_sorted,
            unique_indices,
            mode,
        )

    function.__name__ = function.__qualname__ = name
    function.__doc__ = text
    return function


scatter = _kind(
    "scatter",
    """`operand` with windows replaced by `updates`; where windows overlap, one of them wins.

    A window that reaches out is left out by default; mode "clip" moves it inside, "promise_in_bounds" says
    that there is none. `unique_indices` and `indices_are_sorted` are promises too.

    Raises: TypeError if dtypes differ or the dimension numbers do not fit; ValueError unless the indices are
    integers.
    """,
)
scatter_add = _kind(
    "scatter_add", "As `scatter`, with the updates added to the windows, all where they overlap."
)
scatter_sub = _kind(
    "scatter_sub", "As `scatter`, with the updates subtracted from the windows, all where they overlap."
)
scatter_mul = _kind(
    "scatter_mul", "As `scatter`, with the windows multiplied by the updates, by all where they overlap."
)
scatter_min = _kind(
    "scatter_min", "As `scatter`, each element the least of the old one and its updates; nan where one is."
)
scatter_max = _kind(
    "scatter_max", "As `scatter`, each element the greatest of the old one and its updates; nan where one is."
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
