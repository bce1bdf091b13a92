"""Every rule of every op, checked numerically on the op's own samples.

By default some samples of each op; with WEFT_THOROUGH=1 all of them.
"""

import os
from collections.abc import Iterator

import numpy as np
import pytest
from programs import run_checks
from rule_checks import batching, folding, values
from rule_dtypes import sweep
from rule_orders import derivatives

from weft_compiler import dialect
from weft_compiler.dialect.op import REGISTRY, NoRule, Op
from weft_compiler.dialect.samples import Sample

THOROUGH = os.environ.get("WEFT_THOROUGH") == "1"
QUICK_SAMPLES = 2
QUICK_DTYPES = 2

dialect.load()
SAMPLED = sorted(
    name for name, cls in REGISTRY.items() if not isinstance(cls.samples, NoRule) and not cls.callee_attrs
)
EVERY_OP = pytest.mark.parametrize("name", SAMPLED)


def chosen(cls: type[Op], *, floats_only: bool = False) -> Iterator[tuple[Op, Sample]]:
    """Samples to check, each with the op: all, or a few of different dtypes and shapes."""
    samples = list(cls.samples())
    if floats_only:
        samples = [s for s in samples if any(x.dtype in (np.float32, np.complex64) for x in s.operands)]
    if not THOROUGH and len(samples) > QUICK_SAMPLES:
        samples = [samples[i * len(samples) // QUICK_SAMPLES] for i in range(QUICK_SAMPLES)]
    for sample in samples:
        yield cls.of(**sample.attrs), sample


@EVERY_OP
def test_infer_and_reference(name):
    run_checks([values(*each) for each in chosen(REGISTRY[name])])


@EVERY_OP
def test_fold(name):
    run_checks([check for each in chosen(REGISTRY[name]) for check in folding(*each)])


@EVERY_OP
def test_batch(name):
    checks = [batching(*each) for each in chosen(REGISTRY[name])]
    run_checks([check for check in checks if check is not None])


@EVERY_OP
def test_derivatives(name):
    """Of the second order too; by default only of the first of the samples."""
    picked = list(enumerate(chosen(REGISTRY[name], floats_only=True)))
    orders = lambda i: 2 if THOROUGH or i == 0 else 1
    run_checks([check for i, each in picked for check in derivatives(*each, orders(i))])


@EVERY_OP
def test_every_dtype(name):
    """By default two of the dtypes, others for the next op."""
    checks = [check for _, check in sweep(REGISTRY[name])]
    if not THOROUGH and len(checks) > QUICK_DTYPES:
        start = SAMPLED.index(name)
        checks = [
            checks[(start + i * len(checks) // QUICK_DTYPES) % len(checks)] for i in range(QUICK_DTYPES)
        ]
    run_checks(checks)
