"""A long chain of elementwise ops: nothing but the cost of an op."""

from collections.abc import Callable
from typing import Any

OPS_IN_A_LAP = 5


def chain(np: Any, length: int) -> Callable[[Any], Any]:
    """A function of `length` ops on its argument and what came before."""

    def run(x: Any) -> Any:
        y = x
        for _ in range(length // OPS_IN_A_LAP):
            y = np.tanh(np.sin(y) * 1.5 + x) - y
        return y

    return run


def summed_chain(np: Any, length: int) -> Callable[[Any], Any]:
    """The chain with a scalar result, so that it has a gradient."""
    run = chain(np, length)
    return lambda x: np.sum(run(x))
