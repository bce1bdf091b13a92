"""Distributions made of gamma variables."""

from __future__ import annotations

import operator
from typing import Any

from weft import lax
from weft import numpy as wnp
from weft._tracing.library import library
from weft._tracing.values import as_value
from weft.numpy._arguments import shape_of
from weft.random._arguments import Shape, check_castable, no_sharding, parameter, sample_dtype, sample_shape
from weft.random._continuous import exponential_of
from weft.random._discrete import signs
from weft.random._gamma import gamma_of
from weft.random._keys import as_key, split_key
from weft.random._normal import standard_normal


@library("key", "a", "b")
def beta(
    key: Any, a: Any, b: Any, shape: Shape | None = None, dtype: Any = None, *, out_sharding: Any = None
) -> Any:
    """Beta distribution of shapes `a` and `b`, on [0, 1]."""
    no_sharding("beta", out_sharding)
    found = sample_dtype("beta", dtype)
    check_castable("beta", found, a, b)
    shape = sample_shape("beta", shape, a, b)
    keys = split_key(as_key("beta", key))
    log_x = gamma_of(keys[0], a, shape, found, log_space=True)
    log_y = gamma_of(keys[1], b, shape, found, log_space=True)
    largest = lax.max(log_x, log_y)
    x, y = lax.exp(lax.sub(log_x, largest)), lax.exp(lax.sub(log_y, largest))
    return lax.div(x, lax.add(x, y))


@library("key", "alpha")
def dirichlet(
    key: Any, alpha: Any, shape: Shape | None = None, dtype: Any = None, *, out_sharding: Any = None
) -> Any:
    """Dirichlet distribution: probabilities along the last axis, with concentrations `alpha`."""
    no_sharding("dirichlet", out_sharding)
    found = sample_dtype("dirichlet", dtype)
    alpha = parameter(alpha, found)
    if not alpha.ndim:
        raise ValueError("dirichlet requires alpha.ndim >= 1, got alpha.ndim == 0")
    batch = lax.full(alpha.shape[:-1], 0.0)
    shape = sample_shape("dirichlet", shape, batch)
    logs = gamma_of(as_key("dirichlet", key), alpha, (*shape, alpha.shape[-1]), found, log_space=True)
    unnormalized = wnp.exp(logs - lax.stop_gradient(wnp.max(logs, axis=-1, keepdims=True)))
    return unnormalized / wnp.sum(unnormalized, axis=-1, keepdims=True)


@library("key", "df")
def chisquare(
    key: Any, df: Any, shape: Shape | None = None, dtype: Any = None, *, out_sharding: Any = None
) -> Any:
    """Chi-square distribution of `df` degrees of freedom."""
    no_sharding("chisquare", out_sharding)
    found = sample_dtype("chisquare", dtype)
    shape = sample_shape("chisquare", shape, df)
    check_castable("chisquare", found, df)
    return _chisquare(as_key("chisquare", key), parameter(df, found), shape)


def _chisquare(key: Any, df: Any, shape: Shape) -> Any:
    half = lax.div(df, lax.full_like(df, 2))
    log_gamma = gamma_of(key, half, shape, df.dtype, log_space=True)
    return lax.mul(lax.exp(log_gamma), lax.full_like(log_gamma, 2))


@library("key", "dfnum", "dfden")
def f(
    key: Any,
    dfnum: Any,
    dfden: Any,
    shape: Shape | None = None,
    dtype: Any = None,
    *,
    out_sharding: Any = None,
) -> Any:
    """F distribution of `dfnum` and `dfden` degrees of freedom."""
    no_sharding("f", out_sharding)
    found = sample_dtype("f", dtype)
    shape = sample_shape("f", shape, dfnum, dfden)
    check_castable("f", found, dfnum, dfden)
    dfnum, dfden = parameter(dfnum, found), parameter(dfden, found)
    keys = split_key(as_key("f", key))
    numerator, denominator = _chisquare(keys[1], dfnum, shape), _chisquare(keys[0], dfden, shape)
    return (numerator / dfnum) / (denominator / dfden)


@library("key", "df")
def t(key: Any, df: Any, shape: Shape | None = None, dtype: Any = None, *, out_sharding: Any = None) -> Any:
    """Student's t distribution of `df` degrees of freedom."""
    no_sharding("t", out_sharding)
    found = sample_dtype("t", dtype)
    shape = sample_shape("t", shape, df)
    check_castable("t", found, df)
    keys = split_key(as_key("t", key))
    half = parameter(df, found) / 2
    x = standard_normal(keys[0], shape, found)
    return x * wnp.sqrt(half / gamma_of(keys[1], half, shape, found, log_space=False))


@library("key", "p")
def generalized_normal(
    key: Any, p: Any, shape: Shape = (), dtype: Any = None, *, out_sharding: Any = None
) -> Any:
    """Density proportional to exp(-|x|^p)."""
    no_sharding("generalized_normal", out_sharding)
    found = sample_dtype("generalized_normal", dtype)
    return _generalized_normal(as_key("generalized_normal", key), p, shape_of(shape), found)


def _generalized_normal(key: Any, p: Any, shape: Shape, dtype: Any) -> Any:
    keys = split_key(key)
    magnitude = gamma_of(keys[0], 1 / p, shape, dtype, log_space=False)
    return signs(keys[1], shape, dtype) * magnitude ** (1 / p)


@library("key", "p")
def ball(
    key: Any, d: int, p: Any = 2, shape: Shape = (), dtype: Any = None, *, out_sharding: Any = None
) -> Any:
    """Points uniformly distributed in the unit ball of the p-norm in `d` dimensions, along a new last axis.

    Source: Barthe, Guédon, Mendelson & Naor (2005), The Annals of Probability 33(2).
    """
    no_sharding("ball", out_sharding)
    found, shape, p = sample_dtype("ball", dtype), shape_of(shape), as_value(p)
    keys = split_key(as_key("ball", key))
    g = _generalized_normal(keys[0], p, (*shape, operator.index(d)), found)
    e = exponential_of(keys[1], shape, found)
    return g / wnp.expand_dims((wnp.sum(wnp.abs(g) ** p, axis=-1) + e) ** (1 / p), -1)
