"""Tree structures in files: which containers hold the arguments and results of an exported program.

None, tuples, lists and dicts with text keys are known by nature. A type of the user's is written under a name
that is registered where the file is written and where it is read.
"""

from __future__ import annotations

import base64
import json
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar  # node data and containers are of every type

from weft_runtime import pytree
from weft_runtime.pytree import PyTreeDef

Class = TypeVar("Class", bound=type)


@dataclass(frozen=True)
class _Node:
    """How nodes of one type are written and read."""

    nodetype: type
    name: str
    write_data: Callable[[Any], bytes]
    read_data: Callable[[bytes], Any]
    from_children: Callable[[Any, Sequence[Any]], Any] | None


_by_type: dict[type, _Node] = {}
_by_name: dict[str, _Node] = {}


def register_pytree_node_serialization(
    nodetype: Class,
    *,
    serialized_name: str,
    serialize_auxdata: Callable[[Any], bytes],
    deserialize_auxdata: Callable[[bytes], Any],
    from_children: Callable[[Any, Sequence[Any]], Any] | None = None,
) -> Class:
    """Let nodes of `nodetype` stand in the arguments and results of exported programs; returns the type.

    `serialized_name` stands for the type in files. `from_children(data, children)` makes a node; by default
    what the type was registered with as a tree node.

    Raises: ValueError if the type or the name is registered already, or the type is no tree node.
    """
    if nodetype in _by_type:
        raise ValueError(
            f"{nodetype.__qualname__} has a serialization already, under the name {_by_type[nodetype].name!r}"
        )
    if serialized_name in _by_name:
        known = _by_name[serialized_name].nodetype.__qualname__
        raise ValueError(f"the serialized name {serialized_name!r} belongs to {known} already")
    if from_children is None and not pytree.registry.is_node(nodetype):
        raise ValueError(
            f"{nodetype.__qualname__} is no tree node: call register_pytree_node first, or give from_children"
        )
    node = _Node(nodetype, serialized_name, serialize_auxdata, deserialize_auxdata, from_children)
    _by_type[nodetype] = _by_name[serialized_name] = node
    return nodetype


def register_namedtuple_serialization(nodetype: Class, *, serialized_name: str) -> Class:
    """Let namedtuples of `nodetype` stand in the arguments and results of exported programs; returns the type.

    Raises: ValueError if the type is no namedtuple, or the type or the name is registered already.
    """
    if not _is_namedtuple(nodetype):
        raise ValueError(
            f"{nodetype.__qualname__} is no namedtuple; register_pytree_node_serialization takes other types"
        )
    fields = list(getattr(nodetype, "_fields"))  # noqa: B009  the checker knows no namedtuple here

    def from_children(names: Sequence[str], children: Sequence[Any]) -> Any:
        return nodetype(**dict(zip(names, children, strict=True)))

    return register_pytree_node_serialization(
        nodetype,
        serialized_name=serialized_name,
        serialize_auxdata=lambda _: json.dumps(fields).encode(),
        deserialize_auxdata=json.loads,
        from_children=from_children,
    )


def _is_namedtuple(nodetype: type) -> bool:
    return issubclass(nodetype, tuple) and isinstance(getattr(nodetype, "_fields", None), tuple)


def _write_names(keys: Sequence[Any]) -> bytes:
    if not all(isinstance(key, str) for key in keys):
        raise TypeError(f"an OrderedDict can be serialized if its keys are text, got {tuple(keys)!r:.100}")
    return json.dumps(list(keys)).encode()


register_pytree_node_serialization(
    OrderedDict,
    serialized_name="collections.OrderedDict",
    serialize_auxdata=_write_names,
    deserialize_auxdata=lambda data: tuple(json.loads(data)),
)


def to_json(treedef: PyTreeDef) -> Any:
    """A structure as values of JSON: a leaf is "*".

    Raises: ValueError for a type that is not registered; TypeError for keys that are no text.
    """
    found = treedef.node_data()
    if found is None:
        return "*"
    kind, data = found
    children = [to_json(child) for child in treedef.children()]
    if kind is type(None):
        return None
    if kind is tuple or kind is list:
        return {kind.__name__: children}
    if kind is dict:
        for key in data:
            if not isinstance(key, str):
                raise TypeError(
                    f"a dict can be serialized if its keys are text; found the key {key!r} of type "
                    f"{type(key).__name__}"
                )
        return {"dict": dict(zip(data, children, strict=True))}
    node = _by_type.get(kind)
    if node is None:
        how = (
            "register_namedtuple_serialization"
            if _is_namedtuple(kind)
            else "register_pytree_node_serialization"
        )
        raise ValueError(f"the type {kind.__qualname__} cannot be serialized\n  try weft.export.{how}")
    written = base64.b64encode(node.write_data(data)).decode()
    return {"node": node.name, "data": written, "children": children}


def from_json(tree: Any) -> PyTreeDef:
    """The structure that `to_json` wrote.

    Raises: ValueError for a type that is not registered here.
    """
    return pytree.flatten(_example(tree))[1]


def _example(tree: Any) -> Any:
    """A tree of the structure; its leaves are dots."""
    if tree is None or tree == "*":
        return None if tree is None else ...
    if "node" in tree:
        return _registered(tree)
    if "dict" in tree:
        return {key: _example(child) for key, child in tree["dict"].items()}
    ((name, children),) = tree.items()
    return {"tuple": tuple, "list": list}[name](map(_example, children))


def _registered(tree: Any) -> Any:
    node = _by_name.get(tree["node"])
    if node is None:
        raise ValueError(
            f"the program takes or returns a container that was exported under the name {tree['node']!r}, which is "
            "not registered in this process\n  try weft_runtime.register_pytree_node_serialization or "
            "register_namedtuple_serialization before loading, or load(..., flat=True), which needs no containers"
        )
    data = node.read_data(base64.b64decode(tree["data"]))
    children = [_example(child) for child in tree["children"]]
    if node.from_children is not None:
        return node.from_children(data, children)
    leaf = pytree.flatten(...)[1]
    made = PyTreeDef.from_node_data_and_children(
        pytree.registry, (node.nodetype, data), [leaf] * len(children)
    )
    return made.unflatten(children)
