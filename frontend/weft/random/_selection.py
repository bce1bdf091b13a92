"""Permutations and choices from given elements."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from weft import dtypes, lax
from weft import numpy as wnp
from weft._tracing.library import library
from weft._tracing.operands import convert
from weft._tracing.values import as_value
from weft.numpy._arguments import array, axis_within, shape_of
from weft.random._arguments import Shape, no_sharding
from weft.random._continuous import gumbel_of
from weft.random._keys import as_key, draw, split_key
from weft.random._uniform import integers_between, uniform_between
from weft_compiler.avals import kind_of


def permutation(
    key: Any, x: Any, axis: int = 0, independent: bool = False, *, out_sharding: Any = None
) -> Any:
    """The elements of `x` along `axis` in random order; of 0, …, x - 1 if `x` is an integer.

    With `independent` every line along `axis` has an order of its own.
    """
    no_sharding("permutation", out_sharding)
    if type(x) is int:
        axis_within(axis, 1)
        return _permuted_range(key, x)
    x = array("permutation", x, 1)
    if x.ndim:
        return _permutation(key, x, axis_within(axis, x.ndim), bool(independent))
    if kind_of(x.dtype) not in "iu":
        raise TypeError("x must be an integer or at least 1-dimensional")
    axis_within(axis, 1)
    return _permuted_range(key, int(x))


@library("key")
def _permuted_range(key: Any, n: int) -> Any:
    return _shuffled(as_key("permutation", key), wnp.arange(n), 0)


@library("key", "x")
def _permutation(key: Any, x: Any, axis: int, independent: bool) -> Any:
    return permuted(as_key("permutation", key), x, axis, independent)


def permuted(key: Any, x: Any, axis: int, independent: bool = False) -> Any:
    """`permutation` for a typed key and an array."""
    if independent or x.ndim == 1:
        return _shuffled(key, x, axis)
    order = _shuffled(key, wnp.arange(x.shape[axis]), 0)
    return x.at[(slice(None),) * axis + (order,)].get(mode="promise_in_bounds", unique_indices=True)


def _shuffled(key: Any, x: Any, axis: int) -> Any:
    """Sorted by random numbers, so often that a collision of these does not show."""
    rounds = math.ceil(3 * np.log(max(1, x.size)) / np.log(np.iinfo(np.uint32).max))
    for _ in range(rounds):
        keys = split_key(key)
        key = keys[0]
        x = lax.sort_key_val(draw(keys[1], 32, x.shape), x, dimension=axis)[1]
    return x


def choice(
    key: Any,
    a: Any,
    shape: Shape = (),
    replace: bool = True,
    p: Any = None,
    axis: int = 0,
    mode: str | None = None,
) -> Any:
    """Elements of `a` along `axis`, or of 0, …, a - 1; each equally probable, or with probabilities `p`.

    Raises: ValueError if more are drawn without replacement than there are.
    """
    if not isinstance(shape, Sequence):
        raise TypeError(f"shape argument of weft.random.choice must be a sequence, got {shape}")
    shape = shape_of(shape)
    values = None if type(a) is int else array("choice", a, 1)
    if values is None or not values.ndim:
        axis, count = 0, int(a)
    else:
        axis = axis_within(axis, values.ndim)
        count = values.shape[axis]
    draws = math.prod(shape)
    if not draws:
        return wnp.zeros(shape, dtypes.default_int() if values is None else values.dtype)
    if count <= 0:
        raise ValueError("a must be greater than 0 unless no samples are taken")
    if not replace and draws > count:
        raise ValueError(
            f"Cannot take a larger sample (size {draws}) than population (size {count}) when 'replace=False'"
        )
    if p is not None:
        p = as_value(p, what="choice: p")
        if p.shape != (count,):
            raise ValueError(
                "p must be None or a 1D vector with the same size as a.shape[axis]. "
                f"p has shape {p.shape} and a.shape[axis] is {count}."
            )
    return _choice(
        key, values if getattr(values, "ndim", 0) else None, p, shape, bool(replace), axis, count, mode
    )


@library("key", "values", "p")
def _choice(
    key: Any, values: Any, p: Any, shape: Shape, replace: bool, axis: int, count: int, mode: str | None
) -> Any:
    key = as_key("choice", key)
    draws = math.prod(shape)
    if p is None and not replace:
        source = wnp.arange(count) if values is None else values
        found = permuted(key, source, axis)[(slice(None),) * axis + (slice(draws),)]
        return wnp.reshape(found, _result_shape(values, axis, shape))
    if p is None:
        numbers = lax.full((), 0, dtypes.default_int()), lax.full((), count, dtypes.default_int())
        places = integers_between(key, shape, *numbers, dtypes.default_int())
    else:
        places = _weighted(key, p, shape, replace, mode)
    if values is None:
        return wnp.reshape(places, shape)
    found = values.at[(slice(None),) * axis + (places,)].get(mode="clip")
    return wnp.reshape(found, _result_shape(values, axis, shape))


def _result_shape(values: Any, axis: int, shape: Shape) -> Shape:
    return shape if values is None else (*values.shape[:axis], *shape, *values.shape[axis + 1 :])


def _weighted(key: Any, p: Any, shape: Shape, replace: bool, mode: str | None) -> Any:
    p = convert(p, dtypes.narrow(dtypes.to_inexact(p.dtype)), False)
    if replace:
        total = wnp.cumsum(p)
        r = total[-1] * (1 - uniform_between(key, shape, p.dtype))
        found = wnp.searchsorted(total, r)
    else:
        found = lax.top_k(gumbel_of(key, p.shape, p.dtype, mode) + wnp.log(p), math.prod(shape))[1]
    return convert(found, dtypes.default_int(), False)
