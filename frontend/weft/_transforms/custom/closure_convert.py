"""`closure_convert`: what a function closes over as explicit arguments."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from weft._tracing.bind import op_class
from weft._tracing.staging import Traced, import_traced, trace_function, type_of
from weft._tracing.trace import STATE, Tracer
from weft._tracing.values import as_value
from weft._transforms.differentiable import as_leaves
from weft._transforms.forward import set_weak
from weft._transforms.grad import check_callable
from weft._transforms.scope import evaluated
from weft._transforms.signatures import argument_names
from weft_runtime import pytree


def closure_convert(fun: Callable[..., Any], *example_args: Any) -> tuple[Callable[..., Any], list[Any]]:
    """A function that takes what `fun` closes over behind its arguments, and the list of these values.

    `fun` is traced for arguments like `example_args`. Values that a derivative may pass through are taken out of
    the closure, wherever Python found them; others stay in it.

    >>> def minimize(objective, x):
    ...     converted, closed_over = closure_convert(objective, x)
    ...     return minimize_explicit(converted, x, *closed_over)
    """
    check_callable(fun, "closure_convert")
    flat, tree = pytree.flatten(example_args)
    leaves = as_leaves("closure_convert", fun, example_args, flat)
    traced = trace_function(
        lambda tracers: fun(*tree.unflatten(tracers)),
        [type_of(x) for x in leaves],
        kind="closure_convert",
        fun=fun,
        staged=True,
        arg_names=argument_names(fun, example_args, {}),
        own_module=True,
    )
    hoisted = [_may_be_differentiated(x) for x in traced.captures]
    values = [x for x, is_hoisted in zip(traced.captures, hoisted, strict=True) if is_hoisted]

    def converted(*args: Any) -> Any:
        count = len(args) - len(values)
        given, other_tree = pytree.flatten(tuple(args[:count]))
        if other_tree != tree:
            raise TypeError(
                "The inputs to the closure produced by closure_convert must have the same Pytree structure as the "
                f"example arguments passed when closure_convert was called. Expected {tree}, but got {other_tree}"
            )
        consts = iter(args[count:])
        captures = [next(consts) if h else x for x, h in zip(traced.captures, hoisted, strict=True)]
        return call_with(traced, given, captures)

    return converted, values


def _may_be_differentiated(x: Any) -> bool:
    return type(x) is Tracer and x.aval.kind in "fc"


def call_with(traced: Traced, args: Sequence[Any], captures: Sequence[Any]) -> Any:
    """Calls a traced function with other values for what it captures."""

    def call() -> Any:
        trace = STATE.trace
        assert trace is not None
        inst = op_class("call").of(callee=import_traced(trace, traced))
        outs = trace.emit(inst, [as_value(x) for x in (*args, *captures)])
        set_weak(outs, traced.out_types)
        return traced.out_tree.unflatten(outs)

    return evaluated("closure_convert", call)
