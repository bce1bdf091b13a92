"""Devices: which backends start, in which order, and where a new array goes.

A backend is started when it is first needed. `WEFT_PLATFORMS` (as in `cuda,cpu`) says which may be used, the
first being the default one; a platform that does not start is reported once, and the next is used.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field

from weft_runtime import pjrt, plugins
from weft_runtime.sharding import SingleDeviceSharding

_AUTOMATIC = ("tpu", "cuda", "rocm", "mps", "metal")
_ALIASES: dict[str, tuple[str, ...]] = {"gpu": ("cuda", "rocm"), "metal": ("metal", "mps")}


@dataclass
class _Backends:
    """The backends of this process."""

    platforms: tuple[str, ...] | None = None
    """What was asked for; None: `WEFT_PLATFORMS`, or everything that is found."""
    num_cpu_devices: int | None = None
    clients: dict[str, pjrt.Client] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    default: pjrt.Client | None = None
    default_device: pjrt.Device | None = None
    lock: threading.RLock = field(default_factory=threading.RLock)


class _Local(threading.local):
    device: pjrt.Device | None = None


_backends = _Backends()
_local = _Local()


def configure(*, platforms: str | None = None, num_cpu_devices: int | None = None) -> None:
    """Say which platforms to use (as in `"cuda,cpu"`) and how many CPU devices to make, before any starts."""
    with _backends.lock:
        if _backends.clients:
            raise RuntimeError("the backends have started: configure them before the first array is made")
        if platforms is not None:
            _backends.platforms = _names(platforms)
        if num_cpu_devices is not None:
            _backends.num_cpu_devices = num_cpu_devices


def is_started() -> bool:
    """Whether any backend runs in this process."""
    return bool(_backends.clients)


def client(backend: str | None = None) -> pjrt.Client:
    """The backend of a platform, started if need be; without a name the default one."""
    known = _backends.default if backend is None else _backends.clients.get(backend)
    if known is not None:
        return known
    with _backends.lock:
        return _default_client() if backend is None else _named_client(backend)


def devices(backend: str | None = None) -> list[pjrt.Device]:
    """All devices of a backend, those of other processes included."""
    return list(client(backend).devices())


def local_devices(backend: str | None = None, process_index: int | None = None) -> list[pjrt.Device]:
    """The devices of this process, or of the process that is named."""
    if process_index is None:
        return list(client(backend).local_devices())
    found = [device for device in devices(backend) if device.process_index == process_index]
    if not found:
        raise ValueError(f"Unknown process_index {process_index}")
    return found


def device_count(backend: str | None = None) -> int:
    return client(backend).device_count()


def local_device_count(backend: str | None = None) -> int:
    return client(backend).local_device_count()


def default_backend() -> str:
    """Platform of the default backend: cpu, gpu, tpu, ..."""
    platform = client().platform
    return "gpu" if platform in ("cuda", "rocm") else platform


def process_index(backend: str | None = None) -> int:
    return client(backend).process_index()


def process_count(backend: str | None = None) -> int:
    return len({device.process_index for device in devices(backend)})


def platform_version(backend: str | None = None) -> str:
    return client(backend).platform_version


# Where a new array goes


def default_device() -> pjrt.Device:
    """The device of this thread's context, else the one that was set for the process, else the first one."""
    return _local.device or _backends.default_device or client().local_devices()[0]


def default_sharding() -> SingleDeviceSharding:
    return SingleDeviceSharding(default_device())


def set_default_device(device: pjrt.Device | str | None) -> None:
    """For all threads, the device (or platform) where new arrays go; None: the default backend's first."""
    _backends.default_device = _device(device)


@contextlib.contextmanager
def use_default_device(device: pjrt.Device | str | None) -> Iterator[None]:
    """Within the context and in this thread, new arrays go to `device`."""
    previous, _local.device = _local.device, _device(device)
    try:
        yield
    finally:
        _local.device = previous


def _device(device: pjrt.Device | str | None) -> pjrt.Device | None:
    if isinstance(device, str):
        return local_devices(device)[0]
    if device is not None and not isinstance(device, pjrt.Device):
        raise TypeError(f"expected a device, a platform or None, got {type(device).__name__} {device!r}")
    return device


# Starting


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip().lower() for name in text.split(",") if name.strip())


def _wanted() -> tuple[str, ...] | None:
    if _backends.platforms is not None:
        return _backends.platforms or None
    return _names(os.environ.get("WEFT_PLATFORMS", "")) or None


def _default_client() -> pjrt.Client:
    wanted = _wanted()
    order = wanted or (*sorted(plugins.find(), key=_rank), "cpu")
    for position, name in enumerate(order):
        try:
            _backends.default = _named_client(name)
        except RuntimeError as error:
            following = order[position + 1 :]
            if not following:
                raise
            reason = _backends.failures.get(name, str(error))
            warnings.warn(
                f"platform {name!r} did not start ({reason}); falling back to {following[0]!r}. "
                f"WEFT_PLATFORMS={','.join(following)} leaves it out.",
                RuntimeWarning,
                stacklevel=_outside(),
            )
        else:
            return _backends.default
    raise RuntimeError("WEFT_PLATFORMS names no platform")


def _rank(platform: str) -> int:
    return _AUTOMATIC.index(platform) if platform in _AUTOMATIC else -1


def _outside() -> int:
    """The stack level of the first caller outside this package, which is where a warning is of use."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("weft"):
        level, frame = level + 1, frame.f_back
    return level


def _named_client(name: str) -> pjrt.Client:
    """The backend `name`, started if it is not. RuntimeError with the reason where it cannot be."""
    known = _backends.clients.get(name)
    if known is not None:
        return known
    wanted = _wanted()
    choices: tuple[str, ...] = _ALIASES.get(name, (name,))
    if wanted is not None and name not in wanted and not set(choices) & set(wanted):
        raise RuntimeError(f"platform {name!r} is not among WEFT_PLATFORMS={','.join(wanted)}")
    if len(choices) > 1:
        choices = tuple(filter(plugins.find().__contains__, choices)) or choices[:1]
    reasons = []
    for platform in choices:
        started = _backends.clients.get(platform) or _start(platform)
        if started is not None:
            _backends.clients[name] = started
            return started
        reasons.append(f"{platform}: " * (len(choices) > 1) + _backends.failures[platform])
    _backends.failures[name] = "; ".join(reasons)
    raise RuntimeError(f"platform {name!r} did not start: {_backends.failures[name]}")


def _start(platform: str) -> pjrt.Client | None:
    """Start one platform. None, with the reason in `failures`, if that cannot be done; it is tried once."""
    if platform in _backends.failures:
        return None
    try:
        started = _start_cpu() if platform == "cpu" else _start_plugin(platform)
    except (RuntimeError, OSError, ValueError, ImportError) as error:
        _backends.failures[platform] = " ".join(str(error).split())
        return None
    if not _backends.clients:
        os.register_at_fork(before=_warn_of_fork)
    _backends.clients[platform] = started
    return started


def _start_cpu() -> pjrt.Client:
    count = _backends.num_cpu_devices
    if count is None and (text := os.environ.get("WEFT_NUM_CPU_DEVICES", "")):
        if not text.isdecimal() or int(text) < 1:
            raise RuntimeError(f"WEFT_NUM_CPU_DEVICES must be a positive number, got {text!r}")
        count = int(text)
    return pjrt.cpu_client(count)


def _start_plugin(platform: str) -> pjrt.Client:
    found = plugins.find()
    if platform not in found:
        known = ", ".join((*found, "cpu"))
        raise RuntimeError(f"no PJRT plugin for it is installed; this machine has: {known}")
    return plugins.start(found[platform])


def _warn_of_fork() -> None:
    warnings.warn(
        "fork() in a process whose weft backends run: the child hangs or aborts when it computes. "
        "Start processes by spawn.",
        RuntimeWarning,
        stacklevel=2,
    )
