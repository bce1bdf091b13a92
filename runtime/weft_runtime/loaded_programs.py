"""Programs that this process has loaded, by what they compute: equal functions are compiled once."""

from __future__ import annotations

import contextlib
import threading
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from weft_runtime import pjrt

Origin = Literal["compiled", "disk", "memory"]


@dataclass(frozen=True)
class Program:
    """A program that XLA has loaded, and where it came from."""

    loaded: pjrt.LoadedExecutable
    origin: Origin = "compiled"
    stored_as: str | None = None
    """The key of the entry of the compile cache that it was loaded from."""


class LoadedPrograms:
    """The `limit` programs used last, by the key that they have in the cache on disk.

    A program on the CPU takes up to a hundred memory mappings, and a process on Linux has 65530 by default. XLA
    ends the process where it gets none: 512 programs were too many beside those in use.
    """

    def __init__(self, limit: int = 128) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._known: OrderedDict[str, Program] = OrderedDict()
        self._making: dict[str, Any] = {}
        """By key: a lock, and the number of threads that hold it or wait for it."""

    def get(self, key: str) -> Program | None:
        """The program of a key, if it is still known."""
        with self._lock:
            found = self._known.get(key)
            if found is not None:
                self._known.move_to_end(key)
            return found

    def add(self, key: str, program: Program) -> None:
        """Notes a program; the one unused longest may go. Its functions keep it as long as they need it."""
        with self._lock:
            self._known[key] = program
            if len(self._known) > self._limit:
                self._known.popitem(last=False)

    @contextlib.contextmanager
    def making(self, key: str) -> Iterator[None]:
        """Around the making of a program: another thread that needs the same waits, and then finds it."""
        with self._lock:
            entry = self._making.setdefault(key, [threading.Lock(), 0])
            entry[1] += 1
        try:
            with entry[0]:
                yield
        finally:
            with self._lock:
                entry[1] -= 1
                if not entry[1]:
                    self._making.pop(key, None)

    def clear(self) -> None:
        """Forgets all."""
        with self._lock:
            self._known.clear()


LOADED = LoadedPrograms()
