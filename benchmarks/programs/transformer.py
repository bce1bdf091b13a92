"""A small language model, and its training step: causal attention, GELU, layer norm, tied embedding."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy

from programs import adamw


@dataclass(frozen=True)
class Sizes:
    """Sizes of the model and of a batch."""

    layers: int = 6
    width: int = 32
    heads: int = 4
    tokens: int = 16
    vocabulary: int = 64
    batch: int = 4


def init(np: Any, sizes: Sizes) -> dict[str, Any]:
    """Parameters, drawn by NumPy so that both systems start from the same numbers."""
    rng = numpy.random.default_rng(0)

    def matrix(m: int, n: int) -> Any:
        return np.asarray(rng.normal(0, m**-0.5, (m, n)).astype("float32"))

    def norm() -> dict[str, Any]:
        return {"scale": np.ones((w,), "float32"), "shift": np.zeros((w,), "float32")}

    w = sizes.width
    layers = [
        {
            "norm1": norm(),
            "qkv": matrix(w, 3 * w),
            "out": matrix(w, w),
            "norm2": norm(),
            "up": matrix(w, 4 * w),
            "down": matrix(4 * w, w),
        }
        for _ in range(sizes.layers)
    ]
    return {
        "embedding": matrix(sizes.vocabulary, w),
        "place": matrix(sizes.tokens, w),
        "layers": layers,
        "norm": norm(),
    }


def batch(np: Any, sizes: Sizes) -> Any:
    """Rows of tokens; the model predicts each from those before it."""
    rng = numpy.random.default_rng(1)
    return np.asarray(rng.integers(0, sizes.vocabulary, (sizes.batch, sizes.tokens + 1)).astype("int32"))


def stacked(np: Any, params: dict[str, Any], api: Any) -> dict[str, Any]:
    """The same parameters with one leading axis for the layers, for `scan`."""
    return params | {"layers": api.tree.map(lambda *leaves: np.stack(leaves), *params["layers"])}


def layer_of(np: Any, api: Any, sizes: Sizes) -> Callable[[Any, Any], Any]:
    """One layer: (parameters, x[batch, tokens, width]) -> x."""

    def norm(p: Any, x: Any) -> Any:
        centred = x - np.mean(x, axis=-1, keepdims=True)
        spread = np.mean(centred * centred, axis=-1, keepdims=True)
        return centred * api.lax.rsqrt(spread + 1e-5) * p["scale"] + p["shift"]

    def attention(p: Any, x: Any) -> Any:
        rows, tokens, width = x.shape
        q, k, v = (part.reshape(rows, tokens, sizes.heads, -1) for part in np.split(x @ p["qkv"], 3, axis=-1))
        scores = np.einsum("bthd,bshd->bhts", q, k) / math.sqrt(width // sizes.heads)
        is_past = np.tril(np.ones((tokens, tokens), bool))
        weights = api.nn.softmax(np.where(is_past, scores, -1e9), axis=-1)
        return np.einsum("bhts,bshd->bthd", weights, v).reshape(rows, tokens, width) @ p["out"]

    def layer(p: Any, x: Any) -> Any:
        x = x + attention(p, norm(p["norm1"], x))
        return x + api.nn.gelu(norm(p["norm2"], x) @ p["up"]) @ p["down"]

    layer.norm = norm
    return layer


def loss_of(np: Any, api: Any, sizes: Sizes, layers: str = "unrolled") -> Callable[[Any, Any], Any]:
    """Mean cross entropy of the next token. `layers`: `unrolled`, `jitted` (each a call), `scanned`."""
    layer = layer_of(np, api, sizes)
    norm = layer.norm
    applied = api.jit(layer) if layers == "jitted" else layer

    def through(params: Any, x: Any) -> Any:
        if layers == "scanned":
            return api.lax.scan(lambda x, p: (layer(p, x), None), x, params["layers"])[0]
        for p in params["layers"]:
            x = applied(p, x)
        return x

    def loss(params: Any, rows: Any) -> Any:
        x = params["embedding"][rows[:, :-1]] + params["place"]
        x = norm(params["norm"], through(params, x))
        scores = api.nn.log_softmax(x @ params["embedding"].T, axis=-1)
        return -np.mean(np.take_along_axis(scores, rows[:, 1:, None], axis=-1))

    return loss


def step_of(np: Any, api: Any, sizes: Sizes, layers: str = "unrolled") -> Callable[..., Any]:
    """One step of AdamW: (params, moments, rows) -> (params, moments, loss)."""
    loss = loss_of(np, api, sizes, layers)

    def step(params: Any, moments: Any, rows: Any) -> Any:
        value, grads = api.value_and_grad(loss)(params, rows)
        params, moments = adamw.update(np, api, params, grads, moments)
        return params, moments, value

    return step
