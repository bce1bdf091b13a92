"""What the arguments of a jitted function are: static, donated, or simply dynamic."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from weft._tracing.quick_keys import StaticFlags
from weft._tracing.trace import Tracer
from weft._transforms.signatures import normalized, resolve
from weft_compiler.avals import Aval
from weft_runtime import pytree

Statics = tuple[tuple[Any, "Static"], ...]
"""Static arguments with their positions or names."""


class Static:
    """A static argument as part of a cache key: equal by type and value."""

    __slots__ = ("_hash", "value")

    def __init__(self, value: Any) -> None:
        self.value = value
        self._hash = hash((type(value), value))

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Static) and type(self.value) is type(other.value) and self.value == other.value
        )


class Roles:
    """Which arguments of a function are static, and which are donated."""

    def __init__(
        self,
        fun: Callable[..., Any],
        static_argnums: Any,
        static_argnames: Any,
        donate_argnums: Any,
        donate_argnames: Any,
    ) -> None:
        self.static_argnums, self.static_argnames = resolve(fun, static_argnums, static_argnames, "static")
        self.donate_argnums, self.donate_argnames = resolve(fun, donate_argnums, donate_argnames, "donate")
        self.has_static = bool(self.static_argnums or self.static_argnames)
        self.donates = bool(self.donate_argnums or self.donate_argnames)
        self.static = StaticFlags(self._static_flags)

    def _static_flags(self, count: int) -> tuple[bool, ...]:
        positions = normalized(self.static_argnums, count)
        return tuple([i in positions for i in range(count)])

    def split(
        self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any], Statics]:
        """The dynamic arguments, and the static ones with their places.

        Raises: ValueError for a static argument without a hash.
        """
        if not self.has_static:
            return args, kwargs, ()
        flags = self.static[len(args)]
        statics: list[tuple[Any, Static]] = [(n, _static(name, x, n)) for n, x in enumerate(args) if flags[n]]
        statics += [(n, _static(name, kwargs[n], n)) for n in self.static_argnames if n in kwargs]
        dynamic = tuple([x for n, x in enumerate(args) if not flags[n]])
        rest = {n: x for n, x in kwargs.items() if n not in self.static_argnames}
        return dynamic, rest, tuple(statics)

    def donated(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[int]:
        """Positions of the leaves of donated arguments, among the dynamic leaves."""
        if not self.donates:
            return []
        donated: list[int] = []
        position = 0
        flags = self.static[len(args)]
        chosen = normalized(self.donate_argnums, len(args))
        dynamic = [(i in chosen, x) for i, x in enumerate(args) if not flags[i]]
        dynamic += [
            (name in self.donate_argnames, kwargs[name])
            for name in sorted(kwargs)
            if name not in self.static_argnames
        ]
        for is_donated, x in dynamic:
            count = len(pytree.flatten(x)[0])
            if is_donated:
                donated.extend(range(position, position + count))
            position += count
        return donated


def rejoined(
    args: Sequence[Any], kwargs: dict[str, Any], statics: Statics
) -> tuple[list[Any], dict[str, Any]]:
    """Dynamic arguments with the static ones in their places again."""
    args, kwargs = list(args), dict(kwargs)
    for where, static in statics:
        if isinstance(where, str):
            kwargs[where] = static.value
        else:
            args.insert(where, static.value)
    return args, kwargs


def _static(name: str, value: Any, where: Any) -> Static:
    if type(value) is Tracer:
        raise ValueError(f"{name}: static argument {where} is a tracer of {value.aval}")
    try:
        return Static(value)
    except TypeError:
        raise ValueError(
            f"{name}: non-hashable static argument {where}: {value!r:.80} of type "
            f"{type(value).__name__}; static arguments are part of the cache key, so they must be hashable"
        ) from None


def warn_of_unusable(donated: Sequence[Aval], results: Sequence[Aval]) -> None:
    """A warning of donated arrays whose memory no result can take: none left has their shape and dtype."""
    rest = Counter(results)
    unusable = []
    for aval in donated:
        if rest[aval]:
            rest[aval] -= 1
        else:
            unusable.append(str(aval))
    if unusable:
        warnings.warn(
            f"Some donated buffers were not usable: {', '.join(unusable)}. A buffer is reused for a result of its "
            "shape and dtype; each result takes one.",
            stacklevel=5,
        )
