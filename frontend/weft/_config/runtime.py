"""Options that the runtime keeps too: it is told of each change."""

from __future__ import annotations

from typing import Any  # option values

import weft_runtime
from weft._config.state import Hook, Scope
from weft.config import config
from weft_runtime.compile_cache import SETTINGS as CACHE
from weft_runtime.transfer_guards import set_level


def _default_device(scope: Scope, device: Any) -> None:
    if scope == "process":
        weft_runtime.set_default_device(device)
    else:
        weft_runtime.set_default_device_of_thread(device)


def _platforms(scope: Scope, platforms: Any) -> None:
    if scope == "process" and platforms is not None:
        weft_runtime.configure(platforms=platforms)


def _num_cpu_devices(scope: Scope, count: Any) -> None:
    if scope == "process" and count != -1:
        weft_runtime.configure(num_cpu_devices=count)


def _cache_is_on(scope: Scope, is_on: Any) -> None:
    if scope == "process":
        CACHE.is_on = is_on


def _cache_folder(scope: Scope, folder: Any) -> None:
    if scope == "process":
        CACHE.folder = folder


def _least_compile_s(scope: Scope, seconds: Any) -> None:
    if scope == "process":
        CACHE.least_compile_s = seconds


_DIRECTIONS = ("host_to_device", "device_to_device", "device_to_host")


def _guard(direction: str) -> Hook:
    levels: dict[Scope, Any] = {"process": None, "thread": None}

    def tell(scope: Scope, level: Any) -> None:
        if scope == "thread" or level != levels[scope]:  # what nobody has set is left to jax, if it is here
            levels[scope] = level
            set_level(direction, level, for_thread=scope == "thread")

    return tell


def connect() -> None:
    """From now on the runtime follows the options about devices, transfer guards and the cache on disk."""
    config.watch("default_device", _default_device)
    config.watch("platforms", _platforms)
    config.watch("num_cpu_devices", _num_cpu_devices)
    config.watch("enable_compilation_cache", _cache_is_on)
    config.watch("compilation_cache_dir", _cache_folder)
    config.watch("persistent_cache_min_compile_time_secs", _least_compile_s)
    for direction in _DIRECTIONS:
        config.watch(f"transfer_guard_{direction}", _guard(direction))
