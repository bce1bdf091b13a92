"""Prefix trees: a tree that ends early, each of its leaves standing for a whole subtree of another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any  # leaves are of every type

from weft._tree.paths import keystr
from weft._tree.structure import mismatches
from weft_runtime.pytree import PyTreeDef, flatten


def _is_none(x: object) -> bool:
    return x is None


def flatten_axes(name: str, treedef: PyTreeDef, axis_tree: Any) -> list[Any]:
    """For each leaf of a value of structure `treedef`, the entry of `axis_tree` in its place or above it.

    None is an entry like any other. `name` says what the entries are for: 'vmap in_axes'.

    Raises: ValueError that names the path where `axis_tree` does not fit.
    """
    if type(axis_tree) is int:
        return [axis_tree] * treedef.num_leaves
    axes, axes_def = flatten(axis_tree, _is_none)
    if len(axes) == 1 and axes_def.node_data() is None:
        return axes * treedef.num_leaves
    if axes_def == treedef:
        return axes
    counts = _leaf_counts(axes_def, treedef)
    if counts is None:
        raise prefix_error(name, axes_def, treedef)
    return [axis for axis, count in zip(axes, counts, strict=True) for _ in range(count)]


def broadcast_prefix(prefix: Any, full: Any, is_leaf: Callable[[Any], bool] | None = None) -> list[Any]:
    """The leaf of `prefix` that stands for each leaf of `full`, in order.

    Raises: ValueError that names the path where `full` does not begin with `prefix`.
    """
    leaves, prefix_def = flatten(prefix, is_leaf)
    full_def = flatten(full)[1]
    counts = _leaf_counts(prefix_def, full_def)
    if counts is None:
        raise prefix_error("prefix_tree", prefix_def, full_def)
    return [leaf for leaf, count in zip(leaves, counts, strict=True) for _ in range(count)]


def _leaf_counts(prefix: PyTreeDef, full: PyTreeDef) -> list[int] | None:
    """Number of leaves of `full` under each leaf of `prefix`, or None if they do not match."""
    if prefix.node_data() is None:
        return [full.num_leaves]
    node, other = prefix.node_data(), full.node_data()
    children, others = prefix.children(), full.children()
    if other is None or node[0] is not other[0] or node[1] != other[1] or len(children) != len(others):
        return None
    counts: list[int] = []
    for child, opposite in zip(children, others, strict=True):
        below = _leaf_counts(child, opposite)
        if below is None:
            return None
        counts += below
    return counts


def prefix_error(name: str, prefix: PyTreeDef, full: PyTreeDef) -> ValueError:
    """The error that `prefix`, called `name`, does not fit a value of structure `full`."""
    short = name.split()[-1]
    lines = [f"{name} must have the structure of the value, or end earlier than it"]
    for found in mismatches(prefix, full):
        place = keystr(found.path)
        lines.append(f"  {short}{place} is {found.first}, where the value has {found.second}")
    return ValueError("\n".join(lines))
