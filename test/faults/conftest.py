"""Faults: each ends in an error that says what is wrong, and the process can be used afterwards."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

import weft
import weft.numpy as jnp


@pytest.fixture(autouse=True)
def works_afterwards() -> Iterator[None]:
    """After each test, eager and compiled code still give the right numbers."""
    yield
    assert (jnp.ones(3) + 1).tolist() == [2.0] * 3
    assert weft.jit(weft.value_and_grad(lambda x: x * x))(3.0) == (9.0, 6.0)


@pytest.fixture
def run_script() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run code in a new interpreter; whether that fails is for the test to say."""

    def run(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("WEFT_", "XLA_"))}
        return subprocess.run(
            [sys.executable, "-c", code],
            env={**kept, "WEFT_PLATFORMS": "cpu", **environment},
            capture_output=True,
            text=True,
            timeout=200,
        )

    return run
