"""When numbers count as equal, and random directions to look along."""

from typing import Any

import numpy as np

WIDE = {"float32": np.float64, "complex64": np.complex128}
SLACK = {"float16": 2e-2, "bfloat16": 1.2e-1, "float32": 4e-4, "complex64": 4e-4}
NARROW = {
    "float8_e3m4": 0.1,
    "float8_e4m3": 0.2,
    "float8_e4m3b11fnuz": 0.2,
    "float8_e4m3fn": 0.2,
    "float8_e4m3fnuz": 0.2,
    "float8_e5m2": 0.4,
    "float8_e5m2fnuz": 0.4,
    "float8_e8m0fnu": 1.0,
    "float4_e2m1fn": 0.5,
}
"""Some units in the last place of the types that have few."""


def widened(x: np.ndarray) -> np.ndarray:
    """The operand in 64 bits, where it is a float."""
    return x.astype(WIDE.get(x.dtype.name, x.dtype))


def wide_dtype(x: np.ndarray) -> Any:
    """The dtype in which to take differences."""
    return np.complex128 if x.dtype.kind == "c" else np.float64


def is_exact(dtype: np.dtype) -> bool:
    """Whether numbers of a dtype are not rounded."""
    return dtype.kind in "biu" or dtype.name in ("int4", "uint4", "int2", "uint2")


def direction(rng: np.random.Generator, like: np.ndarray) -> np.ndarray:
    """A random tangent or cotangent."""
    made = rng.uniform(-1, 1, like.shape)
    if like.dtype.kind == "c":
        made = made + 1j * rng.uniform(-1, 1, like.shape)
    return np.asarray(made).astype(like.dtype)


def shuffled(x: np.ndarray) -> np.ndarray:
    """Another operand that the op takes as well: the same elements in another order."""
    return np.asarray(x.ravel()[::-1].reshape(x.shape), order="C")


def pairing(ct: np.ndarray, tangent: np.ndarray) -> float:
    """The pairing under which transposition is defined: the real part of the sum of products."""
    return float(np.real(np.sum(ct * tangent)))


def close(got: np.ndarray, want: np.ndarray, what: str, factor: float = 1.0) -> None:
    """Equal up to rounding of the dtype."""
    assert got.shape == want.shape, f"{what}: shapes {got.shape} and {want.shape}"
    if is_exact(got.dtype):
        np.testing.assert_array_equal(got, want, what)
        return
    slack = SLACK.get(got.dtype.name, NARROW.get(got.dtype.name, 1e-10)) * factor
    wide = wide_dtype(got)
    np.testing.assert_allclose(got.astype(wide), want.astype(wide), rtol=slack, atol=slack, err_msg=what)


def difference_close(got: np.ndarray, want: np.ndarray, what: str, factor: float = 1.0) -> None:
    """Equal up to the error of differences, which is that of the largest of the numbers."""
    slack = 2e-5 * factor
    finite = np.abs(want[np.isfinite(want)])
    largest = float(np.max(finite, initial=1.0))
    np.testing.assert_allclose(got, want, rtol=slack, atol=slack * largest, err_msg=what)
