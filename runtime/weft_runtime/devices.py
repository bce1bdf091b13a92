"""Devices: those that there are, and where a new array goes."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass

from weft_runtime import pjrt
from weft_runtime.backends import client, configure, first_device, is_started
from weft_runtime.sharding import SingleDeviceSharding

__all__ = [
    "configure",
    "default_backend",
    "default_device",
    "default_sharding",
    "device_count",
    "devices",
    "is_started",
    "local_device_count",
    "local_devices",
    "platform_version",
    "process_count",
    "process_index",
    "process_indices",
    "set_default_device",
    "set_default_device_of_thread",
    "use_default_device",
]

DeviceOrPlatform = pjrt.Device | str | None


@dataclass
class _ForAll:
    """What holds for all threads."""

    device: DeviceOrPlatform = None


class _Local(threading.local):
    device: DeviceOrPlatform = None


_process = _ForAll()
_local = _Local()


def devices(backend: str | None = None) -> list[pjrt.Device]:
    """All devices of a backend, those of other processes included.

    Raises: RuntimeError if the backend does not start.
    """
    return list(client(backend).devices())


def local_devices(
    process_index: int | None = None, backend: str | None = None, host_id: int | None = None
) -> list[pjrt.Device]:
    """The devices of this process, or of the process that is named; `host_id` is its older name."""
    if process_index is None:
        process_index = host_id
    if process_index is None:
        return list(client(backend).local_devices())
    found = [device for device in devices(backend) if device.process_index == process_index]
    if not found:
        raise ValueError(f"Unknown process_index {process_index}")
    return found


def device_count(backend: str | None = None) -> int:
    """Number of devices of a backend, those of other processes included."""
    return client(backend).device_count()


def local_device_count(backend: str | None = None) -> int:
    """Number of devices of this process."""
    return client(backend).local_device_count()


def default_backend() -> str:
    """Platform of the default backend: cpu, gpu, tpu, ..."""
    platform = client().platform
    return "gpu" if platform in ("cuda", "rocm") else platform


def process_index(backend: str | None = None) -> int:
    """Number of this process among those that share a backend."""
    return client(backend).process_index()


def process_indices(backend: str | None = None) -> list[int]:
    """Numbers of the processes that share a backend."""
    return sorted({device.process_index for device in devices(backend)})


def process_count(backend: str | None = None) -> int:
    """Number of processes that share a backend."""
    return len(process_indices(backend))


def platform_version(backend: str | None = None) -> str:
    """What the backend says of its version."""
    return client(backend).platform_version


# Where a new array goes


def default_device() -> pjrt.Device:
    """The device of this thread's context, else the one that was set for the process, else the first one."""
    device = _local.device or _process.device
    if device is None:
        return first_device()
    return device if isinstance(device, pjrt.Device) else local_devices(backend=device)[0]


def default_sharding() -> SingleDeviceSharding:
    """The default device as a sharding."""
    return SingleDeviceSharding(default_device())


def set_default_device(device: DeviceOrPlatform) -> None:
    """For all threads, the device (or platform) where new arrays go; None: the default backend's first."""
    _process.device = _checked(device)


def set_default_device_of_thread(device: DeviceOrPlatform) -> None:
    """As `set_default_device`, for this thread alone; None leaves it to what holds for all."""
    _local.device = _checked(device)


@contextlib.contextmanager
def use_default_device(device: DeviceOrPlatform) -> Iterator[None]:
    """Within the context and in this thread, new arrays go to `device`."""
    previous, _local.device = _local.device, _checked(device)
    try:
        yield
    finally:
        _local.device = previous


def _checked(device: DeviceOrPlatform) -> DeviceOrPlatform:
    if device is None or isinstance(device, (str, pjrt.Device)):
        return device
    raise TypeError(f"expected a device, a platform or None, got {type(device).__name__} {device!r}")
