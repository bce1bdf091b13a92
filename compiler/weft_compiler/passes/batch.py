"""Batching: a function over one more axis, by asking each op for its `batch` rule."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from weft_compiler.bindings import ir
from weft_compiler.body import Step, read_body
from weft_compiler.dialect.builder import Val
from weft_compiler.dialect.op import NoRule
from weft_compiler.locations import DERIVATIONS, derived
from weft_compiler.module import Function, Module
from weft_compiler.passes.registry import ModulePass, register
from weft_compiler.rule_errors import errors_located
from weft_compiler.transforms import Batched, Mask, TransformBuilder


@register("weft-batch")
@dataclass(frozen=True)
class BatchPass(ModulePass):
    """Adds `@f.batch`, which works on `size` inputs at once: batched values have one more axis, the first.

    Needs:  requests inside `@f` already expanded.
    Leaves: `@f` as it was; what does not depend on batched inputs stays without the axis.
    """

    fn: str
    """Function to batch."""
    size: int
    """Length of the batch axis."""
    batched: tuple[int, ...] = (0,)
    """Positions of the inputs that have the batch axis."""
    axis_name: str = ""
    """What the collectives of `fn` call the axis: they become plain ops."""

    def run(self, module: Module) -> None:
        mask = module.mask(self.fn, self.batched, "batched")
        made = batch(module, self.fn, mask, self.size, axis_name=self.axis_name)
        module.function(made.fn).publish()


class BatchBuilder(TransformBuilder):
    """Knows which values have the batch axis."""

    def __init__(self, module: Module, made: Function, loc: ir.Location, size: int, axis_name: str) -> None:
        super().__init__(module, ir.InsertionPoint(made.body), loc, made.steps)
        self.axis_size = size
        self.axis_name = axis_name
        self.batched: set[ir.Value] = set()

    def is_batched(self, x: Val) -> bool:
        """Whether `x` has the batch axis, as axis 0."""
        return x.ir in self.batched

    def with_batch(self, x: Val) -> Val:
        """`x` with the batch axis first, repeated where it had none."""
        return x if x.ir in self.batched else self.repeat_first(x, self.axis_size)

    def with_batch_spread(self, *xs: Val) -> list[Val]:
        """All with the batch axis, and those that are scalars beside larger ones with all axes."""
        full = [self.with_batch(x) for x in xs]
        widest = max(full, key=lambda x: x.ndim)
        return [
            x if x.ndim == widest.ndim else self.broadcast_in_dim(x, shape=widest.shape, dims=(0,))
            for x in full
        ]


def batch(
    module: Module, fn: str, batched: Mask, size: int, instantiate: Mask = (), axis_name: str = ""
) -> Batched:
    """Makes the batched function; results that `instantiate` marks get the axis even if they do not vary."""
    source = module.function(fn)
    loc = source.op.location
    avals = [
        a.aval.with_shape((size, *a.shape)) if is_batched else a.aval
        for a, is_batched in zip(source.args, batched, strict=True)
    ]
    made = module.add_function(f"{fn}.batch", avals, loc)
    b = BatchBuilder(module, made, loc, size, axis_name)
    env: dict[ir.Value, Any] = {}
    for old, new, is_batched in zip(source.args, made.args, batched, strict=True):
        env[old.ir] = new
        if is_batched:
            b.batched.add(new.ir)
    _batch_steps(b, read_body(module, source), env)
    b.loc = loc
    results = [env[v] for v in source.returned()]
    for i, wanted in enumerate(instantiate):
        if wanted and results[i].ir not in b.batched:
            results[i] = b.repeat_first(results[i], size)
            b.batched.add(results[i].ir)
    made.finish(results, loc)
    return Batched(made.name, tuple(r.ir in b.batched for r in results))


def _batch_steps(b: BatchBuilder, steps: Iterable[Step], env: dict[ir.Value, Any]) -> None:
    batched = b.batched
    with errors_located(b):
        for step in steps:
            _, inst, given, results, b.loc, _ = step
            operands = [env[v.ir] for v in given]
            for x in operands:
                if x.ir in batched:
                    break
            else:
                if not b.axis_name or not b.is_named_by(inst):
                    for v, new in zip(results, b.copy(step, operands), strict=True):
                        env[v.ir] = new
                    continue
            rule = inst.batch
            if type(rule) is NoRule:
                inst.rule("batch")  # which says why there is none
            if DERIVATIONS.named:
                b.loc = derived(b.loc, "batch", inst.name)
            outs = rule(b, *operands)
            if inst.callee_attrs or inst.named_axes:
                outs, marks = outs
                news = outs if isinstance(outs, tuple) else (outs,)
                marks = marks if isinstance(marks, tuple) else (marks,) * len(news)
                for v, new, is_batched in zip(results, news, marks, strict=True):
                    env[v.ir] = new
                    if is_batched:
                        batched.add(new.ir)
            elif len(results) == 1 and type(outs) is not tuple:
                env[results[0].ir] = outs
                batched.add(outs.ir)
            else:
                for v, new in zip(results, outs, strict=True):
                    env[v.ir] = new
                    batched.add(new.ir)
