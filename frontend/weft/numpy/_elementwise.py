"""Elementwise functions of one or two arrays: the quick way from `x + y` to one executable or one op."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import weft_runtime
from weft._tracing.library import LibraryFunction
from weft._tracing.operands import _checked_number
from weft._tracing.trace import STATE, Tracer
from weft.config import config
from weft.dtypes import dtype as dtype_of
from weft.dtypes import promote_pair
from weft.numpy._arguments import array
from weft_runtime import Array, pytree

NUMBERS = (float, int, complex, bool)
_beside: dict[tuple[Any, ...], tuple[Any, bool]] = {}


def number_beside(x: Array, value: Any) -> Any:
    """A Python number as the scalar array that it promotes to beside `x`."""
    key = (x.spec, type(value), config.trace_key)
    found = _beside.get(key)
    if found is None:
        weak = type(value) is not bool
        target, _ = promote_pair(x.dtype, x.weak_type, dtype_of(value), weak)
        found = _beside[key] = (target, weak)
    target, weak = found
    if type(value) is int and target.kind in "iu":
        value = _checked_number(value, target)
    return weft_runtime.scalar(value, target, weak)


class Binary(LibraryFunction):
    """A function of two arrays that broadcast, without other parameters."""

    def __call__(self, x: Any, y: Any, /) -> Any:
        trace = STATE.trace
        if trace is not None and (trace.staged or type(x) is Tracer or type(y) is Tracer):
            return self.fun(x, y)
        if type(x) is not Array or type(y) is not Array:
            x, y = self._as_arrays(x, y)
            if type(x) is not Array or type(y) is not Array:
                return self.fun(x, y)
        entry = self._quick.get((config.trace_key, x.spec, y.spec))
        if entry is None:
            entry = self._first_call(x, y)
        try:
            out = entry[0]([x._b, y._b]).consume_with_handlers(entry[1])
        except (RuntimeError, ValueError) as error:
            raise entry[5].explain(error, (x, y)) from None
        return Array(entry[2], out[0]) if entry[3] is None else entry[3](map(Array, entry[2], out))

    def _first_call(self, x: Array, y: Array) -> Any:
        tree = pytree.flatten(([x, y], {}))[1]
        entry = self._quick[config.trace_key, x.spec, y.spec] = self._compile(tree, (), (x, y))
        return entry

    def _as_arrays(self, x: Any, y: Any) -> tuple[Any, Any]:
        if type(x) is Array and type(y) in NUMBERS:
            return x, number_beside(x, y)
        if type(y) is Array and type(x) in NUMBERS:
            return number_beside(y, x), y
        return array(self.__name__, x, 0), array(self.__name__, y, 1)


def binary_function(fun: Callable[[Any, Any], Any]) -> Binary:
    """Marks a function of two arrays as elementwise; its body sees tracers, or numbers beside them."""
    names = list(fun.__code__.co_varnames[:2])
    return Binary(fun, names)
