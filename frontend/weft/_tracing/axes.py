"""Names of axes that are bound where the current thread traces: those of the `vmap`s around."""

from __future__ import annotations

import threading
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from typing import Any

from weft.errors import explain

Binding = tuple[Hashable, int]
"""A name and the size of its axis."""


class Axes(threading.local):
    """The names, outermost first. What is traced under other names must be traced again."""

    bound: tuple[Binding, ...] = ()

    @contextmanager
    def binding(self, *bindings: Binding) -> Iterator[None]:
        """Binds further names in a `with` block."""
        with self.again((*self.bound, *bindings)):
            yield

    @contextmanager
    def again(self, bound: tuple[Binding, ...]) -> Iterator[None]:
        """Makes these names, and no others, the bound ones in a `with` block."""
        outer, self.bound = self.bound, bound
        try:
            yield
        finally:
            self.bound = outer

    def size(self, name: Hashable, what: str) -> int:
        """The size of the innermost axis of a name; NameError if there is none. `what` asks."""
        for known, size in reversed(self.bound):
            if known == name:
                return size
        names = ", ".join(dict.fromkeys(repr(known) for known, _ in self.bound))
        found = f"; bound here: {names}" if names else ""
        hint = f"calling {what} in a function under vmap(..., axis_name={name!r})"
        raise NameError(explain(f"{what}: unbound axis name: {name}{found}", hint=hint))

    def labels(self) -> tuple[str, ...]:
        """The bound names as the IR has them."""
        return tuple(label(name) for name, _ in self.bound)


AXES = Axes()

_labels: dict[Any, str] = {}


def label(name: Hashable) -> str:
    """The name in the IR of an axis that Python knows by any hashable value; different for different ones."""
    if type(name) is str and name and not name.startswith("#"):
        return name
    return _labels.setdefault(name, f"#{len(_labels)} {name}")
