"""What folding knows of values: how they were made, and which are constants of one value."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from weft_compiler.avals import Aval
from weft_compiler.bindings import ir
from weft_compiler.dialect.builder import Val
from weft_compiler.dialect.constants import Constant
from weft_compiler.dialect.op import Op
from weft_compiler.transforms import TransformBuilder


class Folding(TransformBuilder):
    """A builder with the questions that `fold` rules ask. `out` has the aval that the result must have."""

    out: Any

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        # By value; keys also by aval: while they are lowered, one value stands for keys and for their words.
        self._producers: dict[ir.Value | tuple[ir.Value, Aval], tuple[Op, Sequence[Val]]] = {}
        self._splats: dict[ir.Value, np.generic] = {}
        self.out = None

    def note(self, inst: Op, operands: Sequence[Val], results: Sequence[Val]) -> None:
        """Remembers how values were made. A value that an op handed through keeps its own maker."""
        if type(inst) is Constant:
            value = inst.splat()
            if value is not None:
                self._splats.setdefault(results[0].ir, value)
        for v in results:
            self._producers.setdefault((v.ir, v.aval) if v.aval.kind == "k" else v.ir, (inst, operands))

    def producer(self, x: Val) -> tuple[Op, Sequence[Val]] | None:
        """The op that made a value and its operands; None for an argument."""
        return self._producers.get((x.ir, x.aval) if x.aval.kind == "k" else x.ir)

    def splat(self, x: Val) -> np.generic | None:
        """The one value of every element of `x`, if that is known."""
        return self._splats.get(x.ir)

    def is_splat(self, x: Val, value: float) -> bool:
        """Whether every element of `x` is known to be `value`."""
        known = self._splats.get(x.ir)
        return known is not None and bool(known == value)

    def fold(self, inst: Op, out: Any, operands: Sequence[Val]) -> Any:
        """What an op folds to: a Val, a tuple of them for several results, or None.

        `out` stands for its result.
        """
        if inst.fold_needs_splat:
            splats = self._splats
            for v in operands:
                if v.ir in splats:
                    break
            else:
                return None
        outer = self.out
        self.out = out
        try:
            return inst.fold(self, *operands)
        finally:
            self.out = outer
