"""Programs that run one at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any


class Turns:
    """Starts a program when the one before has ended, however many threads ask.

    On the CPU the parts of a program over several devices wait for each other in threads of one pool: two programs
    at once, each with parts that have no thread, wait for ever.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: Any = None  # jaxlib's token of what was started last

    def around(self, run: Callable[..., Any]) -> Callable[..., Any]:
        """`run`, jaxlib's `execute_sharded`, in turn."""

        def in_turn(buffers: list[Any]) -> Any:
            with self._lock:
                if self._last is not None:
                    self._last.block_until_ready()
                results = run(buffers, with_tokens=True)
                self._last = results.consume_token()
                return results

        return in_turn


CPU_TURNS = Turns()
"""For programs over several of the CPU's devices."""
