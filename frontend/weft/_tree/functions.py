"""Functions over trees: flatten, map, reduce."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import Any  # leaves are of every type

from weft._tree.paths import KeyPath, keystr, unsortable_dict
from weft._tree.structure import mismatches
from weft_runtime import pytree
from weft_runtime.pytree import PyTreeDef

IsLeaf = Callable[[Any], bool]
_NOT_GIVEN: Any = object()


def tree_flatten(tree: Any, is_leaf: IsLeaf | None = None) -> tuple[list[Any], PyTreeDef]:
    """The leaves of `tree`, and its structure. None is a node without leaves; dicts are in the order of their
    sorted keys. `is_leaf(x)` True makes any value a leaf.
    """
    try:
        return pytree.flatten(tree, is_leaf)
    except ValueError as error:
        raise flatten_error(tree, error) from None


def flatten_error(tree: Any, error: ValueError) -> ValueError:
    """What to raise in place of `error` from flattening: it names the dict whose keys cannot be sorted."""
    if "sorting pytree dictionary keys" not in str(error):
        return error
    found = unsortable_dict(tree)
    if found is None:
        return error
    path, keys = found
    place = f" at {keystr(path)}" if path else ""
    kinds = ", ".join(f"{key!r} ({type(key).__name__})" for key in keys[:6])
    return ValueError(
        f"the keys of the dict{place} cannot be sorted: {kinds}\n"
        "  try keys of one type, or a collections.OrderedDict, which keeps its own order"
    )


def tree_unflatten(treedef: PyTreeDef, leaves: Iterable[Any]) -> Any:
    """The tree of structure `treedef` with the given leaves."""
    return treedef.unflatten(leaves)


def tree_leaves(tree: Any, is_leaf: IsLeaf | None = None) -> list[Any]:
    """The leaves of `tree`, in order."""
    return tree_flatten(tree, is_leaf)[0]


def tree_structure(tree: Any, is_leaf: IsLeaf | None = None) -> PyTreeDef:
    """The structure of `tree`."""
    return tree_flatten(tree, is_leaf)[1]


def tree_map(f: Callable[..., Any], tree: Any, *rest: Any, is_leaf: IsLeaf | None = None) -> Any:
    """The tree of `f(x, *others)` for each leaf `x` of `tree` and what the other trees have in its place.

    Raises: ValueError that names the path where another tree does not begin with the structure of `tree`.
    """
    leaves, treedef = tree_flatten(tree, is_leaf)
    if not rest:
        return treedef.unflatten(map(f, leaves))
    return treedef.unflatten(map(f, leaves, *_aligned("tree_map", treedef, rest)))


def _aligned(name: str, treedef: PyTreeDef, rest: tuple[Any, ...]) -> list[list[Any]]:
    """For each further tree, what it has in the places of the leaves of `treedef`."""
    aligned = []
    for number, tree in enumerate(rest, start=2):
        try:
            aligned.append(treedef.flatten_up_to(tree))
        except ValueError as error:
            raise _map_error(name, treedef, tree, number) or error from None
    return aligned


def _map_error(name: str, treedef: PyTreeDef, tree: Any, number: int) -> ValueError | None:
    other = tree_structure(tree)
    found = list(mismatches(treedef, other))
    if not found:
        return None
    lines = [f"{name}: tree {number} does not have the structure of the first tree"]
    for place in found[:5]:
        lines.append(f"  {place.where}{place.first} in the first, {place.second} in tree {number}")
    if len(found) > 5:
        lines.append(f"  and {len(found) - 5} more places")
    lines.append(f"  first tree: {shown(treedef)}")
    lines.append(f"  tree {number}:     {shown(other)}")
    return ValueError("\n".join(lines))


def shown(treedef: PyTreeDef) -> str:
    """The structure as text, cut where it is long."""
    text = str(treedef).removeprefix("PyTreeDef(").removesuffix(")")
    return text if len(text) <= 200 else f"{text[:197]}..."


def _path_predicate(
    is_leaf: Callable[..., bool] | None, takes_path: bool
) -> Callable[[Any, Any], bool] | None:
    if is_leaf is None or takes_path:
        return is_leaf
    return lambda _, x: is_leaf(x)


def tree_flatten_with_path(
    tree: Any, is_leaf: Callable[..., bool] | None = None, is_leaf_takes_path: bool = False
) -> tuple[list[tuple[KeyPath, Any]], PyTreeDef]:
    """As `tree_flatten`, with pairs of path and leaf. `is_leaf` is called with the path first if so said."""
    try:
        return pytree.flatten_with_path(tree, _path_predicate(is_leaf, is_leaf_takes_path))
    except ValueError as error:
        raise flatten_error(tree, error) from None


def tree_leaves_with_path(
    tree: Any, is_leaf: Callable[..., bool] | None = None, is_leaf_takes_path: bool = False
) -> list[tuple[KeyPath, Any]]:
    """Pairs of path and leaf, in order."""
    return tree_flatten_with_path(tree, is_leaf, is_leaf_takes_path)[0]


def tree_map_with_path(
    f: Callable[..., Any],
    tree: Any,
    *rest: Any,
    is_leaf: Callable[..., bool] | None = None,
    is_leaf_takes_path: bool = False,
) -> Any:
    """As `tree_map`, with `f(path, x, *others)`."""
    pairs, treedef = tree_flatten_with_path(tree, is_leaf, is_leaf_takes_path)
    others = _aligned("tree_map_with_path", treedef, rest)
    return treedef.unflatten(f(path, x, *more) for (path, x), *more in zip(pairs, *others, strict=True))


def tree_reduce(
    function: Callable[[Any, Any], Any],
    tree: Any,
    initializer: Any = _NOT_GIVEN,
    is_leaf: IsLeaf | None = None,
) -> Any:
    """`functools.reduce` over the leaves.

    Raises: TypeError if there is no leaf and no initializer.
    """
    leaves = tree_leaves(tree, is_leaf)
    if initializer is not _NOT_GIVEN:
        return functools.reduce(function, leaves, initializer)
    if not leaves:
        raise TypeError("tree_reduce: the tree has no leaves, so an initializer is needed")
    return functools.reduce(function, leaves)


def tree_reduce_associative(
    operation: Callable[[Any, Any], Any],
    tree: Any,
    *,
    identity: Any = _NOT_GIVEN,
    is_leaf: IsLeaf | None = None,
) -> Any:
    """Reduction of the leaves by an associative operation, halving each time: rounding errors stay small.

    Raises: TypeError if there is no leaf and no identity.
    """
    leaves = tree_leaves(tree, is_leaf)

    def halves(start: int, stop: int) -> Any:
        if stop - start == 1:
            return leaves[start]
        middle = (start + stop) // 2
        return operation(halves(start, middle), halves(middle, stop))

    if leaves:
        return halves(0, len(leaves))
    if identity is _NOT_GIVEN:
        raise TypeError("tree_reduce_associative: the tree has no leaves, so an identity is needed")
    return identity


def tree_all(tree: Any, *, is_leaf: IsLeaf | None = None) -> bool:
    """Whether all leaves are true."""
    return all(tree_leaves(tree, is_leaf))
