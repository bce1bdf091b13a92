"""`jvp` and `linearize`: forward mode."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from weft import dtypes
from weft._tracing.bind import op_class
from weft._tracing.staging import InType, Traced, trace_function, type_of
from weft._tracing.trace import STATE, Tracer
from weft._tracing.values import as_value
from weft._transforms.derived import DerivedFunction
from weft._transforms.differentiable import as_leaves, float0_zeros, is_inexact
from weft._transforms.grad import check_callable
from weft._transforms.scope import evaluated
from weft._transforms.signatures import argument_names
from weft_compiler import now
from weft_runtime import pytree


def jvp(
    fun: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any], has_aux: bool = False
) -> Any:
    """The pair of `fun(*primals)` and its derivative in the direction `tangents`; with `has_aux`, a triple.

    `tangents` has the structure, shapes and dtypes of `primals` (float0 for integers).

    Raises: TypeError where they differ.
    """
    check_callable(fun, "jvp")
    if not isinstance(primals, (tuple, list)) or not isinstance(tangents, (tuple, list)):
        raise TypeError(
            "primal and tangent arguments to jvp must be tuples or lists; "
            f"found {type(primals).__name__} and {type(tangents).__name__}."
        )
    return evaluated("jvp", lambda: _jvp(fun, tuple(primals), tuple(tangents), has_aux))


def _jvp(fun: Any, primals: tuple[Any, ...], tangents: tuple[Any, ...], has_aux: bool) -> Any:
    flat, tree = pytree.flatten(primals)
    flat_tangents, tangent_tree = pytree.flatten(tangents)
    if tree != tangent_tree:
        raise TypeError(
            "primal and tangent arguments to jvp must have the same tree structure; primals have tree structure "
            f"{tree} whereas tangents have tree structure {tangent_tree}."
        )
    leaves = as_leaves("jvp", fun, primals, flat)
    given = [check_tangent("jvp", x, t) for x, t in zip(leaves, flat_tangents, strict=True)]
    traced = trace_flat(fun, leaves, tree, primals, "jvp", has_aux)
    wrt = tuple(i for i, x in enumerate(leaves) if is_inexact(x))
    trace = STATE.trace
    assert trace is not None
    request = op_class("jvp").of(callee=traced.name, wrt=wrt)
    outs = trace.emit(request, [*leaves, *traced.captures, *(given[i] for i in wrt)])
    results = outs[: len(traced.out_types)]
    set_weak(results, traced.out_types)
    derivatives = iter(outs[len(results) :])
    douts = [
        next(derivatives) if aval.kind in "fc" else float0_zeros(aval.shape) for aval, _ in traced.out_types
    ]
    set_weak([d for d in douts if type(d) is Tracer], [t for t in traced.out_types if t[0].kind in "fc"])
    primal_out, tangent_out = traced.out_tree.unflatten(results), traced.out_tree.unflatten(douts)
    if not has_aux:
        return primal_out, tangent_out
    return primal_out[0], tangent_out[0], primal_out[1]


def check_tangent(name: str, x: Any, tangent: Any) -> Any:
    """A tangent as an array of the type of its primal."""
    if not is_inexact(x):
        if getattr(tangent, "dtype", None) != dtypes.float0:
            raise TypeError(
                f"{name}: primal and tangent arguments must have matching dtypes: the tangent of {x.aval} must have "
                f"dtype float0, got {getattr(tangent, 'dtype', type(tangent).__name__)}"
            )
        return tangent
    made = as_value(tangent)
    if made.dtype != x.dtype:
        if made.weak_type and np.can_cast(made.dtype, x.dtype, "same_kind"):
            made = as_value(tangent, x.dtype) if not hasattr(tangent, "astype") else tangent.astype(x.dtype)
        else:
            raise TypeError(
                f"primal and tangent arguments to {name} do not match; dtypes must be equal, or in case of int/bool "
                f"primal dtype the tangent dtype must be float0. Got primal dtype {x.dtype} and so expected tangent "
                f"dtype {x.dtype}, but got tangent dtype {made.dtype} instead."
            )
    if made.shape != x.shape:
        raise ValueError(
            f"{name} called with different primal and tangent shapes; "
            f"got primal shape {x.shape} and tangent shape as {made.shape}"
        )
    return made


def trace_flat(
    fun: Any, leaves: Sequence[Any], tree: Any, args: tuple[Any, ...], kind: str, has_aux: bool
) -> Traced:
    """Traces `fun(*args)` on flat leaves, with their values at hand."""

    def call(tracers: list[Any]) -> Any:
        out = fun(*tree.unflatten(tracers))
        if has_aux and (not isinstance(out, (tuple, list)) or len(out) != 2):
            raise TypeError(
                f"{kind} with has_aux=True: the function must return a pair (out, aux), got {out!r:.80}"
            )
        return tuple(out) if has_aux else out

    return trace_function(
        call,
        [type_of(x) for x in leaves],
        kind=kind,
        fun=fun,
        staged=False,
        outers=leaves,
        arg_names=lambda: argument_names(fun, args, {}),
    )


def set_weak(outs: Sequence[Any], types: Sequence[InType]) -> None:
    """Gives results the weak types that a function had."""
    for out, (_, weak) in zip(outs, types, strict=True):
        out.weak_type = weak


def linearize(fun: Callable[..., Any], *primals: Any, has_aux: bool = False) -> Any:
    """The pair of `fun(*primals)` and the function that maps tangents to tangents of the result.

    The function may be called often: what does not depend on the tangents is computed here, once.
    """
    check_callable(fun, "linearize")
    return evaluated("linearize", lambda: _linearize(fun, primals, has_aux))


def _linearize(fun: Any, primals: tuple[Any, ...], has_aux: bool) -> Any:
    flat, tree = pytree.flatten(primals)
    leaves = as_leaves("linearize", fun, primals, flat)
    traced = trace_flat(fun, leaves, tree, primals, "linearize", has_aux)
    results, lin, residuals = split_linear(traced, leaves)
    function = LinearFunction(
        traced.module,
        lin,
        residuals,
        tree,
        [type_of(x) for x in leaves],
        traced.out_tree,
        traced.out_types,
        has_aux,
    )
    out = traced.out_tree.unflatten(results)
    return (out[0], function, out[1]) if has_aux else (out, function)


def split_linear(traced: Traced, leaves: Sequence[Any]) -> tuple[list[Any], str, list[Any]]:
    """Runs the forward part of a traced function: results, the name of the linear part, and its residuals."""
    trace = STATE.trace
    assert trace is not None
    active = tuple(is_inexact(x) for x in leaves) + (False,) * len(traced.captures)
    made = now.linearize(traced.module, traced.name, active)
    outs = trace.emit(op_class("call").of(callee=made.fwd), [*leaves, *traced.captures])
    count = len(traced.out_types)
    set_weak(outs[:count], traced.out_types)
    return list(outs[:count]), made.lin, list(outs[count:])


class LinearFunction(DerivedFunction):
    """What `linearize` returns: maps tangents to tangents of the result."""

    def __call__(self, *tangents: Any) -> Any:
        flat, tree = pytree.flatten(tangents)
        if tree != self.in_tree:
            raise TypeError(f"linearized function: expected tangents of structure {self.in_tree}, got {tree}")
        return evaluated("linear", lambda: self._apply(flat))

    def _apply(self, flat: Sequence[Any]) -> Any:
        given = []
        for t, (aval, _) in zip(flat, self.in_types, strict=True):
            if aval.kind in "fc":
                made = as_value(t, aval.dtype if isinstance(t, (int, float, complex)) else None)
                if (made.shape, made.dtype) != (aval.shape, aval.dtype):
                    raise TypeError(
                        f"linearized function called on tangent values inconsistent with the original "
                        f"primal values: expected {aval}, got {made.aval}"
                    )
                given.append(made)
        outs = iter(self.call_function(self.fn, [*given, *self.residuals]))
        leaves = [next(outs) if aval.kind in "fc" else float0_zeros(aval.shape) for aval, _ in self.out_types]
        made = self.out_tree.unflatten(leaves)
        return made[0] if self.has_aux else made
