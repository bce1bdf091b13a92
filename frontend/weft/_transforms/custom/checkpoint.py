"""`checkpoint`: functions that the backward pass computes again, to keep less in memory."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from weft._tracing.bind import bind, op_class
from weft._tracing.staging import trace_function, type_of
from weft._tracing.trace import STATE, Tracer
from weft._tracing.values import as_value
from weft._transforms.custom.arguments import called
from weft._transforms.custom.policies import check_name, text_of
from weft._transforms.differentiable import as_leaves
from weft._transforms.forward import set_weak
from weft._transforms.grad import check_callable
from weft._transforms.scope import evaluated
from weft._transforms.signatures import argument_names, as_tuple
from weft.errors import ConcretizationTypeError
from weft.tree_util import tree_map
from weft_runtime import pytree

_NOT_GIVEN = object()


def checkpoint(
    fun: Callable[..., Any],
    *,
    prevent_cse: bool | Sequence[bool] = True,
    policy: Any = None,
    static_argnums: int | tuple[int, ...] = (),
    static_argnames: str | Sequence[str] = (),
    concrete: Any = _NOT_GIVEN,
) -> Callable[..., Any]:
    """`fun`, of which a derivative keeps the arguments and what `policy` allows, and computes the rest again.

    The same function otherwise: memory is traded for time. `policy` is one of `checkpoint_policies` (None: keep
    nothing). Static arguments may decide Python control flow. `prevent_cse=False` lets the compiler merge what is
    computed again with the first time, which is right in the body of a `scan`.

    >>> @functools.partial(checkpoint, policy=checkpoint_policies.dots_saveable)
    ... def layer(x, w):
    ...     return jnp.sin(x @ w)
    """
    check_callable(fun, "checkpoint")
    if concrete is not _NOT_GIVEN:
        raise NotImplementedError(
            "The `concrete` option to `checkpoint` is gone\n  try `static_argnums` in its place"
        )
    if not isinstance(prevent_cse, (bool, Sequence)):
        raise TypeError(
            f"prevent_cse must be a bool or tuple of bools, got {prevent_cse!r:.60} of type {type(prevent_cse)}"
        )
    barrier = prevent_cse if isinstance(prevent_cse, bool) else any(pytree.flatten(list(prevent_cse))[0])
    attributes = {"policy": text_of(policy), "prevent_cse": barrier}
    names = as_tuple(static_argnames)

    @functools.wraps(fun)
    def checkpointed(*args: Any, **kwargs: Any) -> Any:
        numbers = _static_positions(static_argnums, len(args))
        call = _Call(fun, args, kwargs, numbers, names)
        return evaluated("checkpoint", lambda: call.emit(attributes))

    return checkpointed


def remat(
    fun: Callable[..., Any],
    *,
    prevent_cse: bool | Sequence[bool] = True,
    policy: Any = None,
    static_argnums: int | tuple[int, ...] = (),
    concrete: Any = _NOT_GIVEN,
) -> Callable[..., Any]:
    """Another name of `checkpoint`."""
    return checkpoint(
        fun, prevent_cse=prevent_cse, policy=policy, static_argnums=static_argnums, concrete=concrete
    )


def _static_positions(static_argnums: Any, count: int) -> frozenset[int]:
    numbers = (static_argnums,) if isinstance(static_argnums, int) else static_argnums
    if not isinstance(numbers, (tuple, list)) or not all(isinstance(n, int) for n in numbers):
        raise TypeError(
            "the `static_argnums` argument to `checkpoint` / `remat` must be an int or a tuple of ints, but got "
            f"value {static_argnums}"
        )
    if not all(-count <= n < count for n in numbers):
        raise ValueError(
            "the `static_argnums` argument to `checkpoint` / `remat` can only take integer values greater than or "
            f"equal to `-len(args)` and less than `len(args)`, but got {static_argnums}, while `len(args)` = {count}"
        )
    return frozenset(n % count for n in numbers)


class _Call:
    """One call: arrays in leaves, and static arguments in their places."""

    def __init__(
        self,
        fun: Any,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        numbers: frozenset[int],
        names: Sequence[str],
    ) -> None:
        self.fun, self.args, self.numbers = fun, args, numbers
        self.static_kwargs = {k: v for k, v in kwargs.items() if k in names}
        dynamic = tuple(x for n, x in enumerate(args) if n not in numbers)
        given = {k: v for k, v in kwargs.items() if k not in names}
        flat, self.tree = pytree.flatten((dynamic, given))
        self.names = argument_names(fun, [None if n in numbers else x for n, x in enumerate(args)], given)
        self.leaves = as_leaves("checkpoint", fun, dynamic, flat)

    def run(self, tracers: Sequence[Any]) -> Any:
        """Calls the function with other leaves."""
        dynamic, given = self.tree.unflatten(tracers)
        rest = iter(dynamic)
        args = [x if n in self.numbers else next(rest) for n, x in enumerate(self.args)]
        return self.fun(*args, **given, **self.static_kwargs)

    def emit(self, attributes: dict[str, Any]) -> Any:
        """Traces the function, and writes the op into the current trace."""
        try:
            traced = trace_function(
                self.run,
                [type_of(x) for x in self.leaves],
                kind="checkpoint",
                fun=self.fun,
                staged=True,
                arg_names=self.names,
            )
        except ConcretizationTypeError as error:
            error.args = (
                f"{error.args[0]}\n  try checkpoint({called(self.fun)}, static_argnums=...) for arguments that "
                "decide Python control flow",
            )
            raise
        trace = STATE.trace
        assert trace is not None
        inst = op_class("checkpoint").of(callee=traced.name, **attributes)
        outs = trace.emit(inst, [*self.leaves, *traced.captures])
        set_weak(outs, traced.out_types)
        return traced.out_tree.unflatten(outs)


def checkpoint_name(x: Any, name: str) -> Any:
    """`x`, an array or a tree of them, under a name by which the policy of a `checkpoint` can keep it."""
    check_name(name, "checkpoint_name")

    def named(leaf: Any) -> Any:
        value = as_value(leaf)
        if type(value) is not Tracer:
            return leaf
        return bind(op_class("checkpoint_name").of(label=name), value, weak_type=value.weak_type)

    return tree_map(named, x)
