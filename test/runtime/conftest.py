"""Fixtures of the runtime's tests: no test reads or writes the user's compile cache."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from weft_runtime import use_default_device


@pytest.fixture(autouse=True)
def cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the compile cache, empty and of this test alone."""
    folder = tmp_path / "weft-cache"
    monkeypatch.setenv("WEFT_CACHE_DIR", str(folder))
    return folder


@pytest.fixture(autouse=True)
def on_the_cpu() -> Iterator[None]:
    """Arrays of a test are on the CPU, also where the machine has a GPU."""
    with use_default_device("cpu"):
        yield


@pytest.fixture
def run_python() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run code in a new interpreter on the CPU, with changes to the environment; it must succeed."""

    def run(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("WEFT_NUM", "XLA_"))}
        kept["WEFT_PLATFORMS"] = "cpu"
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={**kept, **environment},
            capture_output=True,
            text=True,
            timeout=100,
        )
        assert done.returncode == 0, done.stderr
        return done

    return run
