"""Activation functions, elementwise. Slopes are finite everywhere, also where a formula would divide 0 by 0."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from weft import numpy as jnp
from weft._tracing.bind import bind, op_class
from weft._tracing.library import library
from weft._tracing.operands import convert
from weft._tracing.values import as_value
from weft.dtypes import to_inexact


def _inexact(x: Any) -> Any:
    """`x` as a float or complex array."""
    value = as_value(x)
    target = to_inexact(value.dtype)
    return value if value.dtype == target else convert(value, target, value.weak_type)


def identity(x: Any) -> Any:
    """x itself, as an array."""
    return as_value(x)


@library("x")
def relu(x: Any) -> Any:
    """max(x, 0); the slope at 0 is 0."""
    # A select on x > 0, not a maximum: where x is 0 the whole slope goes to the constant.
    x = as_value(x)
    return jnp.where(x > 0, x, jnp.zeros_like(x))


@library("x")
def relu6(x: Any) -> Any:
    """min(max(x, 0), 6)."""
    return jnp.minimum(jnp.maximum(x, 0), 6.0)


@library("x")
def squareplus(x: Any, b: Any = 4) -> Any:
    """(x + sqrt(x^2 + b)) / 2, a smooth relu."""
    x = _inexact(x)
    return (x + jnp.sqrt(jnp.square(x) + b)) / 2


@library("x")
def softplus(x: Any) -> Any:
    """log(1 + exp(x))."""
    return jnp.logaddexp(_inexact(x), 0.0)


@library("x")
def sparse_plus(x: Any) -> Any:
    """0 up to -1, x from 1 on, a parabola between."""
    x = _inexact(x)
    return jnp.where(x <= -1.0, 0.0, jnp.where(x >= 1.0, x, (x + 1.0) ** 2 / 4))


@library("x")
def soft_sign(x: Any) -> Any:
    """x / (|x| + 1)."""
    x = _inexact(x)
    return x / (jnp.abs(x) + 1)


def sigmoid(x: Any) -> Any:
    """1 / (1 + exp(-x))."""
    return bind(op_class("logistic").of(), _inexact(x))


@library("x")
def sparse_sigmoid(x: Any) -> Any:
    """0 up to -1, 1 from 1 on, a line between."""
    return 0.5 * jnp.clip(_inexact(x) + 1.0, 0.0, 2.0)


@library("x")
def silu(x: Any) -> Any:
    """x * sigmoid(x)."""
    x = _inexact(x)
    return x * sigmoid(x)


swish = silu


@library("x")
def mish(x: Any) -> Any:
    """x * tanh(softplus(x))."""
    x = _inexact(x)
    return x * jnp.tanh(softplus(x))


@library("x")
def log_sigmoid(x: Any) -> Any:
    """log(sigmoid(x)), without overflow."""
    return -softplus(-_inexact(x))


@library("x", "alpha")
def elu(x: Any, alpha: Any = 1.0) -> Any:
    """x where positive, else alpha * (exp(x) - 1)."""
    x = _inexact(x)
    # exp of large positive numbers is never looked at, and must not overflow in the slope either.
    negative = jnp.where(x > 0, 0.0, x)
    return jnp.where(x > 0, x, alpha * jnp.expm1(negative))


@library("x", "negative_slope")
def leaky_relu(x: Any, negative_slope: Any = 1e-2) -> Any:
    """x where not negative, else negative_slope * x."""
    x = _inexact(x)
    return jnp.where(x >= 0, x, negative_slope * x)


@library("x")
def hard_tanh(x: Any) -> Any:
    """x limited to [-1, 1]."""
    x = _inexact(x)
    return jnp.where(x > 1, 1.0, jnp.where(x < -1, -1.0, x)).astype(x.dtype)


@library("x", "alpha")
def celu(x: Any, alpha: Any = 1.0) -> Any:
    """max(x, 0) + min(alpha * (exp(x / alpha) - 1), 0)."""
    x = _inexact(x)
    return jnp.maximum(x, 0.0) + alpha * jnp.expm1(jnp.minimum(x, 0.0) / alpha)


@library("x")
def selu(x: Any) -> Any:
    """Scaled exponential linear unit.

    Source: Klambauer et al. (2017), Self-normalizing neural networks.
    """
    return 1.0507009873554804934193349852946 * elu(x, 1.6732632423543772848170429916717)


@library("x")
def gelu(x: Any, approximate: bool = True) -> Any:
    """x times the normal distribution function of x; by a tanh unless `approximate=False`.

    Source: Hendrycks & Gimpel (2016), Gaussian error linear units.
    """
    x = _inexact(x)
    if approximate:
        inner = math.sqrt(2 / math.pi) * (x + 0.044715 * (x * x * x))
        return x * (0.5 * (1.0 + jnp.tanh(inner)))
    from weft import lax

    root = np.sqrt(0.5).astype(x.dtype)
    return 0.5 * x * lax.erfc(-x * root)


@library("x")
def glu(x: Any, axis: int = -1) -> Any:
    """The first half of `x` along `axis` times the sigmoid of the second."""
    x = _inexact(x)
    size = x.shape[axis]
    if size % 2:
        raise AssertionError(f"glu: axis {axis} of {x.aval} must have even size")
    first, second = jnp.split(x, 2, axis)
    return first * sigmoid(second)


@library("x")
def hard_sigmoid(x: Any) -> Any:
    """relu6(x + 3) / 6."""
    return relu6(_inexact(x) + 3.0) / 6.0


@library("x")
def hard_silu(x: Any) -> Any:
    """x * hard_sigmoid(x)."""
    x = _inexact(x)
    return x * hard_sigmoid(x)


hard_swish = hard_silu


@library("x")
def log1mexp(x: Any) -> Any:
    """log(1 - exp(-x)) for positive x, precise near 0 and far out.

    Source: Maechler (2012), Accurately computing log(1 - exp(-|a|)).
    """
    x = _inexact(x)
    small = x < math.log(2.0)
    near = jnp.log(-jnp.expm1(-jnp.where(small, x, 1.0)))
    far = jnp.log1p(-jnp.exp(-jnp.where(small, 1.0, x)))
    return jnp.where(small, near, far)


def tanh(x: Any) -> Any:
    """Hyperbolic tangent."""
    return jnp.tanh(x)
