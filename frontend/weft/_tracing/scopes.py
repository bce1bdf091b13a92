"""Names that users give to parts of a function; they stand in the IR's locations, in HLO and in profiles."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable
from typing import Any, TypeVar

from weft._tracing.source import SITE

F = TypeVar("F", bound=Callable[..., Any])


class named_scope(contextlib.ContextDecorator):
    """Gives the ops that are traced in the `with` block (or decorated function) a name; scopes nest.

    The name is part of their location in the IR, and of `op_name` in compiled programs and profiles:
    `encoder/attention`.

    Raises: TypeError if the name is no string.
    """

    def __init__(self, name: str) -> None:
        if not isinstance(name, str):
            raise TypeError("named_scope name argument must be a string.")
        self.name = name
        self._outer: list[str] = []

    def _recreate_cm(self) -> named_scope:
        return named_scope(self.name)

    def __enter__(self) -> None:
        self._outer.append(SITE.scope)
        SITE.scope = f"{SITE.scope}/{self.name}" if SITE.scope else self.name

    def __exit__(self, *_: object) -> None:
        SITE.scope = self._outer.pop()


def named_call(fun: F, *, name: str | None = None) -> F:
    """`fun`, its ops named after it, or by `name`, as in a `named_scope`."""
    if name is not None and not isinstance(name, str):
        raise TypeError(f"name must be a string, got {name!r} of type {type(name).__name__}")
    scope = str(name or getattr(fun, "__name__", type(fun).__name__))

    @functools.wraps(fun)
    def named(*args: Any, **kwargs: Any) -> Any:
        with named_scope(scope):
            return fun(*args, **kwargs)

    return named  # type: ignore[return-value]  # the same parameters and results
