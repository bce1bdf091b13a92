"""Values of all positions along a named axis combined: sums, extrema, and where one is.

The axis is that of a `vmap` with `axis_name` around the call. Every function takes arrays or trees of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from weft._tracing.operands import convert
from weft._tracing.trace import Tracer
from weft._tracing.values import PYTHON_NUMBERS, as_value
from weft.lax.axis_names import emit, emit_grouped, groups_of, is_position, names_of, total
from weft.lax.elementwise import mul
from weft.lax.reductions import reduce_max, reduce_min, reduce_sum
from weft.tree_util import tree_map

AxisName = Any
"""A name, or a tuple of names: any hashable values, but an integer is the number of an array axis."""
IndexGroups = Sequence[Sequence[int]] | None


def psum(x: Any, axis_name: AxisName, *, axis_index_groups: IndexGroups = None) -> Any:
    """Sum of `x` over the axis `axis_name`, the same at every position.

    A tuple sums over several axes; integers among the names are axes of the array. With `axis_index_groups`, a
    list of lists of positions, each group has its own sum. A number is not traced: `psum(1, name)` is the size
    of the axis, an int.

    Slope:  linear; the cotangents of all positions are summed.
    Raises: NameError if no axis of that name is bound.
    """

    def constant(leaf: Any, count: int) -> Any:
        if isinstance(leaf, bool):
            return as_value(np.int32(leaf * count))
        return (
            leaf * count if isinstance(leaf, (*PYTHON_NUMBERS, np.ndarray)) else mul(leaf, _like(leaf, count))
        )

    return _reduced("psum", x, axis_name, axis_index_groups, ("all_reduce_sum", reduce_sum, constant))


def pmax(x: Any, axis_name: AxisName, *, axis_index_groups: IndexGroups = None) -> Any:
    """Maximum of `x` over the axis `axis_name`; arguments as in `psum`.

    Slope:  that of the greatest value, shared equally among those that tie.
    """
    return _reduced("pmax", x, axis_name, axis_index_groups, ("all_reduce_max", reduce_max, _itself))


def pmin(x: Any, axis_name: AxisName, *, axis_index_groups: IndexGroups = None) -> Any:
    """Minimum of `x` over the axis `axis_name`; arguments as in `psum`, slope as in `pmax`."""
    return _reduced("pmin", x, axis_name, axis_index_groups, ("all_reduce_min", reduce_min, _itself))


def pmean(x: Any, axis_name: AxisName, *, axis_index_groups: IndexGroups = None) -> Any:
    """Mean of `x` over the axis `axis_name`; arguments as in `psum`."""
    count = psum(1, axis_name, axis_index_groups=axis_index_groups)
    return tree_map(lambda v: v / count, psum(x, axis_name, axis_index_groups=axis_index_groups))


def axis_size(axis_name: AxisName) -> int:
    """The number of positions along the axis `axis_name`, or along several together.

    Raises: NameError if no axis of that name is bound.
    """
    return total(names_of("axis_size", axis_name))


def axis_index(axis_name: AxisName) -> Any:
    """The number of the position along the axis `axis_name`; of several names the last one counts fastest.

    Raises: NameError if no axis of that name is bound.
    """
    index: Any = None
    for axis in names_of("axis_index", axis_name):
        here = emit("axis_index", (), axis)
        index = here if index is None else index * axis.size + here
    return index


def _itself(leaf: Any, count: int) -> Any:
    return leaf


def _like(x: Any, value: int) -> Any:
    """A number as a scalar of the dtype of an array."""
    return as_value(value, x.dtype)


Kind = tuple[str, Callable[[Any, Sequence[int]], Any], Callable[[Any, int], Any]]
"""The collective, the reduction over array axes, and what it makes of a value that all positions share."""


def _reduced(what: str, x: Any, axis_name: AxisName, groups: IndexGroups, kind: Kind) -> Any:
    given = tuple(axis_name) if isinstance(axis_name, (tuple, list)) else (axis_name,)
    array_axes = [n for n in given if is_position(n)]
    names = names_of(what, [n for n in given if not is_position(n)])
    if array_axes and groups is not None:
        raise ValueError(f"{what}: axis_index_groups are only for named axes, got axes {array_axes}")
    grouped = groups_of(what, groups, names)
    op, over_array_axes, of_constant = kind

    def reduced(leaf: Any) -> Any:
        if not array_axes and type(leaf) is not Tracer:
            return of_constant(leaf, grouped.size or total(names))
        value = as_value(leaf, what=f"{what}: an operand")
        if value.dtype == bool and op == "all_reduce_sum":
            value = convert(value, np.dtype(np.int32), False)
        if array_axes:
            value = over_array_axes(value, tuple(a % max(value.ndim, 1) for a in array_axes))
        for axis in names:
            value = emit_grouped(op, value, axis, grouped)
        return value

    return tree_map(reduced, x)
