"""Logic on booleans, which is bitwise on integers, and other functions of the bits of integers."""

from __future__ import annotations

from typing import Any

from weft._tracing.bind import bind
from weft._tracing.values import as_value
from weft.lax.operands import binary, op_of


def bitwise_and(x: Any, y: Any) -> Any:
    """The bits that x and y both have; and on booleans."""
    return binary("bitwise_and", x, y)


def bitwise_or(x: Any, y: Any) -> Any:
    """The bits that x or y has; or on booleans."""
    return binary("bitwise_or", x, y)


def bitwise_xor(x: Any, y: Any) -> Any:
    """The bits that one of x and y has; exclusive or on booleans."""
    return binary("bitwise_xor", x, y)


def bitwise_not(x: Any) -> Any:
    """Every bit of x flipped; not on booleans."""
    return bind(op_of("bitwise_not"), as_value(x))


def shift_left(x: Any, y: Any) -> Any:
    """x moved by y bits towards the high ones; 0 where y is the width or more."""
    return binary("shift_left", x, y)


def shift_right_logical(x: Any, y: Any) -> Any:
    """x moved by y bits towards the low ones, zeros behind it; 0 where y is the width or more."""
    return binary("shift_right_logical", x, y)


def shift_right_arithmetic(x: Any, y: Any) -> Any:
    """x moved by y bits towards the low ones, copies of its highest bit behind it."""
    return binary("shift_right_arithmetic", x, y)


def population_count(x: Any) -> Any:
    """The number of bits that are 1."""
    return bind(op_of("population_count"), as_value(x))


def clz(x: Any) -> Any:
    """The number of zeros above the highest bit that is 1."""
    return bind(op_of("clz"), as_value(x))


def mulhi(x: Any, y: Any, /) -> Any:
    """The high half of the product of two integers."""
    return binary("mulhi", x, y)
