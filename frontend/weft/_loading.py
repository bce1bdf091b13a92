"""Holds the garbage collector while weft is imported: it would walk over all the new modules several times."""

from __future__ import annotations

import gc
from typing import Any


class _Guard:
    """No collections until `release`, or until nobody holds the guard any more, as after a failed import."""

    def __init__(self) -> None:
        self._was_enabled = gc.isenabled()
        gc.disable()

    def release(self) -> None:
        """Collections as they were; what has been made in between counts as old."""
        if self._was_enabled:
            self._was_enabled = False
            if not gc.get_freeze_count():
                gc.freeze()  # these two move the objects of all generations to the oldest, without looking at them
                gc.unfreeze()
            gc.enable()

    __del__ = release


def __getattr__(name: str) -> Any:
    """`from weft._loading import guard` makes a guard, so that a package can hold one before its other imports."""
    if name == "guard":
        return _Guard()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
