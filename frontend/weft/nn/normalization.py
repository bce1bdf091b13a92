"""Functions along an axis: softmax and its logarithm, sums of exponentials, standardization, one-hot vectors."""

from __future__ import annotations

from typing import Any

import numpy as np

from weft import dtypes
from weft import numpy as jnp
from weft._tracing.bind import bind, op_class
from weft._tracing.library import library
from weft._tracing.values import as_value
from weft.nn.activations import _inexact

Axis = int | tuple[int, ...] | None


def _fixed(x: Any) -> Any:
    """The value without a slope."""
    return bind(op_class("stop_gradient").of(), x)


def _top(x: Any, axis: Axis, where: Any) -> Any:
    """The maximum along `axis`, kept and without a slope; -inf of no elements.

    It is the operand that has no slope, so that none is computed for the maximum.
    """
    may_be_empty = where is not None or 0 in x.shape
    return jnp.max(_fixed(x), axis, keepdims=True, initial=-jnp.inf if may_be_empty else None, where=where)


def _largest(x: Any, axis: Axis, where: Any) -> Any:
    """The same, and 0 where it is infinite."""
    top = _top(x, axis, where)
    return jnp.where(jnp.isfinite(top), top, 0).astype(x.dtype)


@library("x", "where")
def softmax(x: Any, axis: int | tuple[int, ...] | None = -1, where: Any = None) -> Any:
    """exp(x) / sum(exp(x)) along `axis`; elements that `where` leaves out are 0.

    Shapes: x[..., n, ...] -> the same.
    """
    x = _inexact(x)
    top = _top(x, axis, where)
    powers = jnp.exp((x if where is None else jnp.where(where, x, -jnp.inf)) - top)
    result = powers / jnp.sum(powers, axis, keepdims=True, where=where)
    return result if where is None else jnp.where(where, result, 0)


@library("x", "where")
def log_softmax(x: Any, axis: int | tuple[int, ...] | None = -1, where: Any = None) -> Any:
    """The logarithm of softmax, without overflow."""
    x = _inexact(x)
    top = _top(x, axis, where)
    shifted = x - top
    total = jnp.log(jnp.sum(jnp.exp(shifted), axis, keepdims=True, where=where))
    result = shifted - total
    return result if where is None else jnp.where(where, result, -jnp.inf)


@library("a", "b", "where")
def logsumexp(
    a: Any,
    axis: Axis = None,
    b: Any = None,
    keepdims: bool = False,
    return_sign: bool = False,
    where: Any = None,
) -> Any:
    """Logarithm of the sum of b * exp(a) along `axis`, without overflow; with `return_sign` a pair (log, sign).

    Shapes: a[..., n, ...] -> the same without `axis`; axis=None gives a scalar.
    Slope:  softmax(a) along `axis`, finite wherever the result is.
    """
    a = _inexact(a)
    if b is not None:
        b = jnp.where(jnp.asarray(b) != 0, b, 0)
        a = jnp.where(b != 0, a, -jnp.inf)
    real = a.real if a.dtype.kind == "c" else a
    top = _largest(real, axis, where)
    terms = jnp.exp(a - top)
    if b is not None:
        terms = terms * b
    total = jnp.sum(terms, axis, keepdims=keepdims, where=where)
    shift = top if keepdims else jnp.squeeze(top, tuple(range(a.ndim)) if axis is None else axis)
    if return_sign:
        return jnp.log(jnp.abs(total)) + shift, jnp.sign(total)
    if b is not None and a.dtype.kind != "c":
        return jnp.where(total < 0, jnp.nan, jnp.log(jnp.abs(total)) + shift)
    return jnp.log(total) + shift


@library("x", "where")
def logmeanexp(x: Any, axis: Axis = None, where: Any = None, keepdims: bool = False) -> Any:
    """Logarithm of the mean of exp(x) along `axis`, without overflow."""
    x = _inexact(x)
    total = logsumexp(x, axis, keepdims=keepdims, where=where)
    ones = (
        jnp.ones_like(x) if where is None else jnp.broadcast_to(jnp.asarray(where), x.shape).astype(x.dtype)
    )
    return total - jnp.log(jnp.sum(ones, axis, keepdims=keepdims))


@library("x", "mean", "variance", "where")
def standardize(
    x: Any,
    axis: Axis = -1,
    mean: Any = None,
    variance: Any = None,
    epsilon: float = 1e-5,
    where: Any = None,
    *,
    algorithm: str = "fast",
) -> Any:
    """(x - mean) / sqrt(variance + epsilon) along `axis`.

    `algorithm="fast"` takes the variance as the mean of squares less the square of the mean, "stable" from the
    differences.
    """
    x = _inexact(x)
    if algorithm not in ("fast", "stable"):
        raise ValueError(f"standardize: algorithm must be 'fast' or 'stable', got {algorithm!r}")
    if mean is None:
        mean = jnp.mean(x, axis, keepdims=True, where=where)
    if variance is None:
        if algorithm == "fast":
            variance = jnp.mean(jnp.square(x), axis, keepdims=True, where=where) - jnp.square(mean)
        else:
            variance = jnp.mean(jnp.square(x - mean), axis, keepdims=True, where=where)
    return (x - mean) / jnp.sqrt(variance + epsilon)


@library("x")
def one_hot(x: Any, num_classes: int, *, dtype: Any = None, axis: int = -1) -> Any:
    """For each index a vector with 1 at it and 0 elsewhere, along a new axis; all 0 for an index out of range.

    Shapes: x[...] -> [..., num_classes], or the new axis at `axis`.
    """
    x = as_value(x)
    target = dtypes.default_float() if dtype is None else dtypes.dtype(dtype)
    rank = x.ndim + 1
    place = axis % rank
    numbers = jnp.arange(num_classes, dtype=x.dtype if np.issubdtype(x.dtype, np.integer) else np.int32)
    shape = [1] * rank
    shape[place] = num_classes
    return (jnp.expand_dims(x, place) == numbers.reshape(shape)).astype(target)
