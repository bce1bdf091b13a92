"""How to think in weft: what arrays, jit, grad, vmap and random keys do, in programs of a few lines.

    python examples/thinking_in_weft.py

Each function is one lesson; it prints what it shows. Who knows JAX knows all of this: only the import differs.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy

import weft
import weft.numpy as np
import weft_runtime
from weft import export, lax, nn, random

LESSONS: list[Callable[[], None]] = []


def lesson(function: Callable[[], None]) -> Callable[[], None]:
    """Puts a lesson on the list, in the order of the file."""
    LESSONS.append(function)
    return function


def complaint(thunk: Callable[[], object]) -> str:
    """Class and first line of what a thunk raises."""
    try:
        thunk()
    except (TypeError, IndexError) as error:  # the tracer errors are among them
        return f"{type(error).__name__}: {str(error).splitlines()[0]}"
    raise AssertionError("expected an error")


# ---- arrays ----


@lesson
def arrays_are_numpy_like() -> None:
    """`weft.numpy` has NumPy's functions; arrays print as NumPy's do."""
    x = np.linspace(0, 4, 5)
    print(np.sqrt(x))
    print(np.arange(10))
    print(2 * np.sin(x) * np.cos(x))


@lesson
def arrays_do_not_change() -> None:
    """An update is a new array; inside jit it happens in place where nobody can tell."""
    x = np.arange(10)

    def assign() -> None:
        x[0] = 10

    print(complaint(assign))
    print(x.at[0].set(10))
    print(x)


@lesson
def numbers_are_32_bits() -> None:
    """float64 is a choice: WEFT_ENABLE_X64=1 or `weft.config.update("enable_x64", True)`."""
    x = np.asarray(numpy.linspace(0.0, 1.0, 3))
    print(x.dtype)
    with weft.enable_x64(True):
        print(np.asarray(numpy.linspace(0.0, 1.0, 3)).dtype)


@lesson
def lax_is_strict() -> None:
    """`weft.lax` is what `weft.numpy` is made of; it does not convert types for you."""
    print(np.add(1, 1.0))
    print(complaint(lambda: lax.add(np.int32(1), np.float32(1.0))))


# ---- jit ----


def selu(x: weft.Array, slope: float = 1.67, scale: float = 1.05) -> weft.Array:
    """An activation function of half a dozen ops, which jit makes one loop."""
    return scale * np.where(x > 0, x, slope * np.exp(x) - slope)


@lesson
def jit_compiles() -> None:
    """The same values as op by op."""
    x = np.arange(-2.0, 3.0)
    print(weft.jit(selu)(x))
    print(np.allclose(weft.jit(selu)(x), selu(x)))


@lesson
def jit_calls_python_once_for_each_type() -> None:
    """Python runs while the function is traced: with tracers, which know shape and dtype but no value."""

    @weft.jit
    def product(x: weft.Array, y: weft.Array) -> weft.Array:
        print("  called with", x, y)
        return x @ y

    print("a new type:")
    product(np.ones((3, 4)), np.ones(4))
    print("the same types again:")
    product(np.zeros((3, 4)), np.zeros(4))
    print("another type:")
    product(np.ones((5, 4)), np.ones(4))


@lesson
def shapes_inside_jit_are_fixed() -> None:
    """How many elements a mask keeps is known outside jit only; `where` does not need to know."""
    x = random.normal(random.key(43), (10,))
    print(x[x < 0].shape)
    print(complaint(lambda: weft.jit(lambda x: x[x < 0])(x)))
    print(weft.jit(lambda x: np.where(x < 0, x, 0).shape)(x))


@lesson
def values_that_decide_are_static() -> None:
    """`if` asks for a value, which a tracer has not; a static argument is a plain value."""

    def flipped(x: int, neg: bool) -> int:
        return -x if neg else x

    print(complaint(lambda: weft.jit(flipped)(1, True)))
    print(repr(weft.jit(flipped, static_argnums=1)(1, True)))
    print(weft.jit(lambda x: lax.cond(x > 2, lambda: x * 10, lambda: x))(3))


# ---- grad ----


def sum_logistic(x: weft.Array) -> weft.Array:
    """Sum of the logistic function over all elements."""
    return np.sum(1.0 / (1.0 + np.exp(-x)))


@lesson
def grad_differentiates() -> None:
    """`grad` takes a function and gives a function."""
    x = np.arange(3.0)
    print(weft.grad(sum_logistic)(x))
    eps = 1e-2
    steps = eps * np.eye(3)
    print(np.array([(sum_logistic(x + s) - sum_logistic(x - s)) / (2 * eps) for s in steps]).round(3))


@lesson
def transformations_compose() -> None:
    """In any order, to any depth."""
    print(weft.grad(weft.jit(weft.grad(weft.jit(weft.grad(sum_logistic)))))(1.0))
    x = np.arange(3.0)
    print(np.diag(weft.jacobian(np.exp)(x)))
    hessian = weft.jit(weft.jacfwd(weft.jacrev(sum_logistic)))(x)
    print(np.allclose(hessian, weft.hessian(sum_logistic)(x)))


@lesson
def python_control_flow_can_be_differentiated() -> None:
    """Outside jit, `grad` follows the values: `if` and `while` work."""

    def collatz_like(x: weft.Array) -> weft.Array:
        while x > 1:
            x = x / 2 if x > 4 else x - 1
        return x**2

    print(weft.value_and_grad(collatz_like)(10.0))


# ---- vmap ----


@lesson
def vmap_batches() -> None:
    """A function of one vector becomes a function of many; here a matrix product."""
    key, other = random.split(random.key(1701))
    matrix, batch = random.normal(key, (150, 100)), random.normal(other, (10, 100))

    def apply(v: weft.Array) -> weft.Array:
        return np.dot(matrix, v)

    batched = weft.jit(weft.vmap(apply))
    print(batched(batch).shape)
    print(np.allclose(batched(batch), batch @ matrix.T, atol=1e-4))


@lesson
def gradients_of_each_example() -> None:
    """`vmap` of `grad`: the weights are shared, the examples are not."""

    def loss(w: weft.Array, x: weft.Array, y: weft.Array) -> weft.Array:
        return (nn.sigmoid(x @ w) - y) ** 2

    w, x, y = np.array([0.5, -0.5]), np.array([[1.0, 2.0], [3.0, 4.0], [0.0, 1.0]]), np.array([1.0, 0.0, 1.0])
    print(weft.jit(weft.vmap(weft.grad(loss), in_axes=(None, 0, 0)))(w, x, y))


# ---- random numbers ----


@lesson
def keys_are_used_once() -> None:
    """The same key gives the same numbers; `split` makes keys that know nothing of each other."""
    key = random.key(43)
    print(key)
    print(random.normal(key), random.normal(key))
    for i in range(3):
        key, subkey = random.split(key)
        print(f"draw {i}: {random.normal(subkey)}")


# ---- what becomes of a function ----


@lesson
def a_function_is_mlir() -> None:
    """`make_ir` prints the program as it was traced: `weft-opt` reads it."""
    print(weft.make_ir(selu)(np.arange(3.0)))


# ---- export ----


@lesson
def functions_travel() -> None:
    """An exported function is a file that runs without weft's compiler, for arrays of any length n."""
    file = export.export(weft.jit(selu))(
        weft.ShapeDtypeStruct(export.symbolic_shape("n"), "float32")
    ).serialize()
    load = weft_runtime.load(file)
    print(load)
    print(load(np.arange(3.0)), load(np.zeros(1)))


def main() -> None:
    """All lessons."""
    for function in LESSONS:
        print(f"\n# {function.__name__.replace('_', ' ')}")
        function()


if __name__ == "__main__":
    main()
