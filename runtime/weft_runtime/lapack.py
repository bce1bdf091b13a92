"""LAPACK for the CPU backend: registered when a program first needs it, because that imports scipy."""

from __future__ import annotations

import threading

from weft_runtime import pjrt

_NEEDED_BY = ("lapack_", "cholesky", "triangular_solve")
_lock = threading.Lock()
_ready = False


def ensure_lapack() -> None:
    """Register and initialise the `lapack_*` custom calls of the CPU backend; free after the first time."""
    global _ready  # one registration in the process, as in XLA itself
    with _lock:
        if not _ready:
            pjrt.register_lapack()
            _ready = True


def needs_lapack(module: str | bytes) -> bool:
    """Whether a program may call LAPACK on the CPU.

    The names stand in plain letters in text, bytecode and portable artifacts. A false alarm costs 0.3 s once.
    """
    if isinstance(module, str):
        return any(name in module for name in _NEEDED_BY)
    return any(name.encode() in module for name in _NEEDED_BY)
