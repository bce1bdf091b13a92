"""What derivative rules must return, and the errors when they do not: each names the leaf that differs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from weft import dtypes
from weft._tracing.operands import convert
from weft._tracing.staging import InType
from weft._tracing.values import as_value, aval_of_value
from weft._transforms.custom.arguments import called
from weft._transforms.custom.symbolic_zeros import SymbolicZero, instantiated, tangent_type
from weft._tree.paths import leaf_names
from weft._tree.prefix import flatten_axes
from weft._tree.structure import changes
from weft_compiler.avals import Aval
from weft_runtime import pytree

Outputs = tuple[Any, Sequence[InType]]
"""Structure of what a function returns, and the types of its leaves."""


def pair_of(what: str, made: Any, wanted: str) -> tuple[Any, Any]:
    """What a rule returned as a pair; TypeError if it is none."""
    if not isinstance(made, (list, tuple)) or len(made) != 2:
        raise TypeError(
            f"{what} must produce a pair (list or tuple of length two) {wanted}, but got {made!r:.200}"
        )
    return made[0], made[1]


def check_primal(what: str, fun: Any, out: Any, outputs: Outputs) -> list[Any]:
    """Leaves of the primal output of a rule; TypeError where it is not as the function's."""
    flat, tree = pytree.flatten(out)
    leaves = [as_value(x, what=f"{what}: an output") for x in flat]
    wanted_tree, types = outputs
    wanted = [aval for aval, _ in types]
    avals = [aval_of_value(x) for x in leaves]
    if tree == wanted_tree and avals == wanted:
        return leaves
    name = called(fun)
    lines = changes("output", (wanted_tree, wanted), (tree, avals))
    if tree == wanted_tree:
        what_differs = "with leaves of the same shape/dtype"
    else:
        what_differs = "of the same container/pytree structure"
    raise TypeError(
        f"{what} must produce a pair (list or tuple of length two) where the first element "
        f"represents the primal output (equal in value to the output of {name}, and in particular {what_differs}); "
        f"from {name} to the rule:\n" + "\n".join(f"  * {line}" for line in lines)
    )


def check_tangents(what: str, out: Any, outputs: Outputs) -> list[Any]:
    """Tangents of the float and complex leaves of a jvp rule's output; TypeError where they do not fit."""
    flat, tree = pytree.flatten(out)
    wanted_tree, types = outputs
    if tree != wanted_tree:
        raise TypeError(
            f"{what} must produce primal and tangent outputs with equal container "
            f"(pytree) structures, but got {wanted_tree} and {tree} respectively."
        )
    made, wrong = [], []
    names = leaf_names(tree, "output")
    for name, t, (aval, _) in zip(names, flat, types, strict=True):
        wanted = tangent_type(aval)
        t = _fitted(t, wanted)
        if tuple(t.shape) != aval.shape or t.dtype != wanted.dtype:
            wrong.append(
                f"  * {name}: expected {_named(wanted)} (tangent type of {aval}) but got {_named(t)}"
            )
        elif aval.kind in "fc":
            made.append(t)
    if wrong:
        raise TypeError(
            f"{what} must produce primal and tangent outputs with corresponding shapes and dtypes:\n"
            + "\n".join(wrong)
        )
    return made


def _fitted(t: Any, wanted: Any) -> Any:
    """A tangent or cotangent as an array; numbers take the dtype that is wanted."""
    t = instantiated(t)
    if getattr(t, "dtype", None) == dtypes.float0:
        return t
    made = as_value(t)
    if (
        made.weak_type
        and made.dtype != wanted.dtype
        and dtypes.promote((made.dtype, True), (wanted.dtype, False))[0] == wanted.dtype
    ):
        return convert(made, wanted.dtype, False)
    return made


def _named(x: Any) -> str:
    if x.dtype == dtypes.float0:
        return f"float0[{','.join(map(str, x.shape))}]"
    return str(x if isinstance(x, Aval) else aval_of_value(x))


def check_cotangents(made: Any, tree: Any, types: Sequence[InType]) -> list[Any]:
    """Cotangents of the float and complex arguments from what a bwd rule returned; None stands for zeros.

    Raises: TypeError if the structure is not that of the arguments, ValueError if a shape or dtype is not.
    """
    if isinstance(made, list) and len(made) == len(tree.children()):
        made = tuple(made)
    flat = _beside(made, tree)
    found: list[Any] = []
    for name, ct, (aval, _) in zip(leaf_names(tree, "output"), flat, types, strict=True):
        if aval.kind not in "fc":
            continue
        if ct is None:
            found.append(instantiated(SymbolicZero(aval)))
            continue
        is_symbolic = type(ct) is SymbolicZero
        ct = _fitted(ct, aval)
        if tuple(ct.shape) != aval.shape or not _converts(ct, aval, is_symbolic):
            raise ValueError(
                "Custom VJP bwd rule must produce an output with the same type as the args tuple of the primal "
                f"function, but at {name} the bwd rule produced {'a SymbolicZero' if is_symbolic else 'an output'} "
                f"of type {_named(ct)} corresponding to an input of type {aval}"
                + ("; consider returning None in its place" if is_symbolic else "")
            )
        found.append(convert(ct, aval.dtype, False))
    return found


def _converts(ct: Any, aval: Aval, is_symbolic: bool) -> bool:
    """Whether a cotangent has the dtype of the argument, or is an array of numbers that can take it."""
    if is_symbolic or ct.dtype == dtypes.float0 or dtypes.is_extended(ct.dtype):
        return ct.dtype == aval.dtype
    return aval.kind == "c" or not dtypes.issubdtype(ct.dtype, np.complexfloating)


def _beside(made: Any, tree: Any) -> list[Any]:
    """For each leaf of the arguments what stands there, or above it: None where there is no cotangent."""
    try:
        if not isinstance(made, tuple):
            raise ValueError("not a tuple")
        return flatten_axes("bwd output", tree, made)
    except ValueError:
        raise TypeError(
            "Custom VJP bwd rule must produce an output with the same container (pytree) structure as the args tuple "
            "of the primal function, and in particular must produce a tuple of length equal to the number of "
            f"arguments to the primal function, but got bwd output structure {pytree.flatten(made)[1]} for primal "
            f"input structure {tree}."
        ) from None
