"""Polynomials as vectors of coefficients, the highest power first."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from weft import dtypes
from weft._tracing.bind import bind
from weft._tracing.library import library
from weft._tracing.operands import broadcast_shapes, broadcast_to, convert
from weft.numpy._arguments import array, arrays, inexact
from weft.numpy._ops import (
    broadcast_in_dim,
    concatenate_arrays,
    constant,
    kind,
    like,
    ops,
    reshape_to,
    slice_axis,
)
from weft.numpy.arithmetic import add, multiply, power, subtract
from weft.numpy.convolution import convolve
from weft.numpy.finding import value_of
from weft.numpy.joining import one_dtype
from weft.numpy.shapes import atleast_1d


def _without_leading_zeros(name: str, x: Any) -> Any:
    """Coefficients from the first one on that is not 0; for values known now."""
    value = value_of(name, x, "With trim_leading_zeros=False it does not.")
    found = np.nonzero(value)[0]
    return _rest(x, int(found[0]) if found.size else max(x.shape[0] - 1, 0))


@library("x")
def _rest(x: Any, start: int) -> Any:
    return slice_axis(x, 0, start, x.shape[0])


@library("p", "x")
def polyval(p: Any, x: Any, *, unroll: int = 16) -> Any:
    """The value of a polynomial at x, by Horner's rule."""
    from weft.lax.control_flow import scan

    coefficients, at = arrays("polyval", p, x)
    dtype, weak = dtypes.promote((coefficients.dtype, coefficients.weak_type), (at.dtype, at.weak_type))
    coefficients, at = convert(coefficients, dtype, weak), convert(at, dtype, weak)
    shape = broadcast_shapes("polyval", [at.shape, coefficients.shape[1:]])
    at = broadcast_to(at, shape)
    start = constant(0, shape, dtype, weak)

    def step(total: Any, coefficient: Any) -> tuple[Any, None]:
        return bind(ops.add, bind(ops.mul, total, at), broadcast_to(coefficient, shape)), None

    if coefficients.shape[0] <= unroll:
        total = start
        for i in range(coefficients.shape[0]):
            one = reshape_to(slice_axis(coefficients, 0, i, i + 1), coefficients.shape[1:])
            total, _ = step(total, one)
        return total
    return scan(step, start, coefficients, unroll=unroll)[0]


@library("a1", "a2")
def _sum(a1: Any, a2: Any, is_difference: bool) -> Any:
    x, y = one_dtype(arrays("polyadd", a1, a2))
    n = max(x.shape[0], y.shape[0])
    x, y = (_padded(v, n) for v in (x, y))
    return subtract(x, y) if is_difference else add(x, y)


def _padded(x: Any, n: int) -> Any:
    zeros = constant(0, (n - x.shape[0], *x.shape[1:]), x.dtype, x.weak_type)
    return concatenate_arrays([zeros, x], 0) if n > x.shape[0] else x


def polyadd(a1: Any, a2: Any) -> Any:
    """Sum of two polynomials."""
    return _sum(a1, a2, False)


def polysub(a1: Any, a2: Any) -> Any:
    """Difference of two polynomials."""
    return _sum(a1, a2, True)


def polymul(a1: Any, a2: Any, *, trim_leading_zeros: bool = False) -> Any:
    """Product of two polynomials; `trim_leading_zeros` as NumPy does needs values that are known now."""
    x, y = arrays("polymul", a1, a2)
    if trim_leading_zeros:
        x, y = (_without_leading_zeros("polymul", v) for v in (x, y))
    if x.shape[0] == 0:
        x = like(y, 0)[:1]
    if y.shape[0] == 0:
        y = like(x, 0)[:1]
    return convolve(x, y, mode="full")


def polydiv(u: Any, v: Any, *, trim_leading_zeros: bool = False) -> tuple[Any, Any]:
    """Quotient and remainder of two polynomials."""
    x, y = arrays("polydiv", u, v)
    quotient, rest = _divided(x, y)
    return quotient, _without_leading_zeros("polydiv", rest) if trim_leading_zeros else rest


@library("u", "v")
def _divided(u: Any, v: Any) -> tuple[Any, Any]:
    dtype = dtypes.narrow(
        dtypes.to_inexact(dtypes.promote((u.dtype, u.weak_type), (v.dtype, v.weak_type))[0])
    )
    u, v = convert(u, dtype, False), convert(v, dtype, False)
    m, n = u.shape[0] - 1, v.shape[0] - 1
    lead = slice_axis(v, 0, 0, 1)
    steps = max(m - n + 1, 1)
    quotient, rest = [], u
    for k in range(min(steps, max(m - n + 1, 0))):
        d = bind(ops.div, slice_axis(rest, 0, k, k + 1), lead)
        quotient.append(d)
        changed = bind(ops.sub, slice_axis(rest, 0, k, k + n + 1), bind(ops.mul, broadcast_to(d, v.shape), v))
        rest = concatenate_arrays(
            [slice_axis(rest, 0, 0, k), changed, slice_axis(rest, 0, k + n + 1, m + 1)], 0
        )
    if not quotient:
        return constant(0, (1,), dtype), u
    return concatenate_arrays(quotient, 0), rest


@library("p")
def polyder(p: Any, m: int = 1) -> Any:
    """The m-th derivative of a polynomial."""
    x, order = array("polyder", p), operator.index(m)
    if order < 0:
        raise ValueError("Order of derivative must be positive")
    if order == 0:
        return x
    x = inexact("polyder", x)
    n = x.shape[0]
    kept = slice_axis(x, 0, 0, max(n - order, 0))
    # The power k becomes k (k - 1) … (k - order + 1) times the power k - order.
    powers = np.arange(n - 1, order - 1, -1, dtype=np.float64)
    factors = np.ones_like(powers)
    for i in range(order):
        factors *= powers - i
    return bind(ops.mul, kept, _vector(factors, kept)) if kept.size else kept


def _vector(values: np.ndarray, x: Any) -> Any:
    """Numbers known while tracing along the first axis, in the type of `x`."""
    from weft._tracing.values import as_value

    made = convert(
        as_value(values.astype(np.float32 if x.dtype.itemsize < 8 else np.float64)), x.dtype, False
    )
    return broadcast_in_dim(made, x.shape, (0,))


@library("p", "k")
def polyint(p: Any, m: int = 1, k: Any = None) -> Any:
    """The m-th integral of a polynomial, with integration constants k (0)."""
    x, order = array("polyint", p), operator.index(m)
    if order < 0:
        raise ValueError("Order of integral must be positive (see polyder)")
    constants = array("polyint", 0 if k is None else k)
    if order == 0:
        return x
    x = inexact("polyint", x)
    constants = inexact("polyint", constants)
    constants = atleast_1d(constants)
    if constants.shape == (1,):
        constants = broadcast_to(constants, (order,))
    if constants.shape != (order,):
        raise ValueError("k must be a scalar or a rank-1 array of length 1 or m.")
    x, constants = one_dtype([x, constants])
    n = x.shape[0]
    made = concatenate_arrays([x, constants], 0)
    # Constant i is integrated order - 1 - i times more.
    divisors = np.ones(n + order)
    for place in range(n + order):
        added = order if place < n else order - 1 - (place - n)
        end = n + order - 1 - place
        for i in range(added):
            divisors[place] *= end - i
    return bind(ops.div, made, _vector(divisors, made))


@library("seq_of_zeros")
def _poly_of_roots(seq_of_zeros: Any) -> Any:
    roots = inexact("poly", seq_of_zeros)
    made = constant(1, (1,), roots.dtype)
    for i in range(roots.shape[0]):
        factor = concatenate_arrays(
            [constant(1, (1,), roots.dtype), bind(ops.neg, slice_axis(roots, 0, i, i + 1))], 0
        )
        made = convolve(made, factor, mode="full")
    return made


def poly(seq_of_zeros: Any) -> Any:
    """The polynomial with these roots; of a square matrix its characteristic polynomial."""
    x = array("poly", seq_of_zeros)
    if x.ndim == 2 and x.shape[0] == x.shape[1] and x.shape[0] != 0:
        from weft.numpy import linalg

        x = linalg.eigvals(x)
    elif x.ndim == 0:
        x = reshape_to(x, (1,))
    if x.ndim != 1:
        raise ValueError("input must be 1d or non-empty square 2d array.")
    made = _poly_of_roots(x)
    return made.real if kind(made) == "c" and kind(array("poly", seq_of_zeros)) != "c" else made


def roots(p: Any, *, strip_zeros: bool = True) -> Any:
    """The roots of a polynomial, complex; `strip_zeros=False` for traced ones whose outer coefficients are not 0."""
    x = atleast_1d(array("roots", p))
    if x.ndim != 1:
        raise ValueError("Input must be a rank-1 array.")
    complex_ = dtypes.narrow(dtypes.to_complex(dtypes.to_inexact(x.dtype)))
    if x.size < 2:
        return constant(0, (0,), complex_)
    trailing = 0
    if strip_zeros:
        value = value_of("roots", x, "With strip_zeros=False it does not.")
        found = np.nonzero(value)[0]
        if not found.size:
            return constant(0, (0,), complex_)
        trailing = int(value.size - 1 - found[-1])
        x = _sliced_vector(x, int(found[0]), int(found[-1]) + 1)
    made = _eigenvalues_of_companion(x) if x.size > 1 else constant(0, (0,), complex_)
    zeros = constant(0, (trailing,), made.dtype)
    return concatenate_arrays([made, zeros], 0) if trailing else made


@library("x")
def _sliced_vector(x: Any, start: int, limit: int) -> Any:
    return slice_axis(x, 0, start, limit)


def _eigenvalues_of_companion(p: Any) -> Any:
    from weft.numpy import linalg

    return linalg.eigvals(_companion(p))


@library("p")
def _companion(p: Any) -> Any:
    """The matrix whose characteristic polynomial is p."""
    from weft.numpy.matrices import on_diagonal

    p = inexact("roots", p)
    n = p.shape[0] - 1
    top = bind(ops.neg, bind(ops.div, slice_axis(p, 0, 1, n + 1), broadcast_to(slice_axis(p, 0, 0, 1), (n,))))
    below = convert(on_diagonal((n - 1, n), 0), p.dtype, False)
    return concatenate_arrays([reshape_to(top, (1, n)), below], 0)


def polyfit(
    x: Any,
    y: Any,
    deg: int,
    rcond: float | None = None,
    full: bool = False,
    w: Any = None,
    cov: bool | str = False,
) -> Any:
    """The polynomial of degree `deg` closest to the points (x, y) in the sum of squares, which `w` weighs.

    With `full` also residuals, rank, singular values and rcond; with `cov` also the covariance of the coefficients.
    """
    from weft.numpy import linalg
    from weft.numpy.matrices import vander
    from weft.numpy.products import dot, outer
    from weft.numpy.reductions import sum as sum_

    places, values = arrays("polyfit", x, y)
    order = operator.index(deg) + 1
    if order < 1:
        raise ValueError("expected deg >= 0")
    if places.ndim != 1:
        raise TypeError("expected 1D vector for x")
    if places.size == 0:
        raise TypeError("expected non-empty vector for x")
    if values.ndim < 1 or values.ndim > 2:
        raise TypeError("expected 1D or 2D array for y")
    if places.shape[0] != values.shape[0]:
        raise TypeError("expected x and y to have same length")
    places, values = one_dtype([inexact("polyfit", places), inexact("polyfit", values)])
    if rcond is None:
        rcond = places.shape[0] * float(dtypes.finfo(places.dtype).eps)
    left, right = vander(places, order), values
    if w is not None:
        weights = convert(array("polyfit", w), left.dtype, False)
        if weights.ndim != 1:
            raise TypeError("expected a 1-d array for weights")
        if weights.shape[0] != values.shape[0]:
            raise TypeError("expected w and y to have the same length")
        left = multiply(left, reshape_to(weights, (weights.shape[0], 1)))
        right = multiply(right, reshape_to(weights, (weights.shape[0],) + (1,) * (values.ndim - 1)))
    scale = power(sum_(multiply(left, left.conj() if kind(left) == "c" else left), axis=0), 0.5)
    left = left / reshape_to(scale, (1, order))
    c, residuals, rank, singular = linalg.lstsq(left, right, rcond)
    c = c / reshape_to(scale, (order,) + (1,) * (c.ndim - 1))
    if full:
        return c, residuals, rank, singular, asarray_like(rcond, c)
    if not cov:
        return c
    inverse = linalg.inv(dot(left.T, left)) / outer(scale, scale)
    if cov == "unscaled":
        factor: Any = 1
    else:
        if places.shape[0] <= order:
            raise ValueError("the number of data points must exceed order to scale the covariance matrix")
        factor = residuals / (places.shape[0] - order)
    if values.ndim == 1:
        return c, multiply(inverse, factor)
    return c, multiply(reshape_to(inverse, (*inverse.shape, 1)), factor)


def asarray_like(value: float, x: Any) -> Any:
    """A Python number in the dtype of `x`."""
    return constant(value, (), x.dtype)
