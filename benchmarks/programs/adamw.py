"""AdamW on a tree of parameters."""

from typing import Any, NamedTuple


class Moments(NamedTuple):
    """What the optimiser remembers: step count, running means of the gradient and of its square."""

    count: Any
    mean: Any
    square: Any


def start(np: Any, api: Any, params: Any) -> Moments:
    """Moments before the first step."""
    mean, square = (api.tree.map(np.zeros_like, params) for _ in range(2))  # each is donated
    return Moments(np.zeros((), "int32"), mean, square)


def update(
    np: Any, api: Any, params: Any, grads: Any, moments: Moments, rate: float = 1e-3
) -> tuple[Any, Moments]:
    """Parameters and moments after one step (Loshchilov & Hutter 2019)."""
    b1, b2, eps, decay = 0.9, 0.999, 1e-8, 1e-4
    count = moments.count + 1
    mean = api.tree.map(lambda m, g: b1 * m + (1 - b1) * g, moments.mean, grads)
    square = api.tree.map(lambda s, g: b2 * s + (1 - b2) * g * g, moments.square, grads)
    fix1, fix2 = 1 - b1**count, 1 - b2**count

    def moved(p: Any, m: Any, s: Any) -> Any:
        return p - rate * ((m / fix1) / (np.sqrt(s / fix2) + eps) + decay * p)

    return api.tree.map(moved, params, mean, square), Moments(count, mean, square)
