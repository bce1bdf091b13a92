"""Library functions: on arrays one executable each, cached for the types; on tracers plain Python."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from weft._tracing.executables import compile_module
from weft._tracing.source import SITE, location
from weft._tracing.staging import in_specs, trace_function, type_of
from weft._tracing.trace import STATE, Tracer
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
        self._rest_is_array = False
        for p in parameters:
            if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD):
                self._is_array.append(p.name in self._arrays)
            elif p.kind is p.VAR_POSITIONAL:
                self._rest_is_array = p.name in self._arrays
        self._programs: dict[Any, Any] = {}
        self._slow: dict[Any, Any] = {}
        _FUNCTIONS.append(self)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        trace = STATE.trace
        if trace is None:
            if not kwargs:
                key: list[Any] = [config.trace_key]
                buffers = []
                for x in args:
                    if type(x) is Array:
                        key.append(x.spec)
                        buffers.append(x._b)
                    else:
                        key.append(type(x))
                        key.append(x)
                try:
                    entry = self._programs.get(tuple(key))
                except TypeError:
                    entry = None
                if entry is not None:
                    run, handlers, unflatten, consts, _ = entry
                    try:
                        out = run(buffers + consts).consume_with_handlers(handlers)
                    except (RuntimeError, ValueError):
                        return self._eager(args, kwargs)  # which explains what is wrong
                    return out[0] if unflatten is None else unflatten(out)
        elif trace.staged or _holds_tracer(args, kwargs):
            if SITE.current is not None:
                return self.fun(*args, **kwargs)
            SITE.current = location()
            try:
                return self.fun(*args, **kwargs)
            finally:
                SITE.current = None
        return self._eager(args, kwargs)

    def _eager(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        dynamic, statics = self._separate(args, kwargs)
        leaves, tree = pytree.flatten(dynamic)
        leaves = [x if type(x) is Array else self._as_array(x) for x in leaves]
        for x in leaves:
            if type(x) is not Array:
                return self.fun(*args, **kwargs)
        key = (tree, statics, config.trace_key, *[x.spec for x in leaves])
        try:
            entry = self._slow.get(key)
        except TypeError as error:
            raise TypeError(
                f"{self.__name__}: an argument that is no array cannot be hashed: {error}"
            ) from None
        if entry is None:
            entry = self._slow[key] = self._compile(tree, statics, leaves)
        run, handlers, unflatten, consts, executable = entry
        self._remember_fast(args, kwargs, leaves, entry)
        try:
            out = run([x._b for x in leaves] + consts).consume_with_handlers(handlers)
        except (RuntimeError, ValueError) as error:
            raise executable.explain(error, leaves) from None
        return out[0] if unflatten is None else unflatten(out)

    def _remember_fast(self, args: Any, kwargs: Any, leaves: Sequence[Any], entry: Any) -> None:
        """Makes the entry known to the quick path, where the arguments are arrays and plain static values."""
        if kwargs or [id(x) for x in args if type(x) is Array] != [id(x) for x in leaves]:
            return
        key: list[Any] = [config.trace_key]
        for x in args:
            if type(x) is Array:
                key.append(x.spec)
            elif isinstance(x, (int, str, type(None), tuple)) and not isinstance(x, float):
                key.extend((type(x), x))
            else:
                return
        self._programs[tuple(key)] = entry

    def _as_array(self, x: Any) -> Any:
        return as_value(x, what=f"{self.__name__}: an argument")

    def _separate(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Any]:
        """(dynamic positional, dynamic by name), and the statics with their places."""
        dynamic: list[Any] = []
        statics: list[tuple[Any, type, Any]] = []
        known = len(self._is_array)
        for i, x in enumerate(args):
            if self._is_array[i] if i < known else self._rest_is_array:
                dynamic.append(x)
            else:
                statics.append((i, type(x), _hashable(x)))
        named = {}
        for name, x in kwargs.items():
            if name in self._arrays:
                named[name] = x
            else:
                statics.append((name, type(x), _hashable(x)))
        return (dynamic, named), tuple(statics)

    def _compile(self, tree: Any, statics: Any, leaves: Sequence[Any]) -> Any:
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
        )
        unflatten = None if traced.out_tree == _LEAF else traced.out_tree.unflatten
        consts = [x._b for x in traced.captures]
        return executable.run, executable.handlers, unflatten, consts, executable

    def clear_cache(self) -> None:
        """Forgets all compiled programs."""
        self._programs.clear()
        self._slow.clear()

    def __repr__(self) -> str:
        return f"<function {self.__qualname__}>"

    __name__: str
    __qualname__: str


_LEAF = pytree.flatten(0)[1]
_FUNCTIONS: list[LibraryFunction] = []


def _holds_tracer(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    for x in args:
        if type(x) is Tracer:
            return True
        if isinstance(x, (list, tuple, dict)) and _holds_tracer(tuple(pytree.flatten(x)[0]), {}):
            return True
    return bool(kwargs) and _holds_tracer(tuple(kwargs.values()), {})


def _hashable(x: Any) -> Any:
    return tuple(_hashable(v) for v in x) if isinstance(x, list) else x


def clear_all() -> None:
    """Forgets what every library function has compiled."""
    for function in _FUNCTIONS:
        function.clear_cache()
