"""What needs several devices: the modules beside this one, each in a process that has eight of the CPU's."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
MODULES = sorted(p.name for p in HERE.glob("on_*.py"))


@pytest.mark.parametrize("module", MODULES)
def test_in_a_process_with_eight_devices(module):
    environment = {
        **os.environ,
        "WEFT_NUM_CPU_DEVICES": "8",
        "WEFT_PLATFORMS": "cpu",
        "XLA_FLAGS": "--xla_force_host_platform_device_count=8",
        "JAX_PLATFORMS": "cpu",
    }
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", "-p", "no:cacheprovider", "--no-mlir"]
    done = subprocess.run(
        [*command, "-o", "python_files=on_*.py", module],
        cwd=HERE,
        env=environment,
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
