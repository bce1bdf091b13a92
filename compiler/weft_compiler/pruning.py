"""Functions and calls without the results that nobody uses: what `weft-dce` asks higher-order ops for."""

from collections.abc import Callable, Sequence
from typing import Any

from weft_compiler.avals import aval_of
from weft_compiler.bindings import ir
from weft_compiler.dialect.builder import Val
from weft_compiler.dialect.op import Op
from weft_compiler.masks import Mask, picked
from weft_compiler.module import Function, Module
from weft_compiler.transforms import TransformBuilder


class PruneBuilder(TransformBuilder):
    """What a `prune` rule writes to, at the place of the op that it is asked about."""

    def __init__(self, module: Module, op: ir.Operation, clean: Callable[[Function], None]) -> None:
        super().__init__(module, ir.InsertionPoint(op), op.location, [])
        self._clean = clean
        """Removes the dead ops of a function."""

    def needed(self, fn: str, used: Mask) -> Mask:
        """Which arguments a function needs for the `used` results, and for its effects."""
        return tuple(next(iter(a.ir.uses), None) is not None for a in self._with_results(fn, used).args)

    def narrowed(self, fn: str, needed: Mask, used: Mask) -> str:
        """A function with only the `used` results, of the arguments that are `needed` (or more)."""
        if all(needed) and all(used):
            return fn
        return self.once(("narrowed", fn, needed, used), lambda: self._narrowed(fn, needed, used))

    def _narrowed(self, fn: str, needed: Mask, used: Mask) -> str:
        made = self.module.clone_function(self._with_results(fn, used).name, fn)
        made.set_args(picked(made.args, needed))
        return made.name

    def _with_results(self, fn: str, used: Mask) -> Function:
        """A copy of a function with some of its results and what these need."""

        def make() -> Function:
            made = self.module.clone_function(fn, f"{fn}.some")
            made.set_results(picked(made.results(), used))
            self._clean(made)
            return made

        return self.once(("some", fn, used), make)


def pruned(b: PruneBuilder, inst: Op, op: ir.Operation, used: Mask) -> Sequence[Any] | None:
    """The `used` results of an op made anew without the others, which are None; None where that gains nothing."""
    prune = getattr(inst, "prune", None)
    if prune is None or any(b.module.function(name).is_declaration for name in inst.callees()):
        return None
    return prune(b, used, [Val(v, aval_of(v.type)) for v in op.operands])
