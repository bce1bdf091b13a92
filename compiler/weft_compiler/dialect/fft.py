"""Discrete Fourier transforms over the last axes."""

import numpy as np

from weft_compiler.attributes import Ints, Text
from weft_compiler.bindings import stablehlo
from weft_compiler.dialect.linalg_matrices import COMPLEX, REAL
from weft_compiler.dialect.op import NOTHING_TO_FOLD, Attr, Inexact, Op, Operand, op
from weft_compiler.dialect.samples import cases
from weft_compiler.stablehlo import cached

TYPES = ("FFT", "IFFT", "RFFT", "IRFFT")


@op("fft")
class Fft(Op):
    """The transform of the last `len(fft_length)` axes, whose sizes `fft_length` names; inverses divide by them.

    RFFT takes real numbers and gives only the frequencies 0 to n // 2 of the last axis; IRFFT is its inverse, for
    which `fft_length` names the sizes of the result. What IRFFT's input says beyond a real result is left out.
    """

    x: Operand[Inexact]
    fft_type: Attr[Text]
    fft_length: Attr[Ints]

    linear_in = ("x",)

    def infer(self, x):
        kind, sizes = self.fft_type, self.fft_length
        if kind not in TYPES:
            self.fail(f"fft_type is {kind}; it must be one of {', '.join(TYPES)}")
        if not 1 <= len(sizes) <= 3:
            self.fail(f"transforms 1 to 3 axes at once, got fft_length {list(sizes)}")
        if len(sizes) > x.ndim:
            self.fail(f"fft_length {list(sizes)} names {len(sizes)} axes, {x} has {x.ndim}")
        if any(n < 1 for n in sizes):
            self.fail(f"fft_length {list(sizes)} must be positive")
        if x.dtype.name not in (COMPLEX if kind == "RFFT" else REAL):
            self.fail(f"{kind} takes {'f32 or f64' if kind == 'RFFT' else 'c64 or c128'}, got {x}")
        half = (*sizes[:-1], sizes[-1] // 2 + 1)
        wanted = half if kind == "IRFFT" else sizes
        if x.shape[x.ndim - len(sizes) :] != wanted:
            self.fail(f"fft_length {list(sizes)} wants the last axes of x to be {list(wanted)}, got {x}")
        lead = x.shape[: x.ndim - len(sizes)]
        if kind == "RFFT":
            return x.with_dtype(COMPLEX[x.dtype.name]).with_shape((*lead, *half))
        if kind == "IRFFT":
            return x.with_dtype(REAL[x.dtype.name]).with_shape((*lead, *sizes))
        return x

    def transpose(self, b, ct, x):
        if self.fft_type in ("FFT", "IFFT"):  # a symmetric matrix
            return b.emit(self, (ct,))
        if self.fft_type == "RFFT":
            return self._transposed_rfft(b, ct, x)
        return self._transposed_irfft(b, ct)

    def _transposed_rfft(self, b, ct, x):
        # The real part of the full transform, in which the frequencies left out have no share.
        rest = x.shape[-1] - ct.shape[-1]
        none = (0,) * x.ndim
        zero = b.zeros(ct.aval.with_shape(()))
        full = b.pad(ct, zero, low=none, high=(*none[1:], rest), interior=none)
        return b.real(b.fft(full, fft_type="FFT", fft_length=self.fft_length))

    def _transposed_irfft(self, b, ct):
        # Frequencies between the first and n / 2 stand for two, themselves and their mirror image.
        size = self.fft_length[-1]
        twice = np.full(size // 2 + 1, 2.0 / np.prod(self.fft_length), ct.dtype)
        twice[0] /= 2
        if size % 2 == 0:
            twice[-1] /= 2
        made = b.conj(b.fft(ct, fft_type="RFFT", fft_length=self.fft_length))
        weights = b.broadcast_in_dim(b.constant(twice), shape=made.shape, dims=(made.ndim - 1,))
        return b.mul(made, b.complex(weights, b.zeros(weights.aval)))

    def batch(self, b, x):
        return b.emit(self, (x,))

    def lower(self, b, x):
        result = b.outs[0]
        if not x.aval.size:
            return b.zeros(result)
        kind = cached(stablehlo().FftTypeAttr.get, self.fft_type)
        return b.stablehlo.fft(x, result=result, fft_type=kind, fft_length=self.fft_length)

    def reference(self, x):
        axes = tuple(range(x.ndim - len(self.fft_length), x.ndim))
        transform = getattr(np.fft, f"{self.fft_type.lower()}n")
        made = transform(x, self.fft_length, axes)
        wide = made.dtype.kind == "c"
        names = COMPLEX if wide else REAL
        return made.astype(names.get(x.dtype.name, x.dtype))

    fold = NOTHING_TO_FOLD
    samples = cases(
        *[
            ((((*lead, *sizes), dtype),), {"fft_type": kind, "fft_length": sizes})
            for kind in ("FFT", "IFFT")
            for dtype in ("complex64", "complex128")
            for lead, sizes in (((), (4,)), ((2,), (3,)), ((), (2, 3)), ((2,), (2, 1, 3)), ((0,), (4,)))
        ],
        *[
            ((((*lead, *sizes), dtype),), {"fft_type": "RFFT", "fft_length": sizes})
            for dtype in ("float32", "float64")
            for lead, sizes in (((), (4,)), ((2,), (3,)), ((), (2, 5)), ((2,), (2, 3, 4)), ((), (1,)))
        ],
        *[
            (
                (((*lead, *sizes[:-1], sizes[-1] // 2 + 1), dtype),),
                {"fft_type": "IRFFT", "fft_length": sizes},
            )
            for dtype in ("complex64", "complex128")
            for lead, sizes in (((), (4,)), ((2,), (3,)), ((), (2, 5)), ((2,), (2, 3, 4)), ((), (1,)))
        ],
    )
