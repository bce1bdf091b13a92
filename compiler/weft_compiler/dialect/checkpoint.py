"""Trading time for memory: what `checkpoint` calls is computed again in the backward pass instead of kept."""

from typing import NamedTuple

from weft_compiler.attributes import Flag, Symbol, Text
from weft_compiler.bindings import ir
from weft_compiler.body import read_op
from weft_compiler.dialect.call import HigherOrder, transposed_call
from weft_compiler.dialect.checkpoint_policies import NAMING_OP, Policy, policy_of
from weft_compiler.dialect.elementwise import Elementwise
from weft_compiler.dialect.op import (
    NOTHING_TO_FOLD,
    Anything,
    Attr,
    Operand,
    Operands,
    OpValueError,
    no_rule,
    op,
)
from weft_compiler.dialect.samples import cases
from weft_compiler.flatten import extract, flattened, needed_ops
from weft_compiler.masks import marks, present
from weft_compiler.module import Function
from weft_compiler.transforms import Linearized


@op("checkpoint")
class Checkpoint(HigherOrder):
    """Calls `callee`; its linearization keeps the operands and what `policy` allows, makes the rest again.

    `prevent_cse` keeps the backend from merging what is computed again with the first time. It can be left
    out in the body of a loop. A call that is `differentiated` computes something again.
    """

    args: Operands[Anything]
    callee: Attr[Symbol]
    policy: Attr[Text] = "nothing_saveable"
    prevent_cse: Attr[Flag] = True
    differentiated: Attr[Flag] = False

    results = None
    callee_attrs = ("callee",)

    def infer(self, signatures, *args):
        (callee,) = signatures
        if args != callee.inputs:
            self.fail(f"@{self.callee} takes {callee}, got ({', '.join(map(str, args))})")
        try:
            policy_of(self.policy)
        except ValueError as error:
            self.fail(str(error), OpValueError)
        return callee.outputs

    def use_keys(self, walk, *xs):
        if self.differentiated:
            return None  # it does once more what has been done with the keys
        return walk.call(self.callee, xs)

    def depends(self, b, mask):
        return b.dependence(self.callee, mask)

    def jvp(self, b, *args):
        xs, dxs = args[: len(args) // 2], args[len(args) // 2 :]
        made = b.jvp_of(self.callee, marks(dxs))
        return made.split(b.emit(self.replace(callee=made.fn), (*xs, *present(dxs))))

    def linearize(self, b, xs, dxs):
        made = b.linearize_of(self.callee, marks(dxs))
        count = len(made.out_active)
        if not any(made.out_active):
            return b.emit(self, xs), (None,) * count
        plan = b.once(("checkpoint", made.fwd, self.policy), lambda: _split(b, made, policy_of(self.policy)))
        outs = b.emit(self.replace(callee=plan.forward or self.callee), xs)
        known = (*(xs[i] for i in plan.arguments), *outs[count:])
        again = self.replace(callee=plan.linear, differentiated=True)
        return outs[:count], made.spread_tangents(b.emit(again, (*present(dxs), *known)))

    def transpose(self, b, cts, *xs):
        def emit(fn, operands):
            return b.emit(self.replace(callee=fn), operands)

        return transposed_call(b, self.callee, cts, xs, emit)

    def batch(self, b, *xs):
        made = b.batch_of(self.callee, tuple(b.is_batched(x) for x in xs))
        return b.emit(self.replace(callee=made.fn), xs), made.out_batched

    def lower(self, b, *xs):
        if self.differentiated and self.prevent_cse:
            # Cotangents are among the operands: nothing is computed again before they are there.
            xs = b.optimization_barrier(*xs)
        return b.call_lowered(self.callee, xs)

    samples = no_rule("covered by test/ops/control_flow: it needs functions")


class Split(NamedTuple):
    """`forward`: arguments -> (results, saved), or empty where nothing is saved.

    `linear`: (tangents, the `arguments`, saved) -> tangents of the results.
    """

    forward: str
    linear: str
    arguments: tuple[int, ...]


def _split(b, made: Linearized, policy: Policy) -> Split:
    flat = flattened(b.module, made.fwd)
    count = len(made.out_active)
    may_save = _saveable(flat, policy)
    arguments, returned = list(flat.body.arguments), flat.returned()
    residuals = returned[count:]
    used = _inputs_used(b.module, flat, [*arguments, *may_save], residuals)
    saved = [v for v in may_save if v in used]
    numbers = tuple(i for i, v in enumerate(arguments) if v in used)
    forward = ""
    if saved:
        outputs = [*returned[:count], *saved]
        forward = extract(b.module, flat, f"{made.fwd}.save", arguments, outputs, effects=True).name
    known = [arguments[i] for i in numbers] + saved
    again = extract(b.module, flat, f"{made.fwd}.again", known, residuals)
    b.module.remove_function(flat.name)
    return Split(forward, _linear(b, made, again), numbers)


def _linear(b, made: Linearized, again: Function) -> str:
    inputs = b.module.signature(made.lin).inputs
    tangents = inputs[: len(inputs) - made.residuals]

    def write(inner, *args):
        residuals = inner.call(again.name, args[len(tangents) :])
        return inner.call(made.lin, (*args[: len(tangents)], *residuals))

    return b.define(f"{made.lin}.again", [*tangents, *again.signature.inputs], write)


def _saveable(flat: Function, policy: Policy) -> list[ir.Value]:
    """Values that the policy keeps. What has a name is kept as the named copy if that is kept."""
    insts = [(o, read_op(o)) for o in flat.operations()]
    instead: set[ir.Value] = set()
    for o, inst in insts:
        if inst.name == NAMING_OP and (policy.saves(inst) or policy.excludes(inst)):
            _name_all_uses(o)
            instead.add(o.operands[0])
    return [v for o, inst in insts if policy.saves(inst) for v in o.results if v not in instead]


def _name_all_uses(naming: ir.Operation) -> None:
    """Makes everything that uses a value use its named copy."""
    value = naming.operands[0]
    if not isinstance(value.owner, ir.Block):
        naming.move_after(value.owner)
        value.replace_all_uses_except(naming.result, naming)


def _inputs_used(module, flat: Function, inputs, outputs) -> set[ir.Value]:
    """Which of `inputs` it takes to compute `outputs`."""
    given = set(inputs)
    touched = set(outputs)
    for needed in needed_ops(module, flat, inputs, outputs):
        touched.update(needed.operands)
    return touched & given


@op(NAMING_OP)
class CheckpointName(Elementwise):
    """x, under the name `label` by which a policy of `checkpoint` can keep it."""

    x: Operand[Anything]
    label: Attr[Text]

    key_use = "same"
    takes_keys = True

    def jvp(self, b, x, dx):
        return dx

    def lower(self, b, x):
        return x

    def reference(self, x):
        return x

    fold = NOTHING_TO_FOLD
    transpose = no_rule("tangents are not named")
    samples = cases(((((3,), "float32"),), {"label": "h"}), ((((), "int32"),), {"label": "i"}))
