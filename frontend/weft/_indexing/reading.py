"""`x[index]` in the IR: at most a slice, a reversal, one dynamic slice or gather, and a reshape."""

from __future__ import annotations

from typing import Any, NamedTuple

from weft._indexing import vectors
from weft._indexing.layout import Layout, Point
from weft._tracing.bind import op_class
from weft._tracing.trace import STATE, Tracer
from weft_compiler.avals import INT32, Aval
from weft_compiler.symbolic import DimExpr, max_dim, min_dim


class Options(NamedTuple):
    """What `x.at[index]` methods are told beside the index."""

    mode: str | None = None
    indices_are_sorted: bool = False
    unique_indices: bool = False
    wraps: bool = True
    fill_value: Any = None


DEFAULT = Options()
_MODES = {"fill": "fill", "drop": "fill", "clip": "clip", "promise_in_bounds": "promise_in_bounds"}


def mode_of(mode: Any, default: str) -> str:
    """The mode of gather and scatter ops for what users pass."""
    if mode is None:
        return default
    name = mode if isinstance(mode, str) else getattr(mode, "name", str(mode)).lower()
    found = {"fill_or_drop": "fill", **_MODES}.get(name)
    if found is None:
        raise ValueError(f'Unknown gather mode "{mode}"; it must be one of {", ".join(_MODES)}')
    return found


class Plan:
    """The ops of one layout. None: there is nothing to do."""

    __slots__ = ("gather", "points", "reshape", "reverse", "slice", "window")

    def __init__(self, layout: Layout, options: Options) -> None:
        mode = mode_of(options.mode, "promise_in_bounds")
        static, self.points = _separated(layout, mode)
        shape = self._cut(layout, static, mode)
        self.window: Any = None
        self.gather: Any = None
        may_fill = mode == "fill" and not all(layout.is_inside(p) for p in self.points)
        if layout.vector_shape is not None or may_fill:
            shape = self._take(layout, shape, mode, options)
        elif self.points:
            axes = {p.axis for p in self.points}
            sizes = tuple(1 if a in axes else n for a, n in enumerate(shape))
            self.window = op_class("dynamic_slice").of(sizes=sizes)
            shape = sizes
        self.reshape = None if shape == layout.result else op_class("reshape").of(shape=layout.result)

    def _cut(self, layout: Layout, static: list[Point], mode: str) -> tuple[int, ...]:
        """Static slices and places; the shape that they leave."""
        start: list[Any] = [0] * len(layout.shape)
        limit: list[Any] = list(layout.shape)
        strides = [1] * len(layout.shape)
        flipped = []
        for d in layout.dims:
            if d.kind != "slice":
                continue
            if abs(d.step) == 1 and isinstance(d.size, DimExpr):  # which may be empty
                start[d.axis] = d.start if d.step > 0 else d.start - d.size + 1
                limit[d.axis] = start[d.axis] + d.size
            else:
                last = d.start + (d.size - 1) * d.step
                low, high = (d.start, last) if d.step > 0 else (last, d.start)
                start[d.axis], limit[d.axis] = (low, high + 1) if d.size else (0, 0)
                n = layout.shape[d.axis]
                strides[d.axis] = min(abs(d.step), max(n, 1)) if isinstance(n, int) else abs(d.step)
            if d.step < 0 and d.size not in (0, 1):
                flipped.append(d.axis)
        for p in static:
            place = max_dim(0, min_dim(p.value, layout.shape[p.axis] - 1))
            start[p.axis], limit[p.axis] = place, place + 1
        shape = tuple(-((i - j) // s) for i, j, s in zip(start, limit, strides, strict=True))
        self.slice: Any = None
        self.reverse: Any = None
        if shape != layout.shape:
            self.slice = op_class("slice").of(start=tuple(start), limit=tuple(limit), strides=tuple(strides))
        if flipped:
            self.reverse = op_class("reverse").of(axes=tuple(sorted(flipped)))
        return shape

    def _take(self, layout: Layout, shape: tuple[int, ...], mode: str, options: Options) -> tuple[int, ...]:
        """A gather at the vectors; the shape of its result."""
        sliced = {d.axis for d in layout.dims if d.kind == "slice"}
        dropped = tuple(a for a in range(len(shape)) if a not in sliced)
        kept = [d for d in layout.dims if d.kind != "new"]
        fill = options.fill_value
        is_single = not layout.vector_shape
        self.gather = op_class("gather").of(
            offset_dims=tuple(i for i, d in enumerate(kept) if d.kind == "slice"),
            collapsed_slice_dims=dropped,
            start_index_map=tuple(p.axis for p in self.points),
            slice_sizes=tuple(1 if a in dropped else n for a, n in enumerate(shape)),
            mode=mode,
            fill_value="" if fill is None or mode != "fill" else fill,
            indices_are_sorted=options.indices_are_sorted or is_single,
            unique_indices=options.unique_indices or is_single,
        )
        return tuple(d.size for d in kept)


def _separated(layout: Layout, mode: str) -> tuple[list[Point], list[Point]]:
    """Places that a slice can cut out, and the others."""
    static = [p for p in layout.points if p.vector is None and (mode != "fill" or layout.is_inside(p))]
    return static, [p for p in layout.points if p not in static]


_plans: dict[tuple[Layout, Options], Plan] = {}


def take(x: Tracer, layout: Layout, operands: list[Any], options: Options = DEFAULT) -> Tracer:
    """The elements of x that an index names, in the current trace."""
    plan = _plans.get((layout, options))
    if plan is None:
        plan = _plans[layout, options] = Plan(layout, options)
    trace, weak_type = STATE.trace, x.weak_type
    assert trace is not None
    if plan.slice is not None:
        x = trace.emit(plan.slice, (x,), weak_type)
    if plan.reverse is not None:
        x = trace.emit(plan.reverse, (x,), weak_type)
    if plan.window is not None:
        found = vectors.places(trace, layout, plan.points, operands)
        zero = trace.constant(Aval.of((), found[0].dtype), 0)
        starts = dict(zip([p.axis for p in plan.points], found, strict=True))
        x = trace.emit(plan.window, (x, *[starts.get(a, zero) for a in range(x.ndim)]), weak_type)
    elif plan.gather is not None:
        x = trace.emit(plan.gather, (x, _index_vectors(layout, plan.points, operands)), weak_type)
    if plan.reshape is not None:
        x = trace.emit(plan.reshape, (x,), weak_type)
    if type(x) is not Tracer or x._trace is not trace:  # nothing was done to a value from outside
        return Tracer(trace, trace.lift(x), weak_type)
    return x


def _index_vectors(layout: Layout, points: list[Point], operands: list[Any]) -> Any:
    trace, shape = STATE.trace, layout.vector_shape or ()
    assert trace is not None
    if not points:
        return trace.constant(Aval.of((*shape, 0), INT32), 0)
    found = vectors.places(trace, layout, points, operands)
    return vectors.side_by_side(trace, [(x, vectors.trailing(x, 0, len(shape))) for x in found], shape)
