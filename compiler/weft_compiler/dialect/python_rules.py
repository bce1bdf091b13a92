"""Functions whose rules are Python code, traced when a transformation asks for them.

These ops are calls until then; what the rule becomes is one of the ops of `custom_rules.py`, which name functions
of the module. So a rule may use the function that it belongs to, and a rule that nobody needs is never run.
"""

from typing import Any

from weft_compiler.attributes import I64, Flag, Symbol
from weft_compiler.dialect.call import HigherOrder
from weft_compiler.dialect.custom_rules import (
    CustomCall,
    CustomJvpCall,
    CustomLin,
    CustomVjpCall,
    batched_cotangents,
    floats,
    is_float,
)
from weft_compiler.dialect.op import Anything, Attr, Operands, OpValueError, no_rule, op
from weft_compiler.masks import Mask, marks, parts, picked, present, spread
from weft_compiler.rule_table import PythonRule, rule_of
from weft_compiler.transforms import Batched, TransformBuilder


class PythonCall(CustomCall):
    """Calls `callee`. The rule `rule_number` of this process says how it is transformed.

    The last `spare` operands are there for the rule: `callee` does not use them.
    """

    rule_number: Attr[I64]
    spare: Attr[I64] = 0

    callee_attrs = ("callee",)

    def infer(self, signatures, *args):
        (callee,) = signatures
        self.check_call(callee, args)
        return callee.outputs

    @property
    def named_axes(self):
        """Axes that the rule may speak of; the callee says so itself."""
        return _asked(self).named_axes

    def depends(self, b, mask):
        return super().depends(b, mask[: len(mask) - self.spare])

    def asked(self):
        """The rule."""
        return _asked(self)

    def is_idle(self, dxs):
        """Whether no operand that `callee` uses has a tangent."""
        return not present(dxs[: len(dxs) - self.spare])

    def without_tangents(self, b, xs):
        """The call, where there is nothing to differentiate."""
        return b.emit(self, xs), (None,) * len(b.module.signature(self.callee).outputs)

    def batched_by(self, b, xs, kind):
        """The call over one more axis, which all results get; `kind` makes the rule of the batched function."""
        batched = tuple(b.is_batched(x) for x in xs)
        every = (True,) * len(b.module.signature(self.callee).outputs)
        made = b.once(
            ("rule.batch", self.rule_number, batched, b.axis_size, b.axis_name),
            lambda: kind(self.asked(), batched, len(every), b),
        )
        callee = b.batch_of(self.callee, batched, instantiate=every).fn
        return b.emit(self.replace(callee=callee, rule_number=made.held_by(b.module)), xs), every


def _asked(inst):
    try:
        return rule_of(inst.rule_number)
    except LookupError as error:
        inst.fail(str(error.args[0]), OpValueError)


class BatchedRule(PythonRule):
    """The rule of a function after batching; it had `results` results, which all have the axis now."""

    def __init__(self, rule, batched: Mask, results: int, batch: TransformBuilder) -> None:
        super().__init__()
        self.rule, self.batched, self.results = rule, batched, results
        self.size, self.axis_name = batch.axis_size, batch.axis_name
        self.named_axes = tuple(name for name in rule.named_axes if name != self.axis_name)

    def builder(self, b: TransformBuilder) -> TransformBuilder:
        """A builder that batches functions of the same module."""
        made = TransformBuilder(b.module, None, b.loc)
        made.axis_size, made.axis_name = self.size, self.axis_name
        return made


# Forward rules


@op("python_jvp_call")
class PythonJvpCall(PythonCall):
    """Calls `callee`, whose rule gives its derivative: `rule.jvp(b, active)` is as `custom_jvp_call` wants it.

    `active` marks the operands that have a tangent. The function takes one for every float or complex operand.
    """

    def jvp(self, b, *args):
        xs, dxs = args[: len(args) // 2], args[len(args) // 2 :]
        if self.is_idle(dxs):
            return self.without_tangents(b, xs)
        return self._by_symbol(b, dxs).jvp(b, *args)

    def linearize(self, b, xs, dxs):
        if self.is_idle(dxs):
            return self.without_tangents(b, xs)
        return self._by_symbol(b, dxs).linearize(b, xs, dxs)

    def _by_symbol(self, b, dxs):
        return CustomJvpCall.of(callee=self.callee, jvp_callee=self.asked().jvp(b, marks(dxs)))

    def batch(self, b, *xs):
        return self.batched_by(b, xs, BatchedJvp)


class BatchedJvp(BatchedRule):
    """Gives the derivative of the function as it was, batched."""

    def jvp(self, b: TransformBuilder, active: Mask) -> str:
        """See PythonJvpCall."""
        fn = self.rule.jvp(b, active)
        signature = b.module.signature(fn)
        has_tangent = floats(signature.inputs[: len(self.batched)])
        batched = (*self.batched, *picked(self.batched, has_tangent))
        return self.builder(b).batch_of(fn, batched, instantiate=(True,) * len(signature.outputs)).fn


# Reverse rules


@op("python_vjp_call")
class PythonVjpCall(PythonCall):
    """Calls `callee`, whose rule gives its reverse derivative as `custom_vjp_call` wants it.

    These functions are `rule.fwd(b, active)` and `rule.bwd(b, active)`, where `active` marks the operands that
    have a tangent. With `zeros` the second waits until it is known which cotangents are not zero.
    """

    zeros: Attr[Flag] = False

    def jvp(self, b, *args):
        xs, dxs = args[: len(args) // 2], args[len(args) // 2 :]
        if self.is_idle(dxs):
            return self.without_tangents(b, xs)
        refuse: Any = CustomVjpCall.jvp
        return refuse(self, b, *args)

    def linearize(self, b, xs, dxs):
        if self.is_idle(dxs):
            return self.without_tangents(b, xs)
        active, rule = marks(dxs), self.asked()
        fwd = rule.fwd(b, active)
        if not self.zeros:
            call: Any = CustomVjpCall.of(callee=self.callee, fwd=fwd, bwd=rule.bwd(b, active))
            return call.linearize(b, xs, dxs)
        avals = b.module.signature(self.callee).outputs
        results, residuals = parts(b.call(fwd, xs), len(avals))
        pairs = zip(xs, dxs, strict=True)
        given = [b.zeros(x.aval) if d is None else d for x, d in pairs if is_float(x.aval)]
        back = b.once(("rule.bwd", self.rule_number, active), lambda: Backward(rule, active))
        like = function_like(b, picked(avals, floats(avals)))
        lin = PythonLin.of(like=like, tangents=len(given), rule_number=back.held_by(b.module))
        return results, spread(floats(avals), b.emit(lin, (*given, *residuals)))

    def batch(self, b, *xs):
        return self.batched_by(b, xs, BatchedVjp)


class BatchedVjp(BatchedRule):
    """Gives the reverse derivative of the function as it was, batched."""

    def fwd(self, b: TransformBuilder, active: Mask) -> str:
        """See PythonVjpCall."""
        return self._forward(b, active).fn

    def bwd(self, b: TransformBuilder, active: Mask, nonzero: Mask = ()) -> str:
        """See PythonVjpCall."""
        fn = self.rule.bwd(b, active, nonzero)
        residuals = self._forward(b, active).out_batched[self.results :]
        cts = len(b.module.signature(fn).inputs) - len(residuals)
        wanted = picked(self.batched, floats(b.module.signature(self.rule.fwd(b, active)).inputs))
        return batched_cotangents(self.builder(b), fn, (*residuals, *(True,) * cts), tuple(wanted))

    def _forward(self, b: TransformBuilder, active: Mask) -> Batched:
        fn = self.rule.fwd(b, active)
        residuals = len(b.module.signature(fn).outputs) - self.results
        instantiate = (*(True,) * self.results, *(False,) * residuals)
        return self.builder(b).batch_of(fn, self.batched, instantiate=instantiate)


class Backward(PythonRule):
    """What comes backwards, for known active operands."""

    def __init__(self, rule, active: Mask) -> None:
        super().__init__()
        self.rule, self.active = rule, active
        self.named_axes = rule.named_axes

    def bwd(self, b: TransformBuilder, nonzero: Mask) -> str:
        """See PythonLin."""
        return self.rule.bwd(b, self.active, nonzero)


@op("python_lin")
class PythonLin(HigherOrder):
    """As `custom_lin`, but the transpose is `rule.bwd(b, nonzero)`, asked when it is known what comes back.

    It takes a cotangent for every result, but may ignore those that are not marked. The results have the types
    of those of `like`.
    """

    args: Operands[Anything]
    like: Attr[Symbol]
    tangents: Attr[I64]
    rule_number: Attr[I64]

    key_use = "kept"
    results = None
    callee_attrs = ("like",)
    named_axes: Any = PythonCall.named_axes

    def infer(self, signatures, *args):
        (like,) = signatures
        return like.outputs

    def _outputs(self, b, operands):
        return b.module.signature(self.like).outputs

    depends: Any = CustomLin.depends
    jvp: Any = CustomLin.jvp
    linearize: Any = CustomLin.linearize

    def transpose(self, b, cts, *xs):
        lin: Any = CustomLin.of(bwd=_asked(self).bwd(b, marks(cts)), tangents=self.tangents)
        return lin.transpose(b, cts, *xs)

    def batch(self, b, *xs):
        dxs, residuals = parts(xs, self.tangents)
        batched = tuple(b.is_batched(r) for r in residuals)
        made = b.once(
            ("rule.bwd.batch", self.rule_number, batched, b.axis_size, b.axis_name),
            lambda: BatchedBackward(_asked(self), batched, self.tangents, b),
        )
        avals = b.module.signature(self.like).outputs
        like = function_like(b, [a.with_shape((b.axis_size, *a.shape)) for a in avals])
        call = self.replace(like=like, rule_number=made.held_by(b.module))
        return b.emit(call, (*(b.with_batch(dx) for dx in dxs), *residuals)), (True,) * len(avals)

    lower: Any = CustomLin.lower
    samples = no_rule("covered by test/frontend/test_custom_vjp.py: it needs a rule")


def function_like(b: TransformBuilder, avals) -> str:
    """A function that maps values of these types to themselves."""
    key = ("like", tuple(avals))
    return b.once(key, lambda: b.define("cotangents", avals, lambda _, *values: values))


class BatchedBackward(BatchedRule):
    """What comes backwards, batched; `batched` marks residuals, `results` counts the cotangents that come out."""

    def bwd(self, b: TransformBuilder, nonzero: Mask) -> str:
        """See PythonLin."""
        fn = self.rule.bwd(b, nonzero)
        every = (True,) * self.results
        return batched_cotangents(self.builder(b), fn, (*self.batched, *(True,) * len(nonzero)), every)


# Batching rules


@op("python_vmap_call")
class PythonVmapCall(PythonCall):
    """Calls `callee`, whose rule batches it: `rule.batch(b, size, batched)` is a `Batched`."""

    @property
    def named_axes(self):
        """None: the rule is asked only for a batch that has operands of the call."""
        return ()

    def jvp(self, b, *args):
        xs, dxs = args[: len(args) // 2], args[len(args) // 2 :]
        active = marks(dxs)
        made = b.jvp_of(self.callee, active)
        rule = b.once(
            ("rule.jvp", self.rule_number, active), lambda: VmapOfJvp(self.asked(), active, made.out_active)
        )
        call = self.replace(callee=made.fn, rule_number=rule.held_by(b.module), spare=0)
        return made.split(b.emit(call, (*xs, *present(dxs))))

    def batch(self, b, *xs):
        made = self.asked().batch(b, b.axis_size, tuple(b.is_batched(x) for x in xs))
        return b.call(made.fn, xs), made.out_batched


class VmapOfJvp(PythonRule):
    """Batches the derivative of a function by differentiating what its rule makes of it."""

    def __init__(self, rule, active: Mask, out_active: Mask) -> None:
        super().__init__()
        self.rule, self.active, self.out_active = rule, active, out_active
        self.named_axes = rule.named_axes

    def batch(self, b: TransformBuilder, size: int, batched: Mask) -> Batched:
        """See PythonVmapCall."""
        primals, tangents = parts(batched, len(self.active))
        # A value and its tangent are batched together: the rule knows one axis for both.
        either = tuple(bool(p or t) for p, t in zip(primals, spread(self.active, tangents), strict=True))
        made = self.rule.batch(b, size, either)
        jvp = b.jvp_of(made.fn, self.active, self.out_active)
        wanted = (*either, *picked(either, self.active))

        def write(inner, *args):
            pairs = zip(args, batched, wanted, strict=True)
            full = [x if has == needs else inner.repeat_first(x, size) for x, has, needs in pairs]
            outs, douts = jvp.split(inner.call(jvp.fn, full))
            return [*outs, *picked(douts, self.out_active)]

        avals = b.module.signature(jvp.fn).inputs
        given = [
            a.with_shape(a.shape[1:]) if needs and not has else a
            for a, has, needs in zip(avals, batched, wanted, strict=True)
        ]
        fn = b.once(("rule.jvp.batch", jvp.fn, batched), lambda: b.define(f"{jvp.fn}.fitted", given, write))
        return Batched(fn, (*made.out_batched, *picked(made.out_batched, self.out_active)))
