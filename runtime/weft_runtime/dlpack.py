"""Arrays of ours for other libraries, by DLPack. What comes in is `transfer.from_dlpack`."""

from __future__ import annotations

from typing import Any  # a capsule has no type of its own

from weft_runtime import pjrt
from weft_runtime.array import Array

CPU, CUDA, CUDA_HOST, ROCM = 1, 2, 3, 10
_DEVICE_TYPE = {"cpu": CPU, "cuda": CUDA, "gpu": CUDA, "rocm": ROCM}


def device_of(x: Array) -> tuple[int, int]:
    """(device type, device number) in DLPack's numbering."""
    if len(x.sharding.devices) > 1:
        raise BufferError(f"DLPack: an array over {len(x.sharding.devices)} devices is not in one memory")
    device = x.sharding.devices[0]
    kind = _DEVICE_TYPE.get(device.platform)
    if kind is None:
        raise BufferError(f"DLPack: an array on {device} cannot be shared")
    if kind == CUDA and "rocm" in device.client.platform_version.lower():
        kind = ROCM
    return kind, 0 if kind == CPU else device.local_hardware_id


def export(x: Array, *, stream: int | None, dl_device: tuple[int, int] | None, copy: bool | None) -> Any:
    """A capsule of the array's memory, or of a copy of it."""
    if x.spec.is_extended:
        raise BufferError(f"DLPack has no type for {x.spec.dtype.name}; export weft.random.key_data(x)")
    here = device_of(x)
    if dl_device is not None and tuple(dl_device) != here:
        raise BufferError(f"DLPack: the array is on device {here}, not on {tuple(dl_device)}; move it first")
    if copy:
        x = x.__copy__()
    try:
        buffer = x.block_until_ready()._b if x.spec.on_host else x._live()
        return pjrt.to_dlpack(buffer, stream)
    except pjrt.JaxRuntimeError as error:
        raise BufferError(f"DLPack: {x.spec} cannot be shared: {error}") from error
