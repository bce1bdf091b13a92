"""Segments, images in another size, and the names of distributed computations."""

import subprocess
import sys

import numpy as np
import pytest

import weft
import weft.numpy as jnp
from weft import image, ops

RNG = np.random.default_rng(0)
REDUCTIONS = {
    "sum": (np.add, 0.0),
    "prod": (np.multiply, 1.0),
    "max": (np.maximum, -np.inf),
    "min": (np.minimum, np.inf),
}


@pytest.mark.parametrize("name", REDUCTIONS)
@pytest.mark.parametrize("bucket_size", [None, 3])
def test_segments(name, bucket_size):
    ufunc, start = REDUCTIONS[name]
    data, ids = RNG.normal(size=(10, 2)).astype("f4"), np.array([0, 3, 3, 1, 0, -1, 7, 3, 1, 4])
    wanted = np.full((5, 2), start)
    for row, i in zip(data, ids, strict=True):
        if 0 <= i < 5:
            wanted[i] = ufunc(wanted[i], row)
    function = getattr(ops, f"segment_{name}")
    for f in (function, weft.jit(function, static_argnums=2)):
        got = f(data, ids, 5) if bucket_size is None else function(data, ids, 5, bucket_size=bucket_size)
        np.testing.assert_allclose(got, wanted, rtol=1e-5)


def test_segments_of_other_dtypes_and_modes():
    ids = jnp.array([0, -1, 2, 5])
    assert ops.segment_max(jnp.arange(4) + 1, ids, 3).tolist() == [1, -(2**31), 3]
    assert ops.segment_sum(jnp.arange(4.0) + 1, ids, 3, mode="clip").tolist() == [3.0, 0.0, 7.0]
    assert ops.segment_sum(jnp.arange(4.0) + 1, ids).tolist() == [1.0, 0.0, 3.0, 0.0, 0.0, 4.0]
    assert ops.segment_min(jnp.array([True, False]), jnp.array([0, 0]), 2).tolist() == [False, True]
    slope = weft.grad(lambda x: (ops.segment_sum(x, ids, 3) ** 2).sum())(jnp.arange(4.0))
    assert slope.tolist() == [0.0, 0.0, 4.0, 0.0]
    with pytest.raises(weft.errors.ConcretizationTypeError, match="num_segments"):
        weft.jit(ops.segment_sum)(jnp.ones(4), ids)
    with pytest.raises(ValueError, match="non-negative"):
        ops.segment_sum(jnp.ones(4), ids, -1)
    with pytest.raises(ValueError, match="one number for each row"):
        ops.segment_sum(jnp.ones(3), ids, 3)
    with pytest.raises(TypeError, match="must be integers"):
        ops.segment_sum(jnp.ones(4), jnp.ones(4), 3)


METHODS = ["nearest", "linear", "cubic", "lanczos3", "lanczos5"]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("shape", [(4, 14, 3), (1, 9, 2)])
def test_resize_is_that_of_jax(method, shape):
    jax = pytest.importorskip("jax", reason="compares with jax.image")
    x = RNG.normal(size=(8, 9, 3)).astype("f4")
    for antialias in (True, False):
        got = image.resize(x, shape, method, antialias)
        wanted = jax.image.resize(x, shape, method, antialias)
        assert got.dtype == wanted.dtype
        np.testing.assert_allclose(got, wanted, atol=2e-5)


def test_resize():
    x = np.arange(12.0, dtype="f4").reshape(3, 4)
    assert (np.asarray(image.resize(x, (6, 8), "nearest")) == x.repeat(2, 0).repeat(2, 1)).all()
    np.testing.assert_allclose(
        image.resize(x, (3, 2), "linear", antialias=False), (x[:, ::2] + x[:, 1::2]) / 2
    )
    ramp = np.linspace(0, 1, 16, dtype="f4")
    for method in METHODS[1:]:
        np.testing.assert_allclose(image.resize(np.ones((5, 5), "f4"), (9, 3), method), 1, rtol=1e-5)
        inner = np.asarray(image.resize(ramp, (32,), method))[8:-8]
        np.testing.assert_allclose(np.diff(inner), 1 / 30, rtol=0.2)
    assert image.resize(np.arange(6, dtype="u1").reshape(2, 3), (4, 3), "linear").dtype == np.float32
    assert image.resize(np.arange(6, dtype="u1").reshape(2, 3), (4, 3), "nearest").dtype == np.uint8
    assert image.ResizeMethod.from_string("bicubic") is image.ResizeMethod.CUBIC
    with pytest.raises(ValueError, match="Unknown resize method"):
        image.resize(x, (1, 1), "fuzzy")
    with pytest.raises(ValueError, match="number of dimensions"):
        image.resize(x, (1, 1, 1), "linear")


@pytest.mark.parametrize("method", METHODS[1:])
def test_scale_and_translate(method):
    x = RNG.normal(size=(6, 7)).astype("f4")
    scale, translation = np.array([1.5, 0.7], "f4"), np.array([0.5, -1.25], "f4")

    def f(s, t):
        return image.scale_and_translate(x, (8, 5), (0, 1), s, t, method)

    got = weft.jit(f)(scale, translation)
    same = image.scale_and_translate(x, (6, 7), (0, 1), np.ones(2, "f4"), np.zeros(2, "f4"), method)
    np.testing.assert_allclose(same, x, atol=1e-5)
    moved = image.scale_and_translate(x, (6, 7), (0,), np.ones(1, "f4"), np.array([2.0], "f4"), method)
    np.testing.assert_allclose(moved, np.concatenate([np.zeros((2, 7)), x[:-2]]), atol=1e-5)
    slope = weft.grad(lambda s, t: f(s, t).sum(), argnums=(0, 1))(scale, translation)
    assert all(np.isfinite(np.asarray(d)).all() for d in slope)
    with pytest.raises(ValueError, match="an element for each of the 1 spatial axes"):
        image.scale_and_translate(x, (6, 7), (0,), scale, translation, method)
    jax = pytest.importorskip("jax", reason="compares with jax.image")
    wanted = jax.image.scale_and_translate(x, (8, 5), (0, 1), scale, translation, method)
    np.testing.assert_allclose(got, wanted, atol=2e-5)


def test_distributed():
    code = """
from weft import distributed
def refused(kind, **settings):
    try: distributed.initialize(**settings)
    except kind as error: print(str(error).splitlines()[0])
refused(ValueError)
refused(NotImplementedError, num_processes=2, process_id=0, coordinator_address="localhost:1234")
refused(ValueError, num_processes=1, process_id=3)
distributed.initialize(num_processes=1, process_id=0)
refused(RuntimeError, num_processes=1)
print(distributed.is_initialized()); distributed.shutdown(); print(distributed.is_initialized())
import weft; weft.devices()
refused(RuntimeError, num_processes=1)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=100)
    assert done.stdout.splitlines() == [
        "Number of processes must be defined: weft asks no cluster for it",
        "distributed.initialize: weft computes in one process, not in 2",
        "process_id must be 0 where num_processes is 1, got 3",
        "distributed.initialize should only be called once.",
        "True",
        "False",
        "distributed.initialize() must be called before any computation: the backends have started",
    ], done.stderr
