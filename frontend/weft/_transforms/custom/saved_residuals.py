"""`print_saved_residuals`: what the derivative of a function keeps between its forward and its backward pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from weft._tracing import source
from weft._tracing.staging import trace_function, type_of
from weft._transforms.differentiable import as_leaves
from weft._transforms.grad import check_callable
from weft._transforms.signatures import argument_names
from weft_compiler import now
from weft_compiler.avals import Aval, aval_of
from weft_compiler.body import read_op
from weft_compiler.dialect.checkpoint_policies import NAMING_OP
from weft_compiler.flatten import flattened
from weft_compiler.module import Module
from weft_runtime import pytree


def print_saved_residuals(f: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
    """Prints a line for each value that reverse mode keeps for `f(*args, **kwargs)`: its type, and what it is.

    >>> print_saved_residuals(lambda x, y: jnp.sin(x) * y, 1.0, 2.0)
    f32[] from the argument y
    f32[] output of sin from example.py:1 (<lambda>)
    f32[] output of cos from example.py:1 (<lambda>)
    """
    for aval, what in saved_residuals(f, *args, **kwargs):
        print(f"{aval} {what}")


def saved_residuals(f: Callable[..., Any], *args: Any, **kwargs: Any) -> list[tuple[Aval, str]]:
    """The lines of `print_saved_residuals`, each as type and words."""
    check_callable(f, "print_saved_residuals")
    flat, tree = pytree.flatten((args, kwargs))
    leaves = as_leaves("print_saved_residuals", f, args, flat)
    names = argument_names(f, args, kwargs)

    def call(tracers: list[Any]) -> Any:
        inner_args, inner_kwargs = tree.unflatten(tracers)
        return f(*inner_args, **inner_kwargs)

    types = [type_of(x) for x in leaves]
    traced = trace_function(call, types, kind="vjp", fun=f, staged=True, arg_names=names, own_module=True)
    active = tuple(aval.kind in "fc" for aval, _ in types) + (False,) * len(traced.captures)
    made = now.linearize(traced.module, traced.name, active)
    function = flattened(traced.module, made.fwd)
    arguments = {v: i for i, v in enumerate(function.body.arguments)}
    kept = dict.fromkeys(function.returned()[len(traced.out_types) :])
    lines = []
    for v in sorted(kept, key=lambda v: arguments.get(v, len(arguments))):
        i = arguments.get(v)
        if i is None:
            what = _made_by(traced.module, v)
        else:
            what = f"from the argument {names[i]}" if i < len(names) else "from a constant"
        lines.append((aval_of(v.type), what))
    return lines


def _made_by(module: Module, value: Any) -> str:
    """What a value is, in words: the op that made it, also inside of a checkpoint."""
    op = value.owner
    inst: Any = read_op(op)
    if inst.name == "to_memory":
        return f"{_made_by(module, op.operands[0])}, in {inst.kind}"
    if inst.name == "checkpoint":
        inside = flattened(module, inst.callee)
        result = inside.returned()[list(op.results).index(value)]
        if result not in list(inside.body.arguments):
            return _made_by(module, result)
    where, _ = source.describe(op.location)
    place = f" from {where}" if where else ""
    return f"named '{inst.label}'{place}" if inst.name == NAMING_OP else f"output of {inst.name}{place}"
