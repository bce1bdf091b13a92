"""Exceptions of the runtime."""

from __future__ import annotations

from weft_runtime.pjrt import JaxRuntimeError

__all__ = ["CompileError", "JaxRuntimeError"]


class CompileError(JaxRuntimeError):
    """XLA refused a program."""
