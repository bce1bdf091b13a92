"""Trees made from the structures of two others: broadcast and transpose."""

from __future__ import annotations

from typing import Any  # leaves are of every type

from weft._tree.functions import IsLeaf, shown, tree_flatten, tree_structure
from weft._tree.prefix import broadcast_prefix
from weft._tree.structure import mismatches
from weft_runtime.pytree import PyTreeDef


def tree_broadcast(prefix_tree: Any, full_tree: Any, is_leaf: IsLeaf | None = None) -> Any:
    """A tree like `full_tree`, each leaf being the leaf of `prefix_tree` in its place or above it.

    Raises: ValueError that names the path where `full_tree` does not begin with `prefix_tree`.
    """
    return tree_structure(full_tree).unflatten(broadcast_prefix(prefix_tree, full_tree, is_leaf))


def tree_transpose(
    outer_treedef: PyTreeDef, inner_treedef: PyTreeDef | None, pytree_to_transpose: Any
) -> Any:
    """A tree of trees inside out: from structure outer(inner) to inner(outer).

    Without `inner_treedef` it is the structure of the first inner tree.

    Raises: TypeError that names the path where the tree has another structure.
    """
    if not isinstance(outer_treedef, PyTreeDef):
        raise TypeError(f"tree_transpose: outer_treedef must be a tree structure, got {outer_treedef!r}")
    leaves, treedef = tree_flatten(pytree_to_transpose)
    if inner_treedef is None:
        subtrees = outer_treedef.flatten_up_to(pytree_to_transpose)
        if not subtrees:
            raise TypeError("tree_transpose: the outer structure has no leaves, so inner_treedef is needed")
        inner_treedef = tree_structure(subtrees[0])
    expected = outer_treedef.compose(inner_treedef)
    if treedef != expected:
        raise _transpose_error(expected, treedef)
    width = inner_treedef.num_leaves
    rows = (outer_treedef.unflatten(leaves[i::width]) for i in range(width))
    return inner_treedef.unflatten(rows)


def _transpose_error(expected: PyTreeDef, treedef: PyTreeDef) -> TypeError:
    lines = ["tree_transpose: the tree does not have the structure outer(inner)"]
    for place in list(mismatches(expected, treedef))[:5]:
        lines.append(f"  {place.where}{place.second} in place of {place.first}")
    lines += [f"  expected: {shown(expected)}", f"  got:      {shown(treedef)}"]
    return TypeError("\n".join(lines))
