"""How collectives over an axis of a mesh are lowered: each device is a position, and talks to those beside it."""

import numpy as np

from weft_compiler.avals import INT32, Aval
from weft_compiler.bindings import context, ir
from weft_compiler.stablehlo import cached, parsed

_CHANNEL = "#stablehlo.channel_handle<handle = 1, type = 1>"


def device_groups(inst):
    """Devices that talk to each other, one row for each group, in the order of the positions."""
    shape, axis = inst.mesh_shape, inst.mesh_axis
    numbers = np.arange(int(np.prod(shape)), dtype=np.int64).reshape(shape)
    lines = np.moveaxis(numbers, axis, -1).reshape(-1, shape[axis])
    groups = getattr(inst, "groups", ())
    return lines[:, list(groups)].reshape(-1, inst.group_size) if groups else lines


def _matrix(rows):
    with context():
        return ir.DenseIntElementsAttr.get(np.asarray(rows, np.int64))


def _attrs(inst):
    return {
        "replica_groups": cached(_matrix, tuple(map(tuple, device_groups(inst).tolist()))),
        "channel_handle": parsed(_CHANNEL),
        "use_global_device_ids": ir.UnitAttr.get(context()),
    }


def reduce_over_devices(b, inst, x, combiner):
    """The values of a group combined."""
    scalar = x.aval.with_shape(())
    made = b.stablehlo.op("stablehlo.all_reduce", (x,), x.aval, 1, **_attrs(inst))
    b.stablehlo.region(
        0, (scalar, scalar), lambda p, q: [b.stablehlo.op(f"stablehlo.{combiner}", (p, q), scalar)]
    )
    return made


def scatter_over_devices(b, inst, x):
    """The sum of the values of a group, of which each position keeps its element along axis `dim`."""
    scalar = x.aval.with_shape(())
    dim = inst.dim
    kept = x.aval.with_shape((*x.shape[:dim], 1, *x.shape[dim + 1 :]))
    made = b.stablehlo.op("stablehlo.reduce_scatter", (x,), kept, 1, scatter_dimension=dim, **_attrs(inst))
    b.stablehlo.region(0, (scalar, scalar), lambda p, q: [b.stablehlo.op("stablehlo.add", (p, q), scalar)])
    return b.reshape(made, shape=kept.shape[:dim] + kept.shape[dim + 1 :])


def gather_over_devices(b, inst, x, dim, count):
    """The values of a group stacked along a new axis `dim`."""
    one = b.reshape(x, shape=(*x.shape[:dim], 1, *x.shape[dim:]))
    full = x.aval.with_shape((*x.shape[:dim], count, *x.shape[dim:]))
    return b.stablehlo.op("stablehlo.all_gather", (one,), full, all_gather_dim=dim, **_attrs(inst))


def exchange_over_devices(b, inst, x, count):
    """Slice i of x along its first axis goes to position i; what comes in is stacked along the first axis."""
    attrs = _attrs(inst)
    del attrs["use_global_device_ids"]
    return b.stablehlo.op(
        "stablehlo.all_to_all",
        (x,),
        x.aval,
        split_dimension=0,
        concat_dimension=0,
        split_count=count,
        **attrs,
    )


def permute_over_devices(b, inst, x):
    """x of the source at the target, zeros elsewhere."""
    pairs = [
        (int(line[s]), int(line[t]))
        for line in device_groups(inst)
        for s, t in zip(inst.sources, inst.targets, strict=True)
    ]
    if not pairs:
        return b.zeros(x.aval)
    return b.stablehlo.op(
        "stablehlo.collective_permute",
        (x,),
        x.aval,
        source_target_pairs=cached(_matrix, tuple(pairs)),
        channel_handle=parsed(_CHANNEL),
    )


def position_of_device(b, inst):
    """The number of the position."""
    shape, axis = inst.mesh_shape, inst.mesh_axis
    number = b.convert(
        b.stablehlo.op("stablehlo.partition_id", (), Aval.of((), np.dtype(np.uint32))), dtype=INT32
    )
    stride = int(np.prod(shape[axis + 1 :]))
    return b.rem(b.div(number, stride), shape[axis])
