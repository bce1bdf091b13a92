"""Random programs with loops, branches and calls: checks change no number, and neither does what a policy keeps."""

import numpy as np
import pytest
from random_programs import STATE, Smooth
from written import CHECKS, after

from weft_compiler.key_uses import KeyUses
from weft_compiler.lowering import lower
from weft_tools.backends import run_pjrt

POLICIES = (
    "nothing_saveable",
    "dots_saveable",
    "save_anything_except_these_names:none",
    "everything_saveable",
)
LINEARIZE = "weft-linearize{fn=f wrt=0,1}"
TRANSPOSE = "weft-transpose{fn=f.lin linear=0,1}"


def vectors(seed, count):
    return list(np.random.default_rng(seed).uniform(-1, 1, (count, 3)))


def run(module, name, arguments):
    for check in CHECKS:
        check(module)
    return run_pjrt(lower(module, name), arguments)


@pytest.mark.parametrize("seed", range(2))
def test_checks_change_no_number(seed):
    module = Smooth(seed, requests=bool(seed % 2), functions=3).module
    arguments = vectors(seed, len(STATE))
    checked = after(module, "weft-expand-transforms,weft-check-nan,weft-cse")
    assert "weft.report_nan" in checked.text()
    for got, want in zip(run(checked, "f", arguments), run(module, "f", arguments), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_programs_without_keys_use_none_twice(seed):
    KeyUses(Smooth(seed, requests=True, functions=4).module).summary("f")


def gradient(module, pipeline, arguments, cotangents):
    """Results and cotangents of the arguments: forwards, then backwards from the residuals."""
    made = after(module, pipeline)
    outs = run(made, "f.fwd", arguments)
    results, residuals = outs[: len(STATE)], outs[len(STATE) :]
    return results, run(made, "f.lin.transpose", [*cotangents, *residuals]), residuals


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("seed", [0, 2])
def test_what_is_kept_changes_no_number(seed, policy):
    module = Smooth(seed, functions=3, ops=4).module
    arguments, cotangents = vectors(seed, len(STATE)), vectors(seed + 1, len(STATE))
    plain = gradient(module, f"{LINEARIZE},{TRANSPOSE}", arguments, cotangents)
    remat = gradient(
        module, f"{LINEARIZE},weft-remat{{fn=f policy={policy}}},{TRANSPOSE}", arguments, cotangents
    )
    for got, want in zip((*remat[0], *remat[1]), (*plain[0], *plain[1]), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-12)
    if policy == "nothing_saveable":
        assert len(remat[2]) <= len(arguments)
