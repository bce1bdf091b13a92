"""What will be done to the trace at hand: whether a derivative rule is needed, and by what."""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Sequence
from typing import Any

from weft._tracing.trace import STATE, Trace, Tracer
from weft._transforms.differentiable import is_inexact

DIFFERENTIATING = frozenset({"grad", "vjp", "jvp", "linearize"})
"""Kinds of traces that will be differentiated."""

_used_up_by: weakref.WeakKeyDictionary[Trace, Trace | None] = weakref.WeakKeyDictionary()


def consumer(values: Sequence[Any]) -> Trace | None:
    """The innermost trace that will be differentiated with respect to some of the values; None if none will.

    It is for traces that are not staged: what encloses these is all that will be done to them. A value of the
    differentiated trace, or of one inside, counts as depending on what it is differentiated by.
    """
    for trace in _differentiating():
        if any(is_inexact(x) and _is_inside(x._trace, trace) for x in values if type(x) is Tracer):
            return trace
    return None


def _differentiating() -> Iterator[Trace]:
    """The traces around that take derivatives of what is traced now, innermost first."""
    trace = STATE.trace
    while trace is not None:
        if trace in _used_up_by:
            trace = _used_up_by[trace]
            if trace is None:
                return
        elif trace.kind in DIFFERENTIATING:
            yield trace
        trace = trace.parent


def _is_inside(inner: Trace | None, outer: Trace) -> bool:
    while inner is not None and inner is not outer:
        inner = inner.parent
    return inner is outer


def is_mapped(values: Sequence[Any]) -> bool:
    """Whether some of the values belong to a trace that will be batched, or to one inside; see `consumer`."""
    tracers = [x for x in values if type(x) is Tracer]
    trace = STATE.trace
    while trace is not None:
        if trace.kind == "vmap" and any(_is_inside(x._trace, trace) for x in tracers):
            return True
        trace = trace.parent
    return False


def begin_rule(trace: Trace | None) -> None:
    """Says that the current trace is that of a rule, which the derivative of `trace` uses up.

    Of what encloses it, only the traces outside of `trace` will be applied to the rule in their turn. With None
    nothing will, as for a function whose derivative is its rule.
    """
    assert STATE.trace is not None
    _used_up_by[STATE.trace] = trace


def is_around(x: Tracer) -> bool:
    """Whether a tracer belongs to the current trace or to one around it."""
    return _is_inside(STATE.trace, x._trace)
