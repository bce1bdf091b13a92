"""What `jit` returns: a function with the programs it has been compiled to."""

from __future__ import annotations

import functools
import types
import weakref
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from weft._tracing.axes import AXES
from weft._tracing.compile_log import missed
from weft._tracing.entries import Entry, entry_of, run_entry
from weft._tracing.executables import compile_module
from weft._tracing.float0 import is_float0, without_float0
from weft._tracing.host_values import host_value, on_device
from weft._tracing.staging import Traced, call_traced, function_name, in_specs, trace_function, type_of
from weft._tracing.trace import MOMENT, STATE, Tracer, call_key, leak_message
from weft._tracing.values import as_value
from weft._transforms import stages
from weft._transforms.arguments import Roles, Statics, rejoined, warn_of_unusable
from weft._transforms.cache_misses import explanation
from weft._transforms.signatures import argument_names
from weft.config import config
from weft.errors import UnexpectedTracerError
from weft_runtime import Array, pytree

flatten = pytree.flatten


class CacheInfo(NamedTuple):
    """What a jitted function keeps."""

    traces: int
    """Combinations of argument types for which it has been traced."""
    programs: int
    """Compiled programs: also where the arguments are makes a difference."""


class JitFunction:
    """What `jit` returns. Called with arrays it runs a compiled program; called while tracing it becomes a call.

    `lower(*args)` shows the IR and compiles ahead of time, `clear_cache()` forgets what was compiled.
    """

    def __init__(
        self,
        fun: Callable[..., Any],
        *,
        static_argnums: Any = None,
        static_argnames: Any = None,
        donate_argnums: Any = None,
        donate_argnames: Any = None,
        inline: bool = False,
        device: Any = None,
        compiler_options: dict[str, Any] | None = None,
    ) -> None:
        self.__name__ = function_name(
            fun
        )  # what has no name of its own, such as a partial, has that of its class
        functools.update_wrapper(self, fun, updated=())  # no attribute of `fun` hides one of this object
        self._fun = fun
        self._roles = Roles(fun, static_argnums, static_argnames, donate_argnums, donate_argnames)
        self._has_static, self._is_fresh = self._roles.has_static, self._roles.donates
        self._static, self._static_names = self._roles.static, self._roles.static_argnames
        self._inline = inline
        self._device = device
        self._options = compiler_options
        self._quick: dict[Any, Entry] = {}
        """By the arguments as they come, where none is a container."""
        self._programs: dict[Any, Entry] = {}
        self._traced: dict[Any, Traced] = {}
        self._by_trace: weakref.WeakKeyDictionary[Any, dict[Any, Traced]] = weakref.WeakKeyDictionary()
        _FUNCTIONS.add(self)

    # Calling

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        settings = MOMENT.key
        if settings is None:
            settings = call_key()
            if settings is None:
                return self._call_in_trace(args, kwargs)
        if len(args) == 1 and type(args[0]) is Array and not kwargs:
            x = args[0]
            key: tuple[Any, ...] = (settings, x.spec)
            buffers = [x._b]
        else:  # see `quick_keys`
            parts: list[Any] = [settings]
            buffers = []
            is_static = self._static[len(args)] if self._has_static else ()
            for i, x in enumerate(args):
                if type(x) is Array:
                    parts.append(x.spec)
                    buffers.append(x._b)
                elif is_static and is_static[i]:
                    parts += type(x), x
                else:
                    found = on_device(x, settings, self._is_fresh)
                    if found is None:
                        return self._call_tree(args, kwargs, settings)
                    parts.append(found[0])
                    buffers.append(found[1])
            for name in kwargs if len(kwargs) < 2 else sorted(kwargs):
                x = kwargs[name]
                if type(x) is Array:
                    parts += name, x.spec
                    buffers.append(x._b)
                elif name in self._static_names:
                    parts += name, type(x), x
                else:
                    found = on_device(x, settings, self._is_fresh)
                    if found is None:
                        return self._call_tree(args, kwargs, settings)
                    parts += name, found[0]
                    buffers.append(found[1])
            key = tuple(parts)
        try:
            entry = self._quick.get(key)
        except TypeError:  # a static argument without a hash, as the long way tells
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

    def _call_tree(self, args: tuple[Any, ...], kwargs: dict[str, Any], settings: int) -> Any:
        """A call with containers of arrays."""
        if config.disable_jit:
            return self._fun(*args, **kwargs)
        return run_entry(*self._found(args, kwargs, settings))

    def _call_first(self, args: tuple[Any, ...], kwargs: dict[str, Any], key: Any) -> Any:
        """A call with arguments of new types; `key` will find its program."""
        if config.disable_jit:
            return self._fun(*args, **kwargs)
        entry, buffers = self._found(args, kwargs, key[0])
        self._quick[key] = entry
        return run_entry(entry, buffers)

    def _found(self, args: Any, kwargs: Any, settings: int) -> tuple[Entry, list[Any]]:
        """The program of a call, compiled if need be, and the buffers that it takes."""
        leaves, tree, statics = self._split(args, kwargs)
        key = (tree, statics, settings, *[x.spec for x in leaves])
        entry = self._programs.get(key)
        if entry is None:
            with missed(self.__name__, explanation(self, key, tuple(self._programs))):
                traced = self._trace_once(leaves, tree, statics)
                entry = self._compiled(traced, leaves, self._roles.donated(args, kwargs))
            self._programs[key] = entry
        return entry, [x._b for x in leaves]

    def _split(self, args: Any, kwargs: Any) -> tuple[list[Any], Any, Statics]:
        """Leaves (as arrays or tracers) and tree of the dynamic arguments, and the static ones."""
        args, kwargs, statics = self._roles.split(self.__name__, args, kwargs)
        leaves, tree = flatten((args, kwargs))
        for i, x in enumerate(leaves):
            if type(x) is not Array:
                if is_float0(x):
                    leaves, tree = flatten(without_float0((args, kwargs)))
                    return [self._leaf(x, i, tree, statics) for i, x in enumerate(leaves)], tree, statics
                leaves[i] = self._leaf(x, i, tree, statics)
        return leaves, tree, statics

    def _leaf(self, x: Any, position: int, tree: Any, statics: Statics) -> Any:
        """A leaf as an array, or in a trace as a tracer."""
        settings = call_key()
        try:
            made = None if settings is None else host_value(x, settings, self._is_fresh)
            if made is None:
                made = as_value(x)
        except TypeError:
            name = self._names(tree, statics)[position]
            problem = (
                f"{self.__name__}: argument {name} is {x!r:.80} of type {type(x).__name__}, which is not an array "
                "or a number\n  try marking it static: jit(f, static_argnames=...), if it is hashable"
            )
            raise TypeError(problem) from None
        if type(made) is Tracer and settings is not None:
            raise UnexpectedTracerError(leak_message(made))
        return made

    # Calling while another function is traced

    def _call_in_trace(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if config.disable_jit or self._inline:
            return self._fun(*args, **kwargs)
        leaves, tree, statics = self._split(args, kwargs)
        trace = STATE.trace
        assert trace is not None
        traced = self._trace_once(leaves, tree, statics)
        if trace.staged or traced.belongs_to_trace() or any(type(x) is Tracer for x in leaves):
            return traced.out_tree.unflatten(call_traced(traced, leaves))
        key = (tree, statics, config.trace_key, *[x.spec for x in leaves], *AXES.bound)
        entry = self._programs.get(key)
        if entry is None:
            entry = self._programs[key] = self._compiled(traced, leaves, ())
        return run_entry(entry, [x._b for x in leaves])

    # Tracing and compiling

    def _trace_once(self, leaves: Sequence[Any], tree: Any, statics: Statics) -> Traced:
        """The function traced for arguments of these types."""
        key = (tree, statics, config.trace_key, *[type_of(x) for x in leaves], *AXES.bound)
        traced = self._traced.get(key)
        if traced is not None:
            return traced
        trace = STATE.trace
        local = None if trace is None else self._by_trace.get(trace)
        if local is not None and key in local:
            return local[key]
        traced = self._trace(leaves, tree, statics)
        if trace is None or not traced.captures_tracer():
            self._traced[key] = traced
        else:
            self._by_trace.setdefault(trace, {})[key] = traced
        return traced

    def _trace(self, leaves: Sequence[Any], tree: Any, statics: Statics) -> Traced:
        def call(tracers: Sequence[Any]) -> Any:
            args, kwargs = tree.unflatten(tracers)
            if statics:
                args, kwargs = rejoined(args, kwargs, statics)
            return self._fun(*args, **kwargs)

        return trace_function(
            call,
            [type_of(x) for x in leaves],
            kind="jit",
            fun=self._fun,
            staged=True,
            arg_names=lambda: self._names(tree, statics),
            own_module=True,
        )

    def _names(self, tree: Any, statics: Statics) -> list[str]:
        """What messages call the leaves."""
        args, kwargs = tree.unflatten(range(tree.num_leaves))
        full = list(args)
        for where, _ in statics:
            if not isinstance(where, str):
                full.insert(where, None)  # None has no leaves
        return argument_names(self._fun, full, kwargs)

    def _compiled(self, traced: Traced, leaves: Sequence[Any], donated: Sequence[int]) -> Entry:
        executable = compile_module(
            traced.module,
            traced.name,
            in_specs(leaves, traced.captures),
            traced.out_types,
            donated=donated,
            name=self.__name__,
            options=self._options,
            device=self._device,
        )
        if donated:
            warn_of_unusable([type_of(leaves[i])[0] for i in donated], [aval for aval, _ in traced.out_types])
        return entry_of(traced, executable)

    # The rest of the interface

    def trace(self, *args: Any, **kwargs: Any) -> stages.Traced:
        """The function traced for arguments of these types, which may be anything with a shape and a dtype."""
        leaves, tree = flatten((args, kwargs))
        if any(stages.placeholder(x) is not x for x in leaves):
            args, kwargs = tree.unflatten(map(stages.placeholder, leaves))
        leaves, tree, statics = self._split(args, kwargs)
        traced = self._trace(leaves, tree, statics)
        params = dict(
            name=self.__name__,
            traced=traced,
            donated=self._roles.donated(args, kwargs),
            options=self._options,
            device=self._device,
        )
        structs = [stages.struct_of_argument(x) for x in leaves]
        return stages.Traced(structs, params, tree, traced.out_tree, traced.captures)

    def lower(self, *args: Any, **kwargs: Any) -> stages.Lowered:
        """The function lowered to StableHLO for these arguments: `.as_text()`, `.compile()`."""
        return self.trace(*args, **kwargs).lower()

    def eval_shape(self, *args: Any, **kwargs: Any) -> Any:
        """Shapes and dtypes of the results, without computing them."""
        return self.trace(*args, **kwargs).out_info

    def clear_cache(self) -> None:
        """Forgets all traces and programs of this function."""
        for cache in (self._quick, self._programs, self._traced):
            cache.clear()

    def cache_info(self) -> CacheInfo:
        """How many traces and programs are kept."""
        return CacheInfo(len(self._traced), len(self._programs))

    def _cache_size(self) -> int:
        return len(self._programs)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "_fun":
            raise AttributeError(name)
        return getattr(self._fun, name)  # what the user has hung on the function

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else types.MethodType(self, instance)

    def __repr__(self) -> str:
        return f"<jit {getattr(self._fun, '__qualname__', self._fun)!s}>"

    __name__: str


_FUNCTIONS: weakref.WeakSet[JitFunction] = weakref.WeakSet()


def clear_all() -> None:
    """Forgets what every jitted function has compiled."""
    for function in list(_FUNCTIONS):
        function.clear_cache()
