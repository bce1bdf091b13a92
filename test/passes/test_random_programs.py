"""Passes on random programs: what they leave is valid, and the numbers are those of the program.

With WEFT_THOROUGH=1, on a hundred instead of eight.
"""

import os

import numpy as np
import pytest
from closeness import close, pairing
from programs import Program
from random_programs import STATE, Smooth, any_ops
from written import CHECKS, after

from weft_compiler.lowering import lower
from weft_compiler.module import Module
from weft_compiler.passes.driver import run_pipeline
from weft_tools.backends import run_pjrt

STEP = 1e-6
SEEDS = range(100 if os.environ.get("WEFT_THOROUGH") == "1" else 8)
DERIVATIVES = (
    "weft-jvp{fn=f wrt=0,1}",
    "weft-linearize{fn=f wrt=0,1},weft-transpose{fn=f.lin linear=0,1}",
    "weft-batch{fn=f size=2 batched=0,1}",
    "weft-jvp{fn=f},weft-linearize{fn=f.jvp wrt=1},weft-batch{fn=f.jvp.lin size=2}",
    "weft-batch{fn=f size=2},weft-linearize{fn=f.batch},weft-jvp{fn=f.batch.fwd}",
)
CLEANUP = "weft-expand-transforms,weft-inline,weft-simplify,weft-cse,weft-dce"


@pytest.mark.parametrize("pipeline", DERIVATIVES)
@pytest.mark.parametrize("seed", SEEDS)
def test_passes_leave_valid_programs(seed, pipeline):
    module, _ = any_ops(seed)
    run_pipeline(module, f"{pipeline},{CLEANUP},weft-to-stablehlo", checks=CHECKS)


@pytest.mark.parametrize("pipeline", DERIVATIVES)
@pytest.mark.parametrize("seed", SEEDS)
def test_passes_leave_valid_programs_with_control_flow(seed, pipeline):
    run_pipeline(Smooth(seed).module, f"{pipeline},{CLEANUP},weft-to-stablehlo", checks=CHECKS)


@pytest.mark.parametrize("seed", SEEDS)
def test_cleaning_up_ends(seed):
    """Simplified, merged and stripped, twice at most, a program is what it stays, byte for byte."""
    module, _ = any_ops(seed)
    run_pipeline(module, "weft-jvp{fn=f}")
    once = after(module, ",".join([CLEANUP] * 3))
    assert after(once, CLEANUP).text() == once.text()


@pytest.mark.parametrize("seed", SEEDS)
def test_the_two_ways_of_lowering_agree(seed):
    """`lower`, which folds on the way, against the passes of `weft-lower`, one after the other."""
    module, arguments = any_ops(seed)
    compare_lowerings(module, arguments)


@pytest.mark.parametrize("seed", SEEDS[:4])
def test_the_two_ways_of_lowering_agree_on_control_flow(seed):
    compare_lowerings(Smooth(seed).module, vectors(seed, len(STATE)))


def compare_lowerings(module: Module, arguments: list[np.ndarray]) -> None:
    text = module.text()
    direct = lower(module, "f")
    assert module.text() == text, "lower leaves its module as it was"
    direct.ir.operation.verify()
    module.rename("f", "main")
    by_passes = after(module, "weft-lower")
    assert by_passes.signature("main").outputs == direct.signature("main").outputs
    for got, want in zip(run_pjrt(direct, arguments), run_pjrt(by_passes, arguments), strict=True):
        close(got, want, "lower against weft-lower", 4.0)


@pytest.mark.parametrize("requests", [False, True], ids=["plain", "requests"])
@pytest.mark.parametrize("seed", SEEDS)
def test_transformations_agree(seed, requests):
    """Tangents against differences, cotangents against tangents, batch against a loop."""
    program = Program(Smooth(seed, requests=requests, functions=5 if requests else 6).module)
    b, count = program.b, len(STATE)
    xs, dxs, cts = (vectors(seed + 100 * k, count) for k in range(3))
    given, moved, back = ([program.give(x) for x in each] for each in (xs, dxs, cts))

    forward = program.take(b.jvp(*given, *moved, callee="f", wrt=(0, 1)))
    ends = [
        program.take(b.call("f", [program.give(x + sign * STEP * dx) for x, dx in zip(xs, dxs, strict=True)]))
        for sign in (1, -1)
    ]
    reverse = program.take(b.vjp(*given, *back, callee="f", wrt=(0, 1), ct_of=(0, 1)))
    pairs = [program.give(np.stack(each)) for each in zip(xs, dxs, strict=True)]
    at_once = program.take(b.vmap(*pairs, callee="f", in_axes=(0, 0), out_axes=(0, 0), size=2))
    one_by_one = program.take([*b.call("f", given), *b.call("f", moved)])

    results = program.run()
    tangents, cotangents = results[forward][count:], results[reverse][count:]
    for got, high, low in zip(tangents, results[ends[0]], results[ends[1]], strict=True):
        np.testing.assert_allclose(got, (high - low) / (2 * STEP), rtol=1e-5, atol=1e-5)
    there = sum(pairing(ct, t) for ct, t in zip(cts, tangents, strict=True))
    here = sum(pairing(ct, dx) for ct, dx in zip(cotangents, dxs, strict=True))
    np.testing.assert_allclose(here, there, rtol=1e-8, atol=1e-10)
    for i, got in enumerate(results[at_once]):
        want = np.stack(results[one_by_one][i::count])
        np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("seed", SEEDS[:4])
def test_cleaning_up_keeps_the_numbers(seed):
    """Each pass by itself, on the derivative of a program."""
    module = Smooth(seed).module
    run_pipeline(module, "weft-jvp{fn=f wrt=0,1}")
    arguments = [*vectors(seed, 2), *vectors(seed + 1, 2)]
    want = run_pjrt(lower(module, "f.jvp"), arguments)
    for name in ("weft-inline", "weft-simplify", "weft-cse", "weft-dce"):
        for got, w in zip(run_pjrt(lower(after(module, name), "f.jvp"), arguments), want, strict=True):
            np.testing.assert_allclose(got, w, rtol=1e-9, atol=1e-12, err_msg=name)


def vectors(seed: int, count: int) -> list[np.ndarray]:
    return list(np.random.default_rng(seed).uniform(-1, 1, (count, 3)))
