"""One node of a tree: its children, and whether it is a node at all."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any  # leaves and node data are of every type

from weft._tree.functions import IsLeaf, tree_structure
from weft._tree.paths import one_level
from weft_runtime import pytree
from weft_runtime.pytree import PyTreeDef, registry


def all_leaves(iterable: Iterable[Any], is_leaf: IsLeaf | None = None) -> bool:
    """Whether no element is a node (None is a node)."""
    return all(treedef_is_leaf(tree_structure(x, is_leaf)) for x in iterable)


def flatten_one_level(tree: Any) -> tuple[Iterable[Any], Hashable]:
    """The children of the top node and its data.

    Raises: ValueError for a leaf.
    """
    found = pytree.flatten_one_level(tree)
    if found is None:
        raise ValueError(f"{type(tree).__name__} {tree!r} is a leaf: it has no children")
    return found


def flatten_one_level_with_keys(tree: Any) -> tuple[Iterable[tuple[Any, Any]], Hashable]:
    """The children of the top node, as pairs of key and child, and its data.

    Raises: ValueError for a leaf.
    """
    pairs, data = one_level(tree)
    if pairs is None:
        raise ValueError(f"{type(tree).__name__} {tree!r} is a leaf: it has no children")
    return pairs, data


def is_tree_node(typ: type) -> bool:
    """Whether instances of `typ` are nodes."""
    return registry.is_node(typ)


def treedef_is_leaf(treedef: PyTreeDef) -> bool:
    """Whether the structure is a single node: a leaf, None or an empty container."""
    return treedef.num_nodes == 1


def treedef_children(treedef: PyTreeDef) -> list[PyTreeDef]:
    """The structures of the children."""
    return treedef.children()


def treedef_tuple(treedefs: Iterable[PyTreeDef]) -> PyTreeDef:
    """The structure of a tuple of trees of the given structures."""
    return PyTreeDef.from_node_data_and_children(registry, (tuple, None), treedefs)
