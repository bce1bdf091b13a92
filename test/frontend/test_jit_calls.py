"""Calls of jitted functions: arguments of every kind find the right program, and errors tell what is wrong."""

import collections
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import weft
import weft.numpy as jnp
from weft import errors, jit
from weft._tracing.trace import MOMENT, call_key


def traced_with(fun, **options):
    """A jitted function and the list of the types that it is traced with."""
    seen = []

    def noting(*args, **kwargs):
        seen.append([str(weft.typeof(x)) for x in weft.tree.leaves((args, kwargs))])
        return fun(*args, **kwargs)

    return jit(noting, **options), seen


class Subclass(np.ndarray):
    """An array of NumPy that is not quite one."""


# Numbers and NumPy arrays


def test_numbers_are_told_apart_by_type_and_not_by_value():
    f, seen = traced_with(lambda x: x)
    values = [2, 2.0, True, 2j, 3, 3.0, False, 3j]
    assert [f(x).item() for x in values] == values
    assert seen == [["i32[]"], ["f32[]"], ["bool[]"], ["c64[]"]]
    assert [f(x).weak_type for x in values[:4]] == [True, True, False, True]


def test_zeros_of_both_signs_and_nan():
    f = jit(lambda x: 1.0 / x)
    assert [f(0.0).item(), f(-0.0).item(), f(0.0).item()] == [np.inf, -np.inf, np.inf]
    assert np.isnan(f(float("nan")).item()) and f(2.0).item() == 0.5


def test_more_numbers_than_are_kept():
    f = jit(lambda x, y: x + y)
    assert all(f(n, 0.5).item() == n + 0.5 for n in range(5000))


def test_an_int_out_of_range():
    with pytest.raises(OverflowError, match="1099511627776 is out of range for int32"):
        jit(lambda x: x)(2**40)
    with weft.enable_x64(True):
        assert jit(lambda x: x)(2**40).item() == 2**40


@pytest.mark.parametrize(
    ("x", "kind"),
    [
        (np.arange(3.0), "float32"),
        (np.arange(3), "int32"),
        (np.arange(6, dtype="f4")[::-2], "float32"),
        (np.asfortranarray(np.arange(6, dtype="f4").reshape(2, 3)), "float32"),
        (np.float16(2.5), "float16"),
        (np.array(3, "u1"), "uint8"),
        (np.ones((0, 2), bool), "bool"),
        (np.ones(2).view(Subclass), "float32"),
        (np.array([1 + 2j]), "complex64"),
    ],
    ids=lambda x: "" if isinstance(x, str) else f"{type(x).__name__}-{np.asarray(x).dtype.str}",
)
def test_numpy_arguments(x, kind):
    f = jit(lambda x: x)
    for _ in range(2):
        y = f(x)
        assert y.dtype == kind and not y.weak_type and isinstance(y, weft.Array)
        np.testing.assert_array_equal(np.asarray(y), np.asarray(x))


def test_a_numpy_array_is_read_anew_in_each_call():
    f, x = jit(lambda x: x * 2), np.ones(16, "f4")
    y = f(x)
    x[:] = 5
    assert y.tolist() == [2] * 16 and f(x).tolist() == [10] * 16


def test_strange_arguments():
    for x in ("text", np.array(["a"]), np.array([object()]), np.arange(3, dtype=">i4"), object()):
        with pytest.raises(TypeError, match=r"argument x.*is not an array or a number"):
            jit(lambda x: x)(x)
    with pytest.raises(TypeError, match=r"argument x\['a'\]\[1\] is 'b'"):
        jit(lambda x: x)({"a": [1, "b"]})


# Names, containers, static arguments


def test_the_order_of_names_does_not_matter():
    f, seen = traced_with(lambda x, *, b, a: x + 10 * a + 100 * b)
    one, two = jnp.ones(2), jnp.full(2, 2.0)
    assert f(one, a=two, b=3).tolist() == f(one, b=3, a=two).tolist() == [321, 321]
    assert len(seen) == 1 and f._cache_size() == 1
    assert f(one, b=two, a=3).tolist() == [231, 231]


def test_positions_and_names_may_be_mixed():
    f = jit(lambda x, y=2.0, *rest, z=1.0, **more: x - y + z + sum(rest) + sum(more.values()))
    calls = [((1.0,), {}), ((1.0, 3.0), {}), ((1.0,), {"y": 3.0}), ((1.0, 1.0, 5.0), {"z": 2.0, "w": 4.0})]
    for _ in range(2):
        assert [f(*args, **kwargs).item() for args, kwargs in calls] == [0, -1, -1, 11]


def test_none_and_containers():
    Pair = collections.namedtuple("Pair", "a b")
    f = jit(lambda x, y: (y, x) if y is None else Pair(x["a"], y))
    for _ in range(2):
        assert f({"a": 1}, None) == (None, {"a": 1})
        assert f({"a": 1}, 2.0) == Pair(1, 2.0)
        assert f({"a": None}, ()) == Pair(None, ())


def test_static_arguments_are_told_apart_by_type_and_value():
    f = jit(lambda x, how: f"{how!r}" and x * (2 if how is True else 3 if how == 1 else 4), static_argnums=1)
    for _ in range(2):
        assert [f(1, True).item(), f(1, 1).item(), f(1, how=1).item(), f(1, "s").item()] == [2, 3, 3, 4]
    g = jit(lambda shape, x: jnp.zeros(shape) + x, static_argnums=0)
    assert g((2,), 1.0).shape == (2,) and g((3,), 1.0).shape == (3,) and g((2,), np.ones(2)).shape == (2,)


def test_static_arguments_from_the_end_and_by_name():
    f = jit(lambda *xs: xs[0] * xs[-1], static_argnums=-1)
    assert f(2.0, 3).item() == 6 and f(2.0, 1.0, 4).item() == 8 and f(2.0, 5).item() == 10
    g = jit(lambda x, *, n, m: x * n + m, static_argnames=("n",))
    assert g(1.0, n=2, m=3.0).item() == g(1.0, m=3.0, n=2).item() == 5
    assert g(1.0, n=4, m=np.float32(3)).item() == 7


def test_static_arguments_next_to_containers():
    f = jit(lambda tree, n: {k: v * n for k, v in tree.items()}, static_argnames="n")
    for n in (2, 3, 2):
        assert f({"a": jnp.ones(()), "b": 2}, n) == {"a": n, "b": 2 * n}


@pytest.mark.parametrize("value", [[1], {}, np.ones(2), (1, [2])], ids=["list", "dict", "array", "nested"])
def test_a_static_argument_without_a_hash(value):
    f = jit(lambda x, n: x, static_argnums=1)
    assert f(1.0, (1,)) == f(1.0, (1.0, 1.0)) == f(1.0, (1, (2,))) == 1
    for _ in range(2):
        with pytest.raises(ValueError, match="non-hashable static argument 1") as caught:
            f(1.0, value)
        assert caught.value.__suppress_context__
    with pytest.raises(ValueError, match="non-hashable static argument n"):
        f(1.0, n=value)
    with pytest.raises(ValueError, match="non-hashable static argument 1"):
        f(1.0, jnp.ones(2))


# Errors


@pytest.mark.parametrize("kind", [KeyError, AttributeError, TypeError, ValueError, RuntimeError])
@pytest.mark.parametrize(
    "args",
    [(1.0,), ([1.0],), (np.ones(2),), (jnp.ones(2) if False else 3,)],
    ids=["number", "list", "numpy", "int"],
)
def test_an_exception_of_the_function_stands_alone(kind, args):
    @jit
    def f(x):
        raise kind("of the user")

    for call in (lambda: f(*args), lambda: f(x=args[0]), lambda: f(jnp.ones(3))):
        with pytest.raises(kind, match="of the user") as caught:
            call()
        assert caught.value.__context__ is None and caught.value.__cause__ is None


def test_donated_and_deleted_arrays():
    f = jit(lambda x, y: x + y, donate_argnums=0)
    x, y = jnp.ones(3), jnp.ones(3)
    f(x, y)
    assert x.is_deleted() and not y.is_deleted()
    with pytest.raises(RuntimeError, match=r"deleted with shape=float32\[3\]") as caught:
        f(x, y)
    assert caught.value.__suppress_context__
    with pytest.raises(RuntimeError, match=r"is donated.*but the same array is also argument 1"):
        f(y, y)
    with pytest.raises(RuntimeError, match="Array has been deleted"):
        x + 1.0
    with pytest.raises(RuntimeError, match="Array has been deleted"):
        jnp.sin(x)
    with pytest.raises(RuntimeError, match="Array has been deleted"):
        jnp.mean(x, axis=0)


def test_a_donated_number_is_not_that_of_others():
    f, g = jit(lambda x, y: x * y, donate_argnums=(0, 1)), jit(lambda x: x + 1)
    for _ in range(3):
        assert g(0.25).item() == 1.25
        assert f(0.25, np.float32(2)).item() == 0.5
        assert (jnp.ones(()) + 0.25).item() == 1.25


def test_a_leaked_tracer_as_an_argument():
    leaked = []
    jit(lambda x: leaked.append(x))(1.0)
    for args in ((leaked[0],), ([leaked[0]],), (1.0, leaked[0])):
        with pytest.raises(errors.UnexpectedTracerError, match="has left the function"):
            jit(lambda *xs: 1.0)(*args)


# In transformations


def test_tracers_beside_numbers_and_numpy_arrays():
    f = jit(lambda x, y, z: jnp.sum(x * y * z))
    x, y = np.arange(3.0, dtype="f4"), np.full(3, 2.0, "f4")
    assert f(x, y, 3.0).item() == 18
    np.testing.assert_allclose(weft.grad(f)(x, y, 3.0), y * 3)
    np.testing.assert_allclose(weft.grad(f, argnums=2)(x, y, 3.0), 6)
    np.testing.assert_allclose(weft.vmap(f, in_axes=(0, None, None))(np.stack([x, x + 1]), y, 3.0), [18, 36])
    np.testing.assert_allclose(jit(weft.grad(lambda x: f(x, y, z=3)))(x), y * 3)


def test_float0_passes():
    zero = np.zeros(3, weft.dtypes.float0)
    for _ in range(2):
        a, b = jit(lambda x, y: (x, y * 2))(zero, 1.0)
        assert a.dtype == weft.dtypes.float0 and a.shape == (3,) and b.item() == 2
    ct = jit(weft.grad(lambda n, x: x * 2.0, allow_int=True))(3, 1.0)
    assert ct.dtype == weft.dtypes.float0
    y, dy = jit(lambda t: weft.jvp(lambda n, x: n * x, (np.arange(3), 2.0), (t, 1.0)))(zero)
    assert y.tolist() == [0, 2, 4] and dy.tolist() == [0, 1, 2]


# Settings and threads


def test_settings_choose_the_program():
    f, seen = traced_with(lambda x: x * 2)
    assert f(1.5).dtype == f(np.float64(1.5)).dtype == "float32"
    with weft.enable_x64(True):
        assert f(1.5).dtype == f(np.float64(1.5)).dtype == "float64"
        assert (jnp.ones(2) + 1.0).dtype == jnp.mean(np.ones(2), axis=0).dtype == "float64"
    assert f(1.5).dtype == "float32" and (jnp.ones(2) + 1.0).dtype == "float32"
    assert seen == [["f32[]"], ["f32[]"], ["f64[]"], ["f64[]"]]
    with weft.disable_jit():
        assert f(1.0) == 2 and len(seen) == 5


def test_the_moment_is_nobodys_while_somebody_traces():
    before, during = MOMENT.key, []

    def f(x):
        during.append((MOMENT.key, call_key()))
        return x

    jit(f)(1.0), weft.grad(f)(1.0), weft.grad(jit(f))(2.0)
    with pytest.raises(ZeroDivisionError):
        jit(lambda x: 1 // 0)(1.0)
    assert set(during) == {(None, None)} and MOMENT.key == before
    with weft.enable_x64(True):
        assert MOMENT.key is None and call_key() not in (None, before)
    assert MOMENT.key == before == call_key()


def test_calls_from_many_threads():
    f = jit(lambda x, y, *, n: {"sum": x + y * n, "pair": (x, y)}, static_argnames="n")
    barrier = threading.Barrier(8)

    def work(number):
        is_wide = number % 4 == 0
        barrier.wait()
        with weft.enable_x64(is_wide):
            for i in range(60):
                x = np.full(number % 3 + 1, i, "i4")
                y = [float(i), np.float32(i), jnp.ones((), "f4")][i % 3]
                out = f(x, y, n=i % 2)
                np.testing.assert_allclose(out["sum"], x + float(y) * (i % 2))
                assert out["pair"][1].dtype == ("float64" if is_wide and i % 3 == 0 else "float32")
                assert (jnp.asarray(x) + 1).tolist() == (x + 1).tolist()
                assert jnp.mean(jnp.asarray(x, "f4"), axis=0).item() == i
                if i % 20 == 0:
                    assert weft.grad(lambda x: x * x)(float(i)).item() == 2 * i
        return True

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(8)))
    assert MOMENT.key == call_key()
