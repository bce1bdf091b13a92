"""The tests of this folder run where a GPU is found; `WEFT_TEST_ACCELERATOR` names another platform to try."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

import weft

PLATFORM = os.environ.get("WEFT_TEST_ACCELERATOR", "gpu")


@pytest.fixture(scope="session")
def accelerator() -> weft.Device:
    """The device under test."""
    try:
        return weft.devices(PLATFORM)[0]
    except RuntimeError as error:
        pytest.skip(f"needs a device of platform {PLATFORM}: {error}")


@pytest.fixture
def there(accelerator: weft.Device) -> Iterator[weft.Device]:
    """The device under test, to which new arrays go."""
    with weft.default_device(accelerator):
        yield accelerator


@pytest.fixture(scope="session")
def host() -> weft.Device:
    """A CPU beside it."""
    try:
        return weft.devices("cpu")[0]
    except RuntimeError as error:
        pytest.skip(f"needs the CPU beside the accelerator: {error}")
