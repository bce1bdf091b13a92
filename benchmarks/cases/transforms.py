"""Transformations outside `jit`, called again and again."""

from typing import Any

import numpy
from case import Side, Thunk, case

BAR, GOAL = 0.5, 0.25


def _function(side: Side) -> Any:
    np = side.numpy
    return lambda x: np.sum(np.tanh(x * 2.0) ** 2 + np.sin(x) / (1.0 + x * x))


def _vector(side: Side) -> Any:
    return side.numpy.asarray(numpy.linspace(0.0, 1.0, 8, dtype="float32"))


@case("transform/grad", bar=BAR, goal=GOAL)
def grad(side: Side) -> Thunk:
    """grad(f)(x)"""
    f, x = _function(side), _vector(side)
    return lambda: side.api.grad(f)(x)


@case("transform/vmap", bar=BAR, goal=GOAL)
def vmap(side: Side) -> Thunk:
    """vmap(f)(x), f a product with a matrix and a tanh"""
    np = side.numpy
    w, x = np.asarray(numpy.eye(8, dtype="float32")), np.asarray(numpy.ones((16, 8), "float32"))

    def f(row: Any) -> Any:
        return np.tanh(np.dot(row, w))

    return lambda: side.api.vmap(f)(x)


@case("transform/hessian", bar=BAR, goal=GOAL)
def hessian(side: Side) -> Thunk:
    """hessian(f)(x)"""
    f, x = _function(side), _vector(side)
    return lambda: side.api.hessian(f)(x)


@case("transform/new-function", bar=BAR, goal=GOAL)
def new_function(side: Side) -> Thunk:
    """grad(f)(x) of a function made anew each time, as a lambda in a loop is"""
    x = _vector(side)
    return lambda: side.api.grad(_function(side))(x)
