"""Linear algebra, with SciPy's names; matrices are the last two axes.

`check_finite`, `overwrite_a` and the like are there for SciPy's sake and change nothing.
"""

from __future__ import annotations

from weft.scipy._linalg_factors import (
    cho_factor,
    cho_solve,
    cholesky,
    det,
    eigh,
    hessenberg,
    inv,
    lu,
    lu_factor,
    lu_solve,
    polar,
    qr,
    schur,
    solve,
    solve_triangular,
    svd,
)
from weft.scipy._linalg_functions import expm, expm_frechet
from weft.scipy._linalg_patterns import block_diag, circulant, hankel, hilbert, toeplitz

__all__ = [
    "block_diag",
    "cho_factor",
    "cho_solve",
    "cholesky",
    "circulant",
    "det",
    "eigh",
    "expm",
    "expm_frechet",
    "hankel",
    "hessenberg",
    "hilbert",
    "inv",
    "lu",
    "lu_factor",
    "lu_solve",
    "polar",
    "qr",
    "schur",
    "solve",
    "solve_triangular",
    "svd",
    "toeplitz",
]
