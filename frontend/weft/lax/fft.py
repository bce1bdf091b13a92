"""Discrete Fourier transforms of the last axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from weft import dtypes
from weft._tracing.bind import bind
from weft._tracing.operands import convert
from weft._tracing.values import as_value
from weft.errors import explain
from weft.lax.enums import FftType
from weft.lax.operands import class_of, ints, rows


def fft(x: Any, fft_type: FftType | str, fft_lengths: Sequence[int]) -> Any:
    """The transform of the last `len(fft_lengths)` axes; inverses divide by the product of `fft_lengths`.

    `fft_type` is FFT, IFFT, RFFT (real input, frequencies 0 to n // 2 of the last axis) or IRFFT, its inverse.

    Raises: ValueError if the type is none of these, does not fit the dtype, or sizes do not fit.
    """
    kind = _kind(fft_type)
    value = as_value(x, what="fft: x")
    is_real = value.dtype.kind != "c"
    if kind == "RFFT":
        if not is_real:
            raise ValueError(explain("lax.fft: RFFT takes real numbers", rows((value,), ("x",))))
        if value.dtype not in (np.float32, np.float64):
            value = convert(value, dtypes.narrow(np.dtype(np.float32)), False)
    elif is_real:
        wide = np.complex128 if value.dtype.itemsize == 8 and value.dtype.kind == "f" else np.complex64
        value = convert(value, np.dtype(wide), False)
    lengths = ints(fft_lengths, "fft", "fft_lengths")
    if not lengths:
        return value
    _check_sizes(value, kind, lengths)
    return bind(class_of("fft").of(fft_type=kind, fft_length=lengths), value, weak_type=False)


def _kind(fft_type: FftType | str) -> str:
    if isinstance(fft_type, str):
        name = fft_type.upper()
        if name in FftType.__members__:
            return name
    elif fft_type in tuple(FftType):
        return FftType(fft_type).name
    raise ValueError(f"lax.fft: unknown fft_type {fft_type!r}; it is one of {', '.join(FftType.__members__)}")


def _check_sizes(x: Any, kind: str, lengths: tuple[int, ...]) -> None:
    wanted = (*lengths[:-1], lengths[-1] // 2 + 1) if kind == "IRFFT" else lengths
    if len(lengths) > x.ndim or x.shape[x.ndim - len(lengths) :] != wanted:
        message = f"lax.fft: {kind} with fft_lengths {lengths} takes last axes of sizes {wanted}"
        raise ValueError(explain(message, rows((x,), ("x",))))
    if len(lengths) > 3:
        raise NotImplementedError(f"lax.fft: transforms of 1 to 3 axes at once, got fft_lengths {lengths}")
