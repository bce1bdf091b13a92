"""Continuous distributions that are a function of a uniform variable."""

from __future__ import annotations

from typing import Any

import numpy as np

from weft import dtypes, lax
from weft import numpy as wnp
from weft._tracing.library import library
from weft.config import config
from weft.numpy._arguments import shape_of
from weft.random._arguments import Shape, check_castable, no_sharding, parameter, sample_dtype, sample_shape
from weft.random._keys import as_key, draw
from weft.random._uniform import uniform_between


@library("key")
def exponential(key: Any, shape: Shape = (), dtype: Any = None, *, out_sharding: Any = None) -> Any:
    """Exponential distribution of rate 1."""
    no_sharding("exponential", out_sharding)
    found = sample_dtype("exponential", dtype)
    return exponential_of(as_key("exponential", key), shape_of(shape), found)


def exponential_of(key: Any, shape: Shape, dtype: Any) -> Any:
    """`exponential` for a typed key and a checked dtype."""
    return lax.neg(lax.log1p(lax.neg(uniform_between(key, shape, dtype))))


@library("key")
def cauchy(key: Any, shape: Shape = (), dtype: Any = None, *, out_sharding: Any = None) -> Any:
    """Standard Cauchy distribution."""
    no_sharding("cauchy", out_sharding)
    found = sample_dtype("cauchy", dtype)
    u = uniform_between(
        as_key("cauchy", key), shape_of(shape), found, _number(dtypes.finfo(found).eps, found)
    )
    return lax.tan(lax.mul(lax.full_like(u, np.pi), lax.sub(u, lax.full_like(u, 0.5))))


@library("key")
def laplace(key: Any, shape: Shape = (), dtype: Any = None, *, out_sharding: Any = None) -> Any:
    """Laplace distribution of mean 0 and scale 1."""
    no_sharding("laplace", out_sharding)
    found = sample_dtype("laplace", dtype)
    low = -1.0 + float(dtypes.finfo(found).epsneg)
    u = uniform_between(as_key("laplace", key), shape_of(shape), found, _number(low, found))
    return lax.mul(lax.sign(u), lax.log1p(lax.neg(lax.abs(u))))


@library("key")
def logistic(key: Any, shape: Shape = (), dtype: Any = None, *, out_sharding: Any = None) -> Any:
    """Standard logistic distribution."""
    no_sharding("logistic", out_sharding)
    found = sample_dtype("logistic", dtype)
    u = uniform_between(
        as_key("logistic", key), shape_of(shape), found, _number(dtypes.finfo(found).tiny, found)
    )
    return lax.sub(lax.log(u), lax.log1p(lax.neg(u)))


def _number(value: Any, dtype: Any) -> Any:
    return lax.full((), float(value), dtype)


@library("key", "b")
def pareto(
    key: Any, b: Any, shape: Shape | None = None, dtype: Any = None, *, out_sharding: Any = None
) -> Any:
    """Pareto distribution of shape `b` on [1, ∞)."""
    no_sharding("pareto", out_sharding)
    found = sample_dtype("pareto", dtype)
    shape = sample_shape("pareto", shape, b)
    check_castable("pareto", found, b)
    return lax.exp(lax.div(exponential_of(as_key("pareto", key), shape, found), parameter(b, found, shape)))


@library("key", "scale", "concentration")
def weibull_min(key: Any, scale: Any, concentration: Any, shape: Shape = (), dtype: Any = None) -> Any:
    """Weibull distribution of a scale and a concentration."""
    found = sample_dtype("weibull_min", dtype)
    u = uniform_between(as_key("weibull_min", key), shape_of(shape), found)
    return wnp.power(-wnp.log1p(-u), 1.0 / concentration) * scale


@library("key", "left", "mode", "right")
def triangular(
    key: Any,
    left: Any,
    mode: Any,
    right: Any,
    shape: Shape | None = None,
    dtype: Any = None,
    *,
    out_sharding: Any = None,
) -> Any:
    """Triangular distribution between `left` and `right`, with its peak at `mode`."""
    no_sharding("triangular", out_sharding)
    found = sample_dtype("triangular", dtype)
    shape = sample_shape("triangular", shape, left, mode, right)
    check_castable("triangular", found, left, mode, right)
    left, mode, right = (parameter(x, found, shape) for x in (left, mode, right))
    u = uniform_between(as_key("triangular", key), shape, found)
    rising = left + lax.sqrt(u * (right - left) * (mode - left))
    falling = right - lax.sqrt((1 - u) * (right - left) * (right - mode))
    return lax.select(u < (mode - left) / (right - left), rising, falling)


# Gumbel: the largest of many


@library("key")
def gumbel(
    key: Any, shape: Shape = (), dtype: Any = None, mode: str | None = None, *, out_sharding: Any = None
) -> Any:
    """Standard Gumbel distribution.

    `mode` says how far its tails reach: "low" uses 23 random bits of a float32, "high" 46 and "highest" 64.
    """
    no_sharding("gumbel", out_sharding)
    return gumbel_of(as_key("gumbel", key), shape_of(shape), sample_dtype("gumbel", dtype), mode)


def gumbel_of(key: Any, shape: Shape, dtype: Any, mode: str | None) -> Any:
    """`gumbel` for a typed key and a checked dtype."""
    if mode is None:
        mode = "high" if config.high_dynamic_range_gumbel else "low"
    if mode not in ("highest", "high", "low"):
        raise ValueError(f"Must provide valid mode for gumbel got: {mode}")
    info = dtypes.finfo(dtype)
    if mode == "low":
        return _minus_log(_minus_log(uniform_between(key, shape, dtype, _number(info.tiny, dtype))))
    if mode == "highest" and dtype == np.float32:
        return _gumbel_of_64_bits(key, shape)
    u = uniform_between(key, (2, *shape), dtype)
    high, low = u[0], u[1]
    # Where u is small its bits are few: the second number fills them up.
    fine = lax.add(
        lax.add(high, lax.mul(lax.full_like(low, 2.0**-info.nmant), low)),
        lax.full_like(low, float(info.tiny)),
    )
    x = lax.select(lax.ge(high, lax.full_like(high, 0.5)), high, fine)
    return _minus_log(lax.neg(lax.log1p(lax.neg(x))))


def _minus_log(x: Any) -> Any:
    return lax.neg(lax.log(x))


def _gumbel_of_64_bits(key: Any, shape: Shape) -> Any:
    """By a fraction of 64 bits: from its small side, where a float can tell small numbers apart."""
    words = draw(key, 32, (2, *shape))
    high, low = words[0], words[1]
    is_below_half = lax.lt(high, lax.full_like(high, 1 << 31))
    # The two's complement of both words is 1 - x.
    carry = lax.eq(low, lax.full_like(low, 0))
    complement_high = lax.add(lax.bitwise_not(high), lax.convert_element_type(carry, np.uint32))
    complement_low = lax.add(lax.bitwise_not(low), lax.full_like(low, 1))
    x = _fraction(
        lax.select(is_below_half, high, complement_high), lax.select(is_below_half, low, complement_low)
    )
    near_zero = _minus_log(lax.neg(lax.log1p(lax.neg(x))))
    near_one = _minus_log(_minus_log(x))
    # Below one half the value is that of 1 - x, by symmetry, which needs the precise x.
    return lax.select(is_below_half, near_zero, near_one)


def _fraction(high: Any, low: Any) -> Any:
    """The number (high 2^32 + low) / 2^64 as a float32, rounded down."""
    zeros_high, zeros_low = lax.clz(high), lax.clz(low)
    is_small = lax.eq(zeros_high, lax.full_like(high, 32))
    shifted_low = lax.select(
        is_small,
        lax.shift_left(low, zeros_low),
        lax.shift_right_logical(low, lax.sub(lax.full_like(low, 32), zeros_high)),
    )
    mantissa = lax.bitwise_or(lax.shift_left(high, zeros_high), shifted_low)
    mantissa = lax.shift_right_logical(mantissa, lax.full_like(mantissa, 8))
    mantissa = lax.bitwise_and(mantissa, lax.full_like(mantissa, (1 << 23) - 1))
    zeros = lax.select(is_small, lax.add(zeros_low, lax.full_like(low, 32)), zeros_high)
    exponent = lax.shift_left(lax.sub(lax.full_like(zeros, 126), zeros), lax.full_like(zeros, 23))
    exponent = lax.bitwise_and(exponent, lax.full_like(exponent, (1 << 30) - (1 << 22)))
    return lax.bitcast_convert_type(lax.bitwise_or(exponent, mantissa), np.float32)
