"""Checks of an op's rules on one sample, all in one compiled program: what `test_rules.py` runs for every op.

infer      result types against what execution gives
reference  values against the op's NumPy meaning, where it has one
jvp        the tangent against central differences, in 64 bits
transpose  <ct, f(dx)> = <f^T(ct), dx>, on the linearized op
batch      against a loop, for every combination of batched operands
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from weft_compiler.avals import Aval
from weft_compiler.bindings import context, ir
from weft_compiler.dialect.builder import Val
from weft_compiler.dialect.op import ZERO_TANGENT, NoRule, Op
from weft_compiler.dialect.samples import Sample
from weft_compiler.lowering import lower
from weft_compiler.module import Function, Module
from weft_compiler.passes.registry import make_pass
from weft_compiler.transforms import TransformBuilder
from weft_tools.backends import run_pjrt

STEP = 1e-6
BATCH = 2
WIDE = {"float32": np.float64, "complex64": np.complex128}
SLACK = {"float16": 2e-2, "bfloat16": 1.2e-1, "float32": 4e-4, "complex64": 4e-4}


@dataclass
class Program:
    """A module under construction: `main` takes `inputs`, and each check adds results to it."""

    module: Module = field(default_factory=Module.new)
    inputs: list[np.ndarray] = field(default_factory=list)
    results: list[Val] = field(default_factory=list)
    main: Function = field(init=False)
    b: TransformBuilder = field(init=False)

    def __post_init__(self) -> None:
        loc = ir.Location.unknown(context())
        self.main = self.module.add_function("main", (), loc, public=True)
        self.b = TransformBuilder(self.module, ir.InsertionPoint(self.main.body), loc, self.main.steps)

    def give(self, array: np.ndarray) -> Val:
        """An input of the program."""
        self.inputs.append(np.asarray(array, order="C"))
        return self.main.add_arg(Aval.of(array.shape, array.dtype))

    def take(self, values: Any) -> slice:
        """Makes values results; where they stand among them."""
        vals = list(values) if isinstance(values, (tuple, list)) else [values]
        start = len(self.results)
        self.results.extend(vals)
        return slice(start, len(self.results))

    def run(self) -> list[np.ndarray]:
        """Verifies, lowers and runs the program."""
        self.main.finish(self.results, self.main.op.location)
        self.module.ir.operation.verify()
        make_pass("weft-verify").run(self.module)
        return [np.asarray(x) for x in run_pjrt(lower(self.module, "main"), self.inputs)]


def define(program: Program, inst: Op, operands: Sequence[np.ndarray], name: str) -> str:
    """A function of the op alone."""
    avals = [Aval.of(x.shape, x.dtype) for x in operands]
    function = program.module.add_function(name, avals, program.main.op.location)
    made = program.module.builder(function).emit(inst, function.args)
    function.finish(made if isinstance(made, tuple) else [made], program.main.op.location)
    return function.name


def check_values(inst: Op, sample: Sample) -> None:
    """infer and reference: the op as it is."""
    program = Program()
    fn = define(program, inst, sample.operands, "op")
    at = program.take(program.b.call(fn, [program.give(x) for x in sample.operands]))
    outs = program.run()[at]
    expected = program.module.signature(fn).outputs
    for out, aval in zip(outs, expected, strict=True):
        assert out.shape == aval.shape, f"{inst}: infer says {aval}, execution gives {out.shape}"
        assert out.dtype == aval.physical.dtype, f"{inst}: infer says {aval}, execution gives {out.dtype}"
    reference = getattr(inst, "reference", None)
    if reference is not None:
        wanted = reference(*sample.operands)
        for out, want in zip(outs, wanted if isinstance(wanted, tuple) else (wanted,), strict=True):
            close(out, np.asarray(want), f"{inst}: execution against NumPy", sample.tolerance)


def check_derivatives(inst: Op, sample: Sample) -> None:
    """jvp against central differences, and transpose by the inner product."""
    operands = [widened(x) for x in sample.operands]
    specs = inst.operand_specs
    names = [specs[min(i, len(specs) - 1)].name for i in range(len(operands))]
    active = tuple(
        x.dtype.kind in "fc" and name not in inst.no_slope_in for x, name in zip(operands, names, strict=True)
    )
    if inst.jvp is ZERO_TANGENT or not any(active):
        return
    rng = np.random.default_rng(7)
    tangents = [direction(rng, x) if a else None for x, a in zip(operands, active, strict=True)]
    program = Program()
    fn = define(program, inst, operands, "op")
    b = program.b
    xs = [program.give(x) for x in operands]
    dxs = [program.give(t) for t in tangents if t is not None]
    made = b.jvp_of(fn, active)
    forward = program.take(b.call(made.fn, (*xs, *dxs)))
    ends = []
    for sign in (1, -1):
        moved = [x if t is None else x + sign * STEP * t for x, t in zip(operands, tangents, strict=True)]
        ends.append(program.take(b.call(fn, [program.give(x) for x in moved])))
    lin = b.linearize_of(fn, active)
    parts = b.call(lin.fwd, xs)
    count = len(lin.out_active)
    tangent_outs = b.call(lin.lin, (*dxs, *parts[count:]))
    linear = program.take(tangent_outs)
    outputs = program.module.signature(fn).outputs
    cts = [
        direction(rng, np.empty(a.shape, a.dtype))
        for a, is_active in zip(outputs, lin.out_active, strict=True)
        if is_active
    ]
    mask = (True,) * sum(active) + (False,) * lin.residuals
    back = b.transpose_of(lin.lin, mask, (True,) * len(cts), True)
    given = [program.give(ct) for ct in cts]
    reverse = program.take(b.call(back.fn, (*given, *parts[count:])))

    results = program.run()
    out_tangents = results[forward][count:]
    high, low = results[ends[0]], results[ends[1]]
    at = iter(out_tangents)
    for i, is_active in enumerate(made.out_active):
        numeric = (
            (high[i].astype(wide_dtype(high[i])) - low[i]) / (2 * STEP) if outputs[i].kind in "fc" else None
        )
        tangent = next(at) if is_active else None
        if numeric is None or not sample.smooth or outputs[i].dtype.itemsize < 8:
            continue  # differences mean nothing across a jump, or where results are rounded to few digits
        tangent = np.zeros_like(numeric) if tangent is None else tangent
        difference_close(tangent, numeric, f"{inst}: jvp against central differences", sample.tolerance)
    for ours, again in zip(out_tangents, results[linear], strict=True):
        difference_close(ours, again, f"{inst}: linearize against jvp", sample.tolerance)
    there = sum(pairing(ct, t) for ct, t in zip(cts, results[linear], strict=True))
    given_tangents = [t for t in tangents if t is not None]
    here = sum(pairing(ct, t) for ct, t in zip(results[reverse], given_tangents, strict=True))
    coarsest = max([1.0, *(SLACK.get(x.dtype.name, 0) / 2e-5 for x in (*results[linear], *results[reverse]))])
    what = f"{inst}: transpose by the inner product"
    difference_close(np.asarray(there), np.asarray(here), what, sample.tolerance * coarsest)


def check_batching(inst: Op, sample: Sample, *, thorough: bool) -> None:
    """batch against a loop over the batch, for combinations of batched operands."""
    if not sample.operands or isinstance(inst.batch, NoRule):
        return
    count = len(sample.operands)
    masks = [m for m in itertools.product((False, True), repeat=count) if any(m)]
    if not thorough and len(masks) > 3:
        masks = [masks[-1], masks[0], masks[len(masks) // 2]]
    program = Program()
    fn = define(program, inst, sample.operands, "op")
    b = program.b
    slices = [np.stack([x, shuffled(x)]) for x in sample.operands]
    compared = []
    for mask in masks:
        made = b.batch_of(fn, mask, BATCH, (True,) * len(program.module.signature(fn).outputs))
        values = [s if m else x for s, x, m in zip(slices, sample.operands, mask, strict=True)]
        all_at_once = program.take(b.call(made.fn, [program.give(v) for v in values]))
        one_by_one = []
        for i in range(BATCH):
            values = [s[i] if m else x for s, x, m in zip(slices, sample.operands, mask, strict=True)]
            one_by_one.append(program.take(b.call(fn, [program.give(v) for v in values])))
        compared.append((mask, all_at_once, one_by_one))
    results = program.run()
    for mask, all_at_once, one_by_one in compared:
        for k, out in enumerate(results[all_at_once]):
            stacked = np.stack([results[each][k] for each in one_by_one])
            close(out, stacked, f"{inst}: batch of {mask} against a loop", sample.tolerance)


def widened(x: np.ndarray) -> np.ndarray:
    """The operand in 64 bits, where it is a float."""
    return x.astype(WIDE.get(x.dtype.name, x.dtype))


def wide_dtype(x: np.ndarray) -> Any:
    """The dtype in which to take differences."""
    return np.complex128 if x.dtype.kind == "c" else np.float64


def direction(rng: np.random.Generator, like: np.ndarray) -> np.ndarray:
    """A random tangent or cotangent."""
    made = rng.uniform(-1, 1, like.shape)
    if like.dtype.kind == "c":
        made = made + 1j * rng.uniform(-1, 1, like.shape)
    return np.asarray(made).astype(like.dtype)


def shuffled(x: np.ndarray) -> np.ndarray:
    """Another operand that the op takes as well: the same elements in another order."""
    return np.asarray(x.ravel()[::-1].reshape(x.shape), order="C")


def pairing(ct: np.ndarray, tangent: np.ndarray) -> float:
    """The pairing under which transposition is defined: the real part of the sum of products."""
    return float(np.real(np.sum(ct * tangent)))


def close(got: np.ndarray, want: np.ndarray, what: str, factor: float) -> None:
    """Equal up to rounding of the dtype."""
    assert got.shape == want.shape, f"{what}: shapes {got.shape} and {want.shape}"
    if got.dtype.kind in "biu" or got.dtype.name in ("int4", "uint4", "int2", "uint2"):
        np.testing.assert_array_equal(got, want, what)
        return
    slack = SLACK.get(got.dtype.name, 1e-10) * factor
    wide = wide_dtype(got)
    np.testing.assert_allclose(got.astype(wide), want.astype(wide), rtol=slack, atol=slack, err_msg=what)


def difference_close(got: np.ndarray, want: np.ndarray, what: str, factor: float) -> None:
    """Equal up to the error of differences."""
    slack = 2e-5 * factor
    np.testing.assert_allclose(got, want, rtol=slack, atol=slack, err_msg=what)
