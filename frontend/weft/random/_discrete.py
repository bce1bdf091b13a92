"""Discrete distributions that are a function of a uniform variable."""

from __future__ import annotations

import math
from typing import Any

from weft import dtypes, lax
from weft import numpy as wnp
from weft._tracing.library import library
from weft._tracing.operands import convert
from weft._tracing.values import as_value
from weft.numpy._arguments import array, axis_within, shape_of
from weft.random._arguments import Shape, no_sharding, parameter, sample_dtype, sample_shape
from weft.random._continuous import gumbel_of
from weft.random._keys import as_key
from weft.random._uniform import uniform_between
from weft_compiler.avals import kind_of


@library("key", "p")
def bernoulli(
    key: Any, p: Any = 0.5, shape: Shape | None = None, mode: str = "low", *, out_sharding: Any = None
) -> Any:
    """True with probability `p`. With mode "high", also where p is smaller than the spacing of random floats."""
    no_sharding("bernoulli", out_sharding)
    if mode not in ("high", "low"):
        raise ValueError(f"got mode={mode!r}, expected 'high' or 'low'")
    p = as_value(p, what="bernoulli: p")
    if kind_of(p.dtype) != "f":
        raise TypeError(f"bernoulli probability `p` must have a floating dtype, got {p.dtype}.")
    key, shape = as_key("bernoulli", key), sample_shape("bernoulli", shape, p)
    return bernoulli_of(key, parameter(p, p.dtype, shape), shape, mode)


def bernoulli_of(key: Any, p: Any, shape: Shape, mode: str = "low") -> Any:
    """`bernoulli` for a typed key and a float `p` of the shape."""
    if mode == "low":
        return lax.lt(uniform_between(key, shape, p.dtype), p)
    u = uniform_between(key, (2, *shape), p.dtype)
    fine = u[1] * 2.0 ** -int(dtypes.finfo(p.dtype).nmant)
    return fine < p - u[0]


@library("key")
def rademacher(key: Any, shape: Shape = (), dtype: Any = None, *, out_sharding: Any = None) -> Any:
    """1 or -1, each with probability 1/2."""
    no_sharding("rademacher", out_sharding)
    found = dtypes.canonicalize_explicit(int if dtype is None else dtype, "random.rademacher")
    return signs(as_key("rademacher", key), shape_of(shape), found)


def signs(key: Any, shape: Shape, dtype: Any) -> Any:
    """`rademacher` for a typed key and a checked dtype."""
    is_positive = bernoulli_of(key, lax.full(shape, 0.5, dtypes.default_float()), shape)
    return convert(2 * convert(is_positive, dtype, False) - 1, dtype, False)


@library("key", "p")
def geometric(
    key: Any, p: Any, shape: Shape | None = None, dtype: Any = None, *, out_sharding: Any = None
) -> Any:
    """Number of trials up to and including the first success, which has probability `p`."""
    no_sharding("geometric", out_sharding)
    found = sample_dtype("geometric", dtype, "iu", int)
    shape = sample_shape("geometric", shape, p)
    p = as_value(p, what="geometric: p")
    p = convert(p, dtypes.narrow(dtypes.to_inexact(p.dtype)), False)
    u = uniform_between(as_key("geometric", key), shape, p.dtype)
    u = lax.select(lax.eq(u, lax.full_like(u, 0)), lax.full_like(u, 1), u)
    failure = wnp.broadcast_to(lax.log1p(lax.neg(p)), shape)
    return convert(lax.floor(lax.div(lax.log(u), failure)) + 1, found, False)


@library("key", "logits")
def categorical(
    key: Any,
    logits: Any,
    axis: int = -1,
    shape: Shape | None = None,
    replace: bool = True,
    mode: str | None = None,
    *,
    out_sharding: Any = None,
) -> Any:
    """Positions along `axis`, with probabilities softmax(logits).

    Shapes: `shape` ends in that of `logits` without `axis`, which is the default.
    Raises: ValueError if more samples are drawn without replacement than there are categories.
    """
    no_sharding("categorical", out_sharding)
    key, logits = as_key("categorical", key), array("categorical", logits, 1)
    axis = axis_within(axis, logits.ndim)
    batch = logits.shape[:axis] + logits.shape[axis + 1 :]
    if shape is None:
        shape = batch
    shape = sample_shape("categorical", shape, lax.full(batch, 0.0))
    prefix = shape[: len(shape) - len(batch)]
    if not replace:
        return _without_replacement(key, logits, axis, shape, prefix, mode)
    rest = list(shape[len(prefix) :])
    rest.insert(axis, logits.shape[axis])
    noise = gumbel_of(key, (*prefix, *rest), logits.dtype, mode)
    logits = wnp.broadcast_to(logits, noise.shape)
    return wnp.argmax(noise + logits, axis=len(prefix) + axis)


def _without_replacement(
    key: Any, logits: Any, axis: int, shape: Shape, prefix: Shape, mode: str | None
) -> Any:
    """The largest of the perturbed logits are a sample without replacement."""
    count = math.prod(prefix)
    if count > logits.shape[axis]:
        raise ValueError(
            f"Number of samples without replacement ({count}) cannot exceed number of categories "
            f"({logits.shape[axis]})."
        )
    perturbed = logits + gumbel_of(key, logits.shape, logits.dtype, mode)
    found = lax.top_k(wnp.moveaxis(perturbed, axis, -1), count)[1]
    return wnp.reshape(wnp.moveaxis(found, -1, 0), shape)
