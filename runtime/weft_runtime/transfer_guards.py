"""What happens on transfers that nobody asked for: jaxlib asks its own state of the process and of the thread.

jax reads the same state, so a level that is set for the process holds for jax too, where it is loaded.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from weft_runtime import pjrt


def set_level(direction: str, level: str | None, *, for_thread: bool) -> None:
    """Set the level of one direction ('allow', 'log', 'disallow', ...); None leaves it to the next wider state."""
    guards = pjrt.guards()
    state = guards.thread_local_state() if for_thread else guards.global_state()
    setattr(state, direction, None if level is None else getattr(guards.TransferGuardLevel, level.upper()))


@contextlib.contextmanager
def explicit_put() -> Iterator[None]:
    """Transfers to devices inside the block are asked for."""
    state = pjrt.guards().thread_local_state()
    before, state.explicit_device_put = state.explicit_device_put, True
    try:
        yield
    finally:
        state.explicit_device_put = before


@contextlib.contextmanager
def explicit_get() -> Iterator[None]:
    """Transfers to the host inside the block are asked for."""
    state = pjrt.guards().thread_local_state()
    before, state.explicit_device_get = state.explicit_device_get, True
    try:
        yield
    finally:
        state.explicit_device_get = before
