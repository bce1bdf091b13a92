"""Arrays and tracers in the closure of a function: what it may use beside its arguments."""

from __future__ import annotations

import functools
import types
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from weft._tracing.trace import Tracer
from weft._tracing.values import INLINE_LIMIT
from weft_runtime import Array, pytree

_PLAIN = (type(None), bool, int, float, complex, str, bytes, np.ndarray, np.generic, type, types.ModuleType)
_OPAQUE = ("weft_compiler", "weft_runtime", "jaxlib", "torch_mlir")
_OURS = ("weft.",)
_FUNCTIONS = ("__wrapped__", "jvp", "fwd", "bwd", "vmap_rule")
"""Where objects of weft have the functions of a user."""


def closed_over(functions: Iterable[Any]) -> list[Any]:
    """Arrays and tracers that can be reached from functions through closures, defaults, partials and attributes.

    Arrays that a trace takes as constants are left out. What a function finds in another way, such as a global
    container, is not among them.
    """
    found: dict[Any, Any] = {}
    seen: dict[int, Any] = {}
    todo = list(functions)[::-1]
    while todo:
        x = todo.pop()
        if isinstance(x, (Array, Tracer)):
            if type(x) is Tracer or x.size > INLINE_LIMIT:
                found.setdefault(identity(x), x)
        elif not isinstance(x, _PLAIN) and id(x) not in seen:
            seen[id(x)] = x  # held, so that the id stays its own
            todo.extend(list(_inside(x))[::-1])
    return list(found.values())


def identity(x: Any) -> Any:
    """Equal for arrays and tracers that are one value."""
    return x.val.ir if type(x) is Tracer else id(x)


def _inside(x: Any) -> Iterator[Any]:
    if isinstance(x, types.FunctionType):
        yield from _of_function(x)
    elif isinstance(x, types.MethodType):
        yield from (x.__self__, x.__func__)
    elif isinstance(x, functools.partial):
        yield from (x.func, *x.args, *x.keywords.values())
    elif isinstance(x, dict):
        yield from x.values()
    elif isinstance(x, (list, tuple, set, frozenset)):
        yield from x
    elif not type(x).__module__.startswith(_OPAQUE):
        yield from _of_object(x)


def _of_function(function: types.FunctionType) -> Iterator[Any]:
    for cell in function.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:  # a variable that has no value yet
            continue
    yield from function.__defaults__ or ()
    yield from (function.__kwdefaults__ or {}).values()
    yield from function.__dict__.values()  # among them what a decorator has wrapped


def _of_object(x: Any) -> Iterator[Any]:
    node = pytree.flatten_one_level(x)
    if node is not None:
        yield from node[0]
    attributes = getattr(x, "__dict__", {})
    if type(x).__module__.startswith(_OURS):  # beside functions there are caches
        attributes = {name: attributes[name] for name in _FUNCTIONS if name in attributes}
    yield from attributes.values()
    for cls in type(x).__mro__:
        slots = cls.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if not name.startswith("__") and hasattr(x, name):
                yield getattr(x, name)
