"""Tracers that are still held when their function has been traced: what `checking_leaks` looks for."""

from __future__ import annotations

import gc
import weakref
from types import FrameType
from typing import Any

from weft._tracing.trace import Trace, Tracer, leak_message
from weft.errors import UnexpectedTracerError


def check(ended: weakref.ref[Trace]) -> None:
    """Raise UnexpectedTracerError if somebody holds a tracer of a trace that has ended."""
    while gc.collect():  # caches let go of their functions in one round, and of what these hold in the next
        pass
    trace = ended()
    if trace is None:
        return
    suspects = [x for x in gc.get_objects() if type(x) is Tracer and x._trace is trace]
    own = [suspects, trace.args, trace.captures, trace.sources, trace.__dict__]
    for tracer in suspects:
        held = _holders(tracer, own)
        if held:
            raise UnexpectedTracerError(f"leaked tracer: {leak_message(tracer)}{held}")


def _holders(tracer: Tracer, own: list[Any]) -> str:
    """A line for each object that holds the tracer. (No comprehension here may use it: its cell would hold it.)"""
    text = ""
    for holder in gc.get_referrers(tracer):
        if not _is_ours(holder, own):
            text += f"\n  it is held by {_described(holder, tracer)}"
    return text


def _is_ours(holder: Any, own: list[Any]) -> bool:
    """Whether what holds a tracer is its trace, this search, or a function traced inside that captured it."""
    if isinstance(holder, FrameType) or any(holder is x for x in own):
        return True
    if type(holder) not in (list, dict):
        return False
    return any(
        type(x).__name__ in ("Traced", "Trace") or (type(x) is dict and x.get("sources") is holder)
        for x in gc.get_referrers(holder)
    )


def _described(holder: Any, tracer: Tracer) -> str:
    if isinstance(holder, dict):
        names = dict(zip(map(id, holder.values()), holder, strict=True))
        return f"a dict, as {names.get(id(tracer))!r}"
    if isinstance(holder, (list, tuple)):
        return f"a {type(holder).__name__}, at position {list(map(id, holder)).index(id(tracer))}"
    if type(holder).__name__ == "cell":
        return "a variable of an outer function"
    return f"an object of type {type(holder).__name__}"
