"""Random vectors of a covariance, and random orthogonal matrices."""

from __future__ import annotations

import operator
from typing import Any

from weft import dtypes
from weft import numpy as wnp
from weft._tracing.library import library
from weft._tracing.operands import convert
from weft.numpy._arguments import arrays, shape_of
from weft.random._arguments import Shape, no_sharding, sample_dtype, sample_shape
from weft.random._keys import as_key
from weft.random._normal import standard_normal


@library("key", "mean", "cov")
def multivariate_normal(
    key: Any,
    mean: Any,
    cov: Any,
    shape: Shape | None = None,
    dtype: Any = None,
    method: str = "cholesky",
    *,
    out_sharding: Any = None,
) -> Any:
    """Normal vectors of a mean and a covariance matrix, along a new last axis.

    `method` factors the covariance: "cholesky" is quickest; "eigh" and "svd" also take singular ones.
    """
    no_sharding("multivariate_normal", out_sharding)
    if method not in ("svd", "eigh", "cholesky"):
        raise ValueError("method must be one of {'svd', 'eigh', 'cholesky'}")
    mean, cov = _vector_and_matrix(mean, cov)
    found = sample_dtype("multivariate_normal", dtype, "f", mean.dtype)
    key = as_key("multivariate_normal", key)
    shape = sample_shape("normal", shape, mean[..., 0], cov[..., 0, 0])
    samples = standard_normal(key, (*shape, mean.shape[-1]), found)
    return mean + wnp.einsum("...ij,...j->...i", _factor(cov, method), samples)


def _vector_and_matrix(mean: Any, cov: Any) -> list[Any]:
    mean, cov = arrays("multivariate_normal", mean, cov)
    if mean.ndim < 1:
        raise ValueError(f"multivariate_normal requires mean.ndim >= 1, got mean.ndim == {mean.ndim}")
    if cov.ndim < 2:
        raise ValueError(f"multivariate_normal requires cov.ndim >= 2, got cov.ndim == {cov.ndim}")
    n = mean.shape[-1]
    if cov.shape[-2:] != (n, n):
        raise ValueError(
            f"multivariate_normal requires cov.shape == (..., n, n) for n={n}, but got cov.shape == {cov.shape}."
        )
    dtype = dtypes.narrow(dtypes.to_inexact(dtypes.result_type(mean, cov)))
    return [convert(x, dtype, False) for x in (mean, cov)]


def _factor(cov: Any, method: str) -> Any:
    """A matrix whose product with its transpose is the covariance."""
    from weft.numpy import linalg

    if method == "cholesky":
        return linalg.cholesky(cov)
    if method == "eigh":
        w, v = linalg.eigh(cov)
        return v * wnp.expand_dims(wnp.sqrt(w), -2)
    u, s, _ = linalg.svd(cov)
    return u * wnp.expand_dims(wnp.sqrt(s), -2)


@library("key")
def orthogonal(
    key: Any, n: int, shape: Shape = (), dtype: Any = None, m: int | None = None, *, out_sharding: Any = None
) -> Any:
    """Orthogonal (for complex dtypes unitary) matrices, uniformly distributed; n×m with orthonormal rows or columns.

    Source: Mezzadri (2007), Notices of the AMS 54(5).
    """
    from weft.numpy import linalg

    no_sharding("orthogonal", out_sharding)
    found = dtypes.canonicalize_explicit(float if dtype is None else dtype, "random.orthogonal")
    rows, shape = operator.index(n), shape_of(shape)
    columns = rows if m is None else operator.index(m)
    z = standard_normal(as_key("orthogonal", key), (*shape, max(rows, columns), min(rows, columns)), found)
    q, r = linalg.qr(z)
    # With the signs of the diagonal in q the factorization is unique, hence q uniformly distributed.
    x = q * wnp.expand_dims(wnp.sign(linalg.diagonal(r)), -2)
    return wnp.swapaxes(x, -1, -2) if rows < columns else x
