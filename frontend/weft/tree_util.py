"""Trees: nested tuples, lists, dicts and registered containers with arrays as leaves."""

from typing import TypeVar

from weft._tree.functions import (
    tree_all,
    tree_flatten,
    tree_flatten_with_path,
    tree_leaves,
    tree_leaves_with_path,
    tree_map,
    tree_map_with_path,
    tree_reduce,
    tree_reduce_associative,
    tree_structure,
    tree_unflatten,
)
from weft._tree.nodes import (
    all_leaves,
    flatten_one_level,
    flatten_one_level_with_keys,
    is_tree_node,
    treedef_children,
    treedef_is_leaf,
    treedef_tuple,
)
from weft._tree.partial import Partial
from weft._tree.paths import keystr
from weft._tree.rearrange import tree_broadcast, tree_transpose
from weft._tree.registration import (
    register_dataclass,
    register_pytree_node,
    register_pytree_node_class,
    register_pytree_with_keys,
    register_pytree_with_keys_class,
    register_static,
)
from weft_runtime.pytree import DictKey, FlattenedIndexKey, GetAttrKey, PyTreeDef, SequenceKey
from weft_runtime.pytree import registry as default_registry

KeyEntry = TypeVar("KeyEntry")
"""A key of a path: DictKey, SequenceKey, GetAttrKey, FlattenedIndexKey, or one of a registered type's own."""

KeyPath = tuple[KeyEntry, ...]
"""The keys from the root of a tree to a leaf."""

__all__ = [
    "DictKey",
    "FlattenedIndexKey",
    "GetAttrKey",
    "KeyEntry",
    "KeyPath",
    "Partial",
    "PyTreeDef",
    "SequenceKey",
    "all_leaves",
    "default_registry",
    "flatten_one_level",
    "flatten_one_level_with_keys",
    "is_tree_node",
    "keystr",
    "register_dataclass",
    "register_pytree_node",
    "register_pytree_node_class",
    "register_pytree_with_keys",
    "register_pytree_with_keys_class",
    "register_static",
    "tree_all",
    "tree_broadcast",
    "tree_flatten",
    "tree_flatten_with_path",
    "tree_leaves",
    "tree_leaves_with_path",
    "tree_map",
    "tree_map_with_path",
    "tree_reduce",
    "tree_reduce_associative",
    "tree_structure",
    "tree_transpose",
    "tree_unflatten",
    "treedef_children",
    "treedef_is_leaf",
    "treedef_tuple",
]
