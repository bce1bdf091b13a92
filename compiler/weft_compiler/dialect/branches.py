"""Choice between functions: `cond` runs one of several branches."""

from weft_compiler.attributes import Symbols
from weft_compiler.avals import BOOL, INT32, Aval
from weft_compiler.dialect.builder import Val
from weft_compiler.dialect.call import TakesCaptures
from weft_compiler.dialect.op import Anything, Attr, Integer, Operand, Operands, no_rule, op
from weft_compiler.dialect.residual_slots import save_in_branches, share_slots
from weft_compiler.masks import marks, picked, present, spread, union


@op("cond")
class Cond(TakesCaptures):
    """The results of branch number `index`, an int32 scalar that is limited to the range of `branches`.

    Every branch takes the same operands and gives results of the same types.
    """

    index: Operand[Integer]
    args: Operands[Anything]
    branches: Attr[Symbols]

    results = None
    callee_attrs = ("branches",)

    def infer(self, signatures, index, *args):
        if not signatures:
            self.fail("needs at least one branch")
        if index.ndim or index.dtype != INT32:
            self.fail(f"index must be i32[], got {index}")
        for name, branch in zip(self.branches, signatures, strict=True):
            if args != branch.inputs:
                self.fail(f"@{name} takes {branch}, got ({', '.join(map(str, args))})")
            if branch.outputs != signatures[0].outputs:
                self.fail(f"branches differ: @{self.branches[0]} is {signatures[0]}, @{name} is {branch}")
        return signatures[0].outputs

    def save_inside(self, b, policy):
        return save_in_branches(b, self, policy)

    def use_keys(self, walk, index, *xs):
        return walk.either([lambda f=f: walk.call(f, xs) for f in self.branches])

    def depends(self, b, mask):
        index, *args = mask
        each = [b.dependence(f, tuple(args)) for f in self.branches]
        return tuple(index or any(column) for column in zip(*each, strict=True))

    def prune(self, b, used, xs):
        index, *args = xs
        needed = union(b.needed(f, used) for f in self.branches)
        branches = tuple(b.narrowed(f, needed, used) for f in self.branches)
        return spread(used, b.cond(index, *picked(args, needed), branches=branches))

    def jvp(self, b, *args):
        (index, *xs), (_, *dxs) = args[: len(args) // 2], args[len(args) // 2 :]
        active = marks(dxs)
        made = [b.jvp_of(f, active) for f in self.branches]
        wanted = union(m.out_active for m in made)
        count = len(wanted)
        outputs = b.module.signature(self.branches[0]).outputs * 2
        every = (True,) * count
        branches = [b.filled(m.fn, every + m.out_active, every + wanted, outputs) for m in made]
        outs = b.cond(index, *xs, *present(dxs), branches=tuple(branches))
        return outs[:count], spread(wanted, outs[count:])

    def linearize(self, b, xs, dxs):
        index, *args = xs
        active = marks(dxs[1:])
        made = [b.linearize_of(f, active) for f in self.branches]
        wanted = union(m.out_active for m in made)
        if not any(wanted):
            return b.emit_primal(self, xs), (None,) * len(wanted)
        plan = b.once(("cond.linearize", self, active), lambda: share_slots(b, made, wanted))
        outs = b.cond(index, *args, branches=plan.fwd)
        results, slots = outs[: len(wanted)], outs[len(wanted) :]
        passed = [args[i] for i in plan.arguments] + [results[i] for i in plan.results]
        tangents = b.cond(index, *present(dxs), *passed, *slots, branches=plan.lin)
        return results, spread(wanted, tangents)

    def transpose(self, b, cts, index, *xs):
        linear = tuple(b.is_linear(x) for x in xs)
        made = [b.transpose_of(f, linear, marks(cts)) for f in self.branches]
        wanted = union(m.nonzero for m in made)
        avals = [x.aval for x in xs if b.is_linear(x)]
        branches = [b.filled(m.fn, m.nonzero, wanted, avals) for m in made]
        known = [x for x in xs if not b.is_linear(x)]
        outs = b.cond(index, *present(cts), *known, branches=tuple(branches))
        given = iter(spread(wanted, outs))
        return (None, *(next(given) if is_linear else None for is_linear in linear))

    def batch(self, b, index, *xs):
        batched = tuple(b.is_batched(x) for x in xs)
        if b.is_batched(index):
            return self._batch_by_selection(b, index, xs, batched)
        wanted = union(b.batch_of(f, batched).out_batched for f in self.branches)
        made = [b.batch_of(f, batched, instantiate=wanted) for f in self.branches]
        return b.cond(index, *xs, branches=tuple(m.fn for m in made)), wanted

    def _batch_by_selection(self, b, index, xs, batched):
        """An index for each element: every branch runs on all of them, and results are chosen."""
        if any(b.acts(f) for f in self.branches):
            raise NotImplementedError(
                "IO effect not supported in vmap-of-cond: every branch would run for every element"
            )
        every = (True,) * len(b.module.signature(self.branches[0]).outputs)
        chosen = None
        low, high = b.zeros(index.aval), b.full(index.aval, len(self.branches) - 1)
        index = b.clamp(low, index, high)
        for i, f in enumerate(self.branches):
            # Elements that do not take the branch must not bring a nan of its slope: no slope leads through it.
            is_taken = b.compare(index, i, direction="EQ")
            ins = [
                b.choose(is_taken, x, b.stop_gradient(x)) if is_varied and x.aval.kind in "fc" else x
                for x, is_varied in zip(xs, batched, strict=True)
            ]
            outs = b.call(b.batch_of(f, batched, instantiate=every).fn, ins)
            if chosen is None:
                chosen = outs
            else:
                chosen = tuple(b.choose(is_taken, new, old) for new, old in zip(outs, chosen, strict=True))
        return chosen, every

    def lower(self, b, index, *xs):
        if len(self.branches) == 1:
            return b.call_lowered(self.branches[0], xs)
        outs = [a.physical for a in b.outs]
        pred = _predicate_behind(b, index) if len(self.branches) == 2 else None
        if pred is not None:
            made = b.stablehlo.op("stablehlo.if", (pred,), outs, 2)
            branches = self.branches[::-1]
        else:
            low, high = b.zeros(index.aval), b.full(index.aval, len(self.branches) - 1)
            index = b.clamp(low, index, high)
            made = b.stablehlo.op("stablehlo.case", (index,), outs, len(self.branches))
            branches = self.branches
        for i, f in enumerate(branches):
            b.stablehlo.region(i, (), lambda f=f: b.call_lowered(f, xs))
        results = made if type(made) is tuple else (made,)
        return tuple(b.keys(v, a) for v, a in zip(results, b.outs, strict=True))

    def fold(self, b, index, *xs):
        value = b.splat(index)
        if value is None and len(set(self.branches)) > 1:
            return None
        number = 0 if value is None else max(0, min(int(value), len(self.branches) - 1))
        return b.call(self.branches[number], xs)

    samples = no_rule("covered by test/ops/control_flow: it needs functions")


def _predicate_behind(b, index):
    """The bool of which a lowered index was made, if it was."""
    owner = index.ir.owner
    if getattr(owner, "name", None) != "stablehlo.convert":
        return None
    source = owner.operands[0]
    pred = Aval.of((), BOOL)
    return Val(source, pred) if source.type == pred.ty else None
