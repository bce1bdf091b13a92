"""Tracers that are still held when their function has been traced: what `checking_leaks` looks for."""

from __future__ import annotations

import gc
import weakref
from types import CellType, FrameType, FunctionType, MethodType
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
    own = {id(x): x for x in (suspects, trace.args, trace.captures, trace.sources, trace.__dict__)}
    for tracer in suspects:
        held = _holders(tracer, own)
        if held:
            raise UnexpectedTracerError(f"leaked tracer: {leak_message(tracer)}{held}")


def _holders(tracer: Tracer, own: dict[int, Any]) -> str:
    """A line for each object that holds the tracer. (No comprehension here may use it: its cell would hold it.)"""
    text = ""
    holders = gc.get_referrers(tracer)
    own[id(holders)] = holders
    for holder in holders:
        if not _is_ours(holder, own):
            text += f"\n  it is held by {_described(holder, tracer)}"
    return text


_REACH = 8
"""So many steps away from a tracer its holder is looked for."""


def _is_ours(holder: Any, own: dict[int, Any], steps: int = _REACH) -> bool:
    """Whether only this search and weft's own objects hold what holds a tracer."""
    if isinstance(holder, FrameType) or id(holder) in own:
        return True
    if type(holder).__module__.partition(".")[0] in _PACKAGES:
        return True
    if steps == 0 or type(holder) not in _PASSED_THROUGH:
        return False
    if type(holder) is dict and "__builtins__" in holder:
        return str(holder.get("__name__")).partition(".")[0] in _PACKAGES
    behind = gc.get_referrers(holder)
    own[id(behind)] = behind
    for x in behind:  # noqa: SIM110  # a generator would hold x too
        if not _is_ours(x, own, steps - 1):
            return False
    return True


_PACKAGES = ("weft", "weft_compiler", "weft_runtime")
_PASSED_THROUGH = (list, tuple, dict, set, CellType, FunctionType, MethodType)


def _described(holder: Any, tracer: Tracer) -> str:
    if isinstance(holder, dict):
        names = dict(zip(map(id, holder.values()), holder, strict=True))
        return f"a dict, as {names.get(id(tracer))!r}"
    if isinstance(holder, (list, tuple)):
        return f"a {type(holder).__name__}, at position {list(map(id, holder)).index(id(tracer))}"
    if type(holder).__name__ == "cell":
        return "a variable of an outer function"
    return f"an object of type {type(holder).__name__}"
