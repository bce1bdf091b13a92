"""Every dtype that an op takes: what infer lets pass must compile, and give the numbers of a wider dtype, rounded."""

from collections.abc import Iterator

import numpy as np
from closeness import close, is_exact
from programs import Check, Program
from rule_checks import told, values

from weft_compiler.avals import DTYPES, KINDS, Aval, bit_width
from weft_compiler.dialect.op import Op, OpTypeError, OpValueError
from weft_compiler.dialect.samples import Sample

WIDEST = {"b": "bool", "i": "int64", "u": "uint64", "f": "float64", "c": "complex128"}
OF_THE_WIDTH = ("clz", "population_count", "mulhi", "shift_right_logical")
"""Ops of which a wider type gives another number."""
SCALES = "float8_e8m0fnu"
"""Has neither sign nor zero nor fractions: what is computed on the way does not round to it."""


def sweep(cls: type[Op]) -> Iterator[tuple[str, Check]]:
    """For every dtype that an op takes and its samples do not have: the dtype, and the check of its numbers."""
    sampled = {x.dtype for s in cls.samples() for x in s.operands}
    for name, dtype in DTYPES.items():
        sample = base_sample(cls, KINDS[dtype])
        if sample is None or dtype in sampled:
            continue
        inst = cls.of(**sample.attrs)
        narrow = retyped(sample, dtype)
        wide = retyped(narrow, DTYPES[WIDEST[KINDS[dtype]]])
        if not accepts(inst, narrow):
            continue
        if cls.name in OF_THE_WIDTH or (
            is_exact(dtype) and bit_width(dtype) >= 8 and hasattr(inst, "reference")
        ):
            yield name, values(inst, narrow)
        else:
            yield name, in_dtype(inst, narrow, wide if accepts(inst, wide) else None)


def base_sample(cls: type[Op], kind: str) -> Sample | None:
    """A small sample, if possible of the kind, of which the numbers can be converted to a dtype of that kind."""
    found = [s for s in cls.samples() if s.operands and 0 < s.operands[0].size <= 32]
    same = [s for s in found if KINDS[s.operands[0].dtype] == kind]
    numbers = [s for s in found if KINDS[s.operands[0].dtype] in "iuf"]
    chosen = same or numbers
    return max(chosen, key=lambda s: s.operands[0].size) if chosen else None


def retyped(sample: Sample, dtype: np.dtype) -> Sample:
    """The sample with operands of the first one's dtype in another, holding the same numbers in all dtypes."""
    first = sample.operands[0].dtype
    with np.errstate(over="ignore", invalid="ignore"):
        operands = tuple(_converted(x, dtype) if x.dtype == first else x for x in sample.operands)
    return Sample(operands, sample.attrs, sample.smooth, sample.tolerance)


def _converted(x: np.ndarray, dtype: np.dtype) -> np.ndarray:
    kind = KINDS[dtype]
    real = np.real(x).astype(np.float64)
    if kind == "b":
        return np.asarray(real > np.mean(real))
    if kind in "iu":
        low, high = (0, 3) if kind == "u" else (-2, 1)  # what 2 bits hold
        return np.asarray(np.clip(np.round(real), low, high).astype(dtype))
    if kind == "f":
        # Halves: every float type has them exactly, and no two of them are close to each other.
        return np.asarray((np.round(real * 2) / 2).astype(dtype))
    return np.asarray(x.astype(dtype))


def accepts(inst: Op, sample: Sample) -> bool:
    """Whether the op takes the operands."""
    try:
        inst.plan(tuple(Aval.of(x.shape, x.dtype) for x in sample.operands))
    except (OpTypeError, OpValueError):
        return False
    return True


def in_dtype(inst: Op, sample: Sample, wide: Sample | None) -> Check:
    """The numbers of a narrow dtype are those of a wide one, rounded. It compiles, where there is no wide one."""

    def add(program: Program) -> None:
        narrow_at = program.call(program.define(inst, sample.operands), sample.operands)
        if wide is None or sample.operands[0].dtype.name == SCALES:
            return
        wide_at = program.call(program.define(inst, wide.operands), wide.operands)

        def look(results: list[np.ndarray]) -> None:
            for got, want in zip(results[narrow_at], results[wide_at], strict=True):
                with np.errstate(all="ignore"):
                    close(got, want.astype(got.dtype), told(inst, sample), sample.tolerance)

        program.then(look)

    return add
