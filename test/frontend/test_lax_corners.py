"""weft.lax at the corners where it once differed from JAX."""

import numpy as np
import pytest

import weft
import weft.numpy as jnp
from weft import lax


def test_large_python_integers_are_converted():
    assert lax.convert_element_type(2**32 + 5, "int32") == 5
    assert lax.convert_element_type(-1, np.uint8) == 255
    assert lax.convert_element_type(2**100, np.float32) == np.float32(2.0**100)
    assert lax.convert_element_type(2**40, np.bool_)


def test_second_slopes_of_eigenvalues():
    a = np.array([[2.0, 1.0], [0.5, -1.0]], np.float32)

    def spread(t):
        turned = a * (1 + t * jnp.array([[0.0, 1.0], [0.0, 0.0]]))
        (w,) = lax.linalg.eig(turned, compute_left_eigenvectors=False, compute_right_eigenvectors=False)
        return jnp.abs(w[0] - w[1])

    # The distance is sqrt(trace^2 - 4 det), with trace 1 and det = -2 - (1 + t) / 2.
    distance = lambda t: np.sqrt(1 + 4 * (2 + (1 + t) / 2))
    step = 1e-3
    wanted = (distance(step) - 2 * distance(0.0) + distance(-step)) / step**2
    np.testing.assert_allclose(weft.grad(weft.grad(spread))(0.0), wanted, rtol=1e-3)


def test_dimensions_of_ragged_products_are_checked():
    numbers = lambda ragged, groups: lax.RaggedDotDimensionNumbers((((1,), (1,)), ((), ())), ragged, groups)
    product = lambda ragged, groups: lax.ragged_dot_general(
        jnp.ones((6, 4)), jnp.ones((3, 4, 5)), jnp.array([1, 2, 3]), numbers(ragged, groups)
    )
    assert product((0,), (0,)).shape == (6, 5)
    for ragged, groups, message in (
        ((7,), (0,), "out of range for 2 axes"),
        ((0,), (), "must name one axis"),
        ((0,), (1,), "neither contracted nor batched"),
        ((0,), (9,), "out of range for 3 axes"),
        ((1,), (0,), "must be empty"),
    ):
        with pytest.raises(TypeError, match=message):
            product(ragged, groups)
