"""Which dtype two dtypes meet in: a lattice whose nodes are dtypes and the kinds of Python scalars.

A Python scalar (or an array made of nothing else) is *weak*: it stands at the node of its kind, below every
dtype of that kind, so it takes the dtype of what it meets. An edge leads to the next larger node; two dtypes
promote to the least node above both.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from weft._dtypes.kinds import BFLOAT16, BOOL, COMPLEXES, FLOATS, INTS, SMALL_FLOATS, SMALL_INTS, UINTS

Node = np.dtype[Any] | type
"""A dtype, or `int`, `float`, `complex` for the weak kinds."""


class TypePromotionError(ValueError):
    """The dtypes of the operands have no common dtype that is safe to choose for the user."""


def _standard_edges(x64: bool) -> dict[Node, tuple[Node, ...]]:
    u8, u16, u32, u64 = UINTS
    i8, i16, i32, i64 = INTS
    f16, f32, f64 = FLOATS
    c64, c128 = COMPLEXES
    return {
        BOOL: (int,),
        int: (*SMALL_INTS, u8, i8),
        u8: (u16, i16),
        u16: (u32, i32),
        # Without 64-bit types nothing holds both uint32 and int32, and int32 is the usual index type.
        u32: (u64, i64) if x64 else (u64, i32),
        u64: (float,),
        i8: (i16,),
        i16: (i32,),
        i32: (i64,),
        i64: (float,),
        float: (*SMALL_FLOATS, BFLOAT16, f16, complex),
        BFLOAT16: (f32,),
        f16: (f32,),
        f32: (f64, c64),
        f64: (c128,),
        complex: (c64,),
        c64: (c128,),
        **dict.fromkeys((*SMALL_INTS, *SMALL_FLOATS, c128), ()),
    }


def _strict_edges() -> dict[Node, tuple[Node, ...]]:
    # Only Python scalars promote, and only to a dtype of their kind or a larger kind.
    integers, floats = (*SMALL_INTS, *UINTS, *INTS), (*SMALL_FLOATS, BFLOAT16, *FLOATS)
    return {
        int: (*integers, float),
        float: (*floats, complex),
        complex: COMPLEXES,
        **dict.fromkeys((BOOL, *integers, *floats, *COMPLEXES), ()),
    }


@functools.cache
def _upper_bounds(strict: bool, x64: bool) -> dict[Node, frozenset[Node]]:
    """For each node all nodes above it, itself included."""
    edges = _strict_edges() if strict else _standard_edges(x64)
    bounds: dict[Node, frozenset[Node]] = {}

    def above(node: Node) -> frozenset[Node]:
        if node not in bounds:
            bounds[node] = frozenset({node}).union(*(above(larger) for larger in edges[node]))
        return bounds[node]

    for node in edges:
        above(node)
    return bounds


def least_upper_bound(nodes: frozenset[Node], strict: bool, x64: bool) -> Node:
    """The node that `nodes` promote to.

    Raises: TypePromotionError if there is none.
    """
    if len(nodes) == 1:
        (node,) = nodes
        return node
    bounds = _upper_bounds(strict, x64)
    common = frozenset.intersection(*(bounds[node] for node in nodes))
    for node in common:
        if common <= bounds[node]:
            return node
    raise TypePromotionError(_no_promotion(nodes, strict))


def _no_promotion(nodes: frozenset[Node], strict: bool) -> str:
    names = sorted(f"Python {node.__name__}" if isinstance(node, type) else node.name for node in nodes)
    text = f"no implicit promotion between {' and '.join(names)}"
    if strict:
        hint = 'cast one operand, as in x.astype("float32"), or set numpy_dtype_promotion to "standard"'
        return f"{text} while numpy_dtype_promotion is 'strict'\n  try {hint}"
    if any(node in SMALL_FLOATS for node in nodes):
        text += ": floats of 8 bits and fewer lose too much to be chosen implicitly"
    elif any(node in SMALL_INTS for node in nodes):
        text += ": integers of 4 bits and fewer promote with nothing but Python integers"
    return f'{text}\n  try casting one operand, as in x.astype("float32")'
