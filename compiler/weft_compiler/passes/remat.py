"""Rematerialization: what is cheap to have again is computed in the backward part rather than kept for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from weft_compiler.bindings import ir
from weft_compiler.diagnostics import DiagnosticError
from weft_compiler.dialect.checkpoint_policies import Policy, policy_of
from weft_compiler.flatten import extract, flattened
from weft_compiler.module import Function, Module
from weft_compiler.passes.registry import ModulePass, register
from weft_compiler.saved_values import Kept, Saving
from weft_compiler.transforms import Linearized, TransformBuilder


@register("weft-remat")
@dataclass(frozen=True)
class Remat(ModulePass):
    """Replaces the residuals of a linearized function by its arguments and what a policy keeps.

    `@f.lin` computes the others again. The policy also decides on what loops and branches inside hand over.

    Needs:  `@f.fwd` and `@f.lin`, as `weft-linearize{fn=f}` makes them.
    Leaves: `@f` as it was; `@f.fwd` with the residuals that are kept, `@f.lin` a checkpointed call of the rest.
    """

    fn: str
    """Function that has been linearized."""
    policy: str = "nothing_saveable"
    """What is kept, see `checkpoint_policies`."""
    prevent_cse: bool = True
    """Keep the backend from merging what is computed again with the first time."""

    def run(self, module: Module) -> None:
        try:
            policy = policy_of(self.policy)
        except ValueError as error:
            raise DiagnosticError(str(error), module.function(self.fn).op.location) from None
        fwd, lin = module.function(f"{self.fn}.fwd"), module.function(f"{self.fn}.lin")
        count = len(module.signature(self.fn).outputs)
        residuals = len(fwd.signature.outputs) - count
        tangents = len(lin.signature.inputs) - residuals
        if residuals < 0 or tangents < 0 or fwd.signature.outputs[count:] != lin.signature.inputs[tangents:]:
            text = f"@{fwd.name} and @{lin.name} do not go together: {fwd.signature} and {lin.signature}"
            raise DiagnosticError(text, lin.op.location)
        b = TransformBuilder(module, None, fwd.op.location)
        made = Linearized(fwd.name, lin.name, (True,) * len(lin.signature.outputs), residuals)
        plan = split_residuals(b, made, policy, count)
        _replace(module, fwd, _forward(b, fwd, plan, count))
        _replace(module, lin, _backward(b, lin, plan, tangents, self.prevent_cse))
        module.memo.clear()


class Split(NamedTuple):
    """A linearized function that keeps less.

    `forward`: arguments -> (results, saved), or empty where nothing is saved.
    `linear`: (tangents, the `arguments`, saved) -> tangents of the results.
    """

    forward: str
    linear: str
    arguments: tuple[int, ...]


def split_residuals(b: Any, made: Linearized, policy: Policy, count: int) -> Split:
    """Splits a function of `count` results: what `policy` keeps is handed over, the rest computed again."""
    saving = Saving(b, flattened(b.module, made.fwd), policy)
    residuals = saving.again.returned()[count:]
    numbers, kept = saving.needed(residuals)
    forward = ""
    if kept:
        results = [*saving.first.returned()[:count], *(k.made for k in kept)]
        inputs = list(saving.first.body.arguments)
        forward = extract(b.module, saving.first, f"{made.fwd}.save", inputs, results, effects=True).name
        forward = _sent_away(b, forward, count, kept)
    arguments = list(saving.again.body.arguments)
    known = [arguments[i] for i in numbers] + [k.given for k in kept]
    again = extract(b.module, saving.again, f"{made.fwd}.again", known, residuals).name
    again = _brought_back(b, again, len(numbers), kept)
    saving.close()
    return Split(forward, _linear(b, made, b.module.function(again)), numbers)


def _sent_away(b: Any, forward: str, count: int, kept: Sequence[Kept]) -> str:
    """`forward` with what is kept in another memory sent there."""

    def write(inner: Any, *args: Any) -> Sequence[Any]:
        outs = inner.call(forward, args)
        pairs = zip(outs[count:], kept, strict=True)
        return (*outs[:count], *(inner.to_memory(x, kind=k.way.kept) if k.way else x for x, k in pairs))

    if not any(k.way for k in kept):
        return forward
    return b.define(f"{forward}.away", b.module.signature(forward).inputs, write)


def _brought_back(b: Any, again: str, count: int, kept: Sequence[Kept]) -> str:
    """`again` with what was sent away brought back first; the kept values follow `count` arguments."""

    def write(inner: Any, *args: Any) -> Sequence[Any]:
        pairs = zip(args[count:], kept, strict=True)
        back = [inner.to_memory(x, kind=k.way.source) if k.way else x for x, k in pairs]
        return inner.call(again, (*args[:count], *back))

    if not any(k.way for k in kept):
        return again
    return b.define(f"{again}.back", b.module.signature(again).inputs, write)


def _linear(b: Any, made: Linearized, again: Function) -> str:
    inputs = b.module.signature(made.lin).inputs
    tangents = inputs[: len(inputs) - made.residuals]

    def write(inner: Any, *args: Any) -> Any:
        residuals = inner.call(again.name, args[len(tangents) :])
        return inner.call(made.lin, (*args[: len(tangents)], *residuals))

    return b.define(f"{made.lin}.again", [*tangents, *again.signature.inputs], write)


def _forward(b: TransformBuilder, fwd: Function, plan: Split, count: int) -> str:
    """Arguments to results, the arguments that are handed over, what is saved."""

    def write(inner: Any, *args: Any) -> Sequence[Any]:
        outs = inner.call(plan.forward or f"{fwd.name}.all", args)
        saved = outs[count:] if plan.forward else ()
        return (*outs[:count], *(args[i] for i in plan.arguments), *saved)

    if not plan.forward:
        b.module.clone_function(fwd.name, f"{fwd.name}.all")
    return b.define(f"{fwd.name}.kept", fwd.signature.inputs, write)


def _backward(b: TransformBuilder, lin: Function, plan: Split, tangents: int, prevent_cse: bool) -> str:
    """`lin` under its name is what `plan.linear` calls, so that one moves aside."""
    aside = b.module.clone_function(lin.name, f"{lin.name}.all")
    inner = b.module.function(plan.linear)
    for op in inner.operations():
        if op.name == "func.call" and ir.FlatSymbolRefAttr(op.attributes["callee"]).value == lin.name:
            op.attributes["callee"] = ir.FlatSymbolRefAttr.get(aside.name, lin.op.context)
    inner.steps = None

    def write(out: Any, *args: Any) -> Any:
        return out.checkpoint(*args, callee=plan.linear, prevent_cse=prevent_cse, differentiated=True)

    return b.define(f"{lin.name}.kept", inner.signature.inputs, write)


def _replace(module: Module, old: Function, new: str) -> None:
    """Puts a function in the place of another, under its name and as visible."""
    made, name, was_public = module.function(new), old.name, old.is_public
    made.op.move_before(old.op)
    module.remove_function(name)
    module.rename(new, name)
    if was_public:
        made.publish()
