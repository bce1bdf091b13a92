"""The parts of an array, one on each device."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from weft_runtime import pjrt
from weft_runtime.array import Array
from weft_runtime.sharding import SingleDeviceSharding
from weft_runtime.spec import Spec


@dataclass(frozen=True, repr=False, eq=False)
class Shard:
    """What one device holds of an array."""

    device: pjrt.Device
    index: tuple[slice, ...]
    """Where the part lies in the whole."""
    replica_id: int
    """Counts the devices that hold the same part."""
    data: Array

    def __repr__(self) -> str:
        return (
            f"Shard(device={self.device!r}, index={self.index}, "
            f"replica_id={self.replica_id}, data={self.data})"
        )


Part = tuple[Spec, tuple[slice, ...], pjrt.ArrayImpl]
"""What one device holds: its spec there, where it lies in the whole, the buffer."""


def parts_of(buffer: pjrt.ArrayImpl, spec: Spec) -> list[Part]:
    """The parts of a live buffer on several devices, in the order of these."""
    sharding = spec.sharding
    shape, places = sharding.shard_shape(spec.shape), sharding.devices_indices_map(spec.shape)
    return [
        (spec.update(shape=shape, sharding=SingleDeviceSharding(device)), places[device], part)
        for device, part in zip(sharding.devices, pjrt.parts(buffer), strict=True)
    ]


def shards_of(x: Array) -> list[Shard]:
    """The shards on this process's devices."""
    buffer, sharding = x._live(), x.spec.sharding
    if len(sharding.devices) == 1:
        ((device, index),) = sharding.devices_indices_map(x.shape).items()
        return [Shard(device, index, 0, x)]
    made: list[Shard] = []
    copies: Counter[str] = Counter()
    for device, (part, index, held) in zip(sharding.devices, parts_of(buffer, x.spec), strict=True):
        made.append(Shard(device, index, copies[str(index)], Array(part, held)))
        copies[str(index)] += 1
    return made
