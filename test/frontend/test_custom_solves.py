"""custom_root and custom_linear_solve: solutions and their derivatives, against closed forms and JAX."""

import numpy as np
import pytest
from rules_oracle import same_as_jax

import weft
import weft.lax
import weft.numpy as wnp

A = np.array([[4.0, 1.0, 0.5], [1.0, 3.0, 0.2], [0.1, 0.3, 2.0]], "float32")
B = np.array([1.0, -2.0, 0.5], "float32")


def cube_root(lib, y):
    def newton(f, x):
        return lib.lax.fori_loop(0, 12, lambda _, x: x - f(x) / lib.grad(f)(x), x)

    return lib.lax.custom_root(lambda x: x**3 - y, 1.0, newton, lambda g, y: y / g(1.0))


def solution(lib, a, b, *, with_transpose=True, symmetric=False):
    """a⁻¹ b, by functions that are opaque to the derivative."""

    def direct(matvec, rhs):
        columns = lib.vmap(matvec, in_axes=1, out_axes=1)(lib.np.eye(3, dtype=rhs.dtype))
        return lib.np.linalg.solve(lib.lax.stop_gradient(columns), rhs)

    transposed = direct if with_transpose else None
    matvec = lambda x: (a + a.T if symmetric else a) @ x
    return lib.lax.custom_linear_solve(matvec, b, direct, transposed, symmetric=symmetric)


def test_root_and_its_slopes():
    made = same_as_jax(
        lambda lib: [
            cube_root(lib, 8.0),
            lib.grad(lambda y: cube_root(lib, y))(8.0),
            lib.grad(lib.grad(lambda y: cube_root(lib, y)))(8.0),
            lib.jvp(lambda y: cube_root(lib, y), (8.0,), (2.0,)),
            lib.vmap(lib.grad(lambda y: cube_root(lib, y)))(lib.np.array([1.0, 8.0])),
        ],
        rtol=1e-4,
    )
    np.testing.assert_allclose(made[:3], [2.0, 1 / 12, -2 / 9 * 8.0 ** (-5 / 3)], rtol=1e-4)


@pytest.mark.parametrize("symmetric", [False, True])
def test_solution_and_its_slopes(symmetric):
    def program(lib):
        f = lambda a, b: solution(lib, a, b, symmetric=symmetric)
        total = lambda a, b: lib.np.sum(lib.np.sin(f(a, b)))
        return [
            lib.jit(f)(A, B),
            lib.jit(lib.grad(total, (0, 1)))(A, B),
            lib.jit(lambda a, b: lib.jvp(f, (a, b), (b[:, None] * a, b)))(A, B),
            lib.jit(lib.vmap(lib.grad(total, 1), in_axes=(None, 0)))(A, np.stack([B, 2 * B])),
            lib.jit(lib.hessian(lambda b: total(A, b)))(B),
        ]

    made = same_as_jax(program, rtol=1e-4)
    matrix = A + A.T if symmetric else A
    np.testing.assert_allclose(made[0], np.linalg.solve(matrix, B), rtol=1e-5)


def test_without_a_transposed_solver_there_is_forward_mode_only():
    f = lambda b: solution(_weft(), A, b, with_transpose=False)
    np.testing.assert_allclose(weft.jvp(f, (B,), (B,))[1], np.linalg.solve(A, B), rtol=1e-5)
    with pytest.raises(TypeError, match="transpose"):
        weft.grad(lambda b: wnp.sum(f(b)))(B)


def test_other_results_have_no_slope():
    def program(lib):
        direct = lambda matvec, rhs: (rhs / matvec(lib.np.ones(3)), lib.np.int32(7))
        f = lambda a, b: lib.lax.custom_linear_solve(lambda x: a * x, b, direct, direct, has_aux=True)
        value, aux = f(A[0], B)
        return [value, aux, lib.grad(lambda a: lib.np.sum(f(a, B)[0]))(A[0])]

    assert int(same_as_jax(program)[1]) == 7


def test_wrong_structures():
    with pytest.raises(TypeError, match=r"matvec.*structure"):
        weft.lax.custom_linear_solve(lambda x: (x, x), B, lambda f, b: b)
    with pytest.raises(TypeError, match="structure"):
        weft.lax.custom_root(lambda x: (x, x), 1.0, lambda f, x: x, lambda g, y: y)


def _weft():
    from rules_oracle import library

    return library()
