"""Special functions of floats: error, gamma, beta, zeta and Bessel functions."""

from __future__ import annotations

from typing import Any

from weft._tracing.bind import bind
from weft._tracing.operands import with_weak_type
from weft._tracing.values import as_value
from weft.lax.operands import binary, nary, op_of


def erf(x: Any) -> Any:
    """The error function: 2/sqrt(pi) times the integral of exp(-t^2) from 0 to x."""
    return bind(op_of("erf"), as_value(x))


def erfc(x: Any) -> Any:
    """1 - erf(x), precise where that is small."""
    return bind(op_of("erfc"), as_value(x))


def erf_inv(x: Any) -> Any:
    """The number whose error function is x; infinite at -1 and 1."""
    return bind(op_of("erf_inv"), as_value(x))


def lgamma(x: Any) -> Any:
    """The logarithm of the absolute value of the gamma function."""
    return bind(op_of("lgamma"), as_value(x))


def digamma(x: Any) -> Any:
    """The derivative of the logarithm of the gamma function."""
    return bind(op_of("digamma"), as_value(x))


def polygamma(m: Any, x: Any) -> Any:
    """The m-th derivative of digamma; m is a float with a whole value."""
    return binary("polygamma", m, x)


def zeta(x: Any, q: Any) -> Any:
    """Hurwitz' zeta function: the sum of (k + q)^-x over k = 0, 1, ..."""
    return binary("zeta", x, q)


def igamma(a: Any, x: Any) -> Any:
    """The regularized lower incomplete gamma function."""
    return binary("igamma", a, x)


def igammac(a: Any, x: Any) -> Any:
    """The regularized upper incomplete gamma function, 1 - igamma(a, x)."""
    return binary("igammac", a, x)


def igamma_grad_a(a: Any, x: Any) -> Any:
    """The derivative of igamma(a, x) with respect to a."""
    return binary("igamma_grad_a", a, x)


def random_gamma_grad(a: Any, x: Any) -> Any:
    """The derivative of a gamma-distributed sample x with respect to its parameter a."""
    return with_weak_type(binary("random_gamma_grad", a, x), False)


def betainc(a: Any, b: Any, x: Any) -> Any:
    """The regularized incomplete beta function."""
    return nary("betainc", a, b, x)


def bessel_i0e(x: Any) -> Any:
    """The modified Bessel function of order 0, times exp(-|x|)."""
    return bind(op_of("bessel_i0e"), as_value(x))


def bessel_i1e(x: Any) -> Any:
    """The modified Bessel function of order 1, times exp(-|x|)."""
    return bind(op_of("bessel_i1e"), as_value(x))
