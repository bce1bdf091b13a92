"""`vjp` and `linear_transpose`: reverse mode, with a function of cotangents as the result."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from weft import dtypes
from weft._tracing.staging import trace_function, type_of
from weft._tracing.trace import STATE, Tracer
from weft._tracing.values import as_value
from weft._transforms.derived import DerivedFunction
from weft._transforms.differentiable import as_leaves, float0_zeros
from weft._transforms.forward import set_weak, split_linear, trace_flat
from weft._transforms.grad import check_callable
from weft._transforms.scope import evaluated
from weft._transforms.signatures import argument_names
from weft_compiler import now
from weft_runtime import pytree


def vjp(
    fun: Callable[..., Any], *primals: Any, has_aux: bool = False, reduce_axes: Sequence[Any] = ()
) -> Any:
    """The pair of `fun(*primals)` and the function that maps cotangents of it to cotangents of `primals`.

    With `has_aux`, `fun` returns a pair whose second part is handed back as a third result.
    """
    check_callable(fun, "vjp")
    return evaluated("vjp", lambda: _vjp(fun, primals, has_aux))


def _vjp(fun: Any, primals: tuple[Any, ...], has_aux: bool) -> Any:
    flat, tree = pytree.flatten(primals)
    leaves = as_leaves("vjp", fun, primals, flat)
    traced = trace_flat(fun, leaves, tree, primals, "vjp", has_aux)
    results, lin, residuals = split_linear(traced, leaves)
    in_types = [type_of(x) for x in leaves]
    active = sum(aval.kind in "fc" for aval, _ in in_types)
    made = now.transpose(traced.module, lin, (True,) * active + (False,) * len(residuals))
    out = traced.out_tree.unflatten(results)
    main = pytree.flatten(out[0])[1] if has_aux else traced.out_tree
    count = main.num_leaves
    function = VjpFunction(traced.module, made.fn, residuals, tree, in_types, main, traced.out_types, has_aux)
    function.aux_count = len(results) - count
    return (out[0], function, out[1]) if has_aux else (out, function)


class VjpFunction(DerivedFunction):
    """What `vjp` returns: maps cotangents of the result to a tuple of cotangents of the arguments."""

    aux_count = 0

    def __call__(self, ct: Any) -> Any:
        flat, tree = pytree.flatten(ct)
        if tree != self.out_tree:
            raise TypeError(
                f"Tree structure of cotangent input {tree} does not match structure of primal output {self.out_tree}"
            )
        return evaluated("vjp", lambda: self._apply(flat))

    def _apply(self, flat: Sequence[Any]) -> Any:
        given = [
            check_cotangent(t, aval)
            for t, (aval, _) in zip(flat, self.out_types, strict=False)
            if aval.kind in "fc"
        ]
        for aval, _ in self.out_types[len(flat) :]:
            if aval.kind in "fc":  # aux results are not differentiated
                given.append(_zeros(aval))
        outs = iter(self.call_function(self.fn, [*given, *self.residuals]))
        leaves = [next(outs) if aval.kind in "fc" else float0_zeros(aval.shape) for aval, _ in self.in_types]
        set_weak([x for x in leaves if type(x) is Tracer], [t for t in self.in_types if t[0].kind in "fc"])
        return self.in_tree.unflatten(leaves)


def _zeros(aval: Any) -> Any:
    assert STATE.trace is not None
    return STATE.trace.constant(aval, 0)


def check_cotangent(ct: Any, aval: Any) -> Any:
    """A cotangent as an array of the type of the result that it belongs to."""
    made = as_value(ct, aval.dtype if isinstance(ct, (bool, int, float, complex)) else None)
    if made.shape != aval.shape:
        raise ValueError(
            f"Shape of cotangent input to vjp pullback function {made.shape} must be the same as the shape of "
            f"corresponding primal input {aval.shape}."
        )
    if made.dtype != aval.dtype:
        raise TypeError(
            "Type of cotangent input to vjp pullback function "
            f"({made.dtype}) is not the expected tangent type ({aval.dtype}) of corresponding primal output "
            f"with dtype {aval.dtype}."
        )
    return made


def linear_transpose(
    fun: Callable[..., Any], *primals: Any, reduce_axes: Sequence[Any] = ()
) -> Callable[[Any], Any]:
    """The transpose of a linear function: maps cotangents of its result to cotangents of its arguments.

    `primals` are only looked at for shapes and dtypes (arrays or ShapeDtypeStructs).

    Raises: TypeError if the function is not linear, or integers are involved.
    """
    check_callable(fun, "linear_transpose")
    flat, tree = pytree.flatten(primals)
    in_types = [_linear_type(x) for x in flat]

    def transposed(ct: Any) -> Any:
        return evaluated("linear_transpose", lambda: _transposed(fun, primals, tree, in_types, ct))

    return transposed


def _linear_type(x: Any) -> Any:
    from weft_compiler.avals import Aval

    aval = Aval.of(tuple(x.shape), dtypes.dtype(x)) if hasattr(x, "shape") else type_of(as_value(x))[0]
    if aval.kind not in "fc":
        raise TypeError(
            "linear_transpose only supports [float or complex] inputs, and all inputs must be of those; "
            f"got {aval}"
        )
    return aval, bool(getattr(x, "weak_type", False))


def _transposed(fun: Any, primals: Any, tree: Any, in_types: Any, ct: Any) -> Any:
    traced = trace_function(
        lambda tracers: fun(*tree.unflatten(tracers)),
        in_types,
        kind="linear_transpose",
        fun=fun,
        staged=True,
        arg_names=argument_names(fun, primals, {}),
    )
    made = now.transpose(
        traced.module, traced.name, (True,) * len(in_types) + (False,) * len(traced.captures)
    )
    function = VjpFunction(
        traced.module, made.fn, traced.captures, tree, in_types, traced.out_tree, traced.out_types, False
    )
    return function(ct)
