"""`XLA_FLAGS`: XLA ends the process when it reads a flag that it does not know, so they are tried beforehand."""

from __future__ import annotations

import os
import re
import subprocess
import sys

_KNOWN = frozenset({"--xla_force_host_platform_device_count", "--xla_dump_to", "--xla_dump_hlo_as_text"})
"""What needs no trial, which costs the start of another process."""
_TRIAL = "from jaxlib import xla_client; xla_client.make_cpu_client()"
_REASONS = re.compile(r"Unknown flags? in XLA_FLAGS: .*|Couldn't interpret value .*")


def check() -> None:
    """Raise RuntimeError if XLA would end the process for what is in `XLA_FLAGS`."""
    flags = os.environ.get("XLA_FLAGS", "").split()
    if all(flag.partition("=")[0] in _KNOWN for flag in flags):
        return
    trial = subprocess.run([sys.executable, "-c", _TRIAL], capture_output=True, text=True, check=False)
    if trial.returncode != 0:
        found = _REASONS.findall(trial.stderr)
        reason = found[0] if found else f"XLA does not start with XLA_FLAGS={' '.join(flags)}"
        raise RuntimeError(
            f"{reason}\n  try without it: XLA reads the variable when the first backend starts"
        )
