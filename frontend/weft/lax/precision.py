"""How precisely products are computed: what users write, as what the ops take."""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import numpy as np

from weft import dtypes
from weft.config import config
from weft.lax.enums import PRECISION_NAMES, DotAlgorithm, DotAlgorithmPreset, Precision

PrecisionLike = (
    None | str | Precision | tuple[str, str] | tuple[Precision, Precision] | DotAlgorithm | DotAlgorithmPreset
)
"""What a `precision` argument may be."""


class Contraction(NamedTuple):
    """The precision words of an op, and what the algorithm asked for says of dtypes (None: nothing)."""

    words: str
    operands: tuple[Any, Any] | None = None
    """What the operands are rounded to."""
    sums: Any = None
    """What the sums are in."""


def precision_words(precision: PrecisionLike, name: str = "dot_general") -> str:
    """The attribute of an op for a precision: one word for both operands or two, empty for the default.

    Raises: ValueError if it is no precision; NotImplementedError for an algorithm, which only products have.
    """
    if isinstance(precision, (DotAlgorithm, DotAlgorithmPreset)):
        raise NotImplementedError(
            f"lax.{name}: precision must be a Precision, not an algorithm: {precision!r}"
        )
    return _words(config.default_matmul_precision if precision is None else precision)


@functools.cache
def _words(precision: Any) -> str:
    if precision is None:
        return ""
    if isinstance(precision, tuple):
        if len(precision) != 2 or type(precision[0]) is not type(precision[1]):
            raise ValueError(_message(precision))
        both = [_words(p) for p in precision]
        return both[0] if both[0] == both[1] else ",".join(w or "DEFAULT" for w in both)
    if isinstance(precision, Precision):
        return "" if precision is Precision.DEFAULT else precision.name
    if isinstance(precision, str) and precision in PRECISION_NAMES:
        return _words(PRECISION_NAMES[precision])
    raise ValueError(_message(precision))


def _message(precision: Any) -> str:
    names = ", ".join(repr(n) for n in PRECISION_NAMES if n is not None)
    return (
        f"precision must be None, one of {names}, a lax.Precision, a pair of these, "
        f"a lax.DotAlgorithmPreset, the name of one, or a lax.DotAlgorithm; got {precision!r}"
    )


def contraction(precision: PrecisionLike, x: Any, y: Any) -> Contraction:
    """How to compute a product of two arrays.

    Raises: ValueError if `precision` is none, or an algorithm that does not take these dtypes.
    """
    wanted = config.default_matmul_precision if precision is None else precision
    if isinstance(wanted, str) and wanted in DotAlgorithmPreset.__members__:
        wanted = DotAlgorithmPreset[wanted]
    if isinstance(wanted, DotAlgorithmPreset):
        return _preset(wanted, x, y)
    return _algorithm(wanted) if isinstance(wanted, DotAlgorithm) else Contraction(_words(_hashable(wanted)))


def _hashable(precision: Any) -> Any:
    return tuple(precision) if isinstance(precision, list) else precision


def _preset(preset: DotAlgorithmPreset, x: Any, y: Any) -> Contraction:
    if preset is DotAlgorithmPreset.DEFAULT or preset.name.startswith("ANY"):
        return Contraction("")
    types = [dtypes.narrow(np.dtype(t)) for t in preset.supported_lhs_types or ()]
    for operand in (x, y):
        if operand.dtype not in types:
            words = " or ".join(t.name for t in types)
            raise ValueError(f"lax.dot_general: {preset} takes operands of {words}, got {operand.dtype}")
    first = preset.name.split("_")[0]
    if first == "TF32":  # the backend rounds: there is no such dtype
        return Contraction("HIGH" if preset.name.endswith("F32") else "HIGHEST")
    if preset.name.endswith(("X3", "X6", "X9")):
        return Contraction("HIGH" if preset.name.endswith("X3") else "HIGHEST")
    if first in ("F32", "F64"):
        return Contraction("HIGHEST")
    rounded = np.dtype(np.float16 if first == "F16" else dtypes.bfloat16)
    return Contraction("", (rounded, rounded), np.dtype(preset.accumulation_type))


def _algorithm(algorithm: DotAlgorithm) -> Contraction:
    lhs, rhs, sums = [
        dtypes.narrow(np.dtype(t))
        for t in (algorithm.lhs_precision_type, algorithm.rhs_precision_type, algorithm.accumulation_type)
    ]
    parts = algorithm.lhs_component_count * algorithm.rhs_component_count
    if parts > 1:  # sums of products of parts: the operands are not rounded to one
        return Contraction("HIGH" if algorithm.num_primitive_operations <= 3 else "HIGHEST")
    return Contraction("HIGHEST", (lhs, rhs), sums)
