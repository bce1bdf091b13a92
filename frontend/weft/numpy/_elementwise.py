"""Elementwise functions of one or two arrays: the quick way from `x + y` to one executable or one op."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import weft_runtime
from weft._tracing.entries import Entry, run_entry
from weft._tracing.library import LibraryFunction
from weft._tracing.operands import _checked_number
from weft._tracing.trace import MOMENT, STATE, Tracer
from weft.config import config
from weft.dtypes import dtype as dtype_of
from weft.dtypes import promote_pair
from weft.numpy._arguments import array
from weft_runtime import Array, Executable

NUMBERS = (float, int, complex, bool)
Quick = tuple[Callable[..., Any], Sequence[Any], Any, Executable]
"""Of a program with one result: `run`, its handlers, the spec of the result, and the executable."""
_NUMBERS_KEPT = 4096
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


class Unary(LibraryFunction):
    """A function of one array, without other parameters, that gives one array."""

    def __init__(self, fun: Callable[[Any], Any]) -> None:
        super().__init__(fun, fun.__code__.co_varnames[:1])
        self._single: dict[Any, Quick] = {}
        """By the call key and the spec."""

    def __call__(self, x: Any, /) -> Any:
        settings = MOMENT.key
        if settings is None or type(x) is not Array:
            return LibraryFunction.__call__(self, x)
        known = self._single.get((settings, x.spec))
        if known is None:
            made = LibraryFunction.__call__(self, x)
            remember(self._single, (settings, x.spec), self._quick.get((settings, x.spec)))
            return made
        run, handlers, spec, executable = known
        try:
            outs = run([x._b]).consume_with_handlers(handlers)
        except (RuntimeError, ValueError) as error:
            raise executable.explain(error, (x,)) from None
        return Array(spec, outs[0])

    def clear_cache(self) -> None:
        """Forgets all compiled programs."""
        super().clear_cache()
        self._single.clear()


class Binary(LibraryFunction):
    """A function of two arrays that broadcast, without other parameters, that gives one array."""

    def __init__(self, fun: Callable[[Any, Any], Any]) -> None:
        super().__init__(fun, fun.__code__.co_varnames[:2])
        self._pairs: dict[Any, Quick] = {}
        """By the call key and the specs."""
        self._with_number: dict[Any, tuple[Quick, Array]] = {}
        """By the call key, a spec, and the type and value of the Python number beside it."""
        self._with_number_before: dict[Any, tuple[Quick, Array]] = {}

    def __call__(self, x: Any, y: Any, /) -> Any:
        settings = MOMENT.key
        if settings is None:
            trace = STATE.trace
            if trace is not None and (trace.staged or type(x) is Tracer or type(y) is Tracer):
                return self.fun(x, y)
            settings = config.trace_key
        if type(x) is not Array or type(y) is not Array:
            x, y = self._as_arrays(x, y)
            if type(x) is not Array or type(y) is not Array:
                return self.fun(x, y)
        known = self._pairs.get((settings, x.spec, y.spec))
        if known is None:
            out = LibraryFunction.__call__(self, x, y)
            key = (settings, x.spec, y.spec)
            remember(self._pairs, key, self._quick.get(key))
            return out
        run, handlers, spec, executable = known
        try:
            out = run([x._b, y._b]).consume_with_handlers(handlers)
        except (RuntimeError, ValueError) as error:
            raise executable.explain(error, (x, y)) from None
        return Array(spec, out[0])

    def _as_arrays(self, x: Any, y: Any) -> tuple[Any, Any]:
        if type(x) is Array and type(y) in NUMBERS:
            return x, number_beside(x, y)
        if type(y) is Array and type(x) in NUMBERS:
            return number_beside(y, x), y
        return array(self.__name__, x, 0), array(self.__name__, y, 1)

    def operator(self, general: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        """`general`, but quick for arrays and numbers beside an array: for the methods of `Array`."""
        pairs, with_number = self._pairs, self._with_number

        def method(x: Array, y: Any) -> Any:
            settings = MOMENT.key
            kind = type(y)
            if kind is Array:
                known = pairs.get((settings, x.spec, y.spec))
                number = y
            elif (kind is float and y) or kind is int:  # 0.0 == -0.0, but they are not the same number
                found = with_number.get((settings, x.spec, kind, y))
                if found is None:
                    return self._call_with_number(x, y, with_number, general)
                known, number = found
            else:
                return general(x, y)
            if known is None:
                return general(x, y)
            run, handlers, spec, executable = known
            try:
                out = run([x._b, number._b]).consume_with_handlers(handlers)
            except (RuntimeError, ValueError) as error:
                raise executable.explain(error, (x, number)) from None
            return Array(spec, out[0])

        return method

    def swapped_operator(self, general: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        """As `operator`, for a number before the array."""
        with_number = self._with_number_before

        def method(x: Array, y: Any) -> Any:
            settings = MOMENT.key
            kind = type(y)
            if (kind is not float or not y) and kind is not int:
                return general(x, y)
            found = with_number.get((settings, x.spec, kind, y))
            if found is None:
                return self._call_with_number(x, y, with_number, general)
            (run, handlers, spec, executable), number = found
            try:
                out = run([number._b, x._b]).consume_with_handlers(handlers)
            except (RuntimeError, ValueError) as error:
                raise executable.explain(error, (number, x)) from None
            return Array(spec, out[0])

        return method

    def _call_with_number(
        self, x: Array, value: Any, known: dict[Any, tuple[Quick, Array]], general: Callable[[Any, Any], Any]
    ) -> Any:
        """The call the long way; the program and the number are kept for the next one."""
        out = general(x, value)
        settings = MOMENT.key
        if settings is not None and type(out) is Array:
            shared = number_beside(x, value)
            is_before = known is self._with_number_before
            pair = self._pairs.get(
                (settings, *((shared.spec, x.spec) if is_before else (x.spec, shared.spec)))
            )
            if pair is not None:
                if len(known) >= _NUMBERS_KEPT:
                    known.clear()
                # an array of its own: `shared` may be in users' hands, who may delete it
                known[settings, x.spec, type(value), value] = pair, weft_runtime.copy_array(shared)
        return out

    def clear_cache(self) -> None:
        """Forgets all compiled programs."""
        super().clear_cache()
        for cache in (self._pairs, self._with_number, self._with_number_before):
            cache.clear()


def remember(cache: dict[Any, Quick], key: Any, entry: Entry | None) -> None:
    """Keeps what a call needs of a program that takes its arguments alone and gives one array."""
    if entry is not None:
        run, handlers, spec, unflatten, consts, executable = entry
        if unflatten is None and not consts:
            cache[key] = run, handlers, spec, executable


def unary_function(fun: Callable[[Any], Any]) -> Unary:
    """Marks a function of one array, positional alone, as a library function."""
    return Unary(fun)


def quick_pair(function: LibraryFunction, general: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """`general`, but quick for two arrays that `function` has been called with: for a method of `Array`."""
    quick = function._quick

    def method(x: Array, y: Any) -> Any:
        if type(y) is Array:
            entry = quick.get((MOMENT.key, x.spec, y.spec))
            if entry is not None:
                return run_entry(entry, [x._b, y._b])
        return general(x, y)

    return method


def binary_function(fun: Callable[[Any, Any], Any]) -> Binary:
    """Marks a function of two arrays as elementwise; its body sees tracers, or numbers beside them."""
    return Binary(fun)
