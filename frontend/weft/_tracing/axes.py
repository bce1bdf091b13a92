"""Names of axes that are bound where the current thread traces: those of the `vmap`s around."""

from __future__ import annotations

import threading
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from weft.errors import explain


class Binding(NamedTuple):
    """A name and the size of its axis; where it is an axis of a mesh, the sizes of this and which of them it is."""

    name: Hashable
    size: int
    mesh_shape: tuple[int, ...] = ()
    mesh_axis: int = 0
    checks_copies: bool = False
    """Whether `shard_map` looks at what differs along it."""


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

    def find(self, name: Hashable, what: str) -> Binding:
        """The innermost axis of a name; NameError if there is none. `what` asks."""
        for known in reversed(self.bound):
            if known.name == name:
                return known
        names = ", ".join(dict.fromkeys(repr(known.name) for known in self.bound))
        found = f"; bound here: {names}" if names else ""
        hint = f"calling {what} in a function under vmap(..., axis_name={name!r}) or shard_map"
        raise NameError(explain(f"{what}: unbound axis name: {name}{found}", hint=hint))

    def check_reverse(self, what: str) -> None:
        """NotImplementedError for a reverse-mode derivative where JAX would follow what differs along an axis."""
        for known in self.bound:
            if known.checks_copies:
                raise NotImplementedError(
                    f"{what}: no reverse-mode derivative inside of shard_map with check_vma=True: there the "
                    "cotangent of a value that devices share is summed over them, which weft does not do\n"
                    f"  try check_vma=False, where it is the device's own, or {what} around shard_map"
                )

    def labels(self) -> tuple[str, ...]:
        """The bound names as the IR has them."""
        return tuple(label(known.name) for known in self.bound)


AXES = Axes()

_labels: dict[Any, str] = {}


def label(name: Hashable) -> str:
    """The name in the IR of an axis that Python knows by any hashable value; different for different ones."""
    if type(name) is str and name and not name.startswith("#"):
        return name
    return _labels.setdefault(name, f"#{len(_labels)} {name}")
