"""Arguments of functions with rules of their own: by position, split into those that have derivatives and the rest."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from weft._tracing.staging import InType, type_of
from weft._transforms.differentiable import as_leaves
from weft._transforms.signatures import as_tuple, signature_of
from weft_runtime import pytree


def called(fun: Any) -> str:
    """The name of a function, as messages have it."""
    return getattr(fun, "__name__", None) or type(fun).__name__


def by_position(
    decorator: str, fun: Callable[..., Any], args: tuple[Any, ...], kwargs: Any
) -> tuple[Any, ...]:
    """All arguments of a call by position, defaults filled in.

    Raises: TypeError where they do not fit the signature, or an argument can only be given by keyword.
    """
    signature = None if isinstance(fun, functools.partial) else signature_of(fun)
    if signature is None and not kwargs:
        return args
    try:
        if signature is None:
            raise TypeError(f"keyword arguments {sorted(kwargs)} of a function without a signature")
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        named = [k for k in bound.kwargs if k in kwargs]
        if named:
            raise TypeError(
                f"The following keyword arguments could not be resolved to positions: {', '.join(named)}"
            )
    except TypeError as error:
        raise TypeError(
            f"The input arguments to the {decorator}-decorated function {called(fun)} could not be resolved "
            f"to positional-only arguments. Binding failed with the error:\n{error}"
        ) from error
    return bound.args


def positions(fun: Callable[..., Any], argnums: Any, argnames: Any) -> tuple[int, ...]:
    """Positions of arguments that are given by position or by name, sorted."""
    numbers = set(as_tuple(argnums))
    names = as_tuple(argnames)
    if names:
        signature = signature_of(fun)
        known = list(signature.parameters) if signature is not None else []
        for name in names:
            if name not in known:
                raise ValueError(f"nondiff_argnames has {name!r}, but the function takes {known}")
            numbers.add(known.index(name))
    return tuple(sorted(numbers))


class Arguments:
    """The arguments of one call: leaves of those that have derivatives, and `statics`, which do not."""

    def __init__(
        self, name: str, fun: Callable[..., Any], args: tuple[Any, ...], nondiff: Sequence[int]
    ) -> None:
        self.count = len(args)
        self.nondiff = tuple(n for n in nondiff if n < len(args))
        self.statics = tuple(args[n] for n in self.nondiff)
        self.dynamic = tuple(x for n, x in enumerate(args) if n not in self.nondiff)
        flat, self.tree = pytree.flatten(self.dynamic)
        self.leaves = as_leaves(name, fun, self.dynamic, flat)

    @property
    def types(self) -> list[InType]:
        """Types of the leaves."""
        return [type_of(x) for x in self.leaves]

    def joined(self, leaves: Sequence[Any]) -> list[Any]:
        """All arguments, with other leaves in place of those of the call."""
        dynamic, statics = iter(self.tree.unflatten(leaves)), iter(self.statics)
        return [next(statics) if n in self.nondiff else next(dynamic) for n in range(self.count)]
