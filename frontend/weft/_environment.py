"""What there is: live arrays, versions, devices."""

from __future__ import annotations

import platform as system
import shutil
import subprocess
import sys

import numpy as np

import weft_runtime
from weft_runtime import Array
from weft_runtime.inventory import live


def live_arrays(platform: str | None = None) -> list[Array]:
    """All arrays that are alive on a platform, by default the default one.

    Among them are those that weft keeps, such as Python numbers that were used before.
    """
    return live(platform)


def print_environment_info(return_string: bool = False) -> str | None:
    """Prints versions, devices and the platform, as a report of a fault should have them; or returns the text."""
    import weft

    devices = weft_runtime.devices()
    kinds = ", ".join(sorted({device.device_kind for device in devices}))
    rows = {
        "weft": weft.__version__,
        "jaxlib": weft_runtime.jaxlib_version,
        "numpy": np.__version__,
        "python": sys.version,
        "device info": f"{kinds}-{len(devices)}, {weft_runtime.local_device_count()} local devices",
        "process_count": str(weft_runtime.process_count()),
        "platform": str(system.uname()),
    }
    width = max(map(len, rows)) + 2
    text = "\n".join(f"{name + ':':{width}}{value}" for name, value in rows.items())
    if any(device.platform == "gpu" for device in devices) and shutil.which("nvidia-smi"):
        asked = subprocess.run(["nvidia-smi"], capture_output=True, text=True, check=False)
        text = f"{text}\n\n$ nvidia-smi\n{asked.stdout}"
    if return_string:
        return text
    print(text)
    return None
