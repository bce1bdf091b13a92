"""A user's functions on a GPU, compared with NumPy and with the CPU."""

import numpy as np
import pytest

import weft
import weft.numpy as jnp
from weft import lax, random

pytestmark = pytest.mark.gpu

RNG = np.random.default_rng(0)


def close(got, wanted, tolerance=2e-4):
    np.testing.assert_allclose(np.asarray(got, np.float64), wanted, rtol=tolerance, atol=tolerance)


def test_arrays_go_there(there):
    x = jnp.arange(6.0)
    assert x.devices() == {there} and (x * 2).devices() == {there} and not x.committed
    assert weft.jit(lambda a: a + 1)(np.ones(3, "f4")).devices() == {there}


@pytest.mark.parametrize("precision", [None, "highest"])
def test_matmul(there, precision):
    x, y = RNG.normal(size=(64, 48)).astype("f4"), RNG.normal(size=(48, 32)).astype("f4")
    got = jnp.matmul(x, y, precision=precision)
    close(got, x.astype("f8") @ y.astype("f8"), 2e-4 if precision else 5e-2)  # the default may be TF32


def test_matmul_of_bfloat16(there):
    x = jnp.asarray(RNG.normal(size=(32, 32)), jnp.bfloat16)
    exact = np.asarray(x, "f8") @ np.asarray(x, "f8")
    close(x @ x, exact, 0.1)


def loss(params, x, y):
    hidden = jnp.tanh(jnp.dot(x, params["w"], precision="highest") + params["b"])
    return jnp.mean((hidden - y) ** 2)


def test_grads_are_those_of_the_cpu(there, host):
    params = {"w": RNG.normal(size=(8, 4)).astype("f4"), "b": np.zeros(4, "f4")}
    x, y = RNG.normal(size=(16, 8)).astype("f4"), RNG.normal(size=(16, 4)).astype("f4")
    step = weft.jit(weft.value_and_grad(loss))
    value, grads = step(params, x, y)
    with weft.default_device(host):
        value_of_cpu, grads_of_cpu = step(params, x, y)
    assert grads["w"].devices() == {there} and grads_of_cpu["w"].devices() == {host}
    close(value, value_of_cpu)
    for name in params:
        close(grads[name], np.asarray(grads_of_cpu[name]))


def test_control_flow(there):
    def f(x):
        total, _ = lax.scan(lambda c, a: (c * a + 1.0, c), 1.0, x)
        total = lax.fori_loop(0, 5, lambda i, c: c + i, total)
        return lax.cond(total > 0, jnp.sin, jnp.cos, total)

    x = np.array([0.5, 1.5, 2.0], "f4")
    total = 1.0
    for a in x:
        total = total * a + 1.0
    close(weft.jit(f)(x), np.sin(total + 10.0))
    assert np.isfinite(np.asarray(weft.grad(f)(x))).all()


def test_random_bits_are_those_of_the_cpu(there, host):
    def draw():
        key = random.key(7)
        one, two = random.split(key)
        return random.bits(one, (64,)), random.uniform(two, (64,)), random.permutation(one, 16)

    here = [np.asarray(x) for x in draw()]
    with weft.default_device(host):
        on_cpu = [np.asarray(x) for x in draw()]
    for got, wanted in zip(here, on_cpu, strict=True):
        assert got.tobytes() == wanted.tobytes()


def test_linalg(there):
    a = RNG.normal(size=(6, 6)).astype("f4")
    spd, b = a @ a.T + 6 * np.eye(6, dtype="f4"), RNG.normal(size=(6, 2)).astype("f4")
    factor = jnp.linalg.cholesky(spd)
    close(jnp.matmul(factor, factor.T, precision="highest"), spd, 1e-3)
    close(jnp.linalg.solve(spd, b), np.linalg.solve(spd.astype("f8"), b), 1e-3)
    close(jnp.linalg.det(a), np.linalg.det(a.astype("f8")), 1e-2)
    q, r = jnp.linalg.qr(a)
    close(jnp.matmul(q, r, precision="highest"), a, 1e-3)
    values, vectors = jnp.linalg.eigh(spd)
    close(values, np.linalg.eigvalsh(spd.astype("f8")), 1e-3)
    close(jnp.matmul(spd, vectors, precision="highest"), np.asarray(vectors * values), 1e-2)
    close(jnp.linalg.svd(a, compute_uv=False), np.linalg.svd(a.astype("f8"), compute_uv=False), 1e-3)


def test_fft_sort_and_convolution(there):
    x = RNG.normal(size=(32,)).astype("f4")
    close(jnp.abs(jnp.fft.fft(x)), np.abs(np.fft.fft(x)), 1e-3)
    assert np.asarray(jnp.sort(x)).tolist() == np.sort(x).tolist()
    kernel = np.array([1.0, 2.0, 3.0], "f4")
    close(jnp.convolve(x, kernel, precision="highest"), np.convolve(x, kernel), 1e-3)


def test_callbacks(there):
    seen = []

    def f(x):
        y = weft.pure_callback(
            lambda a: np.sort(a), weft.ShapeDtypeStruct(x.shape, x.dtype), x, vmap_method="sequential"
        )
        weft.debug.callback(lambda a: seen.append(float(a)), y[0])
        return y * 2

    got = weft.jit(f)(np.array([3.0, 1.0, 2.0], "f4"))
    weft.effects_barrier()
    assert np.asarray(got).tolist() == [2.0, 4.0, 6.0] and seen == [1.0]


def test_failing_callback(there):
    def fail(a):
        raise ValueError("no such luck")

    f = weft.jit(lambda x: weft.pure_callback(fail, weft.ShapeDtypeStruct((), jnp.float32), x))
    with pytest.raises(weft.errors.JaxRuntimeError, match="no such luck"):
        f(1.0).block_until_ready()
    assert float(jnp.add(1.0, 1.0)) == 2.0


# fmt: off
DTYPES = ["bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "float16", "float32", "complex64",
          "bfloat16", "float8_e4m3fn", "float8_e5m2", "int4", "uint4"]
# fmt: on


@pytest.mark.parametrize("dtype", DTYPES)
def test_transfer(there, host, dtype):
    value = np.arange(6).reshape(2, 3).astype(jnp.dtype(dtype))
    x = weft.device_put(value, there)
    assert x.devices() == {there} and np.array_equal(np.asarray(x), value)
    y = weft.device_put(x, host)
    assert y.devices() == {host} and np.array_equal(np.asarray(y), value)
    assert np.array_equal(np.asarray(weft.device_put(y, there)), value)


def test_memory_kinds(there):
    x = weft.device_put(np.ones(3, "f4"), there)
    pinned = weft.device_put(x, weft.memory.Space.Host)
    assert pinned.sharding.memory_kind == "pinned_host" and np.asarray(pinned).tolist() == [1.0] * 3
    back = weft.device_put(pinned, weft.memory.Space.Device)
    assert back.sharding.memory_kind == "device" and np.asarray(back + x).tolist() == [2.0] * 3


def test_committed_to_both(there, host):
    if there.platform == host.platform:
        pytest.skip("the accelerator under test is the CPU itself")
    x, y = weft.device_put(np.ones(3, "f4"), there), weft.device_put(np.ones(3, "f4"), host)
    with pytest.raises(ValueError, match="received incompatible devices"):
        x + y
    assert (x + weft.device_put(y, there)).devices() == {there}


def test_donation(there):
    f = weft.jit(lambda a: a + 1, donate_argnums=0)
    x = jnp.ones((256, 256))
    y = f(x)
    assert x.is_deleted() and float(y[0, 0]) == 2.0
    with pytest.raises(RuntimeError, match="deleted"):
        f(x)


def test_out_of_memory(there):
    f = weft.jit(lambda a: jnp.broadcast_to(a, (1 << 20, 1 << 20)) + jnp.arange(1 << 20, dtype=jnp.float32))
    with pytest.raises(weft.errors.JaxRuntimeError, match="RESOURCE_EXHAUSTED"):
        f(1.0).block_until_ready()
    assert float(jnp.add(1.0, 1.0)) == 2.0
