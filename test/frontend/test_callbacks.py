"""Python functions inside compiled programs: results, order, derivatives, batching, and what errors say."""

import gc
import logging

import numpy as np
import pytest

import weft
import weft.numpy as jnp
from weft import ShapeDtypeStruct, debug, grad, jit, lax, pure_callback, vmap
from weft._tracing.executables import BY_STRUCTURE
from weft.experimental import io_callback

SCALAR = ShapeDtypeStruct((), np.float32)


def host_sin(x):
    return np.sin(x)


def sine(x):
    return pure_callback(host_sin, SCALAR, x, vmap_method="sequential")


@pytest.fixture
def seen():
    return []


# pure_callback


@pytest.mark.parametrize("transform", [lambda f: f, jit])
def test_pure_values(transform):
    np.testing.assert_allclose(transform(sine)(0.5), np.sin(np.float32(0.5)))


def test_pure_trees_and_keywords():
    struct = {"a": SCALAR, "b": (ShapeDtypeStruct((2,), np.int32),)}

    def host(x, *, y):
        return {"a": x["p"] + y, "b": (np.array([1, 2], np.int32),)}

    def f(x, y):
        return pure_callback(host, struct, {"p": x}, y=y)

    for g in (f, jit(f)):
        out = g(jnp.float32(1.0), jnp.float32(2.0))
        assert float(out["a"]) == 3.0
        np.testing.assert_array_equal(out["b"][0], [1, 2])


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint32", "float16", "bfloat16", "float32", "complex64"])
def test_pure_dtypes(dtype):
    x = jnp.ones((2, 3), dtype)
    out = jit(lambda x: pure_callback(lambda v: v, ShapeDtypeStruct((2, 3), dtype), x))(x)
    assert out.dtype == x.dtype
    np.testing.assert_array_equal(np.asarray(out), np.asarray(x))


def test_pure_in_control_flow():
    def loop(x):
        x, ys = lax.scan(lambda c, _: (sine(c), c), x, None, length=3)
        x = lax.while_loop(lambda v: v < 2.0, lambda v: v + sine(v) * 0 + 1, x)
        return lax.cond(x > 0, sine, lambda v: v, x), ys

    first, ys = jit(loop)(jnp.float32(0.5))
    a = np.float32(0.5)
    expected = [a, np.sin(a), np.sin(np.sin(a))]
    np.testing.assert_allclose(ys, expected, rtol=1e-6)
    last = np.sin(expected[-1])
    while last < 2:
        last += 1
    np.testing.assert_allclose(first, np.sin(last), rtol=1e-6)


def test_unused_pure_is_not_called(seen):
    def f(x):
        pure_callback(lambda v: seen.append(v) or v, SCALAR, x)
        return x

    jit(f)(jnp.float32(1.0)).block_until_ready()
    assert not seen


@pytest.mark.parametrize(
    ("method", "shapes"),
    [
        ("sequential", [((2,), (2,))] * 3),
        ("sequential_unrolled", [((2,), (2,))] * 3),
        ("expand_dims", [((3, 2), (1, 2))]),
        ("broadcast_all", [((3, 2), (3, 2))]),
        ("legacy_vectorized", [((3, 2), (2,))]),
    ],
)
def test_vmap_methods(method, shapes, seen):
    def host(x, y):
        seen.append((x.shape, y.shape))
        return x + y

    struct = ShapeDtypeStruct((2,), np.float32)
    f = vmap(lambda x, y: pure_callback(host, struct, x, y, vmap_method=method), in_axes=(0, None))
    x, y = np.arange(6, dtype=np.float32).reshape(3, 2), np.array([1, 2], np.float32)
    for g in (f, jit(f)):
        seen.clear()
        np.testing.assert_array_equal(g(x, y), x + y)
        assert seen == shapes


def test_what_pure_refuses():
    with pytest.raises(ValueError, match="Pure callbacks do not support JVP"):
        grad(sine)(1.0)
    with pytest.raises(NotImplementedError, match="vmap_method=None"):
        vmap(lambda x: pure_callback(host_sin, SCALAR, x))(jnp.ones(3))
    with pytest.raises(ValueError, match="but got: bad"):
        pure_callback(host_sin, SCALAR, 1.0, vmap_method="bad")
    with pytest.raises(TypeError, match="must be callable"):
        pure_callback(3, SCALAR, 1.0)
    with pytest.raises(TypeError, match="result_shape_dtypes must hold"):
        pure_callback(host_sin, "float32", 1.0)


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (np.ones(3, np.float32), r"result 0 must be float32\[\], got float32\[3\]"),
        (np.int32(1), r"result 0 must be float32\[\], got int32\[\]"),
        ((np.float32(1), np.float32(1)), "the structure of result_shape_dtypes"),
    ],
)
def test_wrong_results_are_told(result, message):
    def f(x):
        return pure_callback(lambda v: result, SCALAR, x)

    with pytest.raises(TypeError, match=message):
        f(1.0)
    with pytest.raises(RuntimeError, match=message):
        jit(f)(1.0).block_until_ready()


def test_numbers_and_wide_results_are_narrowed():
    assert float(jit(lambda x: pure_callback(lambda v: 2.5, SCALAR, x))(1.0)) == 2.5
    assert float(jit(lambda x: pure_callback(lambda v: np.float64(2.5), SCALAR, x))(1.0)) == 2.5


def test_exceptions_reach_the_user():
    def bad(x):
        raise ZeroDivisionError("on the host")

    def f(x):
        return pure_callback(bad, SCALAR, x)

    with pytest.raises(ZeroDivisionError, match="on the host"):
        f(1.0)
    with pytest.raises(RuntimeError, match="on the host"):
        jit(f)(1.0).block_until_ready()
    assert float(jit(sine)(0.0)) == 0.0  # and nothing is broken


# Lifetime and caches


def test_functions_live_as_long_as_programs(seen):
    def make(n):
        return jit(lambda x: pure_callback(lambda v: v + np.float32(n), SCALAR, x))

    functions = [make(n) for n in range(3)]
    first = [float(f(1.0)) for f in functions]
    gc.collect()
    assert first == [float(f(1.0)) for f in functions] == [1.0, 2.0, 3.0]


def test_same_structure_other_callback():
    a = vmap(lambda x: pure_callback(lambda v: v + 1, SCALAR, x, vmap_method="broadcast_all"))
    b = vmap(lambda x: pure_callback(lambda v: v - 1, SCALAR, x, vmap_method="broadcast_all"))
    x = jnp.ones(2)
    assert a(x).tolist() == [2.0, 2.0]
    assert b(x).tolist() == [0.0, 0.0]


def test_same_callback_compiles_once():
    x, counts = jnp.ones(7), []
    for _ in range(3):
        vmap(sine)(x)
        counts.append(len(BY_STRUCTURE._known))
    assert counts[0] == counts[1] == counts[2]


# io_callback


@pytest.mark.parametrize("ordered", [False, True])
def test_io_runs_each_time_even_if_unused(ordered, seen):
    def f(x):
        io_callback(lambda v: seen.append(float(v)), None, x, ordered=ordered)
        return x * 2

    g = jit(f)
    for x in (1.0, 1.0, 2.0):
        g(x)
    weft.effects_barrier()
    assert sorted(seen) == [1.0, 1.0, 2.0]
    f(3.0)
    assert len(seen) == 4


def test_io_results_and_vmap(seen):
    def count(x):
        seen.append(float(x))
        return np.float32(len(seen))

    out = vmap(lambda x: io_callback(count, SCALAR, x))(jnp.arange(3.0))
    assert sorted(out.tolist()) == [1.0, 2.0, 3.0]
    with pytest.raises(ValueError, match="ordered IO callback"):
        vmap(lambda x: io_callback(count, SCALAR, x, ordered=True))(jnp.arange(3.0))
    with pytest.raises(ValueError, match="IO callbacks do not support JVP"):
        grad(lambda x: io_callback(count, SCALAR, x))(1.0)


def test_order_through_control_flow(seen):
    def note(tag, v):
        io_callback(lambda v: seen.append((tag, int(v))), None, v, ordered=True)

    @jit
    def inner(v):
        note("inner", v)
        return v + 1

    @jit
    def f(x):
        note("start", x)
        x = inner(x)

        def body(c, i):
            note("scan", c + i)
            return c + 1, None

        x, _ = lax.scan(body, x, jnp.arange(3))
        x = lax.cond(x > 2, lambda v: (note("yes", v), v)[1], lambda v: (note("no", v), v)[1], x)
        x = lax.while_loop(lambda v: v < 6, lambda v: inner(v), x)
        note("end", x)
        return inner(x)

    expected = [("start", 0), ("inner", 0), ("scan", 1), ("scan", 3), ("scan", 5), ("yes", 4)]
    expected += [("inner", 4), ("inner", 5), ("end", 6), ("inner", 6)]
    for _ in range(3):
        f(0)
    weft.effects_barrier()
    assert seen == expected * 3


# Batches in which every element goes its own way


def test_looking_happens_for_all_elements(seen):
    """What only looks at values runs as often as the batch does, for elements that do not need it too."""

    def note(name, v):
        debug.callback(lambda v: seen.append((name, float(v))), v, ordered=True)

    def chosen(x):
        return lax.cond(x > 1, lambda v: (note("yes", v), v * 2)[1], lambda v: v, x)

    def loop(x):
        return lax.while_loop(lambda v: v < 3, lambda v: (note("turn", v), v + 1)[1], x)

    np.testing.assert_array_equal(vmap(chosen)(jnp.arange(3.0)), [0, 1, 4])
    weft.effects_barrier()
    assert seen == [("yes", 0), ("yes", 1), ("yes", 2)]
    seen.clear()
    np.testing.assert_array_equal(vmap(loop)(jnp.arange(1.0, 3.0)), [3, 3])
    weft.effects_barrier()
    assert seen == [("turn", 1), ("turn", 2), ("turn", 2), ("turn", 3)]


def test_acting_for_some_elements_only_is_refused():
    def act(x):
        return io_callback(lambda v: v, SCALAR, x)

    with pytest.raises(NotImplementedError, match="not supported in vmap-of-cond"):
        vmap(lambda x: lax.cond(x > 1, act, lambda v: v, x))(jnp.arange(3.0))
    with pytest.raises(NotImplementedError, match="not supported in while_loop with batched predicate"):
        vmap(lambda x: lax.while_loop(lambda v: v < 3, lambda v: act(v) + 1, x))(jnp.arange(3.0))


# debug


def test_print_everywhere(capsys):
    def f(x):
        debug.print("x={x} {}", x * 2, x=x)
        return x**2

    def printed(g, *args):
        g(*args)
        weft.effects_barrier()
        return capsys.readouterr().out.splitlines()

    once = ["x=3.0 6.0"]
    assert printed(f, 3.0) == once
    assert printed(jit(f), 3.0) == once
    assert printed(jit(jit(f)), 3.0) == once
    assert printed(grad(f), 3.0) == once
    assert printed(jit(grad(f)), 3.0) == once
    assert printed(jit(grad(jit(f))), 3.0) == once
    each = ["x=0.0 0.0", "x=1.0 2.0"]
    assert sorted(printed(vmap(f), jnp.arange(2.0))) == each
    assert sorted(printed(jit(vmap(grad(f))), jnp.arange(2.0))) == each
    assert printed(jit(lambda x: lax.scan(lambda c, _: (f(c), None), x, None, length=2)), 1.0) == [
        "x=1.0 2.0",
        "x=1.0 2.0",
    ]
    assert sorted(printed(jit(grad(lambda x: lax.fori_loop(0, 2, lambda i, v: f(v), x))), 1.0)) == [
        "x=1.0 2.0",
        "x=1.0 2.0",
    ]


def test_print_without_arrays(capsys):
    jit(lambda x: debug.print("hello {}", "you"))(1.0)
    vmap(lambda x: debug.print("all"))(jnp.arange(3))
    vmap(lambda x: debug.print("each {}", x))(jnp.arange(2))
    weft.effects_barrier()
    assert sorted(capsys.readouterr().out.splitlines()) == ["all", "each 0", "each 1", "hello you"]


def test_ordered_print(capsys):
    @jit
    def f(x):
        for i in range(20):
            debug.print("{} {x}", i, x=x, ordered=True)

    f(1.0)
    f(2.0)
    weft.effects_barrier()
    lines = capsys.readouterr().out.splitlines()
    assert lines == [f"{i} {x}" for x in (1.0, 2.0) for i in range(20)]


def test_print_checks_its_format():
    with pytest.raises(IndexError):
        debug.print("{}")
    with pytest.raises(KeyError):
        debug.print("{x}")
    with pytest.raises(ValueError, match="Unused positional arguments"):
        debug.print("{}", 1, 2)
    with pytest.raises(ValueError, match=r"Unused keyword arguments.*f-string"):
        debug.print("{x}", x=1, y=2)
    with pytest.raises(TypeError, match="expected str"):
        debug.print(3)


def test_formats(capsys):
    debug.print("{x:.3f} {y.shape} {z[0]} {{}}", x=1.23456, y=jnp.ones(2), z=(1, 2))
    assert capsys.readouterr().out == "1.235 (2,) 1 {}\n"


def test_callback_hands_statics_on(seen):
    jit(lambda x: debug.callback(lambda *a: seen.append(a), x, "name", None))(jnp.float32(1.0))
    debug.callback(ordered=True)(lambda *a: seen.append(a), 2)
    weft.effects_barrier()
    assert sorted(float(a[0]) for a in seen) == [1.0, 2.0]
    assert ("name", None) in [a[1:] for a in seen]


def test_failure_in_debug_callback():
    def bad(x):
        raise ValueError("look here")

    with pytest.raises(RuntimeError, match="look here"):
        jit(lambda x: debug.callback(bad, x))(1.0)
        weft.effects_barrier()
    weft.effects_barrier()


def test_log(caplog):
    with caplog.at_level(logging.INFO, logger="weft.debug"):
        debug.log("value {}", 3)
    assert caplog.messages == ["value 3"]


def test_stages(seen):
    lowered = jit(lambda x: io_callback(lambda v: seen.append(float(v)), None, x)).lower(1.0)
    assert "xla_ffi_python_cpu_callback" in lowered.as_text()
    lowered.compile()(2.0)
    weft.effects_barrier()
    assert seen == [2.0]
