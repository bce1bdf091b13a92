"""`linear_call`: linear functions that bring their transpose."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from weft._tracing.bind import op_class
from weft._tracing.operands import convert
from weft._tracing.staging import InType, Traced, trace_function, type_of
from weft._tracing.trace import STATE
from weft._tracing.values import as_value, aval_of_value
from weft._transforms.custom.arguments import called
from weft._transforms.custom.captures import Captured, captures_to
from weft._transforms.differentiable import as_leaves
from weft._transforms.forward import set_weak
from weft._transforms.grad import check_callable
from weft._transforms.scope import evaluated
from weft._tree.structure import changes
from weft_runtime import pytree


def linear_call(
    fun: Callable[[Any, Any], Any],
    fun_transpose: Callable[[Any, Any], Any],
    residual_args: Any,
    linear_args: Any,
) -> Any:
    """`fun(residual_args, linear_args)`, which is linear in `linear_args` and has `fun_transpose` as its transpose.

    `fun_transpose(residual_args, ct)` maps a cotangent of the result to one of `linear_args`. Its own transpose
    is `fun`.

    Raises: TypeError if it does not return what `linear_args` is in structure, shapes and dtypes.

    >>> def divided(x, y):
    ...     return linear_call(lambda y, x: x / y, lambda y, ct: ct / y, y, x)
    """
    check_callable(fun, "linear_call")
    check_callable(fun_transpose, "linear_call")
    return evaluated("linear_call", lambda: _linear_call(fun, fun_transpose, residual_args, linear_args))


def _linear_call(fun: Any, fun_transpose: Any, residual_args: Any, linear_args: Any) -> Any:
    args = (residual_args, linear_args)
    residuals, linear = (as_leaves("linear_call", fun, args, pytree.flatten(x)[0]) for x in args)
    residual_tree, linear_tree = (pytree.flatten(x)[1] for x in args)
    known, given = [type_of(x) for x in residuals], [type_of(x) for x in linear]
    callee = _traced(fun, [(residual_tree, known), (linear_tree, given)])

    def transposed(residual_args: Any, ct: Any) -> Any:
        return _checked(fun_transpose, fun_transpose(residual_args, ct), linear_tree, given)

    back = _traced(transposed, [(residual_tree, known), (callee.out_tree, callee.out_types)])
    captured = Captured([*callee.captures, *back.captures])
    for traced in (callee, back):
        captured.extend(traced)
        captures_to(traced, len(residuals))
    trace = STATE.trace
    assert trace is not None
    inst = op_class("linear_call").of(
        callee=callee.name, transpose_callee=back.name, residuals=len(residuals) + len(captured.values)
    )
    outs = trace.emit(inst, [*residuals, *captured.values, *linear])
    set_weak(outs, callee.out_types)
    return callee.out_tree.unflatten(outs)


def _traced(fun: Callable[[Any, Any], Any], args: Sequence[tuple[Any, Sequence[InType]]]) -> Traced:
    (first_tree, first), (second_tree, second) = args

    def call(tracers: list[Any]) -> Any:
        count = len(first)
        return fun(first_tree.unflatten(tracers[:count]), second_tree.unflatten(tracers[count:]))

    return trace_function(call, [*first, *second], kind="linear_call", fun=fun, staged=True)


def _checked(fun: Any, out: Any, tree: Any, types: Sequence[InType]) -> Any:
    """What the transpose returns, with the dtypes of the linear arguments; TypeError where it differs from them."""
    flat, out_tree = pytree.flatten(out)
    made = [as_value(x) for x in flat]
    if out_tree == tree:
        pairs = zip(made, types, strict=True)
        made = [convert(x, aval.dtype, weak) if x.weak_type else x for x, (aval, weak) in pairs]
    wanted = [aval for aval, _ in types]
    lines = changes("linear_args", (tree, wanted), (out_tree, [aval_of_value(x) for x in made]))
    if lines:
        raise TypeError(
            f"linear_call: transpose output pytree structure must match that of linear inputs, and so must shapes and "
            f"dtypes; from linear inputs to the output of {called(fun)}:\n"
            + "\n".join(f"  * {line}" for line in lines)
        )
    return tree.unflatten(made)
