"""weft.numpy at the corners where it once differed from JAX."""

import array
import copy

import numpy as np
import pytest

import weft
import weft.numpy as jnp


def same(x, y):
    assert np.shape(x) == np.shape(y)
    np.testing.assert_allclose(np.asarray(x), np.asarray(y), rtol=1e-5, atol=1e-6)


def test_take_clips_negative_indices_to_the_first():
    x, i = np.arange(5.0), np.array([-3, 0, 7])
    same(jnp.take(x, i, mode="clip"), np.take(x, i, mode="clip"))


def test_length_of_bincount_wins_over_minlength():
    assert jnp.bincount(jnp.array([1, 2]), minlength=20, length=8).shape == (8,)


def test_diagonals_may_be_traced():
    for function, wanted in ((jnp.eye, np.eye), (jnp.tri, np.tri)):
        made = weft.jit(lambda k, function=function: function(3, 4, k=k))(1)
        same(made, wanted(3, 4, k=1))
    with pytest.raises(TypeError, match="integer scalar"):
        weft.jit(lambda k: jnp.eye(3, k=k))(1.5)


def test_slope_of_the_mantissa():
    x = jnp.array([3.0, -0.3, 0.0])
    same(weft.grad(lambda x: jnp.frexp(x)[0].sum())(x), [0.25, 2.0, 1.0])


def test_functions_keep_to_a_strict_rank_promotion():
    with weft.numpy_rank_promotion("raise"):
        y = np.arange(24.0).reshape(2, 3, 4) ** 2
        same(jnp.trapezoid(y, dx=0.5), np.trapezoid(y, dx=0.5))
        x = np.arange(6.0)
        same(jnp.polyfit(x, x**2, 2), np.polyfit(x, x**2, 2))


def test_trapezoid_promotes_and_broadcasts_the_distance():
    y = np.arange(12.0, dtype=np.float32).reshape(3, 4)
    same(jnp.trapezoid(y, dx=np.arange(3), axis=1), np.trapezoid(y, dx=np.arange(3), axis=1))


def test_interpolation_between_tiny_places_has_finite_slopes():
    x = np.exp(np.linspace(-90, -20, 1000)).astype(np.float32)
    slopes = weft.grad(lambda z: jnp.sum(jnp.interp(z, z, jnp.ones_like(z))))(x)
    assert np.isfinite(np.asarray(slopes)).all()


def test_gradient_along_one_axis_is_an_array():
    assert jnp.gradient(jnp.arange(6.0).reshape(2, 3), axis=(1,)).shape == (2, 3)


def test_complex_logaddexp_has_its_angle_within_a_half_turn():
    x, y = np.array([1 + 4j, -2 - 9j], np.complex64), np.array([1 + 3j, -1 + 8j], np.complex64)
    same(jnp.logaddexp(x, y), np.log(np.exp(x) + np.exp(y)))


def test_buffers_and_masked_arrays():
    same(jnp.asarray(array.array("i", [1, 2])), [1, 2])
    same(jnp.array(bytearray(b"\x2a\xf3")), [42, 243])
    with pytest.raises(ValueError, match="masked arrays are not supported"):
        jnp.array(np.ma.masked_array([1, 2], [True, False]))


def test_flat_indices():
    index = (jnp.array([0, 1]), jnp.array([2, 5]))
    same(weft.jit(lambda i: jnp.ravel_multi_index(i, (2, 3), mode="ignore"))(index), [2, 8])
    assert jnp.ravel_multi_index(index, (2, 6), dtype=np.int8).dtype == np.int8
    with pytest.raises(ValueError, match="not large enough"):
        jnp.ravel_multi_index(index, (200, 300), mode="clip", dtype=np.int8)
    with pytest.raises(ValueError, match="invalid mode"):
        jnp.ravel_multi_index(index, (2, 6), mode="drop")


def test_axes_may_be_numpy_arrays():
    x = jnp.ones((1, 2, 3))
    assert jnp.transpose(x, np.array([2, 0, 1])).shape == (3, 1, 2)
    assert jnp.tensordot(x, x, axes=([1, 2], [1, 2])).shape == (1, 1)


def test_every_array_is_an_instance_of_the_class():
    seen = []
    weft.jit(lambda x: seen.append(isinstance(x, weft.Array)) or x)(1.0)
    assert seen == [True] and isinstance(jnp.ones(2), weft.Array) and weft.Array is jnp.ndarray
    assert not isinstance(1.0, weft.Array) and weft.Array.shape is type(jnp.ones(2)).shape
    with pytest.raises(TypeError, match="instantiated"):
        weft.Array()


def test_methods_of_arrays():
    x = jnp.array([1.25, 2.5])
    assert 2.5 in x and 3.0 not in x
    with pytest.raises(ValueError, match="must be one-dimensional"):
        1 in jnp.array(1)  # noqa: B015
    same(round(x, 1), np.round([1.25, 2.5], 1))
    same(x.compress(np.array([False, True])), [2.5])
    same(weft.jit(lambda x: copy.deepcopy(x) + copy.copy(x))(x), [2.5, 5.0])
    with pytest.raises(weft.errors.ConcretizationTypeError, match="tobytes"):
        weft.jit(lambda x: x.tobytes())(x)


def test_ranges_have_no_complex_numbers():
    with pytest.raises(ValueError, match="complex start/stop/step"):
        jnp.arange(0, 5, 1 + 1j)


def test_grids_of_nothing_and_kinds_of_scalar_classes():
    assert jnp.mgrid[()].shape == (0,) and jnp.ogrid[()] == []
    assert jnp.isdtype(np.float32, "real floating") and not jnp.isdtype(np.int8, "real floating")


def test_a_place_may_be_named_while_tracing():
    device = weft.devices()[0]
    same(weft.jit(lambda: jnp.arange(3, device=device) + jnp.zeros(3, device=device))(), [0, 1, 2])


def test_coefficients_of_correlation_are_no_integers():
    with pytest.raises(ValueError, match="subclass of float or complex"):
        jnp.corrcoef(jnp.arange(5), dtype=int)


def test_tolerances_of_factors():
    x = jnp.ones((3, 3))
    with pytest.raises(ValueError, match="only one of tol or rtol"):
        jnp.linalg.matrix_rank(x, rtol=1e-2, tol=1e-2)
    with pytest.raises(ValueError, match="only one of rtol and rcond"):
        jnp.linalg.pinv(x, rcond=1e-2, rtol=1e-2)
    solution, _, rank, _ = jnp.linalg.lstsq(jnp.zeros((2, 2)), jnp.ones((2, 1)))
    same(solution, np.zeros((2, 1)))
    assert rank == 0


def test_slopes_of_wide_and_of_completed_factors():
    x = np.array([[2.0, -1.0, 0.5, 3.0], [1.0, 4.0, -2.0, 1.0]], np.float32)
    for a, mode in ((x, "reduced"), (x.T, "complete")):
        slope = weft.jvp(lambda a, mode=mode: jnp.matmul(*jnp.linalg.qr(a, mode=mode)), (a,), (a + 1,))[1]
        np.testing.assert_allclose(slope, a + 1, atol=1e-4)


def test_axes_may_be_scalars_on_a_device():
    axis = jnp.array(1)
    x = jnp.ones((2, 3))
    same(jnp.sum(x, axis=axis), [3.0, 3.0])
    same(jnp.sum(x, axis - 1), [2.0, 2.0, 2.0])
    same(jnp.sum(x, axis), [3.0, 3.0])


def test_categorical_keeps_to_a_strict_rank_promotion():
    with weft.numpy_rank_promotion("raise"):
        drawn = weft.random.categorical(weft.random.key(0), jnp.zeros(4), shape=(5,))
    assert drawn.shape == (5,)


def test_masks_without_elements_select_nothing():
    for shape in ((0,), (0, 4), (0, 0)):
        assert jnp.ones((3, 4))[np.zeros(shape, bool)].shape == np.ones((3, 4))[np.zeros(shape, bool)].shape


def test_vectorized_functions_take_none():
    f = jnp.vectorize(lambda x, y: x if y is None else x + y)
    same(f(jnp.arange(3.0), None), [0.0, 1.0, 2.0])
    g = jnp.vectorize(lambda x, y, z: x + z.sum(), signature="(),(n),(m)->()")
    same(g(jnp.arange(3.0), None, jnp.ones(2)), [2.0, 3.0, 4.0])


def test_outer_keeps_to_a_strict_rank_promotion():
    with weft.numpy_rank_promotion("raise"):
        assert jnp.add.outer(jnp.ones((4, 3)), jnp.ones(2)).shape == (4, 3, 2)
