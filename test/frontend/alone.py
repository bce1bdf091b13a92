"""Programs that have the runtime alone: no frontend, no compiler, no MLIR bindings, no jax."""

import os
import subprocess
import sys

HEADER = """
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("weft", "weft_compiler", "weft_tools", "torch_mlir", "mlir", "jax"):
            raise ModuleNotFoundError(f"{name} is not to be imported")

sys.meta_path.insert(0, Blocked())
import numpy as np
import weft_runtime
from weft_runtime import load
"""


def run_alone(code: str) -> str:
    """What a program prints that begins with `HEADER`."""
    environment = {**os.environ, "WEFT_PLATFORMS": "cpu"}
    command = [sys.executable, "-c", HEADER + code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    return done.stdout
