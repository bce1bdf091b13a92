"""Trading time for memory: what `checkpoint` calls is computed again in the backward pass instead of kept."""

from weft_compiler.attributes import Flag, Symbol, Text
from weft_compiler.dialect.call import TakesCaptures, transposed_call
from weft_compiler.dialect.checkpoint_policies import NAMING_OP, policy_of
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
from weft_compiler.masks import marks, present
from weft_compiler.memories import place_in_memory


@op("checkpoint")
class Checkpoint(TakesCaptures):
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
        from weft_compiler.passes.remat import split_residuals

        made = b.linearize_of(self.callee, marks(dxs))
        count = len(made.out_active)
        if not any(made.out_active):
            return b.emit(self, xs), (None,) * count
        policy = policy_of(self.policy)
        plan = b.once(("remat", made.fwd, self.policy), lambda: split_residuals(b, made, policy, count))
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


@op("to_memory")
class ToMemory(Elementwise):
    """x, kept in the device's memory of this `kind`, such as `pinned_host`. Where there is none it stays."""

    x: Operand[Anything]
    kind: Attr[Text]

    takes_keys = True
    key_use = "same"
    linear_in = ("x",)

    def transpose(self, b, ct, x):
        return ct

    def lower(self, b, x):
        return place_in_memory(b, x, self.kind)

    def reference(self, x):
        return x

    fold = NOTHING_TO_FOLD
    samples = cases(((((3,), "float32"),), {"kind": "device"}), ((((), "int32"),), {"kind": "device"}))


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
