"""Operators and library functions outside of transformations: each call finds the program of its types."""

import gc

import numpy as np
import pytest

import weft
import weft.numpy as jnp
from weft_runtime import pjrt

OPERATORS = {
    "+": lambda x, y: x + y,
    "-": lambda x, y: x - y,
    "*": lambda x, y: x * y,
    "/": lambda x, y: x / y,
    "//": lambda x, y: x // y,
    "%": lambda x, y: x % y,
    "**": lambda x, y: x**y,
    "<": lambda x, y: x < y,
    "==": lambda x, y: x == y,
}


@pytest.mark.parametrize("name", OPERATORS)
@pytest.mark.parametrize("other", [2, 2.0, True, 0.5, -1.0], ids=repr)
def test_operators_beside_numbers(name, other):
    operator = OPERATORS[name]
    x = np.array([1.0, 2.0, 5.0], "f4")
    for _ in range(3):
        for args in ((x, other), (other, x), (x, x)):
            got = operator(*[jnp.asarray(a) if a is x else a for a in args])
            want = operator(*args)
            np.testing.assert_allclose(got, want, rtol=1e-6)
            assert got.dtype == want.dtype and got.weak_type is False


def test_the_number_decides_the_dtype():
    x = jnp.arange(3)
    for _ in range(3):
        kinds = [(x + y).dtype.name for y in (1, True, 1.0, 1j)]
        assert kinds == ["int32", "int32", "float32", "complex64"]
        assert [(y + x).dtype.name for y in (1, True, 1.0, 1j)] == kinds
    y = jnp.asarray(2)
    assert (y + 1).weak_type == (jnp.asarray(1.0) + 1).weak_type
    with pytest.raises(OverflowError, match="out of bounds for int32"):
        x + 2**40


def test_zeros_of_both_signs():
    x = jnp.ones(2)
    for _ in range(3):
        assert (x / 0.0).tolist() == [np.inf] * 2 and (x / -0.0).tolist() == [-np.inf] * 2
        assert (x * -0.0).tolist() == [0.0] * 2 and np.signbit(np.asarray(x * -0.0)).all()


def test_what_users_delete_is_not_what_operators_keep():
    x = jnp.ones(2)
    for _ in range(3):
        assert (x + 7.0).tolist() == [8, 8] and (7.0 - x).tolist() == [6, 6]
        jnp.asarray(7.0).delete()
        weft.jit(lambda y: y + 1.0, donate_argnums=0)(jnp.asarray(7.0))


def test_deleted_operands():
    x, y = jnp.ones(2), jnp.ones(2)
    for f in (
        lambda: x + y,
        lambda: y + x,
        lambda: x + 1,
        lambda: 1 - x,
        lambda: jnp.cos(x),
        lambda: jnp.add(y, x),
    ):
        f()
    x.delete()
    for f in (
        lambda: x + y,
        lambda: y + x,
        lambda: x + 1,
        lambda: 1 - x,
        lambda: jnp.cos(x),
        lambda: jnp.add(y, x),
    ):
        with pytest.raises(RuntimeError, match="Array has been deleted") as caught:
            f()
        assert caught.value.__suppress_context__


def test_library_functions_by_position_and_by_name():
    x = jnp.asarray(np.arange(6, dtype="f4").reshape(2, 3))
    for _ in range(2):
        for args, kwargs in [((0,), {}), ((), {"axis": 0}), ((), {"keepdims": False, "axis": 0})]:
            assert jnp.mean(x, *args, **kwargs).tolist() == [1.5, 2.5, 3.5]
        assert jnp.mean(x, axis=(0, 1)).item() == jnp.mean(x).item() == jnp.mean(x, axis=None).item() == 2.5
        assert jnp.mean(x, keepdims=True, axis=1).tolist() == jnp.mean(x, axis=1, keepdims=True).tolist()
        assert jnp.sum(np.arange(3), dtype="float32").dtype == "float32" == jnp.sum(x, dtype=np.float32).dtype
        assert jnp.where(x > 2, x, 0).tolist() == jnp.where(np.asarray(x) > 2, x, 0.0).tolist()
        assert jnp.stack([x, 2 * x]).shape == (2, 2, 3) and jnp.sin(0.5).weak_type


def test_static_values_are_told_apart():
    x = jnp.ones((2, 3))
    for _ in range(2):
        assert jnp.sum(x, axis=1).shape == (2,) and jnp.sum(x, axis=(1,)).shape == (2,)
        with pytest.raises(TypeError):
            jnp.zeros((2.0, 3.0))
        assert jnp.zeros((2, 3)).shape == (2, 3) == jnp.zeros([2, 3]).shape
    with pytest.raises(TypeError):
        jnp.sum(x, axis={})


def test_settings_choose_the_program():
    x = np.arange(3.0)
    for _ in range(2):
        assert jnp.sum(x, axis=0).dtype == jnp.sin(x).dtype == (jnp.asarray(x) + 1.0).dtype == "float32"
        with weft.enable_x64(True):
            assert jnp.sum(x, axis=0).dtype == jnp.sin(x).dtype == (jnp.asarray(x) + 1.0).dtype == "float64"


def test_eager_calls_inside_a_gradient_are_at_once():
    seen = []

    def f(x):
        seen.append((jnp.mean(jnp.arange(3.0), axis=0) + 1.0, jnp.sin(2.0)))
        return x * x

    assert weft.grad(f)(3.0).item() == 6
    assert [type(y) is type(jnp.ones(1)) for y in seen[0]] == [True, True] and seen[0][0].item() == 2


def test_gradients_are_found_by_structure():
    x = jnp.arange(3.0)

    def gradient(scale, sign):
        def f(x):
            return jnp.sum(jnp.tanh(x * scale) if sign else -jnp.tanh(x * scale))

        return weft.grad(f)(x)

    for _ in range(2):
        for scale in (1.0, 2.0):
            want = scale / np.cosh(np.arange(3.0) * scale) ** 2
            np.testing.assert_allclose(gradient(scale, True), want, rtol=1e-4, atol=1e-5)
            np.testing.assert_allclose(gradient(scale, False), -want, rtol=1e-4, atol=1e-5)


def test_references_of_jaxlib_are_dropped_with_the_garbage():
    assert pjrt._drop_references in gc.callbacks
