"""`Partial`: functools.partial as a tree, its arguments being the children."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any  # arguments are of every type

from weft._tree.registration import register_pytree_node


class _Whole:
    """A callable kept in one piece: functools.partial would merge a partial inside with the one outside, and
    what was part of the structure would become leaves."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(*args, **kwargs)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Whole) and self.function == other.function

    def __hash__(self) -> int:
        return hash(self.function)

    def __repr__(self) -> str:
        return repr(self.function)


class Partial(functools.partial):
    """`functools.partial` that can be passed through transformations: its arguments are leaves, the function
    is part of the structure.

    >>> add_one = Partial(jnp.add, 1)
    >>> jit(lambda f, x: f(x))(add_one, 2)
    Array(3, dtype=int32)
    """

    def __new__(cls, func: Callable[..., Any], *args: Any, **kw: Any) -> Partial:
        return super().__new__(
            cls, _Whole(func) if isinstance(func, functools.partial) else func, *args, **kw
        )


register_pytree_node(
    Partial,
    lambda partial: ((partial.args, partial.keywords), partial.func),
    lambda func, children: Partial(func, *children[0], **children[1]),
)
