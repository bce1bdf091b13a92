"""`grad` and `value_and_grad`: reverse mode for scalar functions, as one `vjp` request."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from weft._tracing.bind import op_class
from weft._tracing.staging import Traced, trace_function, type_of
from weft._tracing.trace import STATE
from weft._transforms.differentiable import as_leaves, check_input, check_output, float0_zeros, is_inexact
from weft._transforms.scope import evaluated
from weft._transforms.signatures import argument_names
from weft_compiler.avals import Aval
from weft_runtime import pytree


def value_and_grad(
    fun: Callable[..., Any],
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    holomorphic: bool = False,
    allow_int: bool = False,
    reduce_axes: Sequence[Any] = (),
) -> Callable[..., Any]:
    """A function that returns the value of `fun` and its gradient with respect to the arguments `argnums`.

    `fun` returns a real scalar, with `has_aux` a pair of it and anything else. The gradient has the shape of
    the argument (a tuple of them for several `argnums`).

    Raises: TypeError if the result is no real scalar, or an argument is no float (see `allow_int`).
    """
    check_callable(fun, "grad")

    @functools.wraps(fun, assigned=_COPIED)
    def value_and_grad_of(*args: Any, **kwargs: Any) -> Any:
        return evaluated(
            "grad", lambda: _value_and_grad(fun, argnums, has_aux, holomorphic, allow_int, args, kwargs)
        )

    return value_and_grad_of


def grad(
    fun: Callable[..., Any],
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    holomorphic: bool = False,
    allow_int: bool = False,
    reduce_axes: Sequence[Any] = (),
) -> Callable[..., Any]:
    """A function that returns the gradient of `fun`, with `has_aux` a pair of it and the rest; see `value_and_grad`."""
    both = value_and_grad(fun, argnums, has_aux, holomorphic, allow_int)

    @functools.wraps(fun, assigned=_COPIED)
    def grad_of(*args: Any, **kwargs: Any) -> Any:
        value, gradient = both(*args, **kwargs)
        return (gradient, value[1]) if has_aux else gradient

    return grad_of


_COPIED = ("__module__", "__name__", "__qualname__", "__doc__", "__annotations__")


def check_callable(fun: Any, name: str) -> None:
    """TypeError for what is no function."""
    if not callable(fun):
        raise TypeError(f"{name}: expected a function, got {fun!r:.80} of type {type(fun).__name__}")


def positions(argnums: int | Sequence[int], args: Sequence[Any], name: str) -> tuple[int, ...]:
    """Argument positions, non-negative; raises where the call has too few arguments."""
    numbers = (argnums,) if isinstance(argnums, int) else tuple(argnums)
    for n in numbers:
        if not isinstance(n, int):
            raise TypeError(f"{name}: argnums must be an int or a tuple of ints, got {argnums!r}")
        if not -len(args) <= n < len(args):
            raise TypeError(
                f"{name}: differentiating with respect to argnums={argnums} requires at least "
                f"{max(m + 1 if m >= 0 else -m for m in numbers)} positional arguments to be passed by the caller, "
                f"but got only {len(args)} positional arguments."
            )
    return tuple(n % len(args) for n in numbers)


class Split:
    """Arguments of a call split into the leaves that are differentiated and everything else."""

    def __init__(
        self, name: str, fun: Any, argnums: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        self.numbers = positions(argnums, args, name)
        self.single = isinstance(argnums, int)
        self.fun, self.args, self.kwargs = fun, args, kwargs
        chosen = tuple(args[n] for n in self.numbers)
        leaves, self.tree = pytree.flatten(chosen)
        self.leaves = as_leaves(name, fun, chosen, leaves)

    def call(self, leaves: Sequence[Any]) -> Any:
        """Calls the function with other values for the chosen leaves."""
        args = list(self.args)
        for n, value in zip(self.numbers, self.tree.unflatten(leaves), strict=True):
            args[n] = value
        return self.fun(*args, **self.kwargs)

    def rebuild(self, leaves: Sequence[Any]) -> Any:
        """One value for each leaf, in the structure of the chosen arguments."""
        made = self.tree.unflatten(leaves)
        return made[0] if self.single else made

    def names(self) -> list[str]:
        """What messages call the chosen leaves."""
        given = [x if i in self.numbers else None for i, x in enumerate(self.args)]
        return argument_names(self.fun, given, {})


def trace_split(split: Split, kind: str, has_aux: bool) -> tuple[Traced, Any, int]:
    """Traces the function of the chosen leaves; also the tree of its main result and that result's leaf count."""
    shape: list[Any] = []

    def call(tracers: list[Any]) -> Any:
        out = split.call(tracers)
        if not has_aux:
            leaves, tree = pytree.flatten(out)
            shape.extend((tree, len(leaves)))
            return leaves
        if not isinstance(out, (tuple, list)) or len(out) != 2:
            raise TypeError(
                f"{kind} with has_aux=True: the function must return a pair (value, aux), got {out!r:.80}"
            )
        leaves, tree = pytree.flatten(out[0])
        shape.extend((tree, len(leaves)))
        return leaves, out[1]

    traced = trace_function(
        call,
        [type_of(x) for x in split.leaves],
        kind=kind,
        fun=split.fun,
        staged=False,
        outers=split.leaves,
        arg_names=split.names,
    )
    return traced, shape[0], shape[1]


def _value_and_grad(
    fun: Any, argnums: Any, has_aux: bool, holomorphic: bool, allow_int: bool, args: Any, kwargs: Any
) -> Any:
    split = Split("grad", fun, argnums, args, kwargs)
    for x in split.leaves:
        check_input("grad", x, holomorphic, allow_int)
    traced, main_tree, count = trace_split(split, "grad", has_aux)
    _check_scalar(traced, main_tree, count, holomorphic)
    wrt = [i for i, x in enumerate(split.leaves) if is_inexact(x)]
    trace = STATE.trace
    assert trace is not None
    one = trace.constant(traced.out_types[0][0], 1)
    request = op_class("vjp").of(callee=traced.name, wrt=tuple(wrt), ct_of=(0,))
    outs = trace.emit(request, [*split.leaves, *traced.captures, one])
    results, gradients = outs[: len(traced.out_types)], outs[len(traced.out_types) :]
    for out, (_, weak) in zip(outs, (*traced.out_types, *(traced.in_types[i] for i in wrt)), strict=True):
        out.weak_type = weak
    by_position = dict(zip(wrt, gradients, strict=True))
    by_leaf = [
        by_position[i] if i in by_position else float0_zeros(x.shape) for i, x in enumerate(split.leaves)
    ]
    value = results[0]
    if has_aux:
        value = (value, traced.out_tree.unflatten(results)[1])
    return value, split.rebuild(by_leaf)


def _check_scalar(traced: Traced, tree: Any, count: int, holomorphic: bool) -> None:
    if count != 1 or tree != _LEAF:
        raise TypeError(f"Gradient only defined for scalar-output functions. Output was a tree: {tree}.")
    aval: Aval = traced.out_types[0][0]
    if aval.shape:
        raise TypeError(f"Gradient only defined for scalar-output functions. Output had shape: {aval.shape}.")
    check_output("grad", aval, holomorphic)


_LEAF = pytree.flatten(0)[1]
