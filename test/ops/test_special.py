"""Special functions and their like: numbers against JAX and SciPy, derivatives and batching against JAX."""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import scipy.special

from weft_compiler.avals import Aval
from weft_compiler.bindings import context, ir
from weft_compiler.dialect.builder import Val
from weft_compiler.dialect.op import REGISTRY, OpTypeError, OpValueError
from weft_compiler.dialect.samples import Sample
from weft_compiler.lowering import lower
from weft_compiler.module import Module
from weft_compiler.passes.batch import batch
from weft_compiler.passes.jvp import differentiate
from weft_compiler.passes.linearize import linearize
from weft_compiler.passes.registry import make_pass
from weft_compiler.passes.transpose import transpose
from weft_tools.backends import run_pjrt

Arrays = Sequence[np.ndarray]

HYPERBOLIC = ("sinh", "cosh", "asin", "acos", "atan", "asinh", "acosh", "atanh")
SPECIAL = ("erf", "erfc", "erf_inv", "lgamma", "digamma", "polygamma", "zeta", "bessel_i0e", "bessel_i1e")
OTHERS = ("exp2", "integer_pow", "nextafter", "reduce_precision", "stop_gradient", "optimization_barrier")
BITS = ("shift_left", "shift_right_logical", "shift_right_arithmetic", "population_count", "clz", "mulhi")
EXACT = ("nextafter", "reduce_precision", "stop_gradient", "optimization_barrier", *BITS)
INCOMPLETE = ("igamma", "igammac", "igamma_grad_a", "random_gamma_grad", "betainc")

# Of zeta, which has a derivative here, JAX has none.
NO_DERIVATIVE = ("igamma_grad_a", "random_gamma_grad", "zeta")

# Tolerance, in spacings of floats at the number.
ULPS = 32


class Program:
    """A function `@f` written by `write(b, *arguments)`, and what the passes make of it."""

    def __init__(self, write: Callable[..., Any], *avals: Aval) -> None:
        context()
        self.module = Module.new()
        with context(), ir.Location.unknown():
            made = self.module.add_function("f", avals, ir.Location.unknown())
            outs = write(self.module.builder(made), *made.args)
            made.finish([outs] if isinstance(outs, Val) else list(outs), ir.Location.unknown())
        self.module.function("f").publish()

    @classmethod
    def of(cls, op: str, attrs: dict[str, Any], operands: Arrays) -> "Program":
        return cls(
            lambda b, *xs: getattr(b, op)(*xs, **attrs), *[Aval.of(o.shape, o.dtype) for o in operands]
        )

    def run(self, fn: str, arrays: Arrays) -> list[np.ndarray]:
        make_pass("weft-verify").run(self.module)
        return run_pjrt(lower(self.module, fn), list(arrays))

    def jvp(self, arrays: Arrays, tangents: Sequence[np.ndarray | None]) -> list[np.ndarray]:
        made = differentiate(self.module, "f", tuple(t is not None for t in tangents))
        outs = self.run(made.fn, [*arrays, *(t for t in tangents if t is not None)])
        return outs[len(made.out_active) :]

    def vjp(self, arrays: Arrays, wrt: tuple[bool, ...], ct: np.ndarray) -> list[np.ndarray]:
        made = linearize(self.module, "f", wrt, (True,))
        _, *residuals = self.run(made.fwd, arrays)
        linear = (True,) * sum(wrt) + (False,) * len(residuals)
        back = transpose(self.module, made.lin, linear, (True,), instantiate=True)
        return self.run(back.fn, [ct, *residuals])


def eps_of(dtype: np.dtype) -> float:
    import ml_dtypes

    return float(ml_dtypes.finfo(dtype).eps)


def close(actual: np.ndarray, wanted: Any, ulps: float = ULPS) -> None:
    wanted = np.asarray(wanted)
    assert (actual.shape, actual.dtype) == (wanted.shape, wanted.dtype)
    if actual.dtype.kind in "biu":
        np.testing.assert_array_equal(actual, wanted)
        return
    wide = np.complex128 if actual.dtype.kind == "c" else np.float64
    tolerance = ulps * eps_of(actual.dtype)
    np.testing.assert_allclose(actual.astype(wide), wanted.astype(wide), rtol=tolerance, atol=tolerance)


def op_class(name: str) -> Any:
    context()
    return REGISTRY.get(f"weft.{name}") or REGISTRY[f"weftn.{name}"]


def samples_of(op: str) -> list[Sample]:
    return list(op_class(op).samples())


def all_in_one(op: str, samples: Sequence[Sample]) -> tuple[Program, list[np.ndarray]]:
    """A program with the op on the operands of every sample: one compilation instead of many."""

    def write(b: Any, *xs: Val) -> list[Val]:
        given, outs = iter(xs), []
        for s in samples:
            made = getattr(b, op)(*[next(given) for _ in s.operands], **s.attrs)
            outs += [made] if isinstance(made, Val) else made
        return outs

    arrays = [o for s in samples for o in s.operands]
    return Program(write, *[Aval.of(a.shape, a.dtype) for a in arrays]), arrays


def with_reference() -> list[str]:
    """The others have no simple NumPy form; they are compared with SciPy and JAX below."""
    return [op for op in (*HYPERBOLIC, *SPECIAL, *OTHERS, *BITS) if hasattr(op_class(op), "reference")]


@pytest.mark.parametrize("op", with_reference())
def test_samples_agree_with_their_reference(op: str) -> None:
    samples = samples_of(op)
    program, arrays = all_in_one(op, samples)
    wanted: list[np.ndarray] = []
    for s in samples:
        made = op_class(op).of(**s.attrs).reference(*s.operands)
        wanted += made if isinstance(made, tuple) else (np.asarray(made),)
    for actual, w in zip(program.run("f", arrays), wanted, strict=True):
        close(actual, w, 0 if op in EXACT else ULPS)


def jax_function(op: str, attrs: dict[str, Any]) -> Callable[..., Any]:
    jax = pytest.importorskip("jax")
    if op == "integer_pow":
        return lambda x: jax.lax.integer_pow(x, attrs["y"])
    if op == "optimization_barrier":
        return lambda *xs: jax.lax.optimization_barrier(xs)
    return lambda *xs: getattr(jax.lax, op)(*xs, **attrs)


@pytest.mark.parametrize("op", [*HYPERBOLIC, *SPECIAL, *OTHERS, *INCOMPLETE])
def test_samples_and_derivatives_agree_with_jax(op: str) -> None:
    jax = pytest.importorskip("jax")
    for s in samples_of(op):
        if s.operands[0].dtype.name not in ("float32", "complex64") or s.operands[0].ndim != 1:
            continue
        fn = jax_function(op, s.attrs)
        close_all(Program.of(op, s.attrs, s.operands).run("f", s.operands), fn(*s.operands))
        if not s.smooth or any(o.dtype.kind not in "fc" for o in s.operands) or op in NO_DERIVATIVE:
            continue
        cls = op_class(op)
        fixed = [spec.name in cls.no_slope_in for spec in cls.operand_specs]
        count = fixed.count(True)
        assert fixed == [True] * count + [False] * (len(fixed) - count)
        moving = s.operands[count:]
        tangents = [np.cos(np.arange(o.size)).reshape(o.shape).astype(o.dtype) for o in moving]
        _, wanted = jax.jvp(functools.partial(fn, *s.operands[:count]), moving, tuple(tangents))
        actual = Program.of(op, s.attrs, s.operands).jvp(s.operands, [None] * count + tangents)
        if actual:
            close_all(actual, wanted)
        else:
            assert not np.any(wanted)


def close_all(actual: Sequence[np.ndarray], wanted: Any) -> None:
    flat = wanted if isinstance(wanted, tuple | list) else [wanted]
    for a, w in zip(actual, flat, strict=True):
        close(a, w)


SCIPY: dict[str, Callable[..., Any]] = {
    "erf_inv": scipy.special.erfinv,
    "lgamma": scipy.special.gammaln,
    "digamma": scipy.special.digamma,
    "bessel_i0e": scipy.special.i0e,
    "bessel_i1e": scipy.special.i1e,
    "erf": scipy.special.erf,
    "erfc": scipy.special.erfc,
}
RANGES = {"erf_inv": (-0.999, 0.999), "lgamma": (0.01, 50.0), "digamma": (0.01, 50.0), "erfc": (-3.0, 5.0)}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("op", sorted(SCIPY))
def test_numbers_agree_with_scipy(op: str, dtype: str) -> None:
    low, high = RANGES.get(op, (-30.0, 30.0))
    x = np.linspace(low, high, 301).astype(dtype)
    (actual,) = Program.of(op, {}, [x]).run("f", [x])
    wanted = SCIPY[op](x.astype(np.float64))
    np.testing.assert_allclose(actual, wanted, rtol=100 * eps_of(x.dtype), atol=10 * eps_of(x.dtype))


def density(a: np.ndarray, x: np.ndarray) -> np.ndarray:
    return np.exp((a - 1) * np.log(x) - x - scipy.special.gammaln(a))


def slope_in_a(a: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Fourth-order differences of the smaller of SciPy's lower and upper function."""
    h = 1e-2 * np.minimum(a, np.sqrt(a))
    weights = {-2: 1 / 12, -1: -2 / 3, 1: 2 / 3, 2: -1 / 12}
    lower = sum(w * scipy.special.gammainc(a + k * h, x) for k, w in weights.items()) / h
    upper = sum(w * scipy.special.gammaincc(a + k * h, x) for k, w in weights.items()) / h
    return np.where(x < a, lower, -upper)


TRUTH: dict[str, Callable[..., Any]] = {
    "igamma": scipy.special.gammainc,
    "igammac": scipy.special.gammaincc,
    "igamma_grad_a": slope_in_a,
    "random_gamma_grad": lambda a, x: -slope_in_a(a, x) / density(a, x),
}


@pytest.mark.parametrize("size", [0.5, 5.0, 50.0, 5000.0])
@pytest.mark.parametrize("op", sorted(TRUTH))
def test_incomplete_gamma_numbers(op: str, size: float) -> None:
    rng = np.random.default_rng(0)
    a = (size * rng.uniform(0.3, 1.0, 200)).astype(np.float32)
    x = (a * np.exp(rng.normal(size=200) * min(1.0, 2 / size**0.5))).astype(np.float32)
    (actual,) = Program.of(op, {}, [a, x]).run("f", [a, x])
    wanted = TRUTH[op](a.astype(np.float64), x.astype(np.float64))
    np.testing.assert_allclose(actual, wanted, rtol=2e-5, atol=1e-7)


@pytest.mark.parametrize("size", [0.5, 5.0, 50.0, 5000.0])
def test_incomplete_beta_numbers(size: float) -> None:
    rng = np.random.default_rng(0)
    a, c = (size * 10 ** rng.uniform(-1.0, 1.0, (2, 200))).astype(np.float32)
    mean = a / (a + c)
    deviation = np.sqrt(mean * (1 - mean) / (a + c + 1))
    x = np.clip(mean + deviation * rng.normal(size=200), 0, 1).astype(np.float32)
    (actual,) = Program.of("betainc", {}, [a, c, x]).run("f", [a, c, x])
    wanted = scipy.special.betainc(*(v.astype(np.float64) for v in (a, c, x)))
    tolerance = 2e-7 * max(size, 100.0) ** 0.5  # of the deviation from the mean, in standard deviations
    np.testing.assert_allclose(actual, wanted, rtol=20 * tolerance, atol=tolerance)


def test_incomplete_functions_at_the_ends_of_their_domain() -> None:
    ends = np.array([0, 1e-30, 1e-3, 0.5, 1, 3, 40, 1e5, np.inf, -1, np.nan], np.float32)
    parts = np.array([0, 1e-20, 0.3, 0.5, 1 - 1e-6, 1, 1.5, -0.1, np.nan], np.float32)
    for op, axes, truth in (
        ("igamma", (ends, ends), scipy.special.gammainc),
        ("igammac", (ends, ends), scipy.special.gammaincc),
        ("betainc", (ends, ends, parts), scipy.special.betainc),
    ):
        operands = [np.ascontiguousarray(m.ravel()) for m in np.meshgrid(*axes)]
        (actual,) = Program.of(op, {}, operands).run("f", operands)
        wanted = truth(*(o.astype(np.float64) for o in operands))
        np.testing.assert_allclose(actual, wanted, rtol=1e-4, atol=1e-5)


def test_half_precision_is_computed_in_single() -> None:
    a, x = np.full(3, 2.5, "float16"), np.array([0.5, 2.5, 9.0], "float16")
    (actual,) = Program.of("igammac", {}, [a, x]).run("f", [a, x])
    close(actual, scipy.special.gammaincc(a.astype(float), x.astype(float)).astype("float16"), 1)


@pytest.mark.parametrize("op", ["sinh", "igamma", "betainc", "nextafter", "integer_pow", "stop_gradient"])
def test_batching_is_a_loop(op: str) -> None:
    (sample, *_) = [s for s in samples_of(op) if s.operands[0].shape == (3,)]
    operands, size = list(sample.operands), 4
    mask = (*(False for _ in operands[1:]), True)
    stacked = np.stack([operands[-1] * (1 - i / 8) for i in range(size)]).astype(operands[-1].dtype)
    program = Program.of(op, sample.attrs, operands)
    made = batch(program.module, "f", mask, size)
    (actual,) = program.run(made.fn, [*operands[:-1], stacked])
    wanted = [program.run("f", [*operands[:-1], row])[0] for row in stacked]
    close(actual, np.stack(wanted), 4)


def test_zeta_has_a_slope_in_its_second_operand() -> None:
    x, q, h = np.array([1.5, 2, 4.0]), np.array([0.7, 1.5, 3.0]), 1e-5
    (actual,) = Program.of("zeta", {}, [x, q]).jvp([x, q], [None, np.ones(3)])
    wanted = (scipy.special.zeta(x, q + h) - scipy.special.zeta(x, q - h)) / (2 * h)
    np.testing.assert_allclose(actual, wanted, rtol=1e-8)


def test_polygamma_has_a_slope_in_its_second_operand() -> None:
    m, x = np.array([0.0, 1, 3]), np.array([0.7, 1.5, 3.0])
    (actual,) = Program.of("polygamma", {}, [m, x]).jvp([m, x], [None, np.ones(3)])
    np.testing.assert_allclose(actual, scipy.special.polygamma((m + 1).astype(int), x), rtol=1e-10)


@pytest.mark.parametrize(
    ("op", "active", "error"),
    [
        ("polygamma", (True, False), OpValueError),
        ("zeta", (True, False), NotImplementedError),
        ("betainc", (True, False, False), OpValueError),
        ("betainc", (False, True, False), OpValueError),
        ("random_gamma_grad", (True, False), NotImplementedError),
    ],
)
def test_derivatives_that_do_not_exist(op: str, active: tuple[bool, ...], error: type[Exception]) -> None:
    x = np.full(2, 0.5, np.float32)
    program = Program.of(op, {}, [x] * len(active))
    with pytest.raises(error, match=op):
        program.jvp([x] * len(active), [x if a else None for a in active])


def test_reverse_mode_of_linear_ops() -> None:
    x, ct = np.array([1.2345678, -3.14159], np.float32), np.array([0.7777777, 2.0], np.float32)
    attrs = {"exponent_bits": 5, "mantissa_bits": 3}
    (actual,) = Program.of("reduce_precision", attrs, [x]).vjp([x], (True,), ct)
    close(actual, op_class("reduce_precision").of(**attrs).reference(ct), 0)
    (actual,) = Program.of("integer_pow", {"y": 2}, [x]).vjp([x], (True,), ct)
    close(actual, 2 * x * ct)


def test_barriers_in_reverse_mode() -> None:
    """Integers and what nobody asks for stay out of the barrier around cotangents."""
    x, n = np.array([1.0, 2.0], np.float32), np.array(3, np.int32)
    program = Program(
        lambda b, x, y, n: b.optimization_barrier(b.mul(x, x), y, n)[:1],
        *[Aval.of(v.shape, v.dtype) for v in (x, x, n)],
    )
    made = linearize(program.module, "f", (True, True, False), (True,))
    _, *residuals = program.run(made.fwd, [x, x, n])
    linear = (True, True) + (False,) * len(residuals)
    back = transpose(program.module, made.lin, linear, (True,), instantiate=True)
    to_x, to_y = program.run(back.fn, [np.ones(2, np.float32), *residuals])
    close(to_x, 2 * x)
    close(to_y, 0 * x)


def test_keys_pass_barriers() -> None:
    words = np.arange(6, dtype=np.uint32).reshape(3, 2)

    def write(b: Any, w: Val, x: Val) -> list[Val]:
        key, y = b.optimization_barrier(b.random_wrap(w, impl="threefry2x32"), x)
        return [b.random_unwrap(b.stop_gradient(key)), y]

    x = np.array([1.5, 2.5], np.float32)
    outs = Program(write, Aval.of(words.shape, words.dtype), Aval.of(x.shape, x.dtype)).run("f", [words, x])
    close(outs[0], words)
    close(outs[1], x, 0)


@pytest.mark.parametrize(
    ("op", "attrs", "dtypes", "error", "message"),
    [
        (
            "integer_pow",
            {"y": -2},
            ["int32"],
            OpTypeError,
            "integers cannot be raised to negative powers, got i32",
        ),
        (
            "reduce_precision",
            {"exponent_bits": 0, "mantissa_bits": 2},
            ["float32"],
            OpValueError,
            "must be positive",
        ),
        ("erf", {}, ["complex64"], OpTypeError, "x has dtype complex64"),
        ("igamma", {}, ["float32", "float64"], OpTypeError, "dtypes differ"),
    ],
)
def test_wrong_uses(op: str, attrs: dict[str, Any], dtypes: list[str], error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        Program.of(op, attrs, [np.ones(2, d) for d in dtypes])
