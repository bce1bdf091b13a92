"""Discrete Fourier transforms, with NumPy's names and norms."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from weft import dtypes
from weft._tracing.library import library
from weft._tracing.operands import convert
from weft.lax.enums import FftType
from weft.lax.fft import fft as transform
from weft.numpy._arguments import array, axis_within, inexact
from weft.numpy._ops import emit, kind, like, slice_axis
from weft.numpy.creation import placed
from weft.numpy.ranges import arange
from weft.numpy.shapes import moveaxis

Norm = str | None


def _share(norm: Norm, is_inverse: bool, count: int) -> float:
    """The factor that takes the backend's transform, of which inverses are divided by `count`, to `norm`'s."""
    if norm not in (None, "backward", "ortho", "forward"):
        raise ValueError(f'Invalid norm value {norm}; should be "backward","ortho" or "forward".')
    if norm == "ortho":
        return float(np.sqrt(count) if is_inverse else 1 / np.sqrt(count))
    if norm == "forward":
        return float(count) if is_inverse else 1 / count
    return 1.0


def _resized(x: Any, axes: Sequence[int], sizes: Sequence[int]) -> Any:
    """Cut or padded with zeros at the ends of axes."""
    high = [0] * x.ndim
    for axis, size in zip(axes, sizes, strict=True):
        x = slice_axis(x, axis, 0, min(size, x.shape[axis]))
        high[axis] = size - x.shape[axis]
    if not any(high):
        return x
    none = (0,) * x.ndim
    zero = convert(array("fft", 0), x.dtype, False)
    return emit("pad", x, zero, low=none, high=tuple(high), interior=none)


def _over_axes(name: str, which: FftType, a: Any, s: Any, axes: Any, norm: Norm) -> Any:
    """Transforms several axes: sizes `s` are those of the signal, which for IRFFT is the result."""
    x = array(name, a)
    if which is FftType.RFFT and kind(x) == "c":
        raise ValueError(f"only real valued inputs supported for {name}")
    sizes = None if s is None else tuple(operator.index(n) for n in s)
    if axes is None:
        places = tuple(range(x.ndim)) if sizes is None else tuple(range(x.ndim - len(sizes), x.ndim))
    else:
        places = tuple(axis_within(axis, x.ndim) for axis in axes)
    if sizes is not None and len(sizes) != len(places):
        raise ValueError("Shape and axes have different lengths.")
    if len(set(places)) != len(places):
        raise ValueError(f"jax.numpy.fft.{name} does not support repeated axes. Got axes {axes}.")
    x = inexact(name, x)
    if not places:
        return x if which is FftType.RFFT else convert(x, np.result_type(x.dtype, np.complex64), False)
    if sizes is None:
        sizes = tuple(x.shape[i] for i in places)
        if which is FftType.IRFFT:
            sizes = (*sizes[:-1], max(0, 2 * (sizes[-1] - 1)))
    if any(n < 1 for n in sizes):
        raise ValueError("Shape should be positive.")
    wanted = (*sizes[:-1], sizes[-1] // 2 + 1) if which is FftType.IRFFT else sizes
    last = tuple(range(x.ndim - len(places), x.ndim))
    moved = _resized(moveaxis(x, places, last), last, wanted)
    made = _in_parts(moved, which, sizes)
    factor = _share(norm, which in (FftType.IFFT, FftType.IRFFT), int(np.prod(sizes)))
    if factor != 1.0:
        made = emit("mul", made, like(made, factor))
    return moveaxis(made, last, places)


def _in_parts(x: Any, which: FftType, sizes: tuple[int, ...]) -> Any:
    """The transform of the last axes, at most three at a time, the real one where the signal is real."""
    if len(sizes) <= 3:
        return transform(x, which, sizes)
    rest = FftType.IFFT if which in (FftType.IFFT, FftType.IRFFT) else FftType.FFT
    first, others = sizes[:-3], tuple(range(x.ndim - 3, x.ndim))
    if which is not FftType.IRFFT:
        x = transform(x, which, sizes[-3:])
    back = tuple(range(x.ndim - len(sizes), x.ndim - len(sizes) + 3))
    x = moveaxis(_in_parts(moveaxis(x, others, back), rest, first), back, others)
    return transform(x, which, sizes[-3:]) if which is FftType.IRFFT else x


@library("a")
def fftn(a: Any, s: Any = None, axes: Any = None, norm: Norm = None) -> Any:
    """The transform over `axes` (all by default), cut or padded with zeros to sizes `s`."""
    return _over_axes("fftn", FftType.FFT, a, s, axes, norm)


@library("a")
def ifftn(a: Any, s: Any = None, axes: Any = None, norm: Norm = None) -> Any:
    """The inverse of `fftn`."""
    return _over_axes("ifftn", FftType.IFFT, a, s, axes, norm)


@library("a")
def rfftn(a: Any, s: Any = None, axes: Any = None, norm: Norm = None) -> Any:
    """`fftn` of real input: of the last axis only frequencies 0 to n // 2."""
    return _over_axes("rfftn", FftType.RFFT, a, s, axes, norm)


@library("a")
def irfftn(a: Any, s: Any = None, axes: Any = None, norm: Norm = None) -> Any:
    """The inverse of `rfftn`, real; `s` are sizes of the result, whose last is even by default."""
    return _over_axes("irfftn", FftType.IRFFT, a, s, axes, norm)


def _on_one(name: str, which: FftType, a: Any, n: Any, axis: int, norm: Norm) -> Any:
    if isinstance(axis, (tuple, list)):
        raise ValueError(f"jax.numpy.fft.{name} does not support multiple axes. Please use {name}n.")
    return _over_axes(name, which, a, None if n is None else (n,), (axis,), norm)


@library("a")
def fft(a: Any, n: int | None = None, axis: int = -1, norm: Norm = None) -> Any:
    """Frequencies of a signal: the sum over k of a[k] exp(-2 pi i j k / n) at j.

    The signal is cut or padded with zeros to size `n`. `norm` says where to divide by n: "backward" (None) in
    the inverse, "forward" here, "ortho" by the square root in both.
    """
    return _on_one("fft", FftType.FFT, a, n, axis, norm)


@library("a")
def ifft(a: Any, n: int | None = None, axis: int = -1, norm: Norm = None) -> Any:
    """The inverse of `fft`."""
    return _on_one("ifft", FftType.IFFT, a, n, axis, norm)


@library("a")
def rfft(a: Any, n: int | None = None, axis: int = -1, norm: Norm = None) -> Any:
    """`fft` of a real signal: frequencies 0 to n // 2, of which the others are conjugates."""
    return _on_one("rfft", FftType.RFFT, a, n, axis, norm)


@library("a")
def irfft(a: Any, n: int | None = None, axis: int = -1, norm: Norm = None) -> Any:
    """The inverse of `rfft`, a real signal of size `n`, by default 2 (m - 1) for m frequencies."""
    return _on_one("irfft", FftType.IRFFT, a, n, axis, norm)


def _turned(norm: Norm) -> Norm:
    return {None: "forward", "backward": "forward", "forward": "backward"}.get(norm, norm)


@library("a")
def hfft(a: Any, n: int | None = None, axis: int = -1, norm: Norm = None) -> Any:
    """The real frequencies of a signal that is its own mirror image conjugated, of which half is given."""
    x = inexact("hfft", a)
    conjugate = emit("conj", x) if kind(x) == "c" else x
    return _on_one("hfft", FftType.IRFFT, conjugate, n, axis, _turned(norm))


@library("a")
def ihfft(a: Any, n: int | None = None, axis: int = -1, norm: Norm = None) -> Any:
    """The inverse of `hfft`."""
    return emit("conj", _on_one("ihfft", FftType.RFFT, a, n, axis, _turned(norm)))


def _on_two(name: str, fun: Callable[..., Any], a: Any, s: Any, axes: Any, norm: Norm) -> Any:
    if axes is None or len(axes) != 2:
        raise ValueError(f"jax.numpy.fft.{name} only supports 2 axes. Got axes = {axes}.")
    return fun(a, s=s, axes=axes, norm=norm)


def fft2(a: Any, s: Any = None, axes: Sequence[int] = (-2, -1), norm: Norm = None) -> Any:
    """`fftn` over two axes."""
    return _on_two("fft2", fftn, a, s, axes, norm)


def ifft2(a: Any, s: Any = None, axes: Sequence[int] = (-2, -1), norm: Norm = None) -> Any:
    """`ifftn` over two axes."""
    return _on_two("ifft2", ifftn, a, s, axes, norm)


def rfft2(a: Any, s: Any = None, axes: Sequence[int] = (-2, -1), norm: Norm = None) -> Any:
    """`rfftn` over two axes."""
    return _on_two("rfft2", rfftn, a, s, axes, norm)


def irfft2(a: Any, s: Any = None, axes: Sequence[int] = (-2, -1), norm: Norm = None) -> Any:
    """`irfftn` over two axes."""
    return _on_two("irfft2", irfftn, a, s, axes, norm)


def _frequencies(name: str, n: Any, start: int, stop: int, d: Any, dtype: Any, device: Any) -> Any:
    if isinstance(n, (list, tuple)):
        raise ValueError(f"The n argument of jax.numpy.fft.{name} only takes an int. Got n = {list(n)}.")
    if isinstance(d, (list, tuple)):
        raise ValueError(
            f"The d argument of jax.numpy.fft.{name} only takes a single value. Got d = {list(d)}."
        )
    wanted = dtypes.default_float() if dtype is None else dtypes.canonicalize_explicit(dtype, name)
    made = arange(start, stop, dtype=wanted) / (d * n)
    return placed(convert(made, wanted, False), device)


def fftfreq(n: int, d: Any = 1.0, *, dtype: Any = None, device: Any = None) -> Any:
    """The frequency at each place of an `fft` of size n, for samples `d` apart: 0, 1, …, -2, -1 over d n."""
    made = _frequencies("fftfreq", n, -(n // 2), n - n // 2, d, dtype, device)
    return ifftshift(made)


def rfftfreq(n: int, d: Any = 1.0, *, dtype: Any = None, device: Any = None) -> Any:
    """The frequency at each place of an `rfft` of size n, for samples `d` apart."""
    return _frequencies("rfftfreq", n, 0, n // 2 + 1, d, dtype, device)


def _shifted(name: str, x: Any, axes: Any, sign: int) -> Any:
    from weft.numpy.editing import roll

    value = array(name, x)
    places = tuple(range(value.ndim)) if axes is None else (axes,) if isinstance(axes, int) else tuple(axes)
    shifts = tuple(value.shape[i] // 2 if sign > 0 else -(value.shape[i] // 2) for i in places)
    return roll(value, shifts, places)


@library("x")
def fftshift(x: Any, axes: Any = None) -> Any:
    """Frequency 0 moved to the middle of axes (all by default)."""
    return _shifted("fftshift", x, axes, 1)


@library("x")
def ifftshift(x: Any, axes: Any = None) -> Any:
    """The inverse of `fftshift`."""
    return _shifted("ifftshift", x, axes, -1)
