"""Library functions: on arrays one executable each, cached for the types; on tracers plain Python."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np

from weft._tracing.entries import Entry, entry_of, run_entry
from weft._tracing.executables import compile_module
from weft._tracing.host_values import host_value, on_device
from weft._tracing.quick_keys import StaticFlags, static_key
from weft._tracing.source import SITE, location
from weft._tracing.staging import in_specs, trace_function, type_of
from weft._tracing.trace import MOMENT, STATE, Tracer
from weft._tracing.values import as_value
from weft.config import config
from weft_runtime import Array, pytree

F = TypeVar("F", bound=Callable[..., Any])


def library(*arrays: str) -> Callable[[F], F]:
    """Marks a function of the library; `arrays` names the parameters that are arrays or trees of arrays.

    All other parameters are static: hashable values (lists count as tuples). Called with arrays, the function is
    traced and compiled once for their types; called while tracing, its body runs and appends ops.
    """

    def decorate(fun: F) -> F:
        return LibraryFunction(fun, arrays)  # type: ignore[return-value]

    return decorate


class LibraryFunction:
    """What `library` makes."""

    def __init__(self, fun: Callable[..., Any], arrays: Sequence[str]) -> None:
        functools.update_wrapper(self, fun)
        self.fun = fun
        self.__signature__ = inspect.signature(fun)
        parameters = list(self.__signature__.parameters.values())
        unknown = set(arrays) - {p.name for p in parameters}
        if unknown:
            raise TypeError(f"{fun.__name__} has no parameters {sorted(unknown)}")
        self._arrays = frozenset(arrays)
        self._is_array: list[bool] = []
        self._flags = StaticFlags(self._static_flags)
        self._rest_is_array = False
        for p in parameters:
            if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD):
                self._is_array.append(p.name in self._arrays)
            elif p.kind is p.VAR_POSITIONAL:
                self._rest_is_array = p.name in self._arrays
        self._quick: dict[Any, Entry] = {}
        """By the arguments as they come, where none is a container."""
        self._programs: dict[Any, Entry] = {}
        _FUNCTIONS.append(self)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        settings = MOMENT.key
        if settings is None:
            trace = STATE.trace
            if trace is not None and (trace.staged or _holds_tracer(args, kwargs)):
                return self._inline(args, kwargs)
            settings = config.trace_key
        if len(args) == 1 and type(args[0]) is Array and not kwargs:
            x = args[0]
            key: tuple[Any, ...] = (settings, x.spec)
            buffers = [x._b]
        else:  # see `quick_keys`
            parts: list[Any] = [settings]
            buffers = []
            for i, x in enumerate(args):
                kind = type(x)
                if kind is Array:
                    parts.append(x.spec)
                    buffers.append(x._b)
                elif x is None:
                    parts.append(None)
                elif self._flags[len(args)][i]:
                    parts.append(static_key(x))
                else:
                    found = on_device(x, settings)
                    if found is None:
                        return self._call_tree(args, kwargs, settings)
                    parts.append(found[0])
                    buffers.append(found[1])
            for name in kwargs if len(kwargs) < 2 else sorted(kwargs):
                x = kwargs[name]
                kind = type(x)
                if kind is Array:
                    parts += name, x.spec
                    buffers.append(x._b)
                elif x is None:
                    parts += name, None
                elif name not in self._arrays:
                    parts += (name, kind, x) if kind is int else (name, static_key(x))
                else:
                    found = on_device(x, settings)
                    if found is None:
                        return self._call_tree(args, kwargs, settings)
                    parts += name, found[0]
                    buffers.append(found[1])
            key = tuple(parts)
        try:
            entry = self._quick.get(key)
        except TypeError:  # a static value without a hash, as the long way tells
            entry = None
        if entry is None:
            return self._call_first(args, kwargs, key)
        run, handlers, specs, unflatten, consts, executable = entry
        if consts:
            buffers += consts
        try:
            out = run(buffers).consume_with_handlers(handlers)
        except (RuntimeError, ValueError) as error:
            raise executable.explain_run(error, buffers) from None
        return Array(specs, out[0]) if unflatten is None else unflatten(map(Array, specs, out))

    def _inline(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The body itself, in the current trace; its ops are where the function was called."""
        if SITE.current is not None:
            return self.fun(*args, **kwargs)
        SITE.current = location()
        try:
            return self.fun(*args, **kwargs)
        finally:
            SITE.current = None

    def _static_flags(self, count: int) -> Sequence[bool]:
        more = max(0, count - len(self._is_array))
        return [not x for x in self._is_array[:count] + [self._rest_is_array] * more]

    def _call_tree(self, args: tuple[Any, ...], kwargs: dict[str, Any], settings: int) -> Any:
        """A call with containers of arrays."""
        found = self._found(args, kwargs, settings)
        return self.fun(*args, **kwargs) if found is None else run_entry(*found)

    def _call_first(self, args: tuple[Any, ...], kwargs: dict[str, Any], key: Any) -> Any:
        """A call with arguments of new types; `key` will find its program."""
        found = self._found(args, kwargs, key[0])
        if found is None:
            return self.fun(*args, **kwargs)
        statics = [x for x, is_static in zip(args, self._flags[len(args)], strict=True) if is_static]
        statics += [x for name, x in kwargs.items() if name not in self._arrays]
        if not any(type(x) is Array for x in statics):
            self._quick[key] = found[0]  # which a static value on a device, an axis say, would not be part of
        return run_entry(*found)

    def _found(self, args: Any, kwargs: Any, settings: int) -> tuple[Entry, list[Any]] | None:
        """The program of a call, compiled if need be, and the buffers that it takes; None if it is to be traced."""
        dynamic, statics = self._separate(args, kwargs)
        leaves, tree = pytree.flatten(dynamic)
        for i, x in enumerate(leaves):
            if type(x) is not Array:
                made = host_value(x, settings)
                leaves[i] = self._as_array(x) if made is None else made
                if type(leaves[i]) is not Array:
                    return None
        key = (tree, statics, settings, *[x.spec for x in leaves])
        try:
            entry = self._programs.get(key)
        except TypeError as error:
            problem = f"{self.__name__}: an argument that is no array cannot be hashed: {error}"
            raise TypeError(problem) from None
        if entry is None:
            entry = self._programs[key] = self._compile(tree, statics, leaves)
        return entry, [x._b for x in leaves]

    def _as_array(self, x: Any) -> Any:
        return as_value(x, what=f"{self.__name__}: an argument")

    def _separate(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Any]:
        """(dynamic positional, dynamic by name), and the statics with their places."""
        dynamic: list[Any] = []
        statics: list[tuple[Any, Any, Any]] = []
        is_static = self._flags[len(args)]
        for i, x in enumerate(args):
            if is_static[i]:
                statics.append((i, static_key(x), _hashable(x)))
            else:
                dynamic.append(x)
        named = {}
        for name, x in kwargs.items():
            if name in self._arrays:
                named[name] = x
            else:
                statics.append((name, static_key(x), _hashable(x)))
        return (dynamic, named), tuple(statics)

    def _compile(self, tree: Any, statics: Any, leaves: Sequence[Any]) -> Entry:
        def call(tracers: list[Tracer]) -> Any:
            dynamic, named = tree.unflatten(tracers)
            args, kwargs = list(dynamic), dict(named)
            for where, _, value in statics:
                if isinstance(where, str):
                    kwargs[where] = value
                else:
                    args.insert(where, value)
            return self.fun(*args, **kwargs)

        traced = trace_function(
            call, [type_of(x) for x in leaves], kind="jit", fun=self.fun, staged=True, own_module=True
        )
        executable = compile_module(
            traced.module,
            traced.name,
            in_specs(leaves, traced.captures),
            traced.out_types,
            name=self.__name__,
            is_library=True,
        )
        return entry_of(traced, executable)

    def clear_cache(self) -> None:
        """Forgets all compiled programs."""
        self._quick.clear()
        self._programs.clear()

    def __repr__(self) -> str:
        return f"<function {self.__qualname__}>"

    __name__: str
    __qualname__: str


_FUNCTIONS: list[LibraryFunction] = []


def _holds_tracer(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    for x in args:
        if type(x) is Tracer:
            return True
        if isinstance(x, (list, tuple, dict)) and _holds_tracer(tuple(pytree.flatten(x)[0]), {}):
            return True
    return bool(kwargs) and _holds_tracer(tuple(kwargs.values()), {})


def _hashable(x: Any) -> Any:
    if isinstance(x, (np.ndarray, Array)):
        x = x.tolist()
    return tuple(_hashable(v) for v in x) if type(x) in (list, tuple) else x


def clear_all() -> None:
    """Forgets what every library function has compiled."""
    for function in _FUNCTIONS:
        function.clear_cache()
