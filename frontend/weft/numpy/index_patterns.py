"""Indices by pattern: of diagonals and triangles, and of flattened arrays."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from weft import dtypes
from weft._tracing.bind import bind
from weft._tracing.library import library
from weft._tracing.operands import broadcast_shapes, broadcast_to, convert
from weft.numpy._arguments import array, shape_of
from weft.numpy._ops import compare_to, constant, like, ops, select
from weft.numpy.arithmetic import divmod, remainder
from weft.numpy.creation import asarray, ones
from weft.numpy.finding import nonzero
from weft.numpy.ranges import arange
from weft.numpy.taking import check_within, integer_index, rows_of


def diag_indices(n: int, ndim: int = 2) -> tuple[Any, ...]:
    """Indices of the diagonal of an array whose axes have size n."""
    for what, value in (("n", n), ("ndim", ndim)):
        if value < 0:
            raise ValueError(f"{what} argument to diag_indices must be nonnegative, got {value}")
    return (arange(n),) * ndim


def diag_indices_from(arr: Any) -> tuple[Any, ...]:
    """Indices of the diagonal of an array whose axes have one size."""
    x = array("diag_indices_from", arr)
    if x.ndim < 2:
        raise ValueError("input array must be at least 2-d")
    if len(set(x.shape)) != 1:
        raise ValueError("All dimensions of input must be of equal length")
    return diag_indices(x.shape[0], x.ndim)


def _triangle_indices(found: Sequence[np.ndarray]) -> tuple[Any, ...]:
    return tuple(asarray(v.astype(dtypes.default_int())) for v in found)


def tril_indices(n: int, k: int = 0, m: int | None = None) -> tuple[Any, ...]:
    """Indices on and below the k-th diagonal of an n by m matrix."""
    return _triangle_indices(np.tril_indices(n, k, m))


def triu_indices(n: int, k: int = 0, m: int | None = None) -> tuple[Any, ...]:
    """Indices on and above the k-th diagonal of an n by m matrix."""
    return _triangle_indices(np.triu_indices(n, k, m))


def _matrix_shape(name: str, arr: Any) -> tuple[int, ...]:
    x = array(name, arr)
    if x.ndim != 2:
        raise ValueError("Only 2-D inputs are accepted")
    return x.shape


def tril_indices_from(arr: Any, k: int = 0) -> tuple[Any, ...]:
    """Indices on and below the k-th diagonal of a matrix."""
    rows, columns = _matrix_shape("tril_indices_from", arr)
    return tril_indices(rows, k, columns)


def triu_indices_from(arr: Any, k: int = 0) -> tuple[Any, ...]:
    """Indices on and above the k-th diagonal of a matrix."""
    rows, columns = _matrix_shape("triu_indices_from", arr)
    return triu_indices(rows, k, columns)


def mask_indices(n: int, mask_func: Any, k: int = 0, *, size: int | None = None) -> tuple[Any, ...]:
    """Indices where `mask_func(ones((n, n)), k)` is not 0."""
    return nonzero(mask_func(ones((n, n)), k), size=size)


def ravel_multi_index(
    multi_index: Any, dims: Any, mode: str = "raise", order: str = "C", *, dtype: Any = None
) -> Any:
    """Indices along each axis as indices of the flattened array.

    `mode` says what becomes of those beyond the end: "wrap", "clip", "ignore", or "raise", for indices known now only.
    """
    sizes = tuple(operator.index(n) for n in dims)
    if mode == "raise":
        for v, n in zip(multi_index, sizes, strict=False):
            check_within("ravel_multi_index", array("ravel_multi_index", v), n)
        mode = "wrap"
    return _ravel_multi_index(multi_index, sizes, mode, order, dtype)


@library("multi_index")
def _ravel_multi_index(multi_index: Any, sizes: tuple[int, ...], mode: str, order: str, dtype: Any) -> Any:
    rows = (
        multi_index
        if isinstance(multi_index, (list, tuple))
        else rows_of(array("ravel_multi_index", multi_index))
    )
    index = [integer_index("ravel_multi_index", v, i) for i, v in enumerate(rows)]
    if len(index) != len(sizes):
        raise ValueError(f"len(multi_index)={len(index)} != len(dims)={len(sizes)}")
    if mode not in ("wrap", "clip", "ignore"):
        raise ValueError(f"invalid mode={mode!r}. Expected 'raise', 'wrap', 'clip', or 'ignore'.")
    if order not in ("C", "F"):
        raise ValueError(f"invalid order={order!r}. Expected 'C' or 'F'")
    if dtype is None:
        target = dtypes.result_type(int, *[v.dtype for v in index])
    else:
        target = dtypes.canonicalize_explicit(dtype, "ravel_multi_index")
    if np.dtype(target).kind not in "iu":
        raise ValueError(f"dtype={target} is not an integer type.")
    if math.prod(sizes) - 1 > dtypes.iinfo(target).max:
        raise ValueError(
            f"jnp.ravel_multi_index: {target} is not large enough to hold the flattened index for dims={sizes}; "
            "give a dtype that is, such as np.min_scalar_type(math.prod(dims))"
        )
    shape = broadcast_shapes("ravel_multi_index", [v.shape for v in index])
    strides = np.cumprod([1, *(sizes[:0:-1] if order == "C" else sizes[:-1])])
    strides = strides[::-1] if order == "C" else strides
    total = constant(0, shape, target)
    for v, n, stride in zip(index, sizes, strides, strict=True):
        v = broadcast_to(convert(v, target, False), shape)
        if mode == "clip":
            v = bind(ops.max, bind(ops.min, v, like(v, n - 1)), like(v, 0))
        elif mode == "wrap":
            v = remainder(v, like(v, n))
        total = bind(ops.add, total, bind(ops.mul, v, like(v, int(stride))))
    return total


@library("indices")
def unravel_index(indices: Any, shape: Any) -> tuple[Any, ...]:
    """Indices of the flattened array as indices along each axis; those beyond the end are clipped."""
    index = integer_index("unravel_index", indices, 0)
    sizes = shape_of(shape)
    total = int(np.prod(sizes, dtype=int))
    index = select(compare_to(index, 0, "LT"), bind(ops.add, index, like(index, total)), index)
    index = bind(ops.max, bind(ops.min, index, like(index, total - 1)), like(index, 0))
    made = []
    for n in reversed(sizes):
        index, rest = divmod(index, like(index, n))
        made.append(rest)
    return tuple(reversed(made))
