"""What a function computes, as a key of a cache: the same for traces of the same ops on the same types."""

from __future__ import annotations

from typing import Any  # a key is a tuple of ops, avals and numbers

from weft_compiler.dialect.builder import Val
from weft_compiler.module import Module


def structure(module: Module, entry: str) -> tuple[Any, ...] | None:
    """The ops of a function and of all that it names, read from the notes of the builder that wrote them.

    Where an op stands in the user's file makes no difference; the names of functions that are named do. None for
    a function that has been edited since, or that came from a file: the IR itself tells what it computes.
    """
    names = [entry]
    key: list[Any] = []
    for name in names:
        function = module.function(name)
        if function.steps is None:
            return None
        numbers: dict[Val, int] = {}
        for i, arg in enumerate(function.args):
            numbers[arg] = i
            key.append(arg.aval)
        try:
            for _, inst, operands, results, _, _ in function.steps:
                key.append(inst)
                for x in operands:
                    key.append(numbers[x])
                for x in results:
                    numbers[x] = len(numbers)
                if inst.callee_attrs:
                    names += [c for c in inst.callees() if c not in names]
            key.append(tuple([numbers[x] for x in function.results()]))
        except KeyError:  # a value that was not noted
            return None
    return tuple(key)
