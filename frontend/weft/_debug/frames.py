"""The Python frames around a breakpoint, with values that a running program can fill in."""

from __future__ import annotations

import linecache
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from types import FrameType
from typing import Any  # values of a user's frames, of every kind

from weft._tracing.source import is_internal
from weft._tracing.trace import STATE, Tracer
from weft_runtime import Array, pytree


@dataclass(frozen=True)
class Frame:
    """One frame: where it is, and the names that an expression in it may use."""

    filename: str
    line: int
    function: str
    local: dict[str, Any]
    shared: dict[str, Any]
    """Names of the module and of enclosing functions."""

    def header(self) -> str:
        """`file.py(12) f()`."""
        return f"{self.filename}({self.line}) {self.function}()"

    def listing(self, around: int = 5) -> list[str]:
        """Source lines around the current one, which is marked."""
        first = max(1, self.line - around)
        lines = [(n, linecache.getline(self.filename, n)) for n in range(first, self.line + around + 1)]
        return [f"{'->' if n == self.line else '  '} {n:4} {text.rstrip()}" for n, text in lines if text]


def frames_here(filter_frames: bool, limit: int | None) -> list[Frame]:
    """The frames of the caller, the innermost first; without those of weft if `filter_frames`."""
    found: list[Frame] = []
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and is_internal(frame.f_code):
        frame = frame.f_back  # weft's own, at the breakpoint
    while frame is not None and (limit is None or len(found) < limit):
        if not (filter_frames and is_internal(frame.f_code)):
            found.append(_frame(frame))
        frame = frame.f_back
    return found


def _frame(frame: FrameType) -> Frame:
    is_module = frame.f_locals is frame.f_globals
    local = {} if is_module else {name: _known(x) for name, x in frame.f_locals.items()}
    code = frame.f_code
    return Frame(code.co_filename, frame.f_lineno, code.co_name, local, frame.f_globals)


class Unknown:
    """Stands for a value that the program at hand does not have."""

    def __init__(self, what: str) -> None:
        self.what = what

    def __repr__(self) -> str:
        return f"<{self.what}>"


class Fixed:
    """Holds what is no array, so that the program hands it on as it is."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


def unfixed(x: Any) -> Any:
    """A value of a frame as the user knows it."""
    if type(x) is Fixed:
        return x.value
    leaves, tree = pytree.flatten(x)
    return tree.unflatten([leaf.value if type(leaf) is Fixed else leaf for leaf in leaves])


def _known(x: Any) -> Any:
    """A value in which everything is fixed but the arrays; tracers that the trace cannot use are replaced."""
    try:
        leaves, tree = pytree.flatten(x, lambda leaf: isinstance(leaf, Iterator))
    except (TypeError, ValueError):
        return Fixed(x)  # a container whose keys have no order: its leaves are out of reach
    if not any(type(leaf) in (Tracer, Array) for leaf in leaves):
        return Fixed(x)
    return tree.unflatten([_usable(leaf) for leaf in leaves])


def _usable(x: Any) -> Any:
    if type(x) is Array:
        return x
    if type(x) is not Tracer:
        return Fixed(x)
    trace = STATE.trace
    while trace is not None:
        if trace is x._trace:
            return x
        trace = trace.parent
    return Fixed(Unknown(f"{x.aval} of another function"))
