"""Every rule of every op, checked numerically on the op's own samples.

By default some samples of each op; with WEFT_THOROUGH=1 all of them, and every combination of batched operands.
"""

import os

import numpy as np
import pytest
from rule_checks import check_batching, check_derivatives, check_values

from weft_compiler import dialect
from weft_compiler.dialect.op import REGISTRY, NoRule, Op
from weft_compiler.dialect.samples import Sample

THOROUGH = os.environ.get("WEFT_THOROUGH") == "1"
QUICK_SAMPLES = 2

dialect.load()
SAMPLED = sorted(
    name for name, cls in REGISTRY.items() if not isinstance(cls.samples, NoRule) and not cls.callee_attrs
)


def chosen(cls: type[Op], *, floats_only: bool = False) -> list[Sample]:
    """Samples to check: all, or a few of different dtypes and shapes."""
    samples = list(cls.samples())
    if floats_only:
        samples = [s for s in samples if any(x.dtype in (np.float32, np.complex64) for x in s.operands)]
    if THOROUGH or len(samples) <= QUICK_SAMPLES:
        return samples
    picked = {0, len(samples) // 2} if QUICK_SAMPLES == 2 else range(QUICK_SAMPLES)
    return [samples[i] for i in sorted(picked)]


@pytest.mark.parametrize("name", SAMPLED)
def test_infer_and_reference(name):
    cls = REGISTRY[name]
    for sample in chosen(cls):
        check_values(cls.of(**sample.attrs), sample)


@pytest.mark.parametrize("name", SAMPLED)
def test_jvp_and_transpose(name):
    cls = REGISTRY[name]
    if isinstance(cls.jvp, NoRule):
        assert cls.jvp.reason
        return
    for sample in chosen(cls, floats_only=True):
        check_derivatives(cls.of(**sample.attrs), sample)


@pytest.mark.parametrize("name", SAMPLED)
def test_batch(name):
    cls = REGISTRY[name]
    if isinstance(cls.batch, NoRule):
        assert cls.batch.reason
        return
    for sample in chosen(cls):
        check_batching(cls.of(**sample.attrs), sample, thorough=THOROUGH)
