"""Why a jitted function has no program for a call: what differs from the closest call before."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from types import CodeType
from typing import TYPE_CHECKING, Any

from weft._tracing.compile_log import Explain, short
from weft._tracing.source import describe_function
from weft.config import config

if TYPE_CHECKING:
    from weft._transforms.jit_function import JitFunction

_SHOWN = 6
_functions: weakref.WeakSet[Any] = weakref.WeakSet()
_codes: weakref.WeakSet[CodeType] = weakref.WeakSet()
"""Functions that have been compiled, and the code of such functions."""


def explanation(function: JitFunction, key: tuple[Any, ...], known: Sequence[tuple[Any, ...]]) -> Explain:
    """What tells the reasons on demand, the weightiest first.

    `key` of the call, and `known` of those before, are (tree, statics, settings, *specs).
    """
    first = "" if known else _first(function._fun)

    def explain() -> list[str]:
        if first:
            return [first]
        found = min((_differences(function, old, key) for old in known), key=len)
        more = [f"and {len(found) - _SHOWN} more differences"] if len(found) > _SHOWN else []
        return [*found[:_SHOWN], *more]

    return explain


def _first(fun: Any) -> str:
    """What to say of the first call of a jitted function, which is noted."""
    code = getattr(fun, "__code__", None)
    if code is None:
        return "it is called for the first time"
    is_again, is_anew = fun in _functions, code in _codes
    _functions.add(fun)
    _codes.add(code)
    if is_again:
        return f"jit was applied again to {describe_function(fun)}; keep what it returns the first time"
    if is_anew:
        return (
            f"it is a new function object: {describe_function(fun)} has been made and compiled before; "
            "make it once, outside of what runs again and again"
        )
    return "it is called for the first time"


def _differences(function: JitFunction, old: tuple[Any, ...], new: tuple[Any, ...]) -> list[str]:
    (old_tree, old_statics, old_settings, *old_specs), (tree, statics, settings, *specs) = old, new
    found = []
    if old_settings != settings:
        found += _options(old_settings, settings)
    found += _static_differences(function, old_statics, statics)
    names = function._names(tree, statics)
    if old_tree != tree:
        before = function._names(old_tree, old_statics)
        found += [f"{name} is new among the arguments" for name in names if name not in before]
        found += [f"{name} is missing among the arguments" for name in before if name not in names]
        if sorted(names) == sorted(before):
            found.append(f"the arguments are {_brief(tree)}; they were {_brief(old_tree)}")
        old_by_name = dict(zip(before, old_specs, strict=True))
        pairs = [(n, old_by_name[n], s) for n, s in zip(names, specs, strict=True) if n in old_by_name]
    else:
        pairs = list(zip(names, old_specs, specs, strict=True))
    return found + [_changed(*pair) for pair in pairs if pair[1] is not pair[2]]


def _changed(name: str, old: Any, new: Any) -> str:
    if (old.shape, old.dtype) != (new.shape, new.dtype):
        return f"{name} is {short(new)}; it was {short(old)}"
    if old.weak_type != new.weak_type:
        kinds = ("that of a Python number", "its own")
        is_now, was = kinds if new.weak_type else kinds[::-1]
        return f"the type of {name}, {new}, is {is_now}; it was {was} (weak type)"
    if old.sharding is not new.sharding:
        return f"{name} is on {new.sharding}; it was on {old.sharding}"
    is_now = "committed to its device" if new.committed else "not committed to a device"
    return f"{name} is {is_now} now"


def _static_differences(function: JitFunction, old: Sequence[Any], new: Sequence[Any]) -> list[str]:
    before, now = dict(old), dict(new)
    found = []
    for where in {**before, **now}:
        name = where if isinstance(where, str) else _parameter(function, where)
        if where not in now:
            found.append(f"static argument {name} is missing")
        elif where not in before:
            found.append(f"static argument {name} is given, {now[where].value!r:.60}")
        elif before[where] != now[where]:
            found.append(
                f"static argument {name} is {now[where].value!r:.60}; it was {before[where].value!r:.60}"
            )
    return found


def _parameter(function: JitFunction, position: int) -> str:
    code = getattr(function._fun, "__code__", None)
    names = code.co_varnames[: code.co_argcount] if code is not None else ()
    return names[position] if position < len(names) else str(position)


def _options(old: int, new: int) -> list[str]:
    before, now = config.behind(old), config.behind(new)
    return [
        f"option {name} is {now[name]!r}; it was {before[name]!r}"
        for name in {**before, **now}
        if before[name] != now[name]
    ]


def _brief(tree: Any) -> str:
    text = str(tree).removeprefix("PyTreeDef(").removesuffix(")")
    return text if len(text) < 100 else text[:97] + "..."
