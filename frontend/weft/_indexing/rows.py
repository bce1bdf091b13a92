"""`for row in x`: many rows from one executable."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from weft._indexing.eager import READING, Program, compiled, number
from weft._indexing.getitem import getitem
from weft._tracing.bind import op_class
from weft._tracing.key_checks import picked
from weft._tracing.trace import STATE, Tracer
from weft_runtime import Array, Executable

CHUNK = 64
"""Rows made at once."""


def rows(x: Any) -> Iterator[Any]:
    """The rows of an array or tracer, one after the other.

    Raises: TypeError for a scalar.
    """
    if not x.shape:
        raise TypeError("iteration over a 0-d array")
    trace = STATE.trace
    if type(x) is Array and (trace is None or not trace.staged):
        return _rows_of_array(x)
    return (getitem(x, i) for i in range(x.shape[0]))


def _rows_of_array(x: Array) -> Iterator[Any]:
    n = x.shape[0]
    for start in range(0, n, CHUNK):
        size = min(CHUNK, n - start)
        program = READING.quick.get(("rows", x.spec, size))
        if program is None:
            program = READING.quick["rows", x.spec, size] = Program(_compile(x, size), (), is_clamped=True)
        for i, row in enumerate(program.executable([x, number(start, x.spec)])):
            picked(x, start + i, row)
            yield row


def _compile(x: Array, size: int) -> Executable:
    def rows(tracers: list[Tracer]) -> list[Any]:
        whole, start = tracers
        trace = STATE.trace
        assert trace is not None
        zero = trace.constant(start.aval, 0)
        window = op_class("dynamic_slice").of(sizes=(size, *x.shape[1:]))
        part = trace.emit(window, (whole, start, *[zero] * (x.ndim - 1)), x.weak_type)
        return [getitem(part, i) for i in range(size)]

    return compiled(rows, [x, number(0, x.spec)], "rows")
