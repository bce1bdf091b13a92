"""`x.at[index].set(y)` and its relatives in the IR: one scatter, or a write of one window."""

from __future__ import annotations

import functools
from typing import Any

from weft._indexing import vectors
from weft._indexing.layout import Dim, Layout
from weft._indexing.reading import Options, mode_of
from weft._tracing.bind import op_class
from weft._tracing.trace import STATE, Trace, Tracer
from weft_compiler.avals import INT32, Aval, kind_of

_ELEMENTWISE = {
    "scatter_add": "add",
    "scatter_sub": "sub",
    "scatter_mul": "mul",
    "scatter_min": "min",
    "scatter_max": "max",
}
_OF_BOOLS = {"scatter_add": "or", "scatter_mul": "and", "scatter_min": "and", "scatter_max": "or"}


def elementwise(op: str, dtype: Any) -> Any:
    """The op on an old and a new element that a scatter op does; None where the new one replaces the old."""
    if op == "scatter":
        return None
    table = _OF_BOOLS if kind_of(dtype) == "b" else _ELEMENTWISE
    if op not in table:
        raise TypeError(f"{op} is not defined for dtype {dtype}")
    return op_class(table[op]).of()


def put(op: str, x: Tracer, layout: Layout, operands: list[Any], y: Any, options: Options) -> Tracer:
    """`x` with the places that an index names combined with `y` by a scatter op, in the current trace."""
    plan = _plan(op, layout, options)
    trace = STATE.trace
    assert trace is not None
    if plan.has_no_place:
        return Tracer(trace, trace.lift(x), x.weak_type)
    y = _spread(trace, y, layout)
    if plan.is_window:
        return _write_window(trace, plan, x, layout, operands, y)
    indices = plan.index_vectors(trace, operands)
    return trace.emit(plan.scatter, (x, indices, y), x.weak_type)


@functools.cache
def _plan(op: str, layout: Layout, options: Options) -> Plan:
    return Plan(op, layout, options)


class Plan:
    """How one layout is written to."""

    def __init__(self, op: str, layout: Layout, options: Options) -> None:
        self.op = op
        self.layout = layout
        mode = mode_of(options.mode, "fill")
        n = layout.shape
        outside = [p for p in layout.points if p.vector is None and not layout.is_inside(p)]
        self.has_no_place = bool(outside) and mode != "clip"
        """Whether nothing is written, as a place is known to be out of bounds."""
        all_inside = all(layout.is_inside(p) for p in layout.points)
        is_basic = layout.vector_shape is None and all(d.step == 1 for d in layout.dims)
        self.is_window = is_basic and (all_inside or mode == "clip") and self._is_quick()
        """Whether the places are one window, whose start is known to lie within x or is moved there."""
        self.dims = [d for d in layout.dims if d.kind != "new"]
        self.strided = [d for d in self.dims if d.step != 1]
        self.moved = [d for d in self.dims if d.kind == "slice" and d.step == 1 and d.size != n[d.axis]]
        self.window_sizes = [1] * len(n)
        for d in self.dims:
            if d.kind == "slice":
                self.window_sizes[d.axis] = d.size
        if not self.is_window:
            self.scatter = self._scatter("promise_in_bounds" if all_inside else mode, options)

    def _is_quick(self) -> bool:
        """A scatter is one op. To read a window, combine it and write it takes three, but XLA makes one loop
        of them: for slices, whose windows are large, it takes these.
        """
        return self.op == "scatter" or not self.layout.points

    def _scatter(self, mode: str, options: Options) -> Any:
        layout, dims = self.layout, self.dims
        window = tuple(i for i, d in enumerate(dims) if d.kind == "slice" and d.step == 1)
        windowed = {dims[i].axis for i in window}
        is_single = not layout.vector_shape
        return op_class(self.op).of(
            update_window_dims=window,
            inserted_window_dims=tuple(a for a in range(len(layout.shape)) if a not in windowed),
            scatter_dims_to_operand_dims=tuple(
                [p.axis for p in layout.points]
                + [d.axis for d in self.moved]
                + [d.axis for d in self.strided]
            ),
            mode=mode,
            indices_are_sorted=options.indices_are_sorted
            or (is_single and all(d.step > 0 for d in self.strided)),
            unique_indices=options.unique_indices or is_single,
        )

    def index_vectors(self, trace: Trace, operands: list[Any]) -> Any:
        """The indices of the scatter, axes in the order of the result; strided slices counted out."""
        layout = self.layout
        axes = [d for d in self.dims if d.kind == "vector" or d.step != 1]
        shape = tuple(d.size for d in axes)
        rank = len(layout.vector_shape or ())
        before = next((i for i, d in enumerate(axes) if d.kind == "vector"), 0)
        columns: list[tuple[Any, tuple[int, ...]]] = []
        found = vectors.places(trace, layout, layout.points, operands)
        dtype = found[0].dtype if found else INT32
        for x in found:
            columns.append((x, vectors.trailing(x, before, rank)))
        for d in self.moved:
            columns.append((trace.constant(Aval.of((), dtype), d.start), ()))
        for d in self.strided:
            columns.append((_counted(trace, d, dtype), (axes.index(d),)))
        if not columns:
            return trace.constant(Aval.of((*shape, 0), INT32), 0)
        return vectors.side_by_side(trace, columns, shape)


def _counted(trace: Trace, d: Dim, dtype: Any) -> Any:
    """The places of a strided slice."""
    i = trace.emit(op_class("iota").of(shape=(d.size,), dtype=dtype, dimension=0), ())
    scaled = trace.emit(op_class("mul").of(), (i, trace.constant(i.aval, d.step)))
    return trace.emit(op_class("add").of(), (scaled, trace.constant(i.aval, d.start)))


def _write_window(trace: Trace, plan: Plan, x: Any, layout: Layout, operands: list[Any], y: Any) -> Tracer:
    shape = tuple(plan.window_sizes)
    if y.shape != shape:
        y = trace.emit(op_class("reshape").of(shape=shape), (y,))
    combine = elementwise(plan.op, x.dtype)
    found = vectors.places(trace, layout, layout.points, operands)
    dtype = found[0].dtype if found else INT32
    starts = dict(zip([p.axis for p in layout.points], found, strict=True))
    for d in plan.moved:
        starts[d.axis] = trace.constant(Aval.of((), dtype), d.start)
    zero = trace.constant(Aval.of((), dtype), 0) if len(starts) < len(shape) else None
    where = [starts.get(a, zero) for a in range(len(shape))]
    if combine is not None:
        old = x
        if shape != layout.shape:
            old = trace.emit(op_class("dynamic_slice").of(sizes=shape), (x, *where), x.weak_type)
        y = trace.emit(combine, (old, y), x.weak_type)
    if shape == layout.shape:
        return Tracer(trace, trace.lift(y), x.weak_type)
    return trace.emit(op_class("dynamic_update_slice").of(), (x, y, *where), x.weak_type)


def _spread(trace: Trace, y: Any, layout: Layout) -> Any:
    """`y` in the shape of the result of reading, without its new axes."""
    result = layout.result
    shape = tuple(d.size for d in layout.dims if d.kind != "new")
    if y.shape == shape:
        return y
    check_shape(y.shape, result)
    offset = len(result) - y.ndim
    kept = [i for i in range(y.ndim) if offset + i >= 0 and layout.dims[offset + i].kind != "new"]
    sizes = tuple(y.shape[i] for i in kept)
    if sizes != y.shape:
        y = trace.emit(op_class("reshape").of(shape=sizes), (y,))
    if sizes == shape:
        return y
    position: dict[int, int] = {}
    for d in range(len(result)):
        if layout.dims[d].kind != "new":
            position[d] = len(position)
    dims = tuple(position[offset + i] for i in kept)
    return trace.emit(op_class("broadcast_in_dim").of(shape=shape, dims=dims), (y,))


def check_shape(shape: tuple[int, ...], wanted: tuple[int, ...]) -> None:
    """Values have a shape that broadcasts to that of the places."""
    fits = len(shape) <= len(wanted) and all(
        m in (1, n) for m, n in zip(shape[::-1], wanted[::-1], strict=False)
    )
    if not fits:
        raise ValueError(
            f"Incompatible types for broadcasting: values of shape {shape} for places of shape {wanted}"
        )
