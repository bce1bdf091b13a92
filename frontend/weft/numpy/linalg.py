"""Linear algebra, with NumPy's names; matrices are the last two axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from weft._tracing.library import library
from weft.numpy import matrices as _matrices
from weft.numpy import products as _products
from weft.numpy._arguments import array
from weft.numpy._linalg_factors import (
    EighResult as EighResult,
)
from weft.numpy._linalg_factors import (
    EigResult as EigResult,
)
from weft.numpy._linalg_factors import (
    QRResult as QRResult,
)
from weft.numpy._linalg_factors import (
    SVDResult as SVDResult,
)
from weft.numpy._linalg_factors import (
    cholesky,
    eig,
    eigh,
    eigvals,
    eigvalsh,
    qr,
    svd,
    svdvals,
)
from weft.numpy._linalg_norms import cond, matrix_norm, matrix_rank, norm, vector_norm
from weft.numpy._linalg_solving import SlogdetResult as SlogdetResult
from weft.numpy._linalg_solving import (
    det,
    inv,
    lstsq,
    matrix_power,
    multi_dot,
    pinv,
    slogdet,
    solve,
    tensorinv,
    tensorsolve,
)
from weft.numpy.products import vecdot as vecdot
from weft.numpy.shapes import matrix_transpose as matrix_transpose

__all__ = [
    "cholesky",
    "cond",
    "cross",
    "det",
    "diagonal",
    "eig",
    "eigh",
    "eigvals",
    "eigvalsh",
    "inv",
    "lstsq",
    "matmul",
    "matrix_norm",
    "matrix_power",
    "matrix_rank",
    "matrix_transpose",
    "multi_dot",
    "norm",
    "outer",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "svd",
    "svdvals",
    "tensordot",
    "tensorinv",
    "tensorsolve",
    "trace",
    "vecdot",
    "vector_norm",
]


@library("x1", "x2")
def cross(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    """Cross products of vectors of three components along an axis."""
    x, y = array("cross", x1), array("cross", x2, 1)
    if x.shape[axis] != 3 or y.shape[axis] != 3:
        raise ValueError(
            "Both input arrays must be (arrays of) 3-dimensional vectors, but they have "
            f"x1.shape[axis]={x.shape[axis]} and x2.shape[axis]={y.shape[axis]}"
        )
    return _products.cross(x, y, axis=axis)


def diagonal(x: Any, /, *, offset: int = 0) -> Any:
    """The diagonals of the matrices in the last two axes."""
    return _matrices.diagonal(x, offset, -2, -1)


def matmul(x1: Any, x2: Any, /, *, precision: Any = None, preferred_element_type: Any = None) -> Any:
    """Matrix product of the last two axes; the axes before broadcast. As `numpy.matmul`."""
    return _products.matmul(x1, x2, precision=precision, preferred_element_type=preferred_element_type)


@library("x1", "x2")
def outer(x1: Any, x2: Any, /) -> Any:
    """Products of all pairs of elements of two vectors."""
    x, y = array("outer", x1), array("outer", x2, 1)
    if x.ndim != 1 or y.ndim != 1:
        raise ValueError(
            f"Input arrays must be one-dimensional, but they are x1.ndim={x.ndim} x2.ndim={y.ndim}"
        )
    return _products.outer(x, y)


def tensordot(
    x1: Any,
    x2: Any,
    /,
    *,
    axes: int | Sequence[int] | Sequence[Sequence[int]] = 2,
    precision: Any = None,
    preferred_element_type: Any = None,
    out_sharding: Any = None,
) -> Any:
    """Sum of products over pairs of axes: the last n of x1 with the first n of x2, or those listed."""
    return _products.tensordot(
        x1,
        x2,
        axes,
        precision=precision,
        preferred_element_type=preferred_element_type,
        out_sharding=out_sharding,
    )


def trace(x: Any, /, *, offset: int = 0, dtype: Any = None) -> Any:
    """Sums along the diagonals of the matrices in the last two axes."""
    return _matrices.trace(x, offset, -2, -1, dtype)
