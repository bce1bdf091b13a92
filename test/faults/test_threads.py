"""Many threads that trace, compile and call at once."""

import threading

import numpy as np

import weft
import weft.numpy as jnp
from weft import lax, random


def in_threads(count, work):
    failures = []

    def run(n):
        try:
            work(n)
        except BaseException as error:  # noqa: BLE001  # whatever it is, the test shall see it
            failures.append((n, error))

    threads = [threading.Thread(target=run, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures[0]


def test_everything_at_once():
    shared = weft.jit(lambda x: jnp.exp(x))

    def work(n):
        value = np.linspace(0.1, 1.0, n + 2).astype("f4")
        x = jnp.asarray(value)
        for k in range(1, 4):
            got = weft.jit(lambda a, k=k: (jnp.sin(a) * (k + n)).sum())(x)
            np.testing.assert_allclose(got, (np.sin(value) * (k + n)).sum(), rtol=1e-4)
            slope = weft.grad(lambda a, k=k: (jnp.tanh(a * k) ** 2).sum())(x)
            wanted = 2 * np.tanh(value * k) / np.cosh(value * k) ** 2 * k
            np.testing.assert_allclose(slope, wanted, rtol=1e-3, atol=1e-6)
            np.testing.assert_allclose(weft.vmap(shared)(jnp.ones((4, 3))), np.full((4, 3), np.e), rtol=1e-5)
            np.testing.assert_allclose(jnp.mean(x), value.mean(), rtol=1e-5)
            final, _ = lax.scan(lambda c, a: (c + a, c), 0.0, x)
            np.testing.assert_allclose(final, value.sum(), rtol=1e-5)
            assert random.normal(random.key(n), (2,)).tolist() == random.normal(random.key(n), (2,)).tolist()
            assert ((jnp.ones(3) + n) * k).tolist() == [(1.0 + n) * k] * 3

    in_threads(8, work)


def test_first_call_of_one_function():
    traces = []
    start = threading.Barrier(8)

    @weft.jit
    def f(x):
        traces.append(x)
        return jnp.cos(x) * 2

    def work(n):
        start.wait()
        for _ in range(20):
            assert f(jnp.zeros(4)).tolist() == [2.0] * 4

    in_threads(8, work)
    assert 1 <= len(traces) <= 8


def test_options_belong_to_the_thread():
    def work(n):
        for _ in range(5):
            with weft.enable_x64(n % 2 == 0):
                assert jnp.asarray(np.ones(2)).dtype == (np.float64 if n % 2 == 0 else np.float32)
                assert weft.jit(lambda a: a + 1)(np.ones(2)).dtype == jnp.asarray(np.ones(2)).dtype

    in_threads(8, work)


def test_failures_in_some_threads():
    def work(n):
        for k in range(5):
            if n % 2:
                try:
                    weft.jit(lambda a, k=k: jnp.ones((2, k + 3)) @ a)(jnp.ones((2, 2)))
                except TypeError:
                    continue
                raise AssertionError("the sizes do not fit")
            assert weft.jit(lambda a, k=k: a + k)(jnp.ones(2)).tolist() == [1.0 + k] * 2

    in_threads(8, work)
