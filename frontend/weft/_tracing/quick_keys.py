"""Keys of the programs of calls whose arguments are no containers.

A key begins with the call key and the names of arguments that are given by name, in order. Then comes for each
argument its spec, None, or what stands for a static value. So a key says all that a program depends on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from weft._tracing.host_values import on_device
from weft_runtime import Array


class StaticFlags(dict[Any, Sequence[bool]]):
    """Is an argument static? By the shape of a call: the number of positional arguments, or a tuple of it and names.

    The flags are in the order of the call: positional arguments, then those given by name.
    """

    def __init__(
        self, flags_of: Callable[[int, Sequence[str]], Sequence[bool]], key_of: Callable[[Any], Any]
    ) -> None:
        self._flags_of = flags_of
        self.key_of = key_of
        """What stands for a static value in a key, which is hashed only when the key is looked up."""

    def __missing__(self, shape: Any) -> Sequence[bool]:
        count, *names = shape if type(shape) is tuple else (shape,)
        found = self[shape] = self._flags_of(count, names)
        return found


def quick_key(
    args: tuple[Any, ...], kwargs: dict[str, Any], settings: int, flags: StaticFlags, is_fresh: bool
) -> tuple[tuple[Any, ...], list[Any]] | None:
    """The key of a call and the buffers of its arguments; None if one of them is a container, or strange.

    `is_fresh`: numbers become arrays that nobody else holds.
    """
    key: list[Any] = [settings]
    values = args
    shape: Any = len(args)
    if kwargs:
        if len(kwargs) > 1:
            kwargs = dict(sorted(kwargs.items()))
        key += kwargs
        values = (*args, *kwargs.values())
        shape = (shape, *kwargs)
    buffers = []
    for i, x in enumerate(values):
        if type(x) is not Array:
            if x is None:
                key.append(None)
                continue
            if flags[shape][i]:
                kind = type(x)
                if kind is int or kind is str:
                    key += kind, x
                else:
                    key.append(flags.key_of(x))
                continue
            found = on_device(x, settings, is_fresh)
            if found is None:
                return None
            key.append(found[0])
            buffers.append(found[1])
            continue
        key.append(x.spec)
        buffers.append(x._b)
    return tuple(key), buffers


def static_key(x: Any) -> Any:
    """What stands for a static value in a key: equal by type and value, so that 1, 1.0 and True differ."""
    kind = type(x)
    if kind is tuple or kind is list:
        return (tuple, *map(static_key, x))
    if kind is np.ndarray or kind is Array:
        return static_key(x.tolist())
    return (kind, repr(x)) if kind is float else (kind, x)
