"""Writing to places of an array: at once on arrays, as ops on tracers."""

from __future__ import annotations

from typing import Any

from weft._indexing import masks, windows
from weft._indexing.eager import NUMBER, WRITING, Program, compiled, key_of, operands_of, with_numbers
from weft._indexing.entries import tokens_of
from weft._indexing.getitem import holds_tracer
from weft._indexing.layout import layout_of
from weft._indexing.reading import DEFAULT, Options, mode_of
from weft._indexing.values import as_update
from weft._indexing.windows import SliceFound
from weft._indexing.writing import check_shape, elementwise, put
from weft._tracing.bind import bind, op_class
from weft._tracing.operands import broadcast_to
from weft._tracing.trace import STATE, Tracer
from weft._tracing.values import as_value
from weft_runtime import Array


def update(op: str, x: Any, index: Any, y: Any, options: Options = DEFAULT) -> Any:
    """`x` with the places at `index` combined with `y` by a scatter op."""
    try:
        return _update(op, x, index, y, options)
    except SliceFound:
        return windows.write(as_value(x), index, lambda part, rest: update(op, part, rest, y, options))


def _update(op: str, x: Any, index: Any, y: Any, options: Options) -> Any:
    y = as_update(y, x)
    trace = STATE.trace
    if type(x) is Array and type(y) is Array and (trace is None or not (trace.staged or holds_tracer(index))):
        return _write(op, x, index, y, options)
    found = _masked(op, x, index, y)
    if found is not None:
        return found
    x = as_value(x)
    tokens, operands = tokens_of(index, x.shape, options.wraps)
    return put(op, x, layout_of(x.shape, tokens, options.wraps), operands, y, options)


def _write(op: str, x: Array, index: Any, y: Array, options: Options) -> Array:
    items = index if type(index) is tuple else (index,)
    key: list[Any] = [op, options, x.spec, y.spec]
    if key_of(items, key):
        program = WRITING.known(tuple(key))
        if program is not None:
            operands = program.operands(items, x)
            if operands is not None:
                try:
                    out = program.run([x._b, y._b, *operands]).consume_with_handlers(program.handlers)
                    return Array(program.spec, out[0])
                except (RuntimeError, ValueError):
                    pass  # the long way explains what is wrong
    return _write_slowly(op, x, index, y, options)


def _write_slowly(op: str, x: Array, index: Any, y: Array, options: Options) -> Array:
    found = _masked(op, x, index, y)
    if found is not None:
        return found
    tokens, arrays = tokens_of(index, x.shape, options.wraps)
    layout = layout_of(x.shape, tokens, options.wraps)
    is_clamped = mode_of(options.mode, "fill") == "clip"
    tokens, numbers = with_numbers(tokens, layout, is_clamped)
    values = [x, y, *operands_of(tokens, numbers, arrays, x)]
    key = (op, options, tokens, *[v.spec for v in values])
    program = WRITING.by_tokens.get(key)
    if program is None:
        shared = layout_of(x.shape, tokens, options.wraps)

        def scatter(tracers: list[Tracer]) -> Tracer:
            return put(op, tracers[0], shared, tracers[2:], tracers[1], options)

        sizes = [x.shape[p.axis] for p in shared.points if p.vector is NUMBER]
        program = WRITING.by_tokens[key] = Program(compiled(scatter, values, op), sizes, is_clamped)
    if options.wraps:
        _remember(op, x, index, y, options, program, len(numbers))
    return program.executable(values)[0]


def _remember(
    op: str, x: Array, index: Any, y: Array, options: Options, program: Program, numbers: int
) -> None:
    """Lets the quick path find a program, where all ints of the index are operands of it."""
    items = index if type(index) is tuple else (index,)
    key: list[Any] = [op, options, x.spec, y.spec]
    if key_of(items, key) and sum(type(i) is int for i in items) == numbers:
        if any(type(i) is Array and i.dtype == bool for i in items):
            return  # what a mask selects depends on its elements
        WRITING.remember(tuple(key), program)


def _masked(op: str, x: Any, index: Any, y: Any) -> Any:
    """`x.at[mask].set(y)` as a choice of old or new, so that nothing depends on the number of places.

    None where `y` has values for each of them, or the index is no mask.
    """
    found = masks.sole_mask(index, x.shape)
    if found is None:
        return None
    mask, axis = found
    rest = x.shape[axis + mask.ndim :]
    if y.ndim > len(rest):
        return None
    check_shape(y.shape, rest)
    mask, y = as_value(mask), broadcast_to(y, x.shape)
    inst = op_class("broadcast_in_dim").of(shape=x.shape, dims=tuple(range(axis, axis + mask.ndim)))
    chosen = bind(inst, mask) if mask.shape != x.shape else mask
    combine = elementwise(op, x.dtype)
    new = y if combine is None else bind(combine, x, y)
    return bind(op_class("select").of(), chosen, new, x, weak_type=x.weak_type)
