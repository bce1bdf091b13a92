"""What a lowered module tells of the Python functions that it calls."""

from typing import NamedTuple

from weft_compiler.avals import Aval

TARGET = "xla_ffi_python_cpu_callback"
"""The custom call of a callback; on another platform than the CPU it has another name."""
ORDERED = "weft.ordered"
"""Marks, between lowering and `weft-order-effects`, a custom call that keeps its place among others."""


class CallbackSite(NamedTuple):
    """One place where a program calls a function; its index is its position in `Module.callbacks`."""

    callback: int
    """The number of the function."""
    results: tuple[Aval, ...]
    """What it must return."""
    is_ordered: bool
    """Whether a token is its first operand and its first result."""
    has_effect: bool
    """Whether it is called for what it does, not only for its results."""
