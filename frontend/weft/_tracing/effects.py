"""Programs with effects: they are waited for by `effects_barrier`, and ordered ones by the next ordered one."""

from __future__ import annotations

import atexit
from collections import deque
from typing import Any

from weft_runtime import Executable

PENDING_LIMIT = 64
"""So many programs with effects may be running before the next one waits for the first."""


class Effects:
    """Tokens of the programs that may still be running."""

    def __init__(self) -> None:
        self._pending: deque[Any] = deque()
        self._ordered: deque[Any] = deque()
        self._waits_at_exit = False

    def add(self, token: Any, is_ordered: bool) -> None:
        """Notes a program that has been started."""
        if not self._waits_at_exit:
            atexit.register(self.wait)
            self._waits_at_exit = True
        (self._ordered if is_ordered else self._pending).append(token)
        while len(self._pending) > PENDING_LIMIT:
            self._pending.popleft().block_until_ready()

    def wait_for_ordered(self) -> None:
        """Waits until all ordered effects have happened."""
        while self._ordered:
            self._ordered.popleft().block_until_ready()

    def wait(self) -> None:
        """Waits until all effects have happened."""
        self.wait_for_ordered()
        while self._pending:
            self._pending.popleft().block_until_ready()


EFFECTS = Effects()


def with_effects(executable: Executable, is_ordered: bool) -> Executable:
    """Makes the calls of an executable known to `EFFECTS`."""
    start = executable.run

    def run(buffers: list[Any]) -> Any:
        if is_ordered:
            EFFECTS.wait_for_ordered()
        results = start(buffers, with_tokens=True)  # type: ignore[call-arg]  # jaxlib's execute_sharded
        EFFECTS.add(results.consume_token(), is_ordered)
        return results

    executable.run = run
    return executable


def effects_barrier() -> None:
    """Waits until everything that running programs do on the host has happened: printing, callbacks.

    Raises: JaxRuntimeError with its traceback if a callback failed and nobody has been told yet.
    """
    EFFECTS.wait()


__all__ = ["EFFECTS", "effects_barrier", "with_effects"]
