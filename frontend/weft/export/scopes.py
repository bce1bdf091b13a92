"""Dimension variables as users write them: `symbolic_shape("b, 2*b + 1")`, and constraints on them."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Sequence
from typing import Any

from weft._transforms.argument_types import ShapeDtypeStruct
from weft_compiler.symbolic import DimExpr, Scope, max_dim, min_dim, variable
from weft_runtime import pytree

_FUNCTIONS: dict[str, Callable[[Any, Any], Any]] = {
    "floordiv": lambda x, y: x // y,
    "mod": lambda x, y: x % y,
    "max": max_dim,
    "min": min_dim,
}
_OPERATORS: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: lambda x, y: x + y,
    ast.Sub: lambda x, y: x - y,
    ast.Mult: lambda x, y: x * y,
    ast.FloorDiv: lambda x, y: x // y,
    ast.Mod: lambda x, y: x % y,
    ast.Pow: lambda x, y: x**y,
}
_PLACEHOLDERS = ("_", "...")


class SymbolicScope(Scope):
    """Dimension variables that may appear together in shapes, with constraints such as "b >= 2", "a == 2*b".

    Raises: ValueError for a constraint that cannot be read, or is never satisfied.
    """

    def __init__(self, constraints_str: Sequence[str] = ()) -> None:
        super().__init__()
        if isinstance(constraints_str, str):
            raise ValueError(f"constraints must be a sequence of texts, got {constraints_str!r}")
        for text in constraints_str:
            self._add_constraint(text)

    def _add_constraint(self, text: str) -> None:
        parts = re.split(r"(==|>=|<=)", text) if isinstance(text, str) else []
        if len(parts) != 3:
            raise ValueError(f"constraint {text!r}: it must contain one of '==', '>=' and '<='")
        left, sign, right = parts
        x, y = (self._parsed(side.strip(), f"constraint {text!r}") for side in (left, right))
        self.add(text, *((y, x) if sign == "<=" else (x, y)), sign == "==")

    def _parsed(self, text: str, where: str) -> Any:
        """The value of an expression in text."""
        try:
            tree = ast.parse(text.replace("^", "**"), mode="eval").body
        except SyntaxError:
            raise _unreadable(text, where) from None
        return self._evaluated(tree, text, where)

    def _evaluated(self, node: ast.AST, text: str, where: str) -> Any:
        match node:
            case ast.Constant(value=int(value)) if not isinstance(value, bool):
                return value
            case ast.Name(id=name):
                return variable(self, name)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -self._evaluated(operand, text, where)
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self._evaluated(operand, text, where)
            case ast.BinOp(left=left, op=operator, right=right) if type(operator) in _OPERATORS:
                x, y = self._evaluated(left, text, where), self._evaluated(right, text, where)
                if isinstance(operator, ast.Pow) and not (isinstance(y, int) and y >= 0):
                    raise _unreadable(text, where, "; a power must be a number")
                return _OPERATORS[type(operator)](x, y)
            case ast.Call(func=ast.Name(id=name), args=[left, right], keywords=[]) if name in _FUNCTIONS:
                return _FUNCTIONS[name](
                    self._evaluated(left, text, where), self._evaluated(right, text, where)
                )
        raise _unreadable(text, where)

    def __repr__(self) -> str:
        return str(self)


def _unreadable(text: str, where: str, more: str = "") -> ValueError:
    return ValueError(
        f"syntax error in {where}: cannot read {text!r}{more}\n"
        "  a dimension is an integer, a name, or made of them with + - * ^ floordiv(,) mod(,) max(,) min(,)"
    )


def symbolic_shape(
    shape_spec: str | None,
    *,
    constraints: Sequence[str] = (),
    scope: SymbolicScope | None = None,
    like: Sequence[Any] | None = None,
) -> tuple[Any, ...]:
    """A shape with dimension variables, as in "b, 2*b + 1, 3".

    "_" is a size of `like`, "..." all of its sizes from there on. Variables are of `scope`, or of a new scope
    with `constraints`.

    >>> symbolic_shape("b, ..., 2*b", like=(1, 3, 4, 1))
    (b, 3, 4, 2*b)

    Raises: ValueError for a text that cannot be read.
    """
    if scope is None:
        scope = SymbolicScope(constraints)
    elif constraints:
        raise ValueError("symbolic_shape: give the constraints to the scope, or leave the scope out")
    text = "..." if shape_spec is None else shape_spec
    if not isinstance(text, str):
        raise ValueError(f"symbolic_shape: the shape must be a text, got {shape_spec!r}")
    where = f"symbolic shape {text!r}"
    entries = _entries(text)
    if entries.count("...") > 1:
        raise ValueError(f"{where}: '...' may stand once")
    if like is None and set(entries) & set(_PLACEHOLDERS):
        raise ValueError(f"{where}: '_' and '...' stand for sizes of like=, which is not given")
    sizes = list(like or ())
    if "..." in entries:
        at = entries.index("...")
        count = len(sizes) - len(entries) + 1
        if count < 0:
            raise ValueError(f"{where}: it has more entries than like={tuple(sizes)}")
        entries[at : at + 1] = ["_"] * count
    if like is not None and len(entries) != len(sizes):
        raise ValueError(f"{where}: it has {len(entries)} entries, but like={tuple(sizes)} has {len(sizes)}")
    return tuple(
        sizes[i] if entry == "_" else scope._parsed(entry, f"{where} in dimension {i}")
        for i, entry in enumerate(entries)
    )


def _entries(text: str) -> list[str]:
    """The parts between commas that stand in no parentheses; of a shape that may stand in a pair of them."""
    text = text.strip()
    if text.startswith("(") and text.endswith(")"):
        text = text[1:-1]
    parts, depth = [""], 0
    for c in text:
        depth += (c == "(") - (c == ")")
        if c == "," and not depth:
            parts.append("")
        else:
            parts[-1] += c
    made = [part.strip() for part in parts]
    return made[:-1] if not made[-1] else made  # a comma may follow the last


def symbolic_args_specs(
    args: Any,
    shapes_specs: Any,
    constraints: Sequence[str] = (),
    scope: SymbolicScope | None = None,
) -> Any:
    """Types of arguments with dimension variables: a tree as `args`, with shapes as `shapes_specs` says.

    `shapes_specs` is one text (or None) for all arguments, or a tree prefix of texts. All variables are of one
    scope.
    """
    if scope is None:
        scope = SymbolicScope(constraints)
    elif constraints:
        raise ValueError("symbolic_args_specs: give the constraints to the scope, or leave the scope out")
    from weft.tree_util import tree_broadcast

    leaves, tree = pytree.flatten(args)
    is_text = lambda x: x is None or isinstance(x, str)  # noqa: E731  None is no container here
    spread = tree_broadcast(shapes_specs, args, is_leaf=is_text)
    specs = pytree.flatten(spread, is_text)[0]
    made = []
    for x, spec in zip(leaves, specs, strict=True):
        like = x if hasattr(x, "shape") and hasattr(x, "dtype") else _as_array(x)
        made.append(ShapeDtypeStruct(symbolic_shape(spec, scope=scope, like=like.shape), like.dtype))
    return tree.unflatten(made)


def _as_array(x: Any) -> Any:
    from weft._tracing.values import as_value

    return as_value(x)


def is_symbolic_dim(p: Any) -> bool:
    """Whether a size is an expression in dimension variables."""
    return isinstance(p, DimExpr)
