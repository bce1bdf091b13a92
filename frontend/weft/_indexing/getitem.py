"""`x[index]`: at once on arrays, as ops on tracers."""

from __future__ import annotations

from typing import Any

import numpy as np

import weft_runtime
from weft._indexing import masks, windows
from weft._indexing.eager import NUMBER, READING, Program, compiled, key_of, operands_of, with_numbers
from weft._indexing.entries import tokens_of
from weft._indexing.layout import layout_of
from weft._indexing.reading import DEFAULT, Options, mode_of, take
from weft._indexing.windows import SliceFound
from weft._tracing.key_checks import picked
from weft._tracing.trace import STATE, Tracer
from weft._tracing.values import as_value
from weft_compiler.avals import KeyDtype
from weft_runtime import Array


def getitem(x: Any, index: Any, options: Options = DEFAULT) -> Any:
    """The elements of `x` at `index`, by NumPy's rules; places out of bounds are clamped."""
    trace = STATE.trace
    try:
        if type(x) is Array and (trace is None or not (trace.staged or holds_tracer(index))):
            out = _read(x, index, options)
            if type(x.spec.dtype) is KeyDtype:
                picked(x, index, out)
            return out
        x = as_value(x)
        tokens, operands = tokens_of(index, x.shape, options.wraps)
        return take(x, layout_of(x.shape, tokens, options.wraps), operands, options)
    except SliceFound:
        if options.mode not in (None, "clip"):
            raise NotImplementedError("x.at[ds(...)].get: windows are moved inside; leave mode out") from None
        return windows.read(as_value(x), index, lambda part, rest: getitem(part, rest, options))


def holds_tracer(index: Any) -> bool:
    """Whether an index has a tracer in it."""
    if type(index) is tuple or type(index) is list:
        return any(holds_tracer(i) for i in index)
    return type(index) is Tracer


def _read(x: Array, index: Any, options: Options) -> Any:
    if options is DEFAULT:
        if type(index) is int:
            program = READING.quick.get(x.spec)
        else:
            key: list[Any] = [x.spec]
            is_plain = key_of(index if type(index) is tuple else (index,), key)
            program = READING.known(tuple(key)) if is_plain else None
        if program is not None:
            operands = program.operands(index if type(index) is tuple else (index,), x)
            if operands is not None:
                try:
                    out = program.run([x._b, *operands]).consume_with_handlers(program.handlers)
                    return Array(program.spec, out[0])
                except (RuntimeError, ValueError):
                    pass  # the long way explains what is wrong
    return _read_slowly(x, index, options)


def _read_slowly(x: Array, index: Any, options: Options) -> Any:
    found = _masked_on_host(x, index)
    if found is not None:
        return found
    tokens, arrays = tokens_of(index, x.shape, options.wraps)
    layout = layout_of(x.shape, tokens, options.wraps)
    is_clamped = mode_of(options.mode, "clip") != "fill"
    tokens, numbers = with_numbers(tokens, layout, is_clamped)
    values = [x, *operands_of(tokens, numbers, arrays, x)]
    key = (options, tokens, *[v.spec for v in values])
    program = READING.by_tokens.get(key)
    if program is None:
        shared = layout_of(x.shape, tokens, options.wraps)

        def getitem(tracers: list[Tracer]) -> Tracer:
            return take(tracers[0], shared, tracers[1:], options)

        sizes = [x.shape[p.axis] for p in shared.points if p.vector is NUMBER]
        program = READING.by_tokens[key] = Program(compiled(getitem, values, "getitem"), sizes, is_clamped)
    if options is DEFAULT:
        _remember(x, index, program, len(numbers))
    return program.executable(values)[0]


def _remember(x: Array, index: Any, program: Program, numbers: int) -> None:
    """Lets the quick path find a program, where all ints of the index are operands of it."""
    if type(index) is int:
        if numbers:
            READING.quick[x.spec] = program
        return
    items = index if type(index) is tuple else (index,)
    key: list[Any] = [x.spec]
    if key_of(items, key) and sum(type(i) is int for i in items) == numbers:
        if any(type(i) is Array and i.dtype == bool for i in items):
            return  # what a mask selects depends on its elements
        READING.remember(tuple(key), program)


def _masked_on_host(x: Array, index: Any) -> Any:
    """`x[mask]` where the elements of both are in the host's memory: nothing is compiled for their number."""
    if not x.spec.on_host or x.spec.is_extended:
        return None
    found = masks.sole_mask(index, x.shape)
    if found is None:
        return None
    mask, axis = found
    where = (slice(None),) * axis + (np.asarray(mask),)
    made = weft_runtime.device_put(
        np.asarray(x)[where], x.dtype, weak_type=x.weak_type, device=x.sharding.whole, committed=x.committed
    )
    return made
