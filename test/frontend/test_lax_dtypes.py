"""Which dtypes the elementwise and cumulative functions of weft.lax take, and what they give: as in JAX."""

import ml_dtypes
import numpy as np
import pytest

import weft
import weft.lax

jax = pytest.importorskip("jax")

DTYPES = [
    "bool",
    "int2",
    "int4",
    "int8",
    "int32",
    "uint4",
    "uint8",
    "uint32",
    "bfloat16",
    "float16",
    "float32",
    "float64",
    "complex64",
    "complex128",
    "float8_e4m3fn",
    "float8_e5m2",
    "float8_e8m0fnu",
    "float4_e2m1fn",
]
UNARY = [
    "abs",
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atanh",
    "bessel_i0e",
    "bessel_i1e",
    "bitwise_not",
    "cbrt",
    "ceil",
    "clz",
    "conj",
    "cos",
    "cosh",
    "digamma",
    "erf",
    "erf_inv",
    "erfc",
    "exp",
    "exp2",
    "expm1",
    "floor",
    "imag",
    "is_finite",
    "lgamma",
    "log",
    "log1p",
    "logistic",
    "neg",
    "population_count",
    "real",
    "round",
    "rsqrt",
    "sign",
    "sin",
    "sinh",
    "sqrt",
    "square",
    "tan",
    "tanh",
    "reciprocal",
    "cumsum",
    "cumprod",
    "cummax",
    "cummin",
    "cumlogsumexp",
    "sort",
]
BINARY = [
    "add",
    "sub",
    "mul",
    "div",
    "rem",
    "pow",
    "max",
    "min",
    "atan2",
    "bitwise_and",
    "bitwise_or",
    "bitwise_xor",
    "nextafter",
    "eq",
    "ne",
    "lt",
    "le",
    "gt",
    "ge",
    "shift_left",
    "shift_right_logical",
    "shift_right_arithmetic",
    "complex",
    "igamma",
    "igammac",
    "zeta",
    "polygamma",
    "random_gamma_grad",
    "mulhi",
    "dot",
]
OURS = {
    # There is nothing wrong with the absolute value of a narrow integer.
    **{("abs", name): name for name in ("int2", "int4")},
    # JAX infers a type for integers, and fails when it runs; complex numbers are summed by numpy.logaddexp only.
    **{("cumlogsumexp", name): "TypeError" for name in DTYPES if "int" in name or "complex" in name},
}
"""Where weft differs."""


def verdict(library, name, dtype, operands):
    """The dtype of the result, or the kind of error."""
    x = library.ShapeDtypeStruct((4,), np.dtype(getattr(ml_dtypes, dtype, None) or dtype))
    try:
        return library.eval_shape(getattr(library.lax, name), *[x] * operands).dtype.name
    except TypeError:
        return "TypeError"


@pytest.mark.parametrize(
    "name, operands", [(n, 1) for n in UNARY] + [(n, 2) for n in BINARY], ids=[*UNARY, *BINARY]
)
def test_dtypes(name, operands):
    with weft.enable_x64(True), jax.enable_x64(True):
        for dtype in DTYPES:
            want = OURS.get((name, dtype)) or verdict(jax, name, dtype, operands)
            assert verdict(weft, name, dtype, operands) == want, dtype
