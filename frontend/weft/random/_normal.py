"""Normal distributions, and those made of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from weft import dtypes, lax
from weft import numpy as wnp
from weft._tracing.library import library
from weft.numpy._arguments import shape_of
from weft.random._arguments import Shape, check_castable, no_sharding, parameter, sample_dtype, sample_shape
from weft.random._discrete import signs
from weft.random._keys import as_key, split_key
from weft.random._uniform import uniform_between
from weft_compiler.avals import kind_of


@library("key")
def normal(key: Any, shape: Shape = (), dtype: Any = None, *, out_sharding: Any = None) -> Any:
    """Standard normal: mean 0, variance 1. Complex numbers have independent parts of variance 1/2."""
    no_sharding("normal", out_sharding)
    found = sample_dtype("normal", dtype, "fc")
    return standard_normal(as_key("normal", key), shape_of(shape), found)


def standard_normal(key: Any, shape: Shape, dtype: Any) -> Any:
    """`normal` for a typed key and a checked dtype."""
    if kind_of(dtype) == "f":
        return _real_normal(key, shape, dtype)
    keys = split_key(key)
    real = dtypes.to_real(dtype)
    re, im = _real_normal(keys[0], shape, real), _real_normal(keys[1], shape, real)
    return lax.div(lax.complex(re, im), lax.full(shape, np.sqrt(2), dtype))


def _real_normal(key: Any, shape: Shape, dtype: Any) -> Any:
    """The quantile function at uniform numbers of the open interval (-1, 1)."""
    low = np.nextafter(np.array(-1, dtype), np.array(0, dtype), dtype=dtype)
    u = uniform_between(key, shape, dtype, lax.full((), low, dtype), lax.full((), 1, dtype))
    return lax.mul(lax.full_like(u, np.sqrt(2)), lax.erf_inv(u))


@library("key", "lower", "upper")
def truncated_normal(
    key: Any,
    lower: Any,
    upper: Any,
    shape: Shape | None = None,
    dtype: Any = None,
    *,
    out_sharding: Any = None,
) -> Any:
    """Standard normal, given that the value lies between `lower` and `upper`, which it never equals."""
    no_sharding("truncated_normal", out_sharding)
    found = sample_dtype("truncated_normal", dtype)
    shape = sample_shape("truncated_normal", shape, lower, upper)
    lower, upper = parameter(lower, found), parameter(upper, found)
    root = np.array(np.sqrt(2), found)
    low, high = (
        lax.erf(lax.div(lower, lax.full_like(lower, root))),
        lax.erf(lax.div(upper, lax.full_like(upper, root))),
    )
    u = uniform_between(as_key("truncated_normal", key), shape, found, low, high)
    out = lax.mul(lax.full_like(u, root), lax.erf_inv(u))
    least = lax.nextafter(lax.stop_gradient(lower), lax.full_like(lower, np.inf))
    most = lax.nextafter(lax.stop_gradient(upper), lax.full_like(upper, -np.inf))
    return wnp.clip(out, least, most)


@library("key", "sigma")
def lognormal(
    key: Any, sigma: Any = 1.0, shape: Shape | None = None, dtype: Any = None, *, out_sharding: Any = None
) -> Any:
    """exp of a normal variable of mean 0 and standard deviation `sigma`."""
    no_sharding("lognormal", out_sharding)
    found = sample_dtype("lognormal", dtype, "fc")
    shape = sample_shape("lognormal", shape, sigma)
    check_castable("lognormal", found, sigma)
    sample = standard_normal(as_key("lognormal", key), shape, found)
    return lax.exp(lax.mul(sample, parameter(sigma, found, shape)))


@library("key")
def maxwell(key: Any, shape: Shape = (), dtype: Any = None, *, out_sharding: Any = None) -> Any:
    """Length of a vector of three standard normal variables (scale 1)."""
    no_sharding("maxwell", out_sharding)
    found = sample_dtype("maxwell", dtype)
    return maxwell_of(as_key("maxwell", key), shape_of(shape), found)


def maxwell_of(key: Any, shape: Shape, dtype: Any) -> Any:
    """`maxwell` for a typed key and a checked dtype."""
    x = standard_normal(key, (*shape, 3), dtype)
    return wnp.sqrt(wnp.sum(lax.mul(x, x), axis=-1))


@library("key", "loc", "scale")
def double_sided_maxwell(key: Any, loc: Any, scale: Any, shape: Shape = (), dtype: Any = None) -> Any:
    """A Maxwell variable of a scale, with a random sign, plus `loc`.

    Shapes: `shape` (by default that of the parameters) followed by the shape of the parameters.
    """
    found = sample_dtype("double_sided_maxwell", dtype)
    of_parameters = sample_shape("double_sided_maxwell", None, loc, scale)
    shape = (shape_of(shape) or of_parameters) + of_parameters
    keys = split_key(as_key("double_sided_maxwell", key))
    return signs(keys[1], shape, found) * maxwell_of(keys[0], shape, found) * scale + loc


@library("key", "scale")
def rayleigh(
    key: Any, scale: Any, shape: Shape | None = None, dtype: Any = None, *, out_sharding: Any = None
) -> Any:
    """Length of a vector of two normal variables of standard deviation `scale`."""
    no_sharding("rayleigh", out_sharding)
    found = sample_dtype("rayleigh", dtype)
    shape = sample_shape("rayleigh", shape, scale)
    check_castable("rayleigh", found, scale)
    u = uniform_between(as_key("rayleigh", key), shape, found)
    length = lax.sqrt(lax.mul(lax.log(u), lax.full_like(u, -2)))
    return lax.mul(parameter(scale, found, shape), length)


@library("key", "mean")
def wald(
    key: Any, mean: Any, shape: Shape | None = None, dtype: Any = None, *, out_sharding: Any = None
) -> Any:
    """Inverse normal (Wald) distribution of a mean, with scale 1.

    Source: Michael, Schucany & Haas (1976), The American Statistician 30(2).
    """
    no_sharding("wald", out_sharding)
    found = sample_dtype("wald", dtype)
    shape = sample_shape("wald", shape, mean)
    check_castable("wald", found, mean)
    keys = split_key(as_key("wald", key))
    mean = parameter(mean, found, shape)
    v = standard_normal(keys[0], shape, found)
    z = uniform_between(keys[1], shape, found)
    y, squared = v * v, mean * mean
    root = lax.sqrt(4 * mean * y + squared * (y * y))
    x = mean + squared * y / 2 - mean / 2 * root
    return lax.select(z <= mean / (mean + x), x, squared / x)
