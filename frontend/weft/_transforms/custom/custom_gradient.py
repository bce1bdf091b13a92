"""`custom_gradient`: functions that return their value together with their reverse derivative."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from weft._tracing.staging import Traced, trace_function, type_of
from weft._tracing.values import as_value
from weft._transforms.custom.closure_convert import call_with
from weft._transforms.custom.custom_vjp import custom_vjp
from weft._transforms.differentiable import float0_zeros, is_inexact
from weft_runtime import pytree


def custom_gradient(fun: Callable[..., Any]) -> Callable[..., Any]:
    """A function whose reverse derivative is what `fun` returns second.

    `fun(*args)` returns the pair of a result and of a function that maps a cotangent of it to cotangents of the
    arguments: one, or a tuple. That function may use values that `fun` has computed; it is traced, so that no
    Python control flow may depend on values.

    >>> @custom_gradient
    ... def f(x):
    ...     return x**2, lambda ct: (ct * x,)
    >>> f(3.0), grad(f)(3.0)
    (9.0, Array(3., dtype=float32, weak_type=True))
    """

    @functools.wraps(fun)
    def value(*args: Any, **kwargs: Any) -> Any:
        return fun(*args, **kwargs)[0]

    def fwd(*args: Any) -> Any:
        out, rule = fun(*args)
        return out, Backward(*_traced(rule, out))

    def bwd(backward: Backward, ct: Any) -> Any:
        leaves = [x for x in pytree.flatten(ct)[0] if is_inexact(x)]
        made = call_with(backward.traced, leaves, backward.captures)
        return made if isinstance(made, tuple) else (made,)

    function = custom_vjp(value)
    function.defvjp(fwd, bwd)
    return function


def _traced(rule: Callable[[Any], Any], out: Any) -> tuple[Traced, list[Any]]:
    """The derivative as a function of the float and complex cotangents, and what it uses beside them."""
    flat, tree = pytree.flatten(out)
    leaves = [as_value(x) for x in flat]

    def call(tracers: list[Any]) -> Any:
        given = iter(tracers)
        return rule(tree.unflatten([next(given) if is_inexact(x) else float0_zeros(x.shape) for x in leaves]))

    traced = trace_function(
        call,
        [type_of(x) for x in leaves if is_inexact(x)],
        kind="custom_gradient",
        fun=rule,
        staged=True,
        own_module=True,
    )
    return traced, traced.captures


class Backward:
    """A traced derivative with the values that it uses, which are its leaves as a tree."""

    def __init__(self, traced: Traced, captures: list[Any]) -> None:
        self.traced, self.captures = traced, captures


pytree.register_node(
    Backward, lambda made: (made.captures, made.traced), lambda traced, values: Backward(traced, list(values))
)
