"""Doing one op: on arrays at once, on tracers by appending it to the current trace."""

from __future__ import annotations

import functools
from typing import Any

from weft._tracing.compile_time import SUSPENDED
from weft._tracing.eager import run_op
from weft._tracing.trace import STATE, Tracer
from weft.errors import UnexpectedTracerError
from weft_compiler.dialect.op import REGISTRY, Op
from weft_compiler.dialect.registry import index


@functools.cache
def op_class(name: str) -> type[Op]:
    """The op `name` of the dialect."""
    for prefix in ("weft.", "weftn.", "func."):
        found = REGISTRY.get(prefix + name)
        if found is not None:
            return found
    raise KeyError(f"the dialect has no op {name}")


def op_names() -> list[str]:
    """The names of all ops of the dialect, which imports none of them."""
    return sorted(name.partition(".")[2] for name in index().families)


def bind(inst: Op, *operands: Any, weak_type: bool | None = None) -> Any:
    """One op on arrays and tracers whose types fit it. Results are weakly typed if all operands are, or as told."""
    if weak_type is None:
        weak_type = bool(operands)
        for x in operands:
            if not x.weak_type:
                weak_type = False
                break
    trace = STATE.trace
    if trace is not None:
        if trace.staged:
            return trace.emit(inst, operands, weak_type)
        for x in operands:
            if type(x) is Tracer:
                return trace.emit(inst, operands, weak_type)
    try:
        return run_op(inst, operands, weak_type)
    except UnexpectedTracerError:
        if SUSPENDED.trace is None:
            raise
        return SUSPENDED.trace.emit(inst, operands, weak_type)
