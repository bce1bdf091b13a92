"""Forward-mode derivative: walks a function and asks each op for its `jvp` rule."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from weft_compiler.bindings import ir
from weft_compiler.body import read_body
from weft_compiler.dialect.builder import Val
from weft_compiler.duals import DualBuilder, Duals
from weft_compiler.masks import Mask, marks, picked, present
from weft_compiler.module import Module
from weft_compiler.passes.registry import ModulePass, register
from weft_compiler.transforms import Jvp, differentiable_mask


@register("weft-jvp")
@dataclass(frozen=True)
class JvpPass(ModulePass):
    """Adds `@f.jvp`, which maps inputs and tangents to outputs and tangents.

    Needs:  requests inside `@f` already expanded.
    Leaves: `@f` as it was; an output that does not depend on `wrt` gets no tangent.
    """

    fn: str
    """Function to differentiate."""
    wrt: tuple[int, ...] = (0,)
    """Positions of the inputs that carry a tangent."""

    def run(self, module: Module) -> None:
        made = differentiate(module, self.fn, differentiable_mask(module, self.fn, self.wrt))
        module.function(made.fn).publish()


class JvpBuilder(DualBuilder):
    """Writes results and tangents side by side."""

    def higher_order(self, inst: Any, xs: Sequence[Val], dxs: Sequence[Any]) -> tuple[Any, Any]:
        """Results and tangents of an op that names functions."""
        return inst.jvp(self, *xs, *dxs)


def differentiate(module: Module, fn: str, active: Mask, instantiate: Mask = ()) -> Jvp:
    """Makes the forward derivative of a function with respect to the `active` arguments."""
    source = module.function(fn)
    loc = source.op.location
    avals = source.signature.inputs
    made = module.add_function(f"{fn}.jvp", [*avals, *picked(avals, active)], loc)
    b = JvpBuilder(module, ir.InsertionPoint(made.body), loc, made.steps)
    duals = Duals(source.args, made.args[: len(avals)], active, made.args[len(avals) :])
    duals.walk(b, read_body(module, source))
    b.loc = loc
    results, douts = duals.results(b, source.returned(), instantiate)
    made.finish([*results, *present(douts)], loc)
    return Jvp(made.name, marks(douts))
