"""Several devices: meshes of them, and how arrays lie over a mesh."""

from __future__ import annotations

from weft._tracing.meshes import get_mesh, set_mesh
from weft_runtime import (
    AxisType,
    Device,
    Mesh,
    NamedSharding,
    PartitionSpec,
    Sharding,
    SingleDeviceSharding,
)

__all__ = [
    "AxisType",
    "Mesh",
    "NamedSharding",
    "PartitionSpec",
    "Sharding",
    "SingleDeviceSharding",
    "get_mesh",
    "make_single_device_sharding",
    "set_mesh",
]


def make_single_device_sharding(device: Device, *, memory_kind: str | None = None) -> SingleDeviceSharding:
    """The whole value on one device."""
    return SingleDeviceSharding(device, memory_kind)
