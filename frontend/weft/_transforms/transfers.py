"""Arrays to devices and memories, and back to the host."""

from __future__ import annotations

from typing import Any  # trees of arrays, and what names a place

import numpy as np

import weft_runtime
from weft import dtypes
from weft._tracing.meshes import placed
from weft._tracing.trace import Tracer
from weft._tracing.values import as_value
from weft._tree.prefix import broadcast_prefix
from weft.memory import Space
from weft_runtime import Array, Device, Format, PartitionSpec, Sharding, pytree
from weft_runtime.transfer_guards import explicit_get, explicit_put

_DEVICE_OR_SHARDING: tuple[Any, ...] = (Device, Sharding)
PLACES: tuple[Any, ...] = (*_DEVICE_OR_SHARDING, PartitionSpec, Format, Space)


def device_put(
    x: Any, device: Any = None, *, src: Any = None, donate: Any = False, may_alias: Any = None
) -> Any:
    """The arrays of a tree on a device, with a sharding, or in a memory (`weft.memory.Space`); committed there.

    `device` is one place, or a tree of them that `x` begins with; None leaves arrays where they are and puts
    everything else on the default device, uncommitted. What is donated may not be used again. With
    `may_alias=False` the result never shares memory with `x`. In a traced function this is `x`: a program runs
    where its arguments are.

    Raises: ValueError if `device` is no such tree; TypeError for leaves that are no arrays or numbers.
    """
    leaves, tree = pytree.flatten(x)
    places = _spread("device", device, x, len(leaves))
    donated = _spread("donate", donate, x, len(leaves))
    aliases = _spread("may_alias", may_alias, x, len(leaves))
    with explicit_put():
        made = [_put(*parts) for parts in zip(leaves, places, donated, aliases, strict=True)]
    return tree.unflatten(made)


def _spread(what: str, prefix: Any, x: Any, count: int) -> list[Any]:
    """One entry for each leaf of `x`, from one for all or a tree that `x` begins with."""
    if prefix is None or isinstance(prefix, (bool, *PLACES)):
        return [prefix] * count
    try:
        return broadcast_prefix(prefix, x, is_leaf=lambda node: node is None)
    except ValueError as error:
        raise ValueError(
            f"device_put {what} specification must be a tree prefix of the corresponding value: {error}"
        ) from None


def _put(x: Any, place: Any, donate: bool, may_alias: bool | None) -> Any:
    if type(x) is Tracer:
        return x
    if not (type(x) is Array or isinstance(x, np.ndarray)):
        x = as_value(x)
    target = None if place is None else _target(x, place)
    if type(x) is not Array:
        if x.dtype == dtypes.float0:
            return x
        return weft_runtime.device_put(x, dtypes.dtype(x), device=target)
    if target is None:
        return weft_runtime.copy_array(x) if may_alias is False else x
    made = weft_runtime.move(x, target)
    if made._b is x._b:
        return weft_runtime.copy_array(made) if may_alias is False else made
    if donate:
        x.delete()
    return made


def _target(x: Any, place: Any) -> Device | Sharding | None:
    if isinstance(place, _DEVICE_OR_SHARDING):
        return place
    here = x.sharding if type(x) is Array else weft_runtime.default_sharding()
    if isinstance(place, PartitionSpec):
        return placed(place, "device_put")
    if isinstance(place, Format):
        order = place.layout and place.layout.major_to_minor
        if order not in (None, tuple(range(x.ndim))):
            raise ValueError(f"device_put: arrays are row-major, got a layout with the axes in order {order}")
        return place.sharding
    if isinstance(place, Space):
        return here if place is Space.Any else here.with_memory_kind(place.kind())
    raise ValueError(
        f"device_put: expected None, a device, a sharding, a Format, a memory.Space or a tree of them, got "
        f"{place!r:.80} of type {type(place).__name__}"
    )


def device_get(x: Any) -> Any:
    """The arrays of a tree as NumPy arrays; keys and Python numbers stay what they are."""
    leaves, tree = pytree.flatten(x)
    with explicit_get():
        for leaf in leaves:
            if type(leaf) is Array:
                leaf.copy_to_host_async()
        return tree.unflatten([_get(leaf) for leaf in leaves])


def _get(x: Any) -> Any:
    if type(x) is Array and x.spec.is_extended:
        return x
    return x.__array__() if hasattr(x, "__array__") else x


def copy_to_host_async(x: Any) -> Any:
    """Starts the transfer of every array of a tree to the host, and returns the tree."""
    for leaf in pytree.flatten(x)[0]:
        if type(leaf) is Array:
            leaf.copy_to_host_async()
    return x


def block_until_ready(x: Any) -> Any:
    """Waits until every array of a tree has been computed, and returns the tree."""
    for leaf in pytree.flatten(x)[0]:
        if type(leaf) is Array:
            leaf.block_until_ready()
    return x
