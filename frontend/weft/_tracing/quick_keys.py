"""Keys of the programs of calls whose arguments are no containers.

A key begins with the call key. Then comes for each argument its spec, None, or what stands for a static value, after
its name if it is given by name. So a key says all that a program depends on. Keys are
made in line where functions are called, since a call must take no longer than some hundred instructions of Python.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from weft_runtime import Array


class StaticFlags(dict[int, Sequence[bool]]):
    """For a number of positional arguments, which of them are static."""

    def __init__(self, flags_of: Callable[[int], Sequence[bool]]) -> None:
        self._flags_of = flags_of

    def __missing__(self, count: int) -> Sequence[bool]:
        found = self[count] = self._flags_of(count)
        return found


def static_key(x: Any) -> Any:
    """What stands for a static value in a key: equal by type and value, so that 1, 1.0 and True differ."""
    kind = type(x)
    if kind is tuple or kind is list:
        return (tuple, *map(static_key, x))
    if kind is np.ndarray or kind is Array:
        return static_key(x.tolist())
    return (kind, repr(x)) if kind is float else (kind, x)
