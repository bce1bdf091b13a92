"""Fourier transforms against NumPy: values, norms, sizes; and slopes."""

import numpy as np
import pytest

import weft
import weft.numpy as wnp
from weft.lax import FftType
from weft.lax import fft as lax_fft
from weft.numpy import fft

RNG = np.random.default_rng(3)
REAL = RNG.normal(size=(3, 4, 6)).astype(np.float32)
COMPLEX = (REAL + 1j * RNG.normal(size=REAL.shape)).astype(np.complex64)


def close(got, want):
    assert got.shape == want.shape
    np.testing.assert_allclose(np.asarray(got), want, rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("norm", [None, "ortho", "forward", "backward"])
@pytest.mark.parametrize("name", ["fft", "ifft", "rfft", "irfft", "hfft", "ihfft"])
@pytest.mark.parametrize("n", [None, 3, 9])
def test_one_axis(name, norm, n):
    x = REAL if name in ("rfft", "ihfft") else COMPLEX
    close(getattr(fft, name)(wnp.asarray(x), n, 1, norm), getattr(np.fft, name)(x, n, 1, norm))


@pytest.mark.parametrize("name", ["fftn", "ifftn", "rfftn", "irfftn", "fft2", "ifft2", "rfft2", "irfft2"])
@pytest.mark.parametrize(("s", "axes"), [(None, (0, 2)), ((5, 2), (1, 0)), (None, (-2, -1))])
def test_several_axes(name, s, axes):
    x = REAL if name.startswith("rfft") else COMPLEX
    close(getattr(fft, name)(wnp.asarray(x), s, axes), getattr(np.fft, name)(x, s, axes))


@pytest.mark.parametrize("name", ["fftn", "ifftn", "rfftn", "irfftn"])
def test_more_than_three_axes(name):
    x = RNG.normal(size=(2, 3, 2, 3, 4)).astype(np.float32)
    x = x if name == "rfftn" else x.astype(np.complex64)
    close(getattr(fft, name)(wnp.asarray(x)), getattr(np.fft, name)(x))


@pytest.mark.parametrize("n", [1, 4, 7])
def test_frequencies_and_shifts(n):
    close(fft.fftfreq(n, 0.5), np.fft.fftfreq(n, 0.5))
    close(fft.rfftfreq(n, 0.5), np.fft.rfftfreq(n, 0.5))
    close(fft.fftshift(wnp.asarray(REAL), (0, 2)), np.fft.fftshift(REAL, (0, 2)))
    close(fft.ifftshift(wnp.asarray(REAL)), np.fft.ifftshift(REAL))


def test_slope_is_the_transpose():
    # The power of a signal is that of its frequencies over n, so this slope is 2 x.
    slope = weft.grad(lambda x: (wnp.abs(fft.fft(x)) ** 2).sum() / x.shape[0])(wnp.asarray(REAL[0, 0]))
    close(slope, 2 * REAL[0, 0])
    back = weft.grad(lambda x: (fft.irfft(fft.rfft(x)) ** 2).sum())(wnp.asarray(REAL[0, 0]))
    close(back, 2 * REAL[0, 0])


def test_batched_and_compiled():
    each = weft.jit(weft.vmap(lambda x: fft.fft(x, axis=0)))(wnp.asarray(REAL))
    close(each, np.fft.fft(REAL, axis=1))


def test_lax_names_and_numbers_of_types():
    close(lax_fft(wnp.asarray(REAL), "rfft", (6,)), np.fft.rfft(REAL))
    close(lax_fft(wnp.asarray(REAL), FftType.FFT, (4, 6)), np.fft.fft2(REAL))
    with pytest.raises(ValueError, match="RFFT takes real numbers"):
        lax_fft(wnp.asarray(COMPLEX), "RFFT", (6,))
    with pytest.raises(ValueError, match=r"sizes \(5,\)"):
        lax_fft(wnp.asarray(REAL), "FFT", (5,))
    with pytest.raises(ValueError, match="unknown fft_type 'dct'"):
        lax_fft(wnp.asarray(REAL), "dct", (6,))


def test_mistakes():
    x = wnp.asarray(REAL)
    with pytest.raises(ValueError, match="Shape should be positive"):
        fft.fft(x, 0)
    with pytest.raises(ValueError, match="out of bounds"):
        fft.fft(x, axis=5)
    with pytest.raises(ValueError, match="Shape and axes have different lengths"):
        fft.fftn(x, (2,), (0, 1))
    with pytest.raises(ValueError, match="Invalid norm value bad"):
        fft.fft(x, norm="bad")
    with pytest.raises(ValueError, match="only real valued inputs supported for rfft"):
        fft.rfft(wnp.asarray(COMPLEX))
    with pytest.raises(ValueError, match="repeated axes"):
        fft.fft2(x, axes=(0, 0))
