"""Nested containers: a registry of our own, so that weft and jax can be used in one process.

The functions are jaxlib's, bound to `registry`; `weft.tree_util` is the friendly face.
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Iterable
from typing import Any  # containers and leaves are of every type

from weft_runtime.pjrt import (
    DictKey,
    FlattenedIndexKey,
    GetAttrKey,
    PyTreeDef,
    PyTreeRegistry,
    SequenceKey,
)

__all__ = [
    "DictKey",
    "FlattenedIndexKey",
    "GetAttrKey",
    "PyTreeDef",
    "PyTreeRegistry",
    "SequenceKey",
    "flatten",
    "flatten_one_level",
    "flatten_with_path",
    "register_dataclass_node",
    "register_node",
    "registry",
]

registry = PyTreeRegistry(
    enable_none=True, enable_tuple=True, enable_namedtuple=True, enable_list=True, enable_dict=True
)
"""Knows None, tuple, namedtuple, list and dict by nature; everything else is registered."""

flatten = registry.flatten
"""flatten(tree, is_leaf=None) -> (leaves, treedef)"""

flatten_with_path = registry.flatten_with_path
"""flatten_with_path(tree, is_leaf=None) -> ([(path, leaf)], treedef), a path being a tuple of keys"""

flatten_one_level = registry.flatten_one_level
"""flatten_one_level(tree) -> (children, data), or None for a leaf"""

register_node = registry.register_node
"""register_node(type, to_iterable, from_iterable, to_iterable_with_keys=None); ValueError if known already"""

register_dataclass_node = registry.register_dataclass_node
"""register_dataclass_node(type, data_fields, meta_fields)"""


# The order of an OrderedDict is part of its structure; a defaultdict is sorted, as a dict is.


def _ordered_dict(tree: OrderedDict) -> tuple[Iterable[Any], Any]:
    return tuple(tree.values()), tuple(tree)


def _ordered_dict_with_keys(tree: OrderedDict) -> tuple[Iterable[Any], Any]:
    return tuple((DictKey(key), value) for key, value in tree.items()), tuple(tree)


def _ordered_dict_from(keys: Any, values: Iterable[Any]) -> OrderedDict:
    return OrderedDict(zip(keys, values, strict=True))


def _default_dict(tree: defaultdict) -> tuple[Iterable[Any], Any]:
    keys = tuple(sorted(tree))
    return tuple(tree[key] for key in keys), (tree.default_factory, keys)


def _default_dict_with_keys(tree: defaultdict) -> tuple[Iterable[Any], Any]:
    values, data = _default_dict(tree)
    return tuple((DictKey(key), value) for key, value in zip(data[1], values, strict=True)), data


def _default_dict_from(data: Any, values: Iterable[Any]) -> defaultdict:
    factory, keys = data
    return defaultdict(factory, zip(keys, values, strict=True))


register_node(OrderedDict, _ordered_dict, _ordered_dict_from, _ordered_dict_with_keys)
register_node(defaultdict, _default_dict, _default_dict_from, _default_dict_with_keys)
