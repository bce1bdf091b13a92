"""The parts of an array, one on each device."""

from __future__ import annotations

from dataclasses import dataclass

from weft_runtime import pjrt
from weft_runtime.array import Array


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


def shards_of(x: Array) -> list[Shard]:
    """The shards on this process's devices."""
    x._live()
    ((device, index),) = x.spec.sharding.devices_indices_map(x.shape).items()  # the only kind so far
    return [Shard(device, index, 0, x)]
