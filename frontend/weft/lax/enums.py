"""The choices that lax functions offer: precision, accuracy, rounding, index modes, generators."""

from __future__ import annotations

import enum
from typing import Any, NamedTuple

import numpy as np

from weft.dtypes import bfloat16


class Precision(enum.Enum):
    """How precisely products of floats are computed on hardware that has a choice.

    Also found by the names "default" ("fastest", "bfloat16", None), "high" ("bfloat16_3x", "tensorfloat32")
    and "highest" ("float32").
    """

    DEFAULT = 0
    HIGH = 1
    HIGHEST = 2

    @classmethod
    def _missing_(cls, value: object) -> Precision | None:
        return PRECISION_NAMES.get(value)

    def __repr__(self) -> str:
        return f"Precision.{self.name}"

    def __str__(self) -> str:
        return self.name


PRECISION_NAMES: dict[object, Precision] = {
    None: Precision.DEFAULT,
    "default": Precision.DEFAULT,
    "fastest": Precision.DEFAULT,
    "bfloat16": Precision.DEFAULT,
    "high": Precision.HIGH,
    "bfloat16_3x": Precision.HIGH,
    "tensorfloat32": Precision.HIGH,
    "highest": Precision.HIGHEST,
    "float32": Precision.HIGHEST,
}
"""The other names of each precision."""


class DotAlgorithm(NamedTuple):
    """How a product is computed: what its operands are rounded to, the dtype of the sums, the products taken."""

    lhs_precision_type: Any
    rhs_precision_type: Any
    accumulation_type: Any
    lhs_component_count: int = 1
    rhs_component_count: int = 1
    num_primitive_operations: int = 1
    allow_imprecise_accumulation: bool = False


_F16, _BF16, _F32, _F64 = np.float16, bfloat16, np.float32, np.float64


class DotAlgorithmPreset(enum.Enum):
    """Algorithms with names: dtypes of the operands, of the sum, and how many products make one (X3, ...)."""

    DEFAULT = enum.auto()
    ANY_F8_ANY_F8_F32 = enum.auto()
    ANY_F8_ANY_F8_F32_FAST_ACCUM = enum.auto()
    ANY_F8_ANY_F8_ANY = enum.auto()
    ANY_F8_ANY_F8_ANY_FAST_ACCUM = enum.auto()
    F16_F16_F16 = enum.auto()
    F16_F16_F32 = enum.auto()
    BF16_BF16_BF16 = enum.auto()
    BF16_BF16_F32 = enum.auto()
    BF16_BF16_F32_X3 = enum.auto()
    BF16_BF16_F32_X6 = enum.auto()
    BF16_BF16_F32_X9 = enum.auto()
    TF32_TF32_F32 = enum.auto()
    TF32_TF32_F32_X3 = enum.auto()
    F32_F32_F32 = enum.auto()
    F64_F64_F64 = enum.auto()

    def __repr__(self) -> str:
        return f"DotAlgorithmPreset.{self.name}"

    def __str__(self) -> str:
        return self.name

    @property
    def supported_lhs_types(self) -> tuple[Any, ...] | None:
        """Dtypes that operands may have; None where any will do."""
        first = self.name.split("_")[0]
        if first == "TF32" or self.name.endswith(("X3", "X6", "X9")):
            return (_F32,)
        return {"F16": (_F16,), "BF16": (_BF16, _F32), "F32": (_F32,), "F64": (_F64,)}.get(first)

    supported_rhs_types = supported_lhs_types

    @property
    def accumulation_type(self) -> Any:
        """Dtype of the sums; None where it is that of the result."""
        words = [w for w in self.name.removesuffix("_FAST_ACCUM").split("_") if not w.startswith("X")]
        return {"F16": _F16, "BF16": _BF16, "F32": _F32, "F64": _F64}.get(words[-1])


class AccuracyMode(enum.Enum):
    """How accurate a function must be: as fast as it comes, or as accurate as the backend can."""

    HIGHEST = 1
    DEFAULT = 2


class Tolerance:
    """The largest error of a function's result: absolute, relative, or in units in the last place."""

    def __init__(self, atol: float = 0.0, rtol: float = 0.0, ulps: int = 0) -> None:
        if atol < 0.0 or rtol < 0.0 or ulps < 0:
            raise ValueError(f"tolerances must not be negative, got atol={atol}, rtol={rtol}, ulps={ulps}")
        self.atol, self.rtol, self.ulps = atol, rtol, ulps

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Tolerance) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash((self.atol, self.rtol, self.ulps))

    def __repr__(self) -> str:
        return f"Tolerance(atol={self.atol}, rtol={self.rtol}, ulps={self.ulps})"


class RoundingMethod(enum.IntEnum):
    """Where `round` takes numbers that lie halfway between two integers."""

    AWAY_FROM_ZERO = 0
    TO_NEAREST_EVEN = 1


class GatherScatterMode(enum.Enum):
    """What becomes of windows that reach out of the array.

    CLIP moves them inside; FILL_OR_DROP fills their elements in (gather) or leaves the update out (scatter);
    PROMISE_IN_BOUNDS says that there are none; ONE_HOT asks for a product with one-hot vectors.
    """

    CLIP = enum.auto()
    FILL_OR_DROP = enum.auto()
    PROMISE_IN_BOUNDS = enum.auto()
    ONE_HOT = enum.auto()

    @staticmethod
    def from_any(s: str | GatherScatterMode | None) -> GatherScatterMode:
        """The mode of a name: "clip", "fill", "drop" or "promise_in_bounds"; None is FILL_OR_DROP."""
        if isinstance(s, GatherScatterMode):
            return s
        if s not in _INDEX_MODES:
            names = ", ".join(repr(n) for n in _INDEX_MODES if n is not None)
            raise ValueError(f"unknown gather mode {s!r}; it must be one of {names}, or None")
        return _INDEX_MODES[s]


_INDEX_MODES: dict[str | None, GatherScatterMode] = {
    None: GatherScatterMode.FILL_OR_DROP,
    "clip": GatherScatterMode.CLIP,
    "fill": GatherScatterMode.FILL_OR_DROP,
    "drop": GatherScatterMode.FILL_OR_DROP,
    "promise_in_bounds": GatherScatterMode.PROMISE_IN_BOUNDS,
}


class FftType(enum.IntEnum):
    """Which discrete Fourier transform: forward, inverse, of real input, to real output."""

    FFT = 0
    IFFT = 1
    RFFT = 2
    IRFFT = 3


class RandomAlgorithm(enum.IntEnum):
    """The generator behind `rng_bit_generator`."""

    RNG_DEFAULT = 0
    RNG_THREE_FRY = 1
    RNG_PHILOX = 2
