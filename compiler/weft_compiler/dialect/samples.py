"""Samples: operands and attributes on which the rules of an op are checked numerically.

`samples` of an op is a callable without arguments, so importing the dialect makes no arrays.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from weft_compiler.avals import DTYPES

SCALAR, VECTOR, MATRIX, EMPTY = (), (3,), (2, 3), (2, 0)
SHAPES = (SCALAR, VECTOR, MATRIX, EMPTY)


@dataclass(frozen=True)
class Sample:
    """One use of an op."""

    operands: tuple[np.ndarray, ...]
    attrs: dict[str, Any] = field(default_factory=dict)
    smooth: bool = True
    """Whether finite differences make sense here (no kink or jump near the operands)."""
    tolerance: float = 1.0
    """Factor on the tolerance of the checks, where the op is inherently less precise."""


Samples = Callable[[], Sequence[Sample]]


def random_array(shape: Sequence[int], dtype: str, low: float, high: float, seed: int = 0) -> np.ndarray:
    """Uniform values in [low, high) of any dtype, the same for the same arguments."""
    rng = np.random.default_rng([seed, len(shape), *shape])
    target = DTYPES[dtype]
    if target.kind == "b":
        return np.asarray(rng.random(shape) < 0.5)
    if target.kind == "c":
        return np.asarray(rng.uniform(low, high, shape) + 1j * rng.uniform(low, high, shape)).astype(target)
    if target.kind in "iu":
        return np.asarray(rng.integers(int(low), int(high), shape)).astype(target)
    return np.asarray(rng.uniform(low, high, shape)).astype(target)


def _arrays(
    dtypes: Sequence[str], shapes: Sequence[Sequence[int]], low: float, high: float, operands: int
) -> Iterator[tuple[np.ndarray, ...]]:
    for dtype in dtypes:
        for shape in shapes:
            yield tuple(random_array(shape, dtype, low, high, seed) for seed in range(operands))


def samples(
    dtypes: Sequence[str] = ("float32",),
    shapes: Sequence[Sequence[int]] = SHAPES,
    low: float = -2.0,
    high: float = 2.0,
    operands: int = 1,
    smooth: bool = True,
    tolerance: float = 1.0,
    attrs: Sequence[dict[str, Any]] = ({},),
) -> Samples:
    """Random operands of equal shape and dtype, for each dtype, shape and set of attributes."""

    def make() -> list[Sample]:
        return [
            Sample(arrays, dict(a), smooth, tolerance)
            for a in attrs
            for arrays in _arrays(dtypes, shapes, low, high, operands)
        ]

    return make


FLOATS = ("float32", "bfloat16", "float16", "float64")
COMPLEX = ("complex64", "complex128")
INTEGERS = ("int32", "uint8", "int64")


def floats(**kw: Any) -> Samples:
    """Samples of every float dtype."""
    return samples(FLOATS, **kw)


def inexact(**kw: Any) -> Samples:
    """Samples of every float and complex dtype."""
    return samples(FLOATS + COMPLEX, **kw)


def numbers(**kw: Any) -> Samples:
    """Samples of floats, complex numbers and integers."""
    integers = samples(INTEGERS, **{**kw, "low": max(1, kw.get("low", 1)), "high": 5, "smooth": False})
    return joined(samples(FLOATS + COMPLEX, **kw), integers)


def joined(*parts: Samples) -> Samples:
    """All samples of several."""
    return lambda: [s for part in parts for s in part()]


def cases(*listed: tuple[Sequence[np.ndarray | tuple[Sequence[int], str]], dict[str, Any]]) -> Samples:
    """Samples written out: each a list of operands and the attributes.

    An operand is an array, or (shape, dtype) for random values.
    """

    def make() -> list[Sample]:
        made = []
        for operands, attrs in listed:
            arrays = tuple(
                o if isinstance(o, np.ndarray) else random_array(o[0], o[1], -2.0, 2.0, seed)
                for seed, o in enumerate(operands)
            )
            made.append(Sample(arrays, attrs))
        return made

    return make
