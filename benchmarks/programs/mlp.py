"""A multilayer perceptron that classifies, and its training step."""

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy

from programs import adamw

SIZES = (64, 128, 128, 10)


def init(np: Any, sizes: Sequence[int] = SIZES) -> list[dict[str, Any]]:
    """Parameters, drawn by NumPy so that both systems start from the same numbers."""
    rng = numpy.random.default_rng(0)
    return [
        {"w": np.asarray(rng.normal(0, m**-0.5, (m, n)).astype("float32")), "b": np.zeros((n,), "float32")}
        for m, n in itertools.pairwise(sizes)
    ]


def batch(np: Any, size: int, sizes: Sequence[int] = SIZES) -> tuple[Any, Any]:
    """Images and labels."""
    rng = numpy.random.default_rng(1)
    x = rng.normal(size=(size, sizes[0])).astype("float32")
    return np.asarray(x), np.asarray(rng.integers(0, sizes[-1], size).astype("int32"))


def loss_of(np: Any, api: Any) -> Callable[[Any, Any, Any], Any]:
    """Mean cross entropy; for one example or a batch."""

    def loss(params: Any, x: Any, label: Any) -> Any:
        for layer in params[:-1]:
            x = api.nn.relu(x @ layer["w"] + layer["b"])
        scores = api.nn.log_softmax(x @ params[-1]["w"] + params[-1]["b"])
        return -np.mean(np.sum(scores * api.nn.one_hot(label, scores.shape[-1]), axis=-1))

    return loss


def step_of(np: Any, api: Any) -> Callable[..., Any]:
    """One step of AdamW: (params, moments, x, label) -> (params, moments, loss)."""
    loss = loss_of(np, api)

    def step(params: Any, moments: Any, x: Any, label: Any) -> Any:
        value, grads = api.value_and_grad(loss)(params, x, label)
        params, moments = adamw.update(np, api, params, grads, moments)
        return params, moments, value

    return step
