"""From a call of a Python function to a function of the IR."""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable, Sequence
from typing import Any

from weft._tracing import leaks
from weft._tracing.axes import AXES
from weft._tracing.bind import op_class
from weft._tracing.float0 import is_float0, without_float0
from weft._tracing.source import SITE, describe_function
from weft._tracing.trace import STATE, Trace, Tracer
from weft._tracing.values import as_value, aval_of_value
from weft.config import config
from weft_compiler.avals import Aval
from weft_compiler.module import Module
from weft_compiler.named_axes import named_axes
from weft_runtime import Array, Spec, pytree

_REVERSE = frozenset({"grad", "vjp", "linear_transpose"})

InType = tuple[Aval, bool]
"""Aval and weak type of an argument."""


class Traced:
    """A traced function: `name` in `module` takes the arguments, then `captures`; results unflatten by `out_tree`."""

    __slots__ = ("__weakref__", "captures", "in_types", "module", "name", "out_tree", "out_types")

    def __init__(self, trace: Trace, outs: Sequence[Any], out_tree: Any) -> None:
        self.module: Module = trace.module
        self.name = trace.function.name
        self.captures: list[Any] = trace.captures
        self.in_types = [(v.aval, weak) for v, weak in trace.args]
        self.out_tree = out_tree
        self.out_types = [(aval_of_value(x), x.weak_type) for x in outs]

    def captures_tracer(self) -> bool:
        """Whether the function uses values of an outer trace, so that it belongs to that trace."""
        return any(type(x) is Tracer for x in self.captures)

    def belongs_to_trace(self) -> bool:
        """Whether it has no result but in the outer trace: it uses a value, or a named axis, of that."""
        return self.captures_tracer() or (bool(AXES.bound) and bool(named_axes(self.module, self.name)))


def trace_function(
    call: Callable[[list[Tracer]], Any],
    in_types: Sequence[InType],
    *,
    kind: str,
    fun: Any,
    staged: bool,
    outers: Sequence[Any] | None = None,
    arg_names: Callable[[], Sequence[str]] | Sequence[str] = (),
    own_module: bool = False,
) -> Traced:
    """Runs `call` on tracers of `in_types` and returns the function that it wrote.

    Raises: RuntimeError under `no_tracing`; UnexpectedTracerError under `checking_leaks` for a tracer that leaves.

    `outers`: the value of each argument in this call, None where it has none; only traces that are not staged
    look at them. `own_module`: in a module by itself, not in that of the current trace.
    """
    if config.no_tracing and own_module:
        what = describe_function(fun)
        raise RuntimeError(f"re-tracing function {what} for `{kind}`, but 'no_tracing' is set")
    settings = kind, fun, staged, outers, arg_names, own_module
    if not config.check_tracer_leaks:
        return _traced(call, in_types, *settings)[0]
    traced, ended = _traced(call, in_types, *settings)
    leaks.check(ended)
    return traced


def _traced(
    call: Callable[[list[Tracer]], Any],
    in_types: Sequence[InType],
    kind: str,
    fun: Any,
    staged: bool,
    outers: Sequence[Any] | None,
    arg_names: Callable[[], Sequence[str]] | Sequence[str],
    own_module: bool,
) -> tuple[Traced, weakref.ref[Trace]]:
    if AXES.bound and kind in _REVERSE:
        AXES.check_reverse(kind)
    name = function_name(fun)
    trace: Trace | None = None
    outer, scope, site = STATE.trace, SITE.scope, SITE.current
    if own_module:
        SITE.scope, SITE.current = "", None  # it will be called from other places too
    try:
        trace = Trace(STATE.trace, name, kind, staged, Module.new() if own_module else None)
        trace.fun, trace.arg_names = fun, arg_names
        with trace:
            given = outers or [None] * len(in_types)
            args = [trace.add_arg(aval, weak, x) for (aval, weak), x in zip(in_types, given, strict=True)]
            made = call(args)
            leaves, out_tree = pytree.flatten(made)
            if any(map(is_float0, leaves)):
                leaves, out_tree = pytree.flatten(without_float0(made))
            outs = [as_output(x, fun) for x in leaves]
            trace.finish(outs)
    except BaseException:
        if trace is not None:
            trace.discard()
        raise
    finally:
        SITE.scope, SITE.current = scope, site
        if STATE.trace is not outer:  # an interrupt came while the trace was entered or left
            STATE.replace(outer)
        if own_module and trace is not None:
            trace.parent = None  # the trace outlives the call in caches; the caller's must not
    return Traced(trace, outs, out_tree), weakref.ref(trace)


def function_name(fun: Any) -> str:
    """A symbol for a Python function: its name, letters and digits only."""
    name = getattr(fun, "__name__", None) or getattr(getattr(fun, "func", None), "__name__", None)
    return _symbol(name or type(fun).__name__)


@functools.lru_cache(maxsize=4096)
def _symbol(name: str) -> str:
    made = "".join(c if c.isalnum() or c == "_" else "_" for c in name).strip("_") or "fn"
    return "main_" if made == "main" else made  # `main` is the entry of the lowered module


def as_output(x: Any, fun: Any) -> Any:
    """A result of a traced function as an array or tracer."""
    try:
        return as_value(x)
    except TypeError as error:
        raise TypeError(
            f"{function_name(fun)} returned {x!r:.80} of type {type(x).__name__}; "
            "a function under a transformation must return arrays, numbers, or containers of them"
        ) from error


def call_traced(traced: Traced, args: Sequence[Any]) -> list[Any]:
    """Calls a traced function from the current trace; flat results."""
    trace = STATE.trace
    assert trace is not None, "there is no trace to call from"
    name = import_traced(trace, traced)
    inst = op_class("call").of(callee=name)
    outs = trace.emit(inst, [*args, *traced.captures])
    for out, (_, weak) in zip(outs, traced.out_types, strict=True):
        out.weak_type = weak
    return list(outs)


def import_traced(trace: Trace, traced: Traced) -> str:
    """The name of a traced function in the module of `trace`, copied there at first use."""
    if traced.module is trace.module:
        return traced.name
    imported = trace.root.imported
    name = imported.get(traced)
    if name is None:
        name = imported[traced] = trace.module.import_from(traced.module, traced.name)
    return name


def in_specs(leaves: Sequence[Any], captures: Sequence[Array]) -> list[Spec]:
    """Specs of a program's arguments; what the function captured goes where its arguments are."""
    return [x.spec for x in leaves] + [x.spec.update(committed=False) for x in captures]


def type_of(x: Any) -> InType:
    """What tracing needs to know of an argument."""
    return aval_of_value(x), x.weak_type


def all_arrays(values: Sequence[Any]) -> bool:
    """Whether all values are concrete."""
    return all(type(x) is Array for x in values)
