"""Options that the runtime keeps too: it is told of each change."""

from __future__ import annotations

from typing import Any  # option values

import weft_runtime
from weft._config.state import Scope
from weft.config import config


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


def connect() -> None:
    """From now on the runtime follows `default_device`, `platforms` and `num_cpu_devices`."""
    config.watch("default_device", _default_device)
    config.watch("platforms", _platforms)
    config.watch("num_cpu_devices", _num_cpu_devices)
