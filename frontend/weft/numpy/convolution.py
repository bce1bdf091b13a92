"""Convolution and correlation of vectors."""

from __future__ import annotations

from typing import Any

from weft import dtypes
from weft._tracing.bind import bind
from weft._tracing.library import library
from weft._tracing.operands import convert
from weft.numpy._arguments import arrays
from weft.numpy._ops import kind, ops, reshape_to
from weft.numpy.shapes import flip


def _slide(name: str, a: Any, v: Any, mode: str, precision: Any, preferred: Any, is_flipped: bool) -> Any:
    """Sums of products of x with y moved along it."""
    from weft.lax.convolution import conv_general_dilated

    x, y = arrays(name, a, v)
    if x.ndim != 1 or y.ndim != 1:
        raise ValueError(f"{name}() only support 1-dimensional inputs.")
    if x.shape[0] == 0 or y.shape[0] == 0:
        raise ValueError(f"{name}: inputs cannot be empty, got shapes {x.shape} and {y.shape}.")
    dtype, _weak = dtypes.promote((x.dtype, x.weak_type), (y.dtype, y.weak_type))
    target = dtypes.narrow(dtypes.to_inexact(dtype))
    x, y = convert(x, target, False), convert(y, target, False)
    swapped = x.shape[0] < y.shape[0]
    if swapped:
        x, y = y, x
    if is_flipped:
        y = flip(y)
    elif kind(y) == "c":
        y = bind(ops.conj, y) if not swapped else y
        x = bind(ops.conj, x) if swapped else x
    n = y.shape[0]
    paddings = {"full": (n - 1, n - 1), "same": (n // 2, n - n // 2 - 1), "valid": (0, 0)}
    if mode not in paddings:
        raise ValueError(f"mode must be one of ['full', 'same', 'valid'], got {mode!r}")
    made = conv_general_dilated(
        reshape_to(x, (1, 1, x.shape[0])),
        reshape_to(y, (1, 1, n)),
        (1,),
        [paddings[mode]],
        precision=precision,
        preferred_element_type=preferred,
    )
    made = reshape_to(made, (made.shape[-1],))
    return flip(made) if swapped and not is_flipped else made


@library("a", "v")
def convolve(
    a: Any, v: Any, mode: str = "full", *, precision: Any = None, preferred_element_type: Any = None
) -> Any:
    """Convolution of two vectors; `mode` "full", "same" (size of the longer) or "valid" (where both overlap)."""
    return _slide("convolve", a, v, mode, precision, preferred_element_type, True)


@library("a", "v")
def correlate(
    a: Any, v: Any, mode: str = "valid", *, precision: Any = None, preferred_element_type: Any = None
) -> Any:
    """Correlation of two vectors, the second conjugated; modes as for `convolve`."""
    return _slide("correlate", a, v, mode, precision, preferred_element_type, False)
