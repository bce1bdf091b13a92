"""Window functions of signal processing."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any

from weft import dtypes
from weft._tracing.bind import bind
from weft._tracing.library import library
from weft._tracing.operands import broadcast_to, convert
from weft.numpy._arguments import array
from weft.numpy._ops import constant, iota, like, ops
from weft.numpy.float_parts import i0


def _cosines(M: int, weights: Sequence[float]) -> Any:
    return _sum_of_cosines(operator.index(M), tuple(weights), dtypes.default_float())


@library()
def _sum_of_cosines(size: int, weights: tuple[float, ...], dtype: Any) -> Any:
    """Sum of weights[k] * cos(2 pi k n / (size - 1))."""
    if size <= 1:
        return constant(1, (max(size, 0),), dtype)
    n = iota((size,), dtype)
    made = like(n, weights[0])
    for k, weight in enumerate(weights[1:], 1):
        wave = bind(ops.cos, bind(ops.mul, n, like(n, 2 * math.pi * k / (size - 1))))
        made = bind(ops.add, made, bind(ops.mul, wave, like(n, weight)))
    return made


def blackman(M: int) -> Any:
    """Blackman window of M points."""
    return _cosines(M, (0.42, -0.5, 0.08))


def hamming(M: int) -> Any:
    """Hamming window of M points."""
    return _cosines(M, (0.54, -0.46))


def hanning(M: int) -> Any:
    """Hann window of M points."""
    return _cosines(M, (0.5, -0.5))


def bartlett(M: int) -> Any:
    """Triangular window of M points that starts and ends at 0."""
    return _bartlett(operator.index(M), dtypes.default_float())


@library()
def _bartlett(size: int, dtype: Any) -> Any:
    if size <= 1:
        return constant(1, (max(size, 0),), dtype)
    n = iota((size,), dtype)
    distance = bind(ops.abs, bind(ops.sub, bind(ops.mul, n, like(n, 2)), like(n, size - 1)))
    return bind(ops.sub, like(n, 1), bind(ops.div, distance, like(n, size - 1)))


def kaiser(M: int, beta: Any) -> Any:
    """Kaiser window of M points and shape `beta`."""
    return _kaiser(beta, operator.index(M))


@library("beta")
def _kaiser(beta: Any, size: int) -> Any:
    dtype = dtypes.default_float()
    if size <= 1:
        return constant(1, (max(size, 0),), dtype)
    shape = convert(array("kaiser", beta), dtype, False)
    half = 0.5 * (size - 1)
    place = bind(
        ops.div,
        bind(ops.sub, iota((size,), dtype), constant(half, (size,), dtype)),
        constant(half, (size,), dtype),
    )
    height = bind(ops.sqrt, bind(ops.sub, like(place, 1), bind(ops.mul, place, place)))
    return bind(
        ops.div, i0(bind(ops.mul, broadcast_to(shape, (size,)), height)), broadcast_to(i0(shape), (size,))
    )
