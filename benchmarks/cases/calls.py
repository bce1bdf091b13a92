"""A call of a jitted function that is compiled already: what stands between the caller and the machine."""

import operator
from functools import reduce
from typing import Any

import numpy
from case import Side, Thunk, case

BAR, GOAL = 1.1, 1.0


def _vectors(side: Side, count: int) -> list[Any]:
    return [side.numpy.asarray(numpy.full((4,), i, "float32")) for i in range(count)]


def _summing(side: Side, count: int) -> Thunk:
    f = side.api.jit(lambda *xs: reduce(operator.add, xs) + 1.0)
    xs = _vectors(side, count)
    return lambda: f(*xs)


@case("call/1", bar=BAR, goal=GOAL)
def one(side: Side) -> Thunk:
    """Jitted call, 1 array in, 1 out."""
    f, x = side.api.jit(lambda x: x + 1.0), _vectors(side, 1)[0]
    return lambda: f(x)


@case("call/10", bar=BAR, goal=GOAL)
def ten(side: Side) -> Thunk:
    """Jitted call, 10 arrays in, 1 out."""
    return _summing(side, 10)


@case("call/10-out", bar=BAR, goal=GOAL)
def ten_out(side: Side) -> Thunk:
    """Jitted call, 10 arrays in, 10 out."""
    f, xs = side.api.jit(lambda *xs: [x + 1.0 for x in xs]), _vectors(side, 10)
    return lambda: f(*xs)


@case("call/100", bar=BAR, goal=GOAL)
def hundred(side: Side) -> Thunk:
    """Jitted call, 100 arrays in, 1 out."""
    return _summing(side, 100)


@case("call/pytree-60", bar=BAR, goal=GOAL)
def pytree(side: Side) -> Thunk:
    """Jitted call, a dict of 60 leaves in and out."""
    xs = iter(_vectors(side, 60))
    tree = {f"layer{i}": {"w": next(xs), "b": next(xs), "norm": (next(xs), next(xs))} for i in range(15)}
    f = side.api.jit(lambda t: side.api.tree.map(lambda x: x + 1.0, t))
    return lambda: f(tree)


@case("call/keyword", bar=BAR, goal=GOAL)
def keyword(side: Side) -> Thunk:
    """Jitted call, one array by position and one by name."""
    f, (x, y) = side.api.jit(lambda x, y: x + y), _vectors(side, 2)
    return lambda: f(x, y=y)


@case("call/python-scalar", bar=BAR, goal=GOAL)
def python_scalar(side: Side) -> Thunk:
    """Jitted call, an array and a Python number."""
    f, x = side.api.jit(lambda x, rate: x * rate), _vectors(side, 1)[0]
    return lambda: f(x, 0.5)


@case("call/numpy", bar=BAR, goal=GOAL)
def numpy_argument(side: Side) -> Thunk:
    """Jitted call, a NumPy array."""
    f, x = side.api.jit(lambda x: x + 1.0), numpy.zeros((4,), "float32")
    return lambda: f(x)


@case("call/static", bar=BAR, goal=GOAL)
def static(side: Side) -> Thunk:
    """Jitted call, an array and a static argument."""
    f, x = side.api.jit(lambda x, n: x**n, static_argnums=1), _vectors(side, 1)[0]
    return lambda: f(x, 3)


@case("call/donated", bar=BAR, goal=GOAL)
def donated(side: Side) -> Thunk:
    """Jitted call whose argument is donated; the result is the next argument."""
    f, x = side.api.jit(lambda x: x + 1.0, donate_argnums=0), _vectors(side, 1)[0]

    def run() -> Any:
        nonlocal x
        x = f(x)
        return x

    return run
