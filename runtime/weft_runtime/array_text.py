"""How an array prints: as JAX prints it, so that outputs and doctests carry over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from weft_runtime.reading import read

if TYPE_CHECKING:
    from weft_runtime.array import Array


def array_repr(x: Array) -> str:
    """As in `Array([0., 1.], dtype=float32)`."""
    spec = x.spec
    if spec.is_extended:
        return _extended_repr(x)
    width = np.get_printoptions()["linewidth"]
    if spec.size == 0:
        body = f"[], shape={spec.shape}"
    else:
        body = np.array2string(x._value, prefix="Array(", suffix=",", separator=", ", max_line_width=width)
    tail = f"dtype={spec.dtype.name}{', weak_type=True' * spec.weak_type})"
    # A long last line gets six blanks before the dtype, not a new line: JAX's text, to the letter.
    last_line = body[body.rfind("\n") + 1 :]
    fits = len(last_line) + len(", ") + len(tail) < width
    return f"Array({body},{' ' if fits else ' ' * len('Array(')}{tail}"


def _extended_repr(x: Array) -> str:
    value = read(x._live(), x.spec)
    return f"Array({x.spec.shape}, dtype={x.spec.dtype.name}) overlaying:\n{value}"
