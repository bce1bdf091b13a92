"""Functions that keep a name of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def composite(decomposition: Callable[..., Any], name: str, version: int = 0) -> Callable[..., Any]:
    """`decomposition` as an operation called `name`, with keyword arguments as its attributes.

    Backends of weft have no operations of their own, so the decomposition is what runs.
    Raises: ValueError without a name.
    """
    from weft._transforms.jit import jit

    if not name:
        raise ValueError("lax.composite: a name is needed")

    def call(*args: Any, **attributes: Any) -> Any:
        return jit(lambda *xs: decomposition(*xs, **attributes))(*args)

    call.__name__ = call.__qualname__ = name.replace(".", "_")
    call.__doc__ = decomposition.__doc__
    return call
