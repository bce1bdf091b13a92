"""Where values lie, said inside of programs: `with_sharding_constraint`."""

from __future__ import annotations

from typing import Any

from weft._tracing.bind import bind
from weft._tracing.meshes import placed
from weft._tracing.trace import Tracer
from weft._tracing.values import as_value
from weft._tree.prefix import flatten_axes
from weft.lax.axis_names import names_of
from weft.lax.operands import class_of
from weft.tree_util import tree_map
from weft_runtime import NamedSharding, Sharding, move, pytree


def with_sharding_constraint(x: Any, shardings: Any) -> Any:
    """`x`, laid over devices as `shardings` says: a sharding for all arrays, or a tree of them that `x` begins with.

    A `PartitionSpec` is of the mesh of `set_mesh`.
    In a traced function the compiler is told so, and derivatives lie the same way; an array is moved there.

    Raises: ValueError if a spec has more entries than an array axes, or does not divide its sizes.
    """
    leaves, tree = pytree.flatten(x)
    wanted = flatten_axes("with_sharding_constraint shardings", tree, shardings)
    return tree.unflatten([_constrained(v, s) for v, s in zip(leaves, wanted, strict=True)])


def pcast(x: Any, axis_name: Any, *, to: str) -> Any:
    """`x`, which from here on counts as different along an axis of the mesh of `shard_map`.

    That is for the types of JAX; weft looks at what differs when the function is traced, so this is `x`.

    Raises: NameError if the axis is not bound; ValueError unless it is that of a mesh and `to` is 'varying'.
    """
    for axis in names_of("pcast", axis_name):
        if not axis.mesh_shape:
            raise ValueError(f"pcast: axis {axis.name!r} is not that of a shard_map")
    if to in ("reduced", "unreduced"):
        raise NotImplementedError(f"pcast: {to} values are of meshes with explicit axes, which are not there")
    if to != "varying":
        raise ValueError(f"pcast: `to` must be 'varying', got {to!r}")
    return tree_map(as_value, x)


def _constrained(x: Any, sharding: Any) -> Any:
    value = as_value(x, what="with_sharding_constraint: an operand")
    if sharding is None:
        return value
    sharding = placed(sharding, "with_sharding_constraint")
    if not isinstance(sharding, Sharding):
        raise TypeError(f"with_sharding_constraint: expected a sharding, got {sharding!r:.80}")
    sharding.shard_shape(value.shape)
    if type(value) is not Tracer:
        return move(value, sharding)
    if not isinstance(sharding, NamedSharding) or sharding.num_devices == 1:
        return value  # one device holds the whole
    mesh = sharding.mesh
    labels = dict(zip(mesh.axis_names, mesh.labels, strict=True))
    layout = "".join(f"[{','.join(labels[n] for n in names)}]" for names in sharding.axes(value.ndim))
    inst = class_of("sharding_constraint").of(mesh=mesh.symbol, mesh_axes=mesh.text, layout=layout or "()")
    return bind(inst, value)
