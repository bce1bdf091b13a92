"""What functions and their rules use beside their arguments: it becomes operands that follow these."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from weft._tracing.axes import AXES
from weft._tracing.bind import bind, op_class
from weft._tracing.staging import InType, Traced, type_of
from weft._tracing.trace import STATE, Trace, Tracer, leak_message
from weft._transforms.custom.closures import closed_over, identity
from weft._transforms.custom.enclosing import is_around
from weft.errors import UnexpectedTracerError
from weft_compiler import now
from weft_compiler.avals import Aval
from weft_compiler.dialect.builder import Builder, Val
from weft_compiler.dialect.op import OpTypeError
from weft_compiler.masks import Mask
from weft_runtime import Array


def message(decorator: str) -> str:
    """Why a function with a derivative of its own has none with respect to what it closes over."""
    return (
        f"Detected differentiation of a {decorator} function with respect to a closed-over value. That isn't "
        "supported because its rule only specifies how to differentiate it with respect to explicit input "
        f"parameters.\n  try passing the closed-over value into the {decorator} function as an argument, and "
        "adapting the rule"
    )


class Captured:
    """Values from outside, in the order in which they follow the arguments as operands."""

    def __init__(self, values: Sequence[Any]) -> None:
        self.values = list({identity(x): x for x in values}.values())
        self._positions = {identity(x): i for i, x in enumerate(self.values)}

    @property
    def types(self) -> list[InType]:
        """Types of the values."""
        return [type_of(x) for x in self.values]

    @property
    def avals(self) -> list[Aval]:
        """Shapes and dtypes of the values."""
        return [aval for aval, _ in self.types]

    def position(self, x: Any) -> int | None:
        """Where a value is among them."""
        return self._positions.get(identity(x))

    def positions(self, traced: Traced) -> list[int]:
        """Where those are that a function captures; arrays that are not among them are left out."""
        found = [self.position(x) for x in traced.captures]
        return [i for i in found if i is not None]

    def is_used(self, marked: Mask, functions: Sequence[Traced]) -> bool:
        """Whether the results of one of the functions depend on one of the marked values."""
        chosen = [x for x, is_marked in zip(self.values, marked, strict=True) if is_marked]
        return any(_depends(traced, x) for x in chosen for traced in functions)

    def operands(self, b: Builder, traced: Traced, values: Mapping[int, Val]) -> list[Val]:
        """What a function captures, `values` being captured values by position; other arrays become constants.

        Raises: UnexpectedTracerError for a tracer that is not among them.
        """
        made = []
        for x in traced.captures:
            i = self.position(x)
            if i is None and type(x) is Tracer:
                raise UnexpectedTracerError(leak_message(x))
            made.append(_constant(b, x) if i is None else values[i])
        return made

    def extend(self, traced: Traced) -> None:
        """Makes a function take all values behind its arguments, not only those that it uses."""
        function = traced.module.function(traced.name)
        count = len(traced.in_types)
        own = {identity(x): v for x, v in zip(traced.captures, function.args[count:], strict=True)}
        if list(own) != [identity(x) for x in self.values]:
            behind = [own.get(identity(x), aval) for x, aval in zip(self.values, self.avals, strict=True)]
            function.set_args([*function.args[:count], *behind])
            traced.captures = list(self.values)


def captures_to(traced: Traced, position: int) -> None:
    """Puts what a function captures in front of its argument `position`."""
    function = traced.module.function(traced.name)
    count = len(traced.in_types)
    args = list(function.args)
    function.set_args([*args[:position], *args[count:], *args[position:count]])


def check_captured(captured: Captured, active: Mask, functions: Sequence[Traced], decorator: str) -> None:
    """TypeError if a tangent belongs to a captured value that the results of one of the functions depend on."""
    if captured.is_used(active, functions):
        raise OpTypeError(message(decorator))


def _depends(traced: Traced, x: Any) -> bool:
    mask = [False] * len(traced.in_types) + [identity(c) == identity(x) for c in traced.captures]
    return any(now.depends(traced.module, traced.name, tuple(mask)))


def _constant(b: Builder, x: Array) -> Val:
    aval = type_of(x)[0]
    if aval.kind != "k":
        return b.constant(np.asarray(x))
    from weft.random import key_data

    return b.random_wrap(b.constant(np.asarray(key_data(x))), impl=aval.dtype.impl)  # type: ignore[union-attr]


def reachable(functions: Sequence[Any]) -> list[Any]:
    """Values in the closures of functions that the current trace can use."""
    return [x for x in closed_over(functions) if type(x) is not Tracer or is_around(x)]


def guarded(values: Sequence[Any], decorator: str) -> list[Any]:
    """The values, to differentiate with respect to which is an error."""
    inst = op_class("undifferentiable").of(message=message(decorator))
    return [
        bind(inst, x, weak_type=x.weak_type) if type(x) is Tracer and x.aval.kind in "fc" else x
        for x in values
    ]


class Surroundings:
    """The current trace, those around it and names of axes, for a rule that is traced when they may have ended."""

    def __init__(self, captured: Captured) -> None:
        self._chain: list[Trace] = []
        self._axes = AXES.bound
        self.named_axes = AXES.labels()
        """Names of axes that the rule may use, as the IR has them."""
        trace = STATE.trace if captured.values else None  # a rule that captures nothing keeps no trace alive
        while trace is not None:
            self._chain.append(trace)
            trace = trace.parent

    @contextmanager
    def again(self) -> Iterator[None]:
        """Makes them what is around again; values of theirs that are used inside become captures."""
        ended = [(trace, trace.parent) for trace in self._chain]
        outer = STATE.trace
        for inner, around in zip(self._chain, [*self._chain[1:], None], strict=False):
            inner.parent = around
        STATE.replace(self._chain[0] if self._chain else None)
        try:
            with AXES.again(self._axes):
                yield
        finally:
            STATE.replace(outer)
            for trace, parent in ended:
                trace.parent = parent
