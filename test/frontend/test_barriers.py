"""Barriers on the CPU backend: checkpoints save memory, shared sums are computed once."""

import numpy as np

import weft
import weft.numpy as wnp
from weft_compiler import lowering


def _deep(block, x, weights):
    for w in weights:
        x = block(x, w)
    return wnp.sum(x)


def _block(x, w):
    for _ in range(4):
        x = wnp.tanh(x @ w)
    return x


def test_checkpoint_saves_memory_where_nothing_is_a_loop():
    x, weights = np.ones((512, 64), "float32"), [np.full((64, 64), 0.01, "float32")] * 6
    sizes = {}
    for name, block in {"plain": _block, "checkpoint": weft.checkpoint(_block)}.items():
        lowered = weft.jit(weft.grad(lambda x, w, block=block: _deep(block, x, w))).lower(x, weights)
        sizes[name] = lowered.compile().memory_analysis().temp_size_in_bytes
    assert sizes["checkpoint"] < 0.6 * sizes["plain"]


def _residual(x, weights):
    for w in weights:
        x = x + wnp.tanh(x - wnp.mean(x, axis=1, keepdims=True)) * w
    return wnp.sum(x**2)


def test_cut_programs_compute_the_same():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(64, 32)).astype("float32")
    weights = [rng.normal(size=(32,)).astype("float32") for _ in range(6)]
    cut = weft.jit(weft.grad(_residual))
    with weft.disable_jit():
        expected = weft.grad(_residual)(x, weights)
    np.testing.assert_allclose(cut(x, weights), expected, rtol=2e-5, atol=1e-5)


def test_what_is_shown_has_no_barriers_of_ours():
    lowered = weft.jit(weft.grad(_residual)).lower(np.ones((64, 32), "float32"), [np.ones(32, "float32")] * 4)
    lowered.compile()
    assert "optimization_barrier" not in lowered.as_text()
    assert "optimization_barrier" in lowering.tuned(lowered._lowering.module, "cpu").text()
    assert lowering.tuned(lowered._lowering.module, "cuda") is lowered._lowering.module


def test_barriers_in_small_loops():
    """XLA:CPU makes one kernel of a small loop, and ended the process at a barrier in it."""

    def through(x, ys, block):
        return wnp.sum(weft.lax.scan(lambda c, y: (block(c, y), None), x, ys)[0])

    x, ys = np.ones(3, "float32"), np.full((2, 3, 3), 0.1, "float32")
    plain, kept = (
        weft.jit(weft.grad(lambda x, f=f: through(x, ys, f))) for f in (_block, weft.checkpoint(_block))
    )
    np.testing.assert_allclose(kept(x), plain(x), rtol=1e-6)
    np.testing.assert_array_equal(weft.jit(lambda x: weft.lax.map(weft.lax.optimization_barrier, x))(x), x)


def test_the_program_of_a_residual_network_grows_with_its_depth():
    """Without cuts each layer computes the sums of all layers before again: the text grows with the square."""

    def loss(x, weights):
        for w in weights:
            x = x + wnp.tanh(x - wnp.mean(x, axis=1, keepdims=True)) @ w
        return wnp.sum(x**2)

    def size(depth):
        x, weights = np.ones((64, 32), "float32"), [np.ones((32, 32), "float32")] * depth
        return len(weft.jit(weft.grad(loss, argnums=1)).lower(x, weights).compile().as_text())

    shallow, middle, deep = size(4), size(8), size(16)
    assert deep - middle < 2.3 * (middle - shallow)
