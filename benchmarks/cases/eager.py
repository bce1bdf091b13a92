"""Operations outside `jit`, one at a time, on small arrays."""

from typing import Any

import numpy
from case import Side, Thunk, case

BAR = 0.5


def _vector(side: Side) -> Any:
    return side.numpy.asarray(numpy.arange(8, dtype="float32"))


def _matrix(side: Side) -> Any:
    return side.numpy.asarray(numpy.eye(8, dtype="float32"))


@case("eager/add", bar=1.0, goal=BAR)
def add(side: Side) -> Thunk:
    """x + 1.0"""
    x = _vector(side)
    return lambda: x + 1.0


@case("eager/sin", bar=1.0, goal=BAR)
def sin(side: Side) -> Thunk:
    """sin(x)"""
    f, x = side.numpy.sin, _vector(side)
    return lambda: f(x)


@case("eager/matmul", bar=BAR)
def matmul(side: Side) -> Thunk:
    """m @ m, 8 x 8"""
    m = _matrix(side)
    return lambda: m @ m


@case("eager/x[3]", bar=BAR)
def item(side: Side) -> Thunk:
    """x[3]"""
    x = _vector(side)
    return lambda: x[3]


@case("eager/x[2:5]", bar=BAR)
def sliced(side: Side) -> Thunk:
    """x[2:5]"""
    x = _vector(side)
    return lambda: x[2:5]


@case("eager/x[idx]", bar=BAR)
def gathered(side: Side) -> Thunk:
    """x[idx], idx an array of integers"""
    x, idx = _vector(side), side.numpy.asarray(numpy.array([1, 3, 5], "int32"))
    return lambda: x[idx]


@case("eager/at-set", bar=BAR)
def at_set(side: Side) -> Thunk:
    """x.at[0].set(1.)"""
    x = _vector(side)
    return lambda: x.at[0].set(1.0)


@case("eager/float", bar=BAR)
def to_float(side: Side) -> Thunk:
    """float(f(x)): a fresh result, read by Python"""
    f, x = side.api.jit(lambda x: x + 1.0), side.numpy.asarray(numpy.float32(1.0))
    return lambda: float(f(x))


@case("eager/zeros", bar=BAR)
def zeros(side: Side) -> Thunk:
    """zeros((8, 8))"""
    f = side.numpy.zeros
    return lambda: f((8, 8))


@case("eager/einsum", bar=BAR)
def einsum(side: Side) -> Thunk:
    """einsum("ij,jk->ik", m, m)"""
    f, m = side.numpy.einsum, _matrix(side)
    return lambda: f("ij,jk->ik", m, m)


@case("eager/stack", bar=BAR)
def stack(side: Side) -> Thunk:
    """stack of 8 vectors"""
    f, xs = side.numpy.stack, [_vector(side) for _ in range(8)]
    return lambda: f(xs)


@case("eager/mean", bar=BAR)
def mean(side: Side) -> Thunk:
    """mean(m, axis=0)"""
    f, m = side.numpy.mean, _matrix(side)
    return lambda: f(m, axis=0)


@case("eager/split", bar=BAR)
def split(side: Side) -> Thunk:
    """random.split(key)"""
    f, key = side.api.random.split, side.api.random.key(0)
    return lambda: f(key)


@case("eager/normal", bar=BAR)
def normal(side: Side) -> Thunk:
    """random.normal(key, (8,))"""
    f, key = side.api.random.normal, side.api.random.key(0)
    return lambda: f(key, (8,))


@case("eager/asarray", bar=BAR)
def asarray(side: Side) -> Thunk:
    """asarray of a NumPy array"""
    f, x = side.numpy.asarray, numpy.arange(8, dtype="float32")
    return lambda: f(x)


@case("eager/device_put", bar=BAR)
def device_put(side: Side) -> Thunk:
    """device_put of a NumPy array"""
    f, x = side.api.device_put, numpy.arange(8, dtype="float32")
    return lambda: f(x)
