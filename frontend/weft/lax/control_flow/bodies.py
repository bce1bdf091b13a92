"""Bodies of loops and branches: tracing them, and the errors when their types do not fit together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from weft._tracing.operands import convert
from weft._tracing.staging import InType, Traced, trace_function, type_of
from weft._tracing.trace import Tracer
from weft._tracing.values import as_value
from weft._tree.structure import changes
from weft_compiler.avals import Aval
from weft_compiler.module import Function
from weft_runtime import pytree


def trace_body(fun: Callable[..., Any], tree: Any, in_types: Sequence[InType], kind: str) -> Traced:
    """Traces `fun(*args)` on the leaves of `tree`, a tuple of arguments."""
    return trace_function(
        lambda tracers: fun(*tree.unflatten(tracers)), in_types, kind=kind, fun=fun, staged=True
    )


def function_of(traced: Traced) -> Function:
    """The IR function of a traced body."""
    return traced.module.function(traced.name)


def captures_first(traced: Traced) -> None:
    """Moves what the body captures in front of its arguments, where loops have their constants."""
    function = function_of(traced)
    count = len(traced.in_types)
    function.set_args([*function.args[count:], *function.args[:count]])


def share_captures(bodies: Sequence[Traced]) -> list[Any]:
    """Gives several functions the same captures behind their arguments: what any of them captures."""
    union: dict[Any, Any] = {}
    for body in bodies:
        for x in body.captures:
            union.setdefault(_key(x), x)
    for body in bodies:
        function = function_of(body)
        count = len(body.in_types)
        own = {_key(x): v for x, v in zip(body.captures, function.args[count:], strict=True)}
        captured = [own.get(key, type_of(x)[0]) for key, x in union.items()]
        function.set_args([*function.args[:count], *captured])
        body.captures = list(union.values())
    return list(union.values())


def _key(x: Any) -> Any:
    return x.val.ir if type(x) is Tracer else id(x)


def as_leaves(name: str, tree: Any) -> tuple[list[Any], Any]:
    """Leaves as arrays or tracers, and the structure."""
    leaves, treedef = pytree.flatten(tree)
    return [as_value(x, what=f"{name}: an operand") for x in leaves], treedef


def check_same(
    what: str,
    label: str,
    before: tuple[Any, Sequence[InType]],
    after: tuple[Any, Sequence[InType]],
    hint: str = "",
) -> None:
    """TypeError with a line for each leaf whose shape or dtype differs, or for each difference of structure."""
    trees = [(tree, [aval for aval, _ in types]) for tree, types in (before, after)]
    if trees[0] == trees[1]:
        return
    lines = changes(label, trees[0], trees[1], describe=str)
    text = "\n".join(f"  * {line}" for line in lines)
    raise TypeError(f"{what}:\n{text}" + (f"\n  try {hint}" if hint else ""))


def strengthened(leaves: Sequence[Any], wanted: Sequence[InType]) -> list[Any]:
    """Weakly typed values converted to strong types of the same kind, where that is what a body makes of them."""
    made = []
    for x, (aval, weak) in zip(leaves, wanted, strict=True):
        own: Aval = type_of(x)[0]
        if x.weak_type and (own.dtype != aval.dtype or not weak) and own.shape == aval.shape:
            x = convert(x, aval.dtype, weak)
        made.append(x)
    return made


def needs_strengthening(leaves: Sequence[Any], wanted: Sequence[InType]) -> bool:
    """Whether `strengthened` would change something."""
    return any(
        x.weak_type and not (type_of(x)[0].dtype == aval.dtype and weak)
        for x, (aval, weak) in zip(leaves, wanted, strict=True)
        if type_of(x)[0].shape == aval.shape
    )
