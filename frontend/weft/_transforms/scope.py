"""Where transformations write their requests: the current trace, or one made for the call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from weft._tracing.executables import BY_STRUCTURE
from weft._tracing.trace import STATE, Trace, Tracer
from weft_compiler.passes.dce import function_has_effect
from weft_runtime import Array, pytree


def evaluated(name: str, thunk: Callable[[], Any]) -> Any:
    """The result of `thunk()` run in the current trace, or in one of its own, which is then executed.

    What `thunk` returns may hold tracers anywhere in its tree; other leaves pass as they are. Programs are
    cached by structure: a call that traces the same ops as an earlier one compiles nothing.
    """
    if STATE.trace is not None:
        return thunk()
    trace = Trace(None, name, "eager", staged=False)
    try:
        with trace:
            leaves, tree = pytree.flatten(thunk())
            wanted = [x for x in leaves if type(x) is Tracer]
            trace.finish(wanted)
    finally:
        if STATE.trace is not None:  # an interrupt came while the trace was entered or left
            STATE.replace(None)
    arrays = iter(_run(trace, wanted, name))
    return tree.unflatten([next(arrays) if type(x) is Tracer else x for x in leaves])


def _run(trace: Trace, wanted: list[Tracer], name: str) -> list[Array]:
    known = [trace.values.get(x.val.ir) for x in wanted]
    if all(x is not None for x in known) and not _has_effect(trace):
        return known  # type: ignore[return-value]
    executable = BY_STRUCTURE.get(
        trace.module,
        trace.function.name,
        [x.spec for x in trace.captures],
        [(x.val.aval, x.weak_type) for x in wanted],
        name,
    )
    return executable(trace.captures)


def _has_effect(trace: Trace) -> bool:
    """Whether what was traced does anything beside computing its results."""
    return bool(trace.module.held) and function_has_effect(trace.module, trace.function.name, {})
