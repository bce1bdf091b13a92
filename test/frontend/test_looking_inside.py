"""Live arrays, versions, and the switches for finding out what happens."""

import gc

import numpy as np
import pytest

import weft
import weft.numpy as jnp
from weft import lax


def test_live_arrays():
    x, key = jnp.full((3, 77), 2.5), weft.random.split(weft.random.key(0), 5)
    live = weft.live_arrays()
    same = [y for y in live if y.shape == (3, 77) and y.unsafe_buffer_pointer() == x.unsafe_buffer_pointer()]
    assert len(same) == 1 and type(same[0]) is type(x) and same[0].tolist() == x.tolist()
    assert any(y.shape == (5,) and y.dtype == key.dtype for y in weft.live_arrays("cpu"))
    x.delete()
    del same, live
    assert not [y for y in weft.live_arrays() if y.shape == (3, 77)]


def test_print_environment_info(capsys):
    assert weft.print_environment_info() is None
    text = capsys.readouterr().out
    assert text.rstrip("\n") == weft.print_environment_info(return_string=True)
    for part in (
        f"weft:          {weft.__version__}",
        np.__version__,
        "jaxlib:",
        "python:",
        "device info:   cpu-",
    ):
        assert part in text


def test_compile_time_evaluation():
    @weft.jit
    def f(x):
        with weft.ensure_compile_time_eval():
            table = jnp.arange(4.0) ** 2
            assert float(table.sum()) == 14.0 and bool(weft.grad(jnp.sin)(0.0) == 1)
            assert weft.jit(lambda a: a + 1)(table).tolist() == [1.0, 2.0, 5.0, 10.0]
            y = x + table  # of what is traced it is traced
            assert type(y) is not weft.Array
            y = jnp.mean(y * 2)
        return y - jnp.ones(())

    assert float(f(1.0)) == 2 * (14 / 4 + 1) - 1
    assert float(weft.grad(f)(1.0)) == 2.0
    with weft.ensure_compile_time_eval():
        assert jnp.ones(2).sum() == 2.0


def test_no_tracing():
    f = weft.jit(lambda x: x * 3)
    with (
        weft.no_tracing(True),
        pytest.raises(RuntimeError, match=r"re-tracing function <lambda> at .*'no_tracing'"),
    ):
        f(1.0)
    assert f(1.0) == 3
    with weft.no_tracing(True):
        assert f(2.0) == 6


def test_no_execution():
    f, x = weft.jit(lambda x: x * 3), jnp.ones(2)
    f(x), x + x, jnp.mean(x), weft.grad(jnp.sin)(1.0)
    for use in (
        lambda: f(x),
        lambda: x + x,
        lambda: jnp.mean(x),
        lambda: weft.grad(jnp.sin)(1.0),
    ):
        with weft.no_execution(True), pytest.raises(RuntimeError, match="no_execution config option is set"):
            use()
        use()
    with weft.no_execution():
        assert (
            weft.make_ir(f)(1.0) and weft.eval_shape(f, 1.0).shape == () and weft.device_put(1.0).item() == 1
        )


LEAK = []


def leaks(x):
    LEAK.append(x * 2)
    return x


@pytest.mark.parametrize(
    "transform",
    [weft.jit, weft.grad, lambda f: lambda x: weft.vmap(f)(jnp.ones(2)), lambda f: lambda x: weft.eval_shape(f, x),
     lambda f: lambda x: lax.scan(lambda c, a: (f(c), a), x, jnp.ones(2))],
    ids=["jit", "grad", "vmap", "eval_shape", "scan"],
)  # fmt: skip
def test_checking_leaks(transform):
    transform(leaks)(1.0)  # nobody looks
    with (
        weft.checking_leaks(),
        pytest.raises(weft.errors.UnexpectedTracerError, match=r"leaked tracer.*left") as error,
    ):
        transform(leaks)(1.0)
    assert "held by a list, at position" in str(error.value) and "LEAK.append(x * 2)" in str(error.value)
    LEAK.clear()


def test_no_leak():
    def f(x):
        inner = weft.jit(lambda y: y * x)
        total, _ = lax.scan(lambda c, a: (c + inner(a), c), x, jnp.ones(3))
        return weft.checkpoint(jnp.sin)(lax.cond(total > 0, jnp.cos, jnp.sin, total))

    with weft.checking_leaks():
        assert np.isfinite(float(weft.jit(f)(1.0)))
        assert np.isfinite(float(weft.jit(weft.grad(f))(1.0)))
        assert np.isfinite(np.asarray(weft.vmap(weft.grad(f))(jnp.ones(2)))).all()
    gc.collect()


def test_user_context():
    traces = []
    mode = weft.make_user_context("train")

    @weft.jit
    def f(x):
        traces.append(mode.value)
        return x + 1

    f(1.0)
    with mode("test"):
        f(1.0)
        f(1.0)
    f(1.0)
    assert traces == ["train", "test"]


def test_switches_without_effect_here():
    """They are there for programs that set them; docs/gaps.md says what they do."""
    for switch in (weft.thread_guard, weft.jax2tf_associative_scan_reductions, weft.softmax_custom_jvp,
                   weft.remove_size_one_mesh_axis_from_type):  # fmt: skip
        with switch(True):
            assert (jnp.ones(2) + 1).tolist() == [2.0, 2.0]


def test_rank_promotion():
    with weft.numpy_rank_promotion("raise"), pytest.raises(ValueError, match="rank"):
        jnp.ones((2, 3)) + jnp.ones(3)
    with weft.numpy_rank_promotion("warn"), pytest.warns(UserWarning, match="rank"):
        jnp.ones((2, 3)) + jnp.ones(3)


def test_matmul_precision():
    x = jnp.ones((2, 2))
    with weft.default_matmul_precision("highest"):
        assert "HIGHEST" in weft.jit(lambda a: a @ a).lower(x).as_text()
    assert "HIGHEST" not in weft.jit(lambda a: a @ a).lower(x).as_text()


def test_disable_jit():
    seen = []

    @weft.jit
    def f(x):
        seen.append(type(x))
        return x * 2

    with weft.disable_jit():
        assert f(jnp.ones(())) == 2
    assert len(seen) == 1 and issubclass(seen[0], weft.Array)
