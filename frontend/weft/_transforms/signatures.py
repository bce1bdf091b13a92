"""Arguments of a Python function: which are static or donated, and what messages call them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from weft import tree_util
from weft_runtime import pytree


def signature_of(fun: Callable[..., Any]) -> inspect.Signature | None:
    """The signature, or None for a callable that has none."""
    try:
        return inspect.signature(fun)
    except (ValueError, TypeError):
        return None


def as_tuple(x: Any) -> tuple[Any, ...]:
    """One value or several, as a tuple; None is none."""
    if x is None:
        return ()
    return (x,) if isinstance(x, (int, str)) else tuple(x)


def resolve(
    fun: Callable[..., Any], argnums: Any, argnames: Any, what: str
) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Positions and names of arguments given by either, completed from the signature of `fun`.

    Raises: TypeError or ValueError where they do not fit it.
    """
    numbers, names = as_tuple(argnums), as_tuple(argnames)
    for n in numbers:
        if not isinstance(n, int):
            raise TypeError(f"{what}_argnums must be an int or a sequence of ints, got {argnums!r}")
    for n in names:
        if not isinstance(n, str):
            raise TypeError(f"{what}_argnames must be a str or a sequence of strs, got {argnames!r}")
    signature = signature_of(fun)
    if signature is None:
        return numbers, names
    parameters = list(signature.parameters.values())
    positional = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    takes_any = any(p.kind is p.VAR_POSITIONAL for p in parameters)
    takes_any_name = any(p.kind is p.VAR_KEYWORD for p in parameters)
    known = {p.name for p in parameters}
    for n in names:
        if n not in known and not takes_any_name:
            raise ValueError(f"jit has {what}_argnames {n!r}, but the function takes {sorted(known)}")
    for n in numbers:
        if not takes_any and not -len(positional) <= n < len(positional):
            raise ValueError(
                f"jit has {what}_argnums {n}, but the function takes {len(positional)} arguments"
            )
    if not takes_any:
        numbers = tuple(n % len(positional) for n in numbers)
    if argnames is None:
        names = tuple(positional[n] for n in numbers if 0 <= n < len(positional))
    elif argnums is None:
        numbers = tuple(positional.index(n) for n in names if n in positional)
    return numbers, names


def argument_names(fun: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any]) -> list[str]:
    """What messages call each leaf of (args, kwargs): `x`, `params['w']`, …"""
    signature = signature_of(fun)
    names: list[str] = []
    if signature is not None:
        for p in signature.parameters.values():
            if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD):
                names.append(p.name)
            elif p.kind is p.VAR_POSITIONAL:
                names.extend(f"{p.name}[{i}]" for i in range(max(0, len(args) - len(names))))
    while len(names) < len(args):
        names.append(f"args[{len(names)}]")
    found = []
    for name, value in [*zip(names, args, strict=False), *sorted(kwargs.items())]:
        for path, _ in pytree.flatten_with_path(value)[0]:
            found.append(name + tree_util.keystr(path))
    return found


def normalized(numbers: Iterable[int], count: int) -> set[int]:
    """Non-negative positions among `count` arguments."""
    return {n + count if n < 0 else n for n in numbers}
