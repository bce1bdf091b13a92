"""Compilations that run now: the process does not end in the middle of one, which XLA would answer by aborting."""

from __future__ import annotations

import atexit
import contextlib
import threading
from collections.abc import Iterator


class Compilations:
    """Counts compilations, in all threads. At exit it waits for those of daemon threads, and lets none begin."""

    def __init__(self) -> None:
        self._count = 0
        self._changed = threading.Condition()
        self._is_exiting = False
        self._waits_at_exit = False

    @contextlib.contextmanager
    def one(self) -> Iterator[None]:
        """A compilation, while the block runs."""
        self._begin()
        try:
            yield
        finally:
            with self._changed:
                self._count -= 1
                self._changed.notify_all()
                self._park_at_exit()

    def _begin(self) -> None:
        with self._changed:
            if not self._waits_at_exit:
                atexit.register(self.wait_for_all)
                self._waits_at_exit = True
            self._park_at_exit()
            self._count += 1

    def _park_at_exit(self) -> None:
        """Keep a daemon thread here until the process has ended: in C++ the end of Python would be an abort."""
        if self._is_exiting and threading.current_thread() is not threading.main_thread():
            self._changed.wait_for(lambda: False)

    def wait_for_all(self) -> None:
        """Wait until no other thread compiles."""
        with self._changed:
            self._is_exiting = True
            self._changed.wait_for(lambda: self._count == 0)


COMPILATIONS = Compilations()
