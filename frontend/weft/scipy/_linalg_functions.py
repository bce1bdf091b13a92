"""Functions of matrices: the exponential and its derivative in a direction."""

from __future__ import annotations

from math import comb, factorial, log2
from typing import Any

import numpy as np

import weft.numpy as wnp
from weft import lax
from weft._tracing.library import library
from weft.numpy import linalg
from weft.numpy._linalg_solving import identity_like, square

# Degree of the Padé approximant, and the 1-norm up to which it is exact to rounding: Higham (2005), SIAM J. Matrix
# Anal. Appl. 26(4), table 2.3.
_DEGREES = {"float32": (7, 3.925724783138660), "float64": (13, 5.371920351148152)}


@library("A")
def expm(A: Any, *, upper_triangular: bool = False, max_squarings: int = 16) -> Any:
    """The matrix exponential, by a Padé approximant of A / 2^s squared s times; nan where s > `max_squarings`.

    Source: Higham (2005), SIAM J. Matrix Anal. Appl. 26(4).
    """
    x = square("expm", A)
    if not x.size:
        return x
    degree, limit = _DEGREES[np.finfo(x.dtype).dtype.name]
    size = linalg.norm(lax.stop_gradient(x), 1, (-2, -1))
    count = wnp.maximum(0, wnp.ceil(wnp.log2(size) - log2(limit)))
    x = x / (2.0**count)[..., None, None].astype(x.dtype)
    made = _pade(x, degree, upper_triangular)

    def squared(i: Any, now: Any) -> Any:
        once_more = (i < count)[..., None, None]
        return lax.cond(
            once_more.any(),
            lambda y: wnp.where(once_more, wnp.matmul(y, y, precision="highest"), y),
            lambda y: y,
            now,
        )

    made = lax.fori_loop(0, max_squarings, squared, made)
    return wnp.where((count > max_squarings)[..., None, None], np.nan, made)


def _pade(x: Any, degree: int, upper_triangular: bool) -> Any:
    """The rational function that agrees with exp to order 2 `degree`: (V - U)^-1 (V + U), U odd and V even in x."""
    shares = [comb(degree, k) * factorial(2 * degree - k) / factorial(2 * degree) for k in range(degree + 1)]
    square_of = wnp.matmul(x, x, precision="highest")
    power = identity_like(x)
    even, odd = shares[0] * power, shares[1] * power
    for k in range(2, degree + 1, 2):
        power = wnp.matmul(power, square_of, precision="highest")
        even = even + shares[k] * power
        if k < degree:
            odd = odd + shares[k + 1] * power
    odd = wnp.matmul(x, odd, precision="highest")
    if upper_triangular:
        return lax.linalg.triangular_solve(even - odd, even + odd, left_side=True, lower=False)
    return linalg.solve(even - odd, even + odd)


@library("A", "E")
def expm_frechet(A: Any, E: Any, *, method: str | None = None, compute_expm: bool = True) -> Any:
    """The exponential of A and its derivative in the direction E; only the latter without `compute_expm`."""
    if method not in (None, "SPS", "blockEnlarge"):
        raise ValueError(f"Unknown method {method!r}; it must be None, 'SPS' or 'blockEnlarge'")
    x, e = square("expm_frechet", A), square("expm_frechet", E)
    if x.shape != e.shape:
        raise ValueError(f"expected A to be a square matrix and E of its shape, got {x.shape} and {e.shape}")
    # exp of [[A, E], [0, A]] has the derivative in its upper right block.
    n = x.shape[-1]
    top = wnp.concatenate([x, e], -1)
    bottom = wnp.concatenate([wnp.zeros_like(x), x], -1)
    made = expm(wnp.concatenate([top, bottom], -2))
    slope = made[..., :n, n:]
    return (made[..., :n, :n], slope) if compute_expm else slope
