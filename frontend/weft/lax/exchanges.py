"""Values moved between the positions along a named axis: gathered, scattered, permuted.

The axis is that of a `vmap` with `axis_name` around the call. Every function takes arrays or trees of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from weft._tracing.axes import Binding
from weft._tracing.bind import bind
from weft._tracing.values import as_value
from weft.errors import explain
from weft.lax.axis_names import TOGETHER, Groups, emit, emit_grouped, groups_of, names_of, one_name, total
from weft.lax.collectives import AxisName, IndexGroups
from weft.lax.operands import class_of, rows
from weft.lax.shapes import reshape
from weft.tree_util import tree_map

Names = Sequence[Binding]


def all_gather(
    x: Any,
    axis_name: AxisName,
    *,
    axis_index_groups: IndexGroups = None,
    axis: int = 0,
    tiled: bool = False,
    to: str = "varying",
) -> Any:
    """The values of `x` at all positions, at each of them.

    They are stacked along a new axis `axis`, or joined along the axis `axis` if `tiled`. With
    `axis_index_groups` each group has its own values. `to` says how devices share the result: that changes no
    number.

    Slope:  linear; the transpose is `psum_scatter`.
    Raises: NameError if no axis of that name is bound; ValueError if `axis` is out of range.
    """
    names = names_of("all_gather", axis_name)
    groups = groups_of("all_gather", axis_index_groups, names)
    if to not in ("varying", "reduced", "invarying"):
        raise ValueError(f"all_gather: to must be 'varying', 'reduced' or 'invarying', got {to!r}")

    def gathered(leaf: Any) -> Any:
        value = as_value(leaf, what="all_gather: an operand")
        dim = _axis("all_gather", axis, value, value.ndim if tiled else value.ndim + 1)
        return _gathered(value, names, groups, dim, tiled)

    return tree_map(gathered, x)


def _gathered(x: Any, names: Names, groups: Groups, dim: int, tiled: bool) -> Any:
    for named in reversed(names):
        x = emit_grouped("all_gather", x, named, groups, dim=dim)
    return _merged(x, dim, len(names) + tiled)


def psum_scatter(
    x: Any,
    axis_name: AxisName,
    *,
    scatter_dimension: int = 0,
    axis_index_groups: IndexGroups = None,
    tiled: bool = False,
) -> Any:
    """The sum of `x` over the positions, of which each one gets its part along `scatter_dimension`.

    The axis has one element for each position, and goes away; if `tiled`, one block for each, and stays.

    Slope:  linear; the transpose is `all_gather`.
    Raises: NameError if no axis of that name is bound; ValueError if the axis has another size.
    """
    names = names_of("psum_scatter", axis_name)
    groups = groups_of("psum_scatter", axis_index_groups, names)

    def scattered(leaf: Any) -> Any:
        value = as_value(leaf, what="psum_scatter: an operand")
        dim = _axis("psum_scatter", scatter_dimension, value, value.ndim)
        value = _split("psum_scatter", value, dim, names, groups, tiled)
        for named in names:
            value = emit_grouped("reduce_scatter", value, named, groups, dim=dim)
        return value

    return tree_map(scattered, x)


def all_to_all(
    x: Any,
    axis_name: AxisName,
    split_axis: int,
    concat_axis: int,
    *,
    axis_index_groups: IndexGroups = None,
    tiled: bool = False,
) -> Any:
    """Slice i of `x` along `split_axis` goes to position i; what comes in is stacked along `concat_axis`.

    The split axis has one slice for each position, and goes away. If `tiled` it has one block for each, the
    blocks that come in are joined along `concat_axis`, and the axes stay.

    Slope:  linear; the transpose is the exchange with the two axes swapped.
    Raises: NameError if no axis of that name is bound; ValueError if the split axis has another size.
    """
    names = names_of("all_to_all", axis_name)
    groups = groups_of("all_to_all", axis_index_groups, names)

    def exchanged(leaf: Any) -> Any:
        value = as_value(leaf, what="all_to_all: an operand")
        split = _axis("all_to_all", split_axis, value, value.ndim)
        concat = _axis("all_to_all", concat_axis, value, value.ndim)
        value = _split("all_to_all", value, split, names, groups, tiled)
        if len(names) == 1:
            value = emit_grouped("all_to_all", value, names[0], groups, split=split, concat=concat)
            return _merged(value, concat, 1 + tiled)
        for k, named in enumerate(names):
            value = emit_grouped("all_to_all", value, named, TOGETHER, split=split + k, concat=k)
        value = _merged(value, 0, len(names))
        order = list(range(1, value.ndim))
        order.insert(concat, 0)
        return _merged(_transposed(value, order), concat, 1 + tiled)

    return tree_map(exchanged, x)


def pswapaxes(x: Any, axis_name: AxisName, axis: int, *, axis_index_groups: IndexGroups = None) -> Any:
    """The array axis `axis` and the axis `axis_name`, of equal size, swapped."""
    return all_to_all(x, axis_name, axis, axis, axis_index_groups=axis_index_groups)


def ppermute(x: Any, axis_name: AxisName, perm: Sequence[tuple[int, int]]) -> Any:
    """For each pair (source, target) of `perm`, `x` of the source at the target; zeros elsewhere.

    Slope:  linear; the transpose is the inverse permutation.
    Raises: NameError if no axis of that name is bound; ValueError if a source or a target is named twice or is
    no position.
    """
    named = one_name("ppermute", axis_name)
    size = named.size
    pairs = [(int(source), int(target)) for source, target in perm]
    sources, targets = tuple(s for s, _ in pairs), tuple(t for _, t in pairs)
    for what, positions in (("source", sources), ("target", targets)):
        if len(set(positions)) < len(positions):
            raise ValueError(
                f"ppermute: sources and destinations must be unique, got {what}s {list(positions)}"
            )
        if any(not 0 <= i < size for i in positions):
            raise ValueError(f"ppermute: {what}s {list(positions)} are not all within the axis size {size}")

    def permuted(leaf: Any) -> Any:
        value = as_value(leaf, what="ppermute: an operand")
        return emit("collective_permute", (value,), named, sources=sources, targets=targets)

    return tree_map(permuted, x)


def pshuffle(x: Any, axis_name: AxisName, perm: Sequence[int]) -> Any:
    """At position i, `x` of position `perm[i]`.

    Raises: ValueError if `perm` is no permutation of the positions.
    """
    if sorted(perm) != list(range(len(perm))):
        raise ValueError(f"`perm` does not represent a permutation: {perm}")
    return ppermute(x, axis_name, list(zip(perm, range(len(perm)), strict=True)))


def pbroadcast(x: Any, axis_name: AxisName, source: int) -> Any:
    """`x` of the position `source`, at every position.

    Slope:  linear; the cotangents of all positions are summed at the source.
    """
    named = one_name("pbroadcast", axis_name)
    if not 0 <= source < named.size:
        raise ValueError(f"pbroadcast: source {source} is not within the axis size {named.size}")

    def sent(leaf: Any) -> Any:
        value = as_value(leaf, what="pbroadcast: an operand")
        return emit("collective_broadcast", (value,), named, source=source)

    return tree_map(sent, x)


# Shapes


def _axis(what: str, axis: int, x: Any, count: int) -> int:
    if not -count <= axis < count:
        problem = f"{what}: axis {axis} is out of bounds for array of dimension {x.ndim}"
        raise ValueError(explain(problem, rows([x], ["x"])))
    return axis % count


def _split(what: str, x: Any, dim: int, names: Names, groups: Groups, tiled: bool) -> Any:
    """`x` with one axis for each name in place of the axis `dim`, and behind them, if `tiled`, that of a block."""
    count, size = groups.size or total(names), x.shape[dim]
    if tiled and (count == 0 or size % count):
        problem = f"{what}: the size of axis {dim} ({size}) has to be divisible by the size of the named axis ({count})"
        raise ValueError(explain(problem, rows([x], ["x"])))
    if not tiled and size != count:
        problem = (
            f"{what}: requires the size of the mapped axis {_text(names)} to equal x.shape[{dim}], "
            f"but they are {count} and {size} respectively"
        )
        raise ValueError(
            explain(problem, rows([x], ["x"]), hint="tiled=True, if the axis has several blocks")
        )
    parts = (groups.size,) if groups.size else tuple(named.size for named in names)
    block = (size // count,) if tiled else ()
    return _reshaped(x, (*x.shape[:dim], *parts, *block, *x.shape[dim + 1 :]))


def _text(names: Names) -> str:
    return ", ".join(repr(named.name) for named in names)


def _merged(x: Any, dim: int, count: int) -> Any:
    """`x` with `count` axes from `dim` on made one."""
    size = int(np.prod(x.shape[dim : dim + count], dtype=np.int64))
    return _reshaped(x, (*x.shape[:dim], size, *x.shape[dim + count :]))


def _reshaped(x: Any, shape: tuple[int, ...]) -> Any:
    return x if x.shape == shape else reshape(x, shape)


def _transposed(x: Any, order: Sequence[int]) -> Any:
    return bind(class_of("transpose").of(permutation=tuple(order)), x)
