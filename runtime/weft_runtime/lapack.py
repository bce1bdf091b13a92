"""LAPACK for the CPU backend, and for calls of the GPU that leave their work to the host.

It is registered when a program first needs it, because that imports scipy.
"""

from __future__ import annotations

import threading

from weft_runtime import pjrt, plugins

_NEEDED_BY = ("lapack_", "cholesky", "triangular_solve")
_HYBRID = ("cuhybrid_", "hiphybrid_")
_lock = threading.Lock()
_ready = False


def ensure_lapack() -> None:
    """Register and initialise the `lapack_*` custom calls of the CPU backend; free after the first time."""
    global _ready  # one registration in the process, as in XLA itself
    with _lock:
        if not _ready:
            pjrt.register_lapack()
            _ready = True


def prepare(module: str | bytes, platform: str) -> None:
    """Ready what LAPACK calls a program for this platform (cpu, gpu, ...) may make."""
    if platform == "cpu":
        if needs_lapack(module):
            ensure_lapack()
    elif _names_any(module, _HYBRID):
        plugins.ensure_hybrid_kernels("rocm" if _names_any(module, _HYBRID[1:]) else "cuda")


def needs_lapack(module: str | bytes) -> bool:
    """Whether a program may call LAPACK on the CPU.

    The names stand in plain letters in text, bytecode and portable artifacts. A false alarm costs 0.3 s once.
    """
    return _names_any(module, _NEEDED_BY)


def _names_any(module: str | bytes, names: tuple[str, ...]) -> bool:
    if isinstance(module, str):
        return any(name in module for name in names)
    return any(name.encode() in module for name in names)
