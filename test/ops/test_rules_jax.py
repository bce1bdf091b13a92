"""Tangents and cotangents of single ops, on the op's own samples, against those of JAX."""

import os
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from closeness import WIDE, close, direction, widened
from programs import Check, Program, run_checks
from rule_checks import told
from rule_orders import active_operands, vjp_function

from weft_compiler import dialect
from weft_compiler.avals import KINDS
from weft_compiler.dialect.op import REGISTRY, Op
from weft_compiler.dialect.samples import Sample

jax = pytest.importorskip("jax")
from jax import lax  # noqa: E402 - where jax is not installed, there is nothing to import
from jax import numpy as jnp  # noqa: E402

THOROUGH = os.environ.get("WEFT_THOROUGH") == "1"
QUICK_SAMPLES = 2
Meaning = Callable[..., Any]
"""Attributes -> the function of JAX."""

SAME_NAME = (
    "neg",
    "add",
    "sub",
    "mul",
    "div",
    "rem",
    "pow",
    "max",
    "min",
    "abs",
    "exp",
    "expm1",
    "log",
    "log1p",
    "sqrt",
    "rsqrt",
    "cbrt",
    "sin",
    "cos",
    "tan",
    "tanh",
    "logistic",
    "atan2",
    "sinh",
    "cosh",
    "asin",
    "acos",
    "atan",
    "asinh",
    "acosh",
    "atanh",
    "erf",
    "erfc",
    "erf_inv",
    "lgamma",
    "digamma",
    "bessel_i0e",
    "bessel_i1e",
    "exp2",
    "real",
    "imag",
    "conj",
    "complex",
    "select",
    "clamp",
    "igamma",
    "igammac",
)
REDUCTIONS = {
    "reduce_sum": jnp.sum,
    "reduce_prod": jnp.prod,
    "reduce_max": jnp.max,
    "reduce_min": jnp.min,
}
CUMULATIVE = ("cumsum", "cumprod", "cummax", "cummin", "cumlogsumexp")


def along_axis(name: str) -> Meaning:
    """A cumulative function."""
    return lambda axis, reverse=False: lambda x: getattr(lax, name)(x, axis=axis, reverse=reverse)


def over_axes(name: str) -> Meaning:
    """A reduction."""
    return lambda axes: lambda x: REDUCTIONS[name](x, axis=axes)


MEANINGS: dict[str, Meaning] = {
    **{f"weft.{name}": lambda f=name: getattr(lax, f) for name in SAME_NAME},
    **{f"weft.{name}": over_axes(name) for name in REDUCTIONS},
    **{f"weft.{name}": along_axis(name) for name in CUMULATIVE},
    "weft.logaddexp": lambda: jnp.logaddexp,
    "weft.integer_pow": lambda y: lambda x: lax.integer_pow(x, y),
    "weft.polygamma": lambda: lax.polygamma,
    "weft.betainc": lambda: lax.betainc,
    "weft.convert": lambda dtype: lambda x: x.astype(WIDE.get(np.dtype(dtype).name, dtype)),
    "weft.reshape": lambda shape: lambda x: lax.reshape(x, shape),
    "weft.transpose": lambda permutation: lambda x: lax.transpose(x, permutation),
    "weft.reverse": lambda axes: lambda x: lax.rev(x, axes),
    "weft.broadcast_in_dim": lambda shape, dims: lambda x: lax.broadcast_in_dim(x, shape, dims),
    "weft.slice": lambda start, limit, strides: lambda x: lax.slice(x, start, limit, strides),
    "weft.pad": lambda low, high, interior: (
        lambda x, v: lax.pad(x, v, list(zip(low, high, interior, strict=True)))
    ),
    "weftn.concatenate": lambda axis: lambda *xs: lax.concatenate(xs, axis),
    "weft.top_k": lambda k, axis=-1: lambda x: lax.top_k(x, k, axis=axis),
    "weftn.sort": lambda axis, num_keys=1, is_stable=True: (
        lambda *xs: lax.sort(xs, dimension=axis, num_keys=num_keys, is_stable=is_stable)
    ),
    "weft.cholesky": lambda: lambda x: lax.linalg.cholesky(x, symmetrize_input=False),
    "weft.tridiagonal_solve": lambda: lax.linalg.tridiagonal_solve,
}
UNLIKE = {
    "weft.cholesky": "JAX takes tangents to be symmetric; here they are of the triangle that is read",
}


def jax_derivatives(
    function: Meaning, operands: Sequence[np.ndarray], active: Sequence[bool], tangents: Sequence[np.ndarray]
) -> Any:
    """Tangents of the float results, and cotangents of the active operands for the results as cotangents."""

    def of_active(*moved: Any) -> list[Any]:
        given = iter(moved)
        made = function(*[next(given) if a else x for x, a in zip(operands, active, strict=True)])
        outs = list(made) if isinstance(made, (tuple, list)) else [made]
        return [y for y in outs if KINDS[y.dtype] in "fc"]

    primals = [jnp.asarray(x) for x, a in zip(operands, active, strict=True) if a]
    outs, moved = jax.jvp(of_active, primals, list(map(jnp.asarray, tangents)))
    return moved, jax.vjp(of_active, *primals)[1](outs)


def compared(inst: Op, sample: Sample, meaning: Meaning) -> Check | None:
    """The derivatives of an op against those of a function of JAX."""
    operands = [widened(x) for x in sample.operands]
    active = active_operands(inst, operands)
    if not any(active):
        return None
    rng = np.random.default_rng(3)
    tangents = [direction(rng, x) for x, a in zip(operands, active, strict=True) if a]

    def add(program: Program) -> None:
        fn = program.define(inst, operands)
        made = program.b.jvp_of(fn, active, (True,) * len(program.module.signature(fn).outputs))
        forward = program.call(made.fn, [*operands, *tangents])
        is_active = program.b.linearize_of(fn, active).out_active
        back, count = vjp_function(program.b, fn, active)
        if not count:
            return
        with jax.enable_x64(True):
            function = meaning(**sample.attrs)
            try:
                moved, cts = jax.jit(lambda *t: jax_derivatives(function, operands, active, t))(*tangents)
            except (TypeError, NotImplementedError):
                return  # JAX has none: of clamp with scalar bounds, for one
        given = [program.give(x) for x in operands]
        outs = program.b.call(fn, given)
        chosen = [v for v, a in zip(outs, is_active, strict=True) if a]
        reverse = program.take(program.b.call(back, (*given, *chosen)))

        def look(results: list[np.ndarray]) -> None:
            ours = [t for t in results[forward][len(outs) :] if KINDS[t.dtype] in "fc"]
            what = told(inst, sample)
            for got, want in zip(ours, moved, strict=True):
                close(got, np.asarray(want), f"{what}: tangent against JAX", 10 * sample.tolerance)
            for got, want in zip(results[reverse], cts, strict=True):
                close(got, np.asarray(want), f"{what}: cotangent against JAX", 10 * sample.tolerance)

        program.then(look)

    return add


dialect.load()


@pytest.mark.parametrize("name", sorted(set(MEANINGS) - set(UNLIKE)))
def test_derivatives_are_those_of_jax(name):
    cls = REGISTRY[name]
    wide = [s for s in cls.samples() if any(x.dtype in (np.float32, np.complex64) for x in s.operands)]
    if not THOROUGH:
        wide = [wide[i * len(wide) // QUICK_SAMPLES] for i in range(min(QUICK_SAMPLES, len(wide)))]
    checks = [compared(cls.of(**s.attrs), s, MEANINGS[name]) for s in wide]
    run_checks([check for check in checks if check is not None])
