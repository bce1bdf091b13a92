"""Indexing of arrays: one executable for each structure of an index.

Whole numbers in an index become operands, so that `x[3]` and `x[4]` run the same program; slices do not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import weft_runtime
from weft._indexing.layout import Layout
from weft._indexing.tokens import Vector
from weft._tracing.executables import compile_module
from weft._tracing.staging import trace_function, type_of
from weft._tracing.trace import Tracer
from weft_compiler.avals import INT32
from weft_runtime import Array, Executable, Spec

NUMBER = Vector((), INT32, wraps=False, is_inside=True)
"""Stands for a number in the index of a program: it has been brought within the axis."""
_STATIC = (int, type(None))
_LARGEST = 2**31 - 1


class Programs:
    """The programs of reading, or of writing."""

    def __init__(self) -> None:
        self.quick: dict[Any, Program] = {}
        """By the items of an index as the user wrote them, next to the specs of the arrays."""
        self.by_tokens: dict[tuple[Any, ...], Program] = {}

    def remember(self, key: Any, program: Program) -> None:
        """Lets the quick path find a program, unless the key holds what cannot be hashed."""
        try:
            self.quick[key] = program
        except TypeError:  # a slice of arrays
            return

    def known(self, key: Any) -> Program | None:
        """What `remember` was told."""
        try:
            return self.quick.get(key)
        except TypeError:
            return None


READING = Programs()
WRITING = Programs()
_numbers: dict[Any, dict[int, Array]] = {}


def clear() -> None:
    """Forgets all programs and operands."""
    for programs in (READING, WRITING):
        programs.quick.clear()
        programs.by_tokens.clear()
    _numbers.clear()


def number(i: int, spec: Spec) -> Array:
    """A number as an operand, next to an array of `spec`."""
    known = _numbers.get(spec.sharding)
    if known is None:
        known = _numbers[spec.sharding] = {}
    found = known.get(i)
    if found is None:
        if len(known) >= 4096:
            known.clear()
        found = known[i] = weft_runtime.device_put(
            np.int32(i), INT32, device=spec.sharding.whole, committed=False
        )
    return found


def key_of(items: Sequence[Any], key: list[Any]) -> bool:
    """Adds to a key what a program depends on; False where an item needs a closer look."""
    for i in items:
        kind = type(i)
        if kind is int:
            key.append(int)
        elif kind is slice:
            start, stop, step = i.start, i.stop, i.step
            if type(start) not in _STATIC or type(stop) not in _STATIC or type(step) not in _STATIC:
                return False
            key.append((start, stop, step))
        elif kind is Array:
            key.append(i.spec)
        elif i is None or i is Ellipsis:
            key.append(i)
        else:
            return False
    return True


class Program:
    """An executable and how the numbers of an index become its operands."""

    __slots__ = ("executable", "handlers", "is_clamped", "run", "sizes", "spec")

    def __init__(self, executable: Executable, sizes: Sequence[int], is_clamped: bool) -> None:
        self.executable = executable
        self.run = executable.run
        self.handlers = executable.handlers
        self.spec = executable.out_specs[0]
        self.sizes = tuple(sizes)
        """Of the axes that the numbers of the index count along."""
        self.is_clamped = is_clamped
        """Whether numbers beyond an axis stand for its end; else such an index has another program."""

    def operands(self, items: Sequence[Any], x: Array) -> list[Any] | None:
        """Buffers of the numbers and arrays of an index; None if a number is out of bounds."""
        made = []
        sizes = iter(self.sizes)
        for i in items:
            kind = type(i)
            if kind is int:
                n = next(sizes)
                if i < 0:
                    i += n
                if not 0 <= i < n:
                    if not self.is_clamped:
                        return None
                    i = 0 if i < 0 else n - 1
                made.append(number(i, x.spec)._b)
            elif kind is Array:
                made.append(i._b)
        return made


def compiled(call: Callable[[list[Tracer]], Any], values: Sequence[Array], name: str) -> Executable:
    """A function of tracers as an executable for arrays like `values`."""
    traced = trace_function(
        call, [type_of(x) for x in values], kind="jit", fun=call, staged=True, own_module=True
    )
    return compile_module(
        traced.module,
        traced.name,
        [x.spec for x in values],
        traced.out_types,
        name=name,
    )


def with_numbers(
    tokens: tuple[Any, ...], layout: Layout, is_clamped: bool
) -> tuple[tuple[Any, ...], list[int]]:
    """Tokens with ints as operands, and the places that these ints stand for.

    An int that is out of bounds stays what it is, unless it may be clamped.
    """
    known = [p for p in layout.points if p.vector is None]
    numbers: list[int] = []
    made = []
    remaining = iter(known)
    for t in tokens:
        if type(t) is int:
            p = next(remaining)
            n = layout.shape[p.axis]
            if n - 1 <= _LARGEST and (is_clamped or 0 <= p.value < n):
                numbers.append(max(0, min(p.value, n - 1)))
                t = NUMBER
        made.append(t)
    return tuple(made), numbers


def operands_of(tokens: Sequence[Any], numbers: Sequence[int], arrays: Sequence[Any], x: Array) -> list[Any]:
    """Operands in the order of the tokens that stand for them."""
    left, right = iter(numbers), iter(arrays)
    return [number(next(left), x.spec) if t is NUMBER else next(right) for t in tokens if type(t) is Vector]
