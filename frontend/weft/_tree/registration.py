"""Registration of the user's container types as nodes of trees."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, TypeVar  # children and node data are of every type

from weft_runtime.pytree import register_dataclass_node, register_node

Class = TypeVar("Class", bound=type)
Flattened = tuple[Iterable[Any], Hashable]


def register_pytree_node(
    nodetype: type,
    flatten_func: Callable[[Any], Flattened],
    unflatten_func: Callable[[Any, Any], Any],
    flatten_with_keys_func: Callable[[Any], Flattened] | None = None,
) -> None:
    """Make instances of `nodetype` nodes of trees.

    `flatten_func(node)` gives (children, data), `unflatten_func(data, children)` the node again; data is part
    of the structure, so it must be hashable and comparable. `flatten_with_keys_func` gives pairs of key and
    child in place of children.

    Raises: ValueError if the type is a node already.
    """
    _once(nodetype, lambda: register_node(nodetype, flatten_func, unflatten_func, flatten_with_keys_func))


def _once(nodetype: type, register: Callable[[], object]) -> None:
    try:
        register()
    except ValueError as error:
        if "Duplicate" not in str(error):
            raise
        raise ValueError(f"{nodetype.__qualname__} is registered as a tree node already") from None


def register_pytree_with_keys(
    nodetype: type,
    flatten_with_keys: Callable[[Any], Flattened],
    unflatten_func: Callable[[Any, Any], Any],
    flatten_func: Callable[[Any], Flattened] | None = None,
) -> None:
    """As `register_pytree_node`, for a type that knows the keys of its children.

    `flatten_with_keys(node)` gives (pairs of key and child, data), with keys such as `GetAttrKey("weight")`.
    """

    def without_keys(node: Any) -> Flattened:
        pairs, data = flatten_with_keys(node)
        return [child for _, child in pairs], data

    register_pytree_node(nodetype, flatten_func or without_keys, unflatten_func, flatten_with_keys)


def register_pytree_node_class(cls: Class) -> Class:
    """Class decorator: nodes by the methods `tree_flatten(self)`, `tree_unflatten(cls, data, children)`."""
    register_pytree_node(cls, _method(cls, "tree_flatten"), _method(cls, "tree_unflatten"))
    return cls


def register_pytree_with_keys_class(cls: Class) -> Class:
    """Class decorator: nodes by `tree_flatten_with_keys`, `tree_unflatten` and, if there, `tree_flatten`."""
    register_pytree_with_keys(
        cls,
        _method(cls, "tree_flatten_with_keys"),
        _method(cls, "tree_unflatten"),
        getattr(cls, "tree_flatten", None),
    )
    return cls


def _method(cls: type, name: str) -> Callable[..., Any]:
    found = getattr(cls, name, None)
    if found is None:
        raise TypeError(f"{cls.__qualname__} needs a method {name} to be a tree node")
    return found


def register_static(cls: Class) -> Class:
    """Class decorator: instances are nodes without leaves, part of the structure; they must be hashable."""
    register_pytree_with_keys(cls, lambda node: ((), node), lambda node, _: node)
    return cls


def static(**kwargs: Any) -> Any:
    """A field of a dataclass that `register_dataclass` takes as part of the structure, not as a child.

    Takes what `dataclasses.field` takes.
    """
    metadata = {**(kwargs.pop("metadata", None) or {}), "static": True}
    return dataclasses.field(**kwargs, metadata=metadata)


def register_dataclass(
    nodetype: Class,
    data_fields: Sequence[str] | None = None,
    meta_fields: Sequence[str] | None = None,
    drop_fields: Sequence[str] = (),
) -> Class:
    """Make a dataclass a node: `data_fields` are its children, `meta_fields` part of the structure.

    Without lists, fields made by `static()` (or with metadata static=True) are meta, the others data.
    `drop_fields` are neither: they come back with their defaults.

    Raises: TypeError if lists are needed; ValueError if they do not add up to the fields of `__init__`.
    """
    if (data_fields is None) != (meta_fields is None):
        given = "data_fields" if meta_fields is None else "meta_fields"
        raise TypeError(
            f"register_dataclass: give both data_fields and meta_fields, or neither; got {given} only"
        )
    if data_fields is None or meta_fields is None:
        if not dataclasses.is_dataclass(nodetype):
            raise TypeError(
                f"register_dataclass: {nodetype!r} is no dataclass, so data_fields and meta_fields are needed"
            )
        fields = [
            field for field in dataclasses.fields(nodetype) if field.init and field.name not in drop_fields
        ]
        meta_fields = [field.name for field in fields if field.metadata.get("static", False)]
        data_fields = [field.name for field in fields if field.name not in meta_fields]
    data, meta = list(data_fields), list(meta_fields)
    _check_fields(nodetype, data, meta, set(drop_fields))
    _once(nodetype, lambda: register_dataclass_node(nodetype, data, meta))
    return nodetype


def _check_fields(nodetype: type, data: list[str], meta: list[str], dropped: set[str]) -> None:
    where = f"register_dataclass: {nodetype.__qualname__}"
    if both := set(data) & set(meta):
        raise ValueError(f"{where}: {_names(both)} in data_fields as well as in meta_fields")
    if not dataclasses.is_dataclass(nodetype):
        return
    needed = {field.name for field in dataclasses.fields(nodetype) if field.init}
    given = {*data, *meta}
    if missing := needed - given - dropped:
        raise ValueError(
            f"{where}: {_names(missing)} in neither data_fields nor meta_fields\n"
            "  try drop_fields for fields to leave out, which then need a default"
        )
    if unknown := given - needed:
        raise ValueError(f"{where}: {_names(unknown)} not among the fields that __init__ takes")


def _names(names: set[str]) -> str:
    listed = ", ".join(repr(name) for name in sorted(names))
    return f"field {listed} is" if len(names) == 1 else f"fields {listed} are"
