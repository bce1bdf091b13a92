"""Gamma distribution, by rejection.

Source: Marsaglia & Tsang (2000), ACM Transactions on Mathematical Software 26(3).
"""

from __future__ import annotations

from typing import Any

from weft import dtypes, lax
from weft._tracing.bind import op_class
from weft._tracing.library import library
from weft._tracing.staging import call_traced, trace_function, type_of
from weft._tracing.trace import STATE
from weft._transforms.vmap import vmap
from weft.random._arguments import Shape, no_sharding, parameter, sample_dtype, sample_shape
from weft.random._continuous import exponential_of
from weft.random._keys import as_key, split_key
from weft.random._normal import standard_normal
from weft.random._uniform import uniform_between


@library("key", "a")
def gamma(
    key: Any, a: Any, shape: Shape | None = None, dtype: Any = None, *, out_sharding: Any = None
) -> Any:
    """Gamma distribution of shape `a` and scale 1.

    Slope: with respect to `a`, that of the quantile function at the sample's probability.
    """
    no_sharding("gamma", out_sharding)
    found = sample_dtype("gamma", dtype)
    return gamma_of(as_key("gamma", key), a, sample_shape("gamma", shape, a), found, log_space=False)


@library("key", "a")
def loggamma(
    key: Any, a: Any, shape: Shape | None = None, dtype: Any = None, *, out_sharding: Any = None
) -> Any:
    """Logarithm of a gamma variable: for small `a` the variable itself would be 0."""
    no_sharding("loggamma", out_sharding)
    found = sample_dtype("gamma", dtype)
    return gamma_of(as_key("loggamma", key), a, sample_shape("gamma", shape, a), found, log_space=True)


def gamma_of(key: Any, a: Any, shape: Shape, dtype: Any, *, log_space: bool) -> Any:
    """`gamma` or `loggamma` for a typed key and a checked dtype."""
    return _differentiable(key, parameter(a, dtype, shape), log_space)


def _differentiable(key: Any, a: Any, log_space: bool) -> Any:
    """The samples, with their derivative by `a`: that of a loop that rejects would not be it."""

    def sample(tracers: list[Any]) -> Any:
        key, a = tracers
        return _samples(key, a, log_space)

    def with_tangent(tracers: list[Any]) -> Any:
        key, a, da = tracers
        (x,) = call_traced(primal, [key, a])
        return x, lax.mul(da, _slope(x, a, log_space))

    trace = STATE.trace
    assert trace is not None, "samplers trace before they run"
    types = [type_of(key), type_of(a)]
    primal = trace_function(sample, types, kind="jit", fun=gamma, staged=True)
    derived = trace_function(with_tangent, [*types, types[1]], kind="jit", fun=gamma, staged=True)
    inst = op_class("custom_jvp_call").of(callee=primal.name, jvp_callee=derived.name)
    return trace.emit(inst, (key, a))[0]


def _samples(key: Any, a: Any, log_space: bool) -> Any:
    """One sample for each element, from a key of its own."""
    flat = lax.reshape(a, (a.size,))
    keys = split_key(key, a.size)
    if key.dtype.impl == "threefry2x32":
        made = vmap(lambda k, x: _one(k, x, log_space))(keys, flat)
    else:  # other generators draw for a batch what they draw for its first key
        made = lax.map(lambda args: _one(args[0], args[1], log_space), (keys, flat))
    return lax.reshape(made, a.shape)


def _one(key: Any, a: Any, log_space: bool) -> Any:
    """A sample of a scalar; for a < 1 from that of a + 1, with a factor that makes up for it."""
    dtype = a.dtype
    one, third = lax.full_like(a, 1), lax.full_like(a, 1 / 3)
    is_large = lax.ge(a, one)
    d = lax.sub(lax.select(is_large, a, lax.add(a, one)), third)
    c = lax.div(third, lax.sqrt(d))
    keys = split_key(key)
    cube = _accepted_cube(keys[0], c, d)
    if log_space:
        log_u = lax.neg(exponential_of(keys[1], (), dtype))
        needs_none = lax.bitwise_or(is_large, lax.eq(log_u, lax.full_like(a, 0)))
        boost = lax.select(needs_none, lax.full_like(a, 0), lax.mul(log_u, lax.div(one, a)))
        return lax.add(lax.add(lax.log(d), lax.log(cube)), boost)
    u = lax.sub(one, uniform_between(keys[1], (), dtype))
    boost = lax.select(is_large, one, lax.pow(u, lax.div(one, a)))
    return lax.mul(lax.mul(d, cube), boost)


def _accepted_cube(key: Any, c: Any, d: Any) -> Any:
    """v³ for the first v = 1 + cx, x normal, that passes: then d v³ is gamma distributed."""
    one = lax.full_like(c, 1)

    def is_rejected(state: tuple[Any, ...]) -> Any:
        _, x_squared, cube, u = state
        squeeze = lax.sub(one, lax.mul(lax.full_like(c, 0.0331), lax.mul(x_squared, x_squared)))
        bound = lax.add(
            lax.mul(x_squared, lax.full_like(c, 0.5)), lax.mul(d, lax.add(lax.sub(one, cube), lax.log(cube)))
        )
        return lax.bitwise_and(lax.ge(u, squeeze), lax.ge(lax.log(u), bound))

    def again(state: tuple[Any, ...]) -> tuple[Any, ...]:
        keys = split_key(state[0], 3)
        x, v = _positive_v(keys[1], c)
        u = uniform_between(keys[2], (), c.dtype)
        return keys[0], lax.mul(x, x), lax.mul(lax.mul(v, v), v), u

    start = (key, lax.full_like(c, 0), one, lax.full_like(c, 2))
    return lax.while_loop(is_rejected, again, start)[2]


def _positive_v(key: Any, c: Any) -> tuple[Any, Any]:
    """A normal x for which v = 1 + cx is positive, and that v."""

    def again(state: tuple[Any, ...]) -> tuple[Any, ...]:
        keys = split_key(state[0])
        x = standard_normal(keys[1], (), c.dtype)
        return keys[0], x, lax.add(lax.full_like(c, 1), lax.mul(x, c))

    start = (key, lax.full_like(c, 0), lax.full_like(c, -1))
    _, x, v = lax.while_loop(lambda state: lax.le(state[2], lax.full_like(c, 0)), again, start)
    return x, v


def _slope(sample: Any, a: Any, log_space: bool) -> Any:
    """Derivative of a sample by `a`: implicit, from the distribution function, which stays the same."""
    if not log_space:
        return lax.random_gamma_grad(a, sample)
    x = lax.exp(sample)
    tiny = lax.full_like(x, float(dtypes.finfo(x.dtype).tiny))
    x = lax.select(lax.eq(sample, lax.full_like(sample, 0)), tiny, x)
    return lax.div(lax.random_gamma_grad(a, x), x)
