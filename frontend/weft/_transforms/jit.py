"""`jit`: a function traced and compiled once for each combination of argument types."""

from __future__ import annotations

import functools
import types
import weakref
from collections.abc import Callable, Sequence
from typing import Any

from weft._tracing import values
from weft._tracing.executables import compile_module
from weft._tracing.staging import Traced, call_traced, in_specs, trace_function, type_of
from weft._tracing.trace import STATE, Tracer
from weft._transforms import stages
from weft._transforms.signatures import argument_names, normalized, resolve
from weft.config import config
from weft_runtime import Array, pytree

flatten = pytree.flatten


class Static:
    """A static argument as part of a cache key: equal by type and value."""

    __slots__ = ("_hash", "value")

    def __init__(self, value: Any) -> None:
        self.value = value
        self._hash = hash((type(value), value))

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Static) and type(self.value) is type(other.value) and self.value == other.value
        )


class Program:
    """A compiled entry of a jitted function."""

    __slots__ = ("consts", "executable", "handlers", "run", "specs", "traced", "unflatten")

    def __init__(self, traced: Traced, executable: Any) -> None:
        self.traced = traced
        self.executable = executable
        self.run = executable.run
        self.handlers = executable.handlers
        self.consts = [x._b for x in traced.captures]
        is_leaf = traced.out_tree == _LEAF
        self.unflatten = None if is_leaf else traced.out_tree.unflatten
        self.specs = executable.out_specs[0] if is_leaf else executable.out_specs


_LEAF = flatten(0)[1]


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
        functools.update_wrapper(self, fun, updated=())  # no attribute of `fun` hides one of this object
        self._fun = fun
        self.static_argnums, self.static_argnames = resolve(fun, static_argnums, static_argnames, "static")
        self.donate_argnums, self.donate_argnames = resolve(fun, donate_argnums, donate_argnames, "donate")
        self._inline = inline
        self._device = device
        self._options = compiler_options
        self._has_static = bool(self.static_argnums or self.static_argnames)
        self._programs: dict[Any, Program] = {}
        self._flat: dict[Any, Any] = {}
        self._traced: dict[Any, Traced] = {}
        self._by_trace: weakref.WeakKeyDictionary[Any, dict[Any, Traced]] = weakref.WeakKeyDictionary()
        _FUNCTIONS.add(self)

    # Calling

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if STATE.trace is None:
            try:
                key: list[Any] = [config.trace_key]
                buffers = []
                if kwargs:
                    raise KeyError
                for x in args:
                    key.append(x.spec)
                    buffers.append(x._b)
                run, handlers, specs, unflatten, consts = self._flat[tuple(key)]
            except (AttributeError, KeyError):
                return self._call_with_tree(args, kwargs)
            if consts:
                buffers += consts
            try:
                out = run(buffers).consume_with_handlers(handlers)
            except (RuntimeError, ValueError) as error:
                raise self._explained(error, args) from None
            return Array(specs, out[0]) if unflatten is None else unflatten(map(Array, specs, out))
        return self._call(args, kwargs)

    def _call_with_tree(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A call with containers of arrays."""
        if self._has_static:
            return self._call(args, kwargs)
        leaves, tree = flatten((args, kwargs))
        key: list[Any] = [tree, (), config.trace_key]
        buffers = []
        try:
            for x in leaves:
                key.append(x.spec)
                buffers.append(x._b)
            program = self._programs[tuple(key)]
        except (AttributeError, KeyError):
            return self._call(args, kwargs)
        try:
            out = program.run(buffers + program.consts).consume_with_handlers(program.handlers)
        except (RuntimeError, ValueError) as error:
            raise program.executable.explain(error, [*leaves, *program.traced.captures]) from None
        if program.unflatten is None:
            return Array(program.specs, out[0])
        return program.unflatten(map(Array, program.specs, out))

    def _explained(self, error: Exception, args: Sequence[Any]) -> Exception:
        program = self._programs[self._key(*self._split(tuple(args), {}))]
        return program.executable.explain(error, [*args, *program.traced.captures])

    def _call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if config.disable_jit:
            return self._fun(*args, **kwargs)
        trace = STATE.trace
        if trace is not None:
            if self._inline:
                return self._fun(*args, **kwargs)
            return self._call_nested(args, kwargs)
        leaves, tree, statics = self._split(args, kwargs)
        key = self._key(leaves, tree, statics)
        program = self._programs.get(key)
        if program is None:
            program = self._programs[key] = self._compile(args, kwargs, leaves, tree, statics)
        if (
            not self._has_static
            and not kwargs
            and len(leaves) == len(args)
            and all(type(x) is Array for x in args)
        ):
            flat_key = (config.trace_key, *[x.spec for x in leaves])
            self._flat[flat_key] = (
                program.run,
                program.handlers,
                program.specs,
                program.unflatten,
                program.consts,
            )
        try:
            out = program.run([x._b for x in leaves] + program.consts).consume_with_handlers(program.handlers)
        except (RuntimeError, ValueError) as error:
            raise program.executable.explain(error, [*leaves, *program.traced.captures]) from None
        if program.unflatten is None:
            return Array(program.specs, out[0])
        return program.unflatten(map(Array, program.specs, out))

    def _split(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[list[Any], Any, tuple[Any, ...]]:
        """Leaves (as arrays or tracers) and tree of the dynamic arguments, and the static ones."""
        statics: tuple[Any, ...] = ()
        if self._has_static:
            args, kwargs, statics = self._take_statics(args, kwargs)
        leaves, tree = flatten((args, kwargs))
        for i, x in enumerate(leaves):
            if type(x) is not Array and type(x) is not Tracer:
                leaves[i] = self._as_argument(x, i, args, kwargs)
        return leaves, tree, statics

    def _as_argument(self, x: Any, position: int, args: Any, kwargs: Any) -> Any:
        try:
            return values.as_value(x)
        except TypeError:
            name = argument_names(self._fun, args, kwargs)[position]
            raise TypeError(
                f"{self.__name__}: argument {name} is {x!r:.80} of type {type(x).__name__}, which is not an array "
                "or a number\n  try marking it static: jit(f, static_argnames=...), if it is hashable"
            ) from None

    def _take_statics(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any], tuple[Any, ...]]:
        numbers = normalized(self.static_argnums, len(args))
        statics: list[tuple[Any, Static]] = []
        for n in sorted(numbers):
            if n < len(args):
                statics.append((n, self._static(args[n], n)))
        for name in self.static_argnames:
            if name in kwargs:
                statics.append((name, self._static(kwargs[name], name)))
        dynamic = tuple(x for i, x in enumerate(args) if i not in numbers)
        rest = {k: v for k, v in kwargs.items() if k not in self.static_argnames}
        return dynamic, rest, tuple(statics)

    def _static(self, value: Any, where: Any) -> Static:
        if type(value) is Tracer:
            raise ValueError(f"{self.__name__}: static argument {where} is a tracer of {value.aval}")
        try:
            return Static(value)
        except TypeError:
            raise ValueError(
                f"{self.__name__}: non-hashable static argument {where}: {value!r:.80} of type "
                f"{type(value).__name__}; static arguments are part of the cache key, so they must be hashable"
            ) from None

    def _key(self, leaves: Sequence[Any], tree: Any, statics: tuple[Any, ...]) -> Any:
        return (tree, statics, config.trace_key, *[x.spec for x in leaves])

    # Tracing

    def _rejoin(self, tree: Any, statics: tuple[Any, ...], leaves: Sequence[Any]) -> Any:
        """Calls the function with these leaves and the static arguments in their places."""
        args, kwargs = tree.unflatten(leaves)
        if statics:
            args, kwargs = list(args), dict(kwargs)
            for where, static in statics:
                if isinstance(where, str):
                    kwargs[where] = static.value
                else:
                    args.insert(where, static.value)
        return self._fun(*args, **kwargs)

    def _trace(self, tree: Any, statics: Any, leaves: Sequence[Any], args: Any, kwargs: Any) -> Traced:
        in_types = [type_of(x) for x in leaves]
        dynamic_args, dynamic_kwargs = tree.unflatten(list(range(len(leaves))))
        names = self._argument_names(dynamic_args, dynamic_kwargs, statics)
        return trace_function(
            lambda tracers: self._rejoin(tree, statics, tracers),
            in_types,
            kind="jit",
            fun=self._fun,
            staged=True,
            arg_names=names,
            own_module=True,
        )

    def _argument_names(self, args: Any, kwargs: Any, statics: Any) -> list[str]:
        full = list(args)
        for where, _ in statics:
            if not isinstance(where, str):
                full.insert(where, None)  # None has no leaves
        return argument_names(self._fun, full, kwargs)

    def _call_nested(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        leaves, tree, statics = self._split(args, kwargs)
        trace = STATE.trace
        assert trace is not None
        key = (tree, statics, config.trace_key, *[type_of(x) for x in leaves])
        local = self._by_trace.get(trace)
        traced = self._traced.get(key) or (local or {}).get(key)
        if traced is None:
            traced = self._trace(tree, statics, leaves, args, kwargs)
            if not traced.captures_tracer():
                self._traced[key] = traced
            else:
                if local is None:
                    local = self._by_trace[trace] = {}
                local[key] = traced
        if not trace.staged and not traced.captures_tracer() and all(type(x) is Array for x in leaves):
            return self._run_traced(traced, leaves, tree, statics)
        return traced.out_tree.unflatten(call_traced(traced, leaves))

    def _run_traced(self, traced: Traced, leaves: Sequence[Any], tree: Any, statics: Any) -> Any:
        key = self._key(leaves, tree, statics)
        program = self._programs.get(key)
        if program is None:
            program = self._programs[key] = self._program(traced, leaves, ())
        out = program.executable([*leaves, *traced.captures])
        return traced.out_tree.unflatten(out)

    # Compiling

    def _compile(self, args: Any, kwargs: Any, leaves: Sequence[Any], tree: Any, statics: Any) -> Program:
        key = (tree, statics, config.trace_key, *[type_of(x) for x in leaves])
        traced = self._traced.get(key)
        if traced is None:
            traced = self._traced[key] = self._trace(tree, statics, leaves, args, kwargs)
        return self._program(traced, leaves, self._donated(args, kwargs))

    def _program(self, traced: Traced, leaves: Sequence[Any], donated: Sequence[int]) -> Program:
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
        return Program(traced, executable)

    def _donated(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[int]:
        """Positions of the leaves of donated arguments, among the dynamic leaves."""
        if not self.donate_argnums and not self.donate_argnames:
            return []
        donated: list[int] = []
        position = 0
        static = normalized(self.static_argnums, len(args))
        chosen = normalized(self.donate_argnums, len(args))
        for i, x in enumerate(args):
            if i not in static:
                count = len(flatten(x)[0])
                if i in chosen:
                    donated.extend(range(position, position + count))
                position += count
        for name in sorted(k for k in kwargs if k not in self.static_argnames):
            count = len(flatten(kwargs[name])[0])
            if name in self.donate_argnames:
                donated.extend(range(position, position + count))
            position += count
        return donated

    # The rest of the interface

    def trace(self, *args: Any, **kwargs: Any) -> stages.Traced:
        """The function traced for arguments of these types, which may be anything with a shape and a dtype."""
        leaves, tree = flatten((args, kwargs))
        if any(stages.placeholder(x) is not x for x in leaves):
            args, kwargs = tree.unflatten(map(stages.placeholder, leaves))
        leaves, tree, statics = self._split(args, kwargs)
        traced = self._trace(tree, statics, leaves, args, kwargs)
        params = dict(
            name=self.__name__,
            traced=traced,
            donated=self._donated(args, kwargs),
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
        for cache in (self._programs, self._flat, self._traced):
            cache.clear()

    def _cache_size(self) -> int:
        return len(self._programs)

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


def jit(
    fun: Callable[..., Any] | None = None,
    *,
    in_shardings: Any = None,
    out_shardings: Any = None,
    static_argnums: int | Sequence[int] | None = None,
    static_argnames: str | Sequence[str] | None = None,
    donate_argnums: int | Sequence[int] | None = None,
    donate_argnames: str | Sequence[str] | None = None,
    keep_unused: bool = False,
    device: Any = None,
    backend: str | None = None,
    inline: bool = False,
    compiler_options: dict[str, Any] | None = None,
) -> Any:
    """Compiles `fun`: it is traced once for each combination of argument types, then run by XLA.

    Static arguments are part of that combination by value: they may decide shapes and Python control flow, and
    must be hashable. The memory of donated arguments is reused for results; using them again is an error.
    Without `fun`, a decorator.

    Raises: TypeError for arguments that are no arrays; ValueError for static arguments without a hash.
    """
    options: dict[str, Any] = dict(
        static_argnums=static_argnums,
        static_argnames=static_argnames,
        donate_argnums=donate_argnums,
        donate_argnames=donate_argnames,
        inline=inline,
        device=device,
        compiler_options=compiler_options,
    )
    if backend is not None:
        import weft_runtime

        options["device"] = weft_runtime.devices(backend)[0]
    if fun is None:
        return lambda f: JitFunction(_checked(f), **options)
    return JitFunction(_checked(fun), **options)


def _checked(fun: Any) -> Callable[..., Any]:
    if not callable(fun):
        raise TypeError(f"jit: expected a function, got {fun!r:.80} of type {type(fun).__name__}")
    return fun
