"""Where in the user's file an operation was asked for."""

import linecache
import os
import sys
import threading
from types import CodeType
from typing import Any

import weft_compiler
import weft_runtime
from weft_compiler import locations

_HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_PACKAGES = tuple(os.path.join(p, "") for p in (_HERE, *weft_runtime.__path__, *weft_compiler.__path__))
_STDLIB = tuple(
    os.path.join(os.path.dirname(os.path.abspath(os.__file__)), name)
    for name in ("functools.py", "contextlib.py")
)
# By the identity of a code object, as hashing one takes long; the entry keeps the object.
_internal: dict[int, tuple[bool, CodeType]] = {}
_locations: dict[tuple[int, int], Any] = {}  # an MLIR location, opaque here


class Site(threading.local):
    """The place from which a library function was called: that of all ops of its body."""

    current: Any = None
    scope: str = ""
    """The names of the `named_scope` blocks around, from the outermost."""


SITE = Site()


def _is_internal(code: CodeType) -> tuple[bool, CodeType]:
    name = code.co_filename
    found = _internal[id(code)] = name.startswith(_PACKAGES) or name in _STDLIB, code
    return found


def is_internal(code: CodeType) -> bool:
    """Whether code is weft's own, not the user's."""
    return (_internal.get(id(code)) or _is_internal(code))[0]


def location() -> Any:
    """The location of the innermost frame outside of weft; made once per place in the code."""
    site = SITE.current
    if site is not None:
        return site
    frame = sys._getframe(1)
    while frame is not None:
        code = frame.f_code
        is_internal, _ = _internal.get(id(code)) or _is_internal(code)
        if not is_internal:
            key = (id(code), frame.f_lasti)
            found = _locations.get(key)
            if found is None:
                found = _locations[key] = _make(code, frame.f_lasti, frame.f_lineno)
            return locations.scoped(found, SITE.scope) if SITE.scope else found
        frame = frame.f_back  # type: ignore[assignment]
    return locations.unknown()


def _make(code: CodeType, instruction: int, line: int | None) -> Any:
    column = 0
    for i, position in enumerate(code.co_positions()):
        if i == instruction // 2:
            column = (position[2] or 0) + 1
            break
    return locations.in_file(code.co_filename, line or 0, column)


def describe(loc: Any) -> tuple[str, str]:
    """`train.py:31` and the source line there; empty strings where the place is unknown."""
    place = locations.described(loc)
    if place is None:
        return "", ""
    filename, line = place
    return f"{os.path.basename(filename)}:{line}", linecache.getline(filename, line).strip()


def describe_function(fun: Any) -> str:
    """`f at train.py:12`, as messages name a function."""
    name = getattr(fun, "__name__", None) or type(fun).__name__
    code = getattr(fun, "__code__", None)
    return f"{name} at {code.co_filename}:{code.co_firstlineno}" if code else name
