"""Paths into a tree: tuples of keys, written the way Python code reaches the leaf (`['h'][1]`)."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any  # keys and leaves are of every type

from weft_runtime.pytree import (
    DictKey,
    FlattenedIndexKey,
    GetAttrKey,
    PyTreeDef,
    SequenceKey,
    flatten_one_level,
    registry,
)

KeyPath = tuple[Any, ...]


def keystr(keys: Iterable[Any], *, simple: bool = False, separator: str = "") -> str:
    """The path as text; `simple` leaves brackets, dots and quotes out.

    >>> path = (DictKey("h"), SequenceKey(1))
    >>> keystr(path), keystr(path, simple=True, separator="/")
    ("['h'][1]", 'h/1')
    """
    return separator.join(_simple(key) if simple else str(key) for key in keys)


def _simple(key: Any) -> str:
    match key:
        case DictKey() | FlattenedIndexKey():
            return str(key.key)
        case SequenceKey():
            return str(key.idx)
        case GetAttrKey():
            return str(key.name)
        case _:
            return str(key)


def is_leaf(treedef: PyTreeDef) -> bool:
    """Whether `treedef` is that of a single leaf (None is a node without children)."""
    return treedef.node_data() is None


def keyed_children(treedef: PyTreeDef) -> list[tuple[Any, PyTreeDef]]:
    """The children of a node, each with its key."""
    children = treedef.children()
    return list(zip(_keys(treedef, len(children)), children, strict=True))


def _keys(treedef: PyTreeDef, count: int) -> list[Any]:
    node = treedef.node_data()
    if node is None or count == 0:
        return []
    kind, data = node
    if kind in (list, tuple):
        return [SequenceKey(i) for i in range(count)]
    if kind is dict:
        return [DictKey(key) for key in data]
    if issubclass(kind, tuple) and hasattr(kind, "_fields"):
        return [GetAttrKey(name) for name in kind._fields]
    try:
        # Only an instance can tell its keys, so one is made with placeholders for leaves.
        keys = [key for key, _ in one_level(treedef.unflatten([_PLACEHOLDER] * treedef.num_leaves))[0] or ()]
    except Exception:  # noqa: BLE001  a user's constructor may refuse placeholders in any way
        keys = []
    return keys if len(keys) == count else [FlattenedIndexKey(i) for i in range(count)]


class _Placeholder:
    def __repr__(self) -> str:
        return "*"


_PLACEHOLDER = _Placeholder()


def one_level(node: Any) -> tuple[list[tuple[Any, Any]], Hashable] | tuple[None, None]:
    """The children of a node with their keys, and the node's data; None, None for a leaf."""
    if isinstance(node, tuple) and hasattr(node, "_fields"):
        # jaxlib 0.10.2 gives every child of a namedtuple the key of the first.
        children, data = flatten_one_level(node)
        return [(GetAttrKey(name), child) for name, child in zip(node._fields, children, strict=True)], data
    found = registry.flatten_one_level_with_keys(node)
    return (None, None) if found is None else (list(found[0]), found[1])


def key_paths(treedef: PyTreeDef) -> list[KeyPath]:
    """The path of each leaf, in order."""
    if is_leaf(treedef):
        return [()]
    return [(key, *rest) for key, child in keyed_children(treedef) for rest in key_paths(child)]


def leaf_names(treedef: PyTreeDef, root: str = "") -> list[str]:
    """How Python code would name each leaf of a value called `root`, in order: `x['h'][1]`."""
    return [root + keystr(path) for path in key_paths(treedef)]


def unsortable_dict(tree: Any, path: KeyPath = ()) -> tuple[KeyPath, list[Any]] | None:
    """Path and keys of the first dict in `tree` whose keys cannot be sorted, if there is one."""
    if type(tree) is dict:
        try:
            sorted(tree)
        except TypeError:
            return path, list(tree)
    children = one_level(tree)[0] or ()
    return next((found for key, child in children if (found := unsortable_dict(child, (*path, key)))), None)
