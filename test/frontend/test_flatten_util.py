"""`ravel_pytree`: a tree as one vector, and back. Needs weft.numpy."""

import numpy as np
import pytest

from weft.flatten_util import ravel_pytree

jnp = pytest.importorskip("weft.numpy")


def test_one_dtype():
    vector, unravel = ravel_pytree({"w": jnp.ones((2, 2)), "b": jnp.zeros(1)})
    assert vector.shape == (5,) and vector.dtype == np.float32
    tree = unravel(jnp.arange(5.0))
    np.testing.assert_array_equal(tree["b"], [0.0])
    np.testing.assert_array_equal(tree["w"], [[1.0, 2.0], [3.0, 4.0]])
    assert unravel(jnp.ones(5, np.float16))["w"].dtype == np.float16
    with pytest.raises(ValueError, match=r"expected a vector of shape \(5,\), got shape \(4,\)"):
        unravel(jnp.ones(4))


def test_mixed_dtypes():
    tree = {"a": jnp.ones(2, bool), "b": jnp.ones(1, np.complex64), "c": np.int32(3)}
    vector, unravel = ravel_pytree(tree)
    assert vector.dtype == np.complex64
    again = unravel(vector)
    assert [again[key].dtype.name for key in "abc"] == ["bool", "complex64", "int32"]
    assert int(again["c"]) == 3 and again["c"].shape == ()
    with pytest.raises(TypeError, match="expected a vector of dtype complex64, got float32"):
        unravel(jnp.ones(4))


def test_no_leaves():
    vector, unravel = ravel_pytree([None, ()])
    assert vector.shape == (0,) and unravel(vector) == [None, ()]


def test_unravel_is_equal_for_equal_structures():
    first, second = (ravel_pytree([jnp.zeros(2), n])[1] for n in (1.0, 2.0))
    assert first == second and hash(first) == hash(second)
