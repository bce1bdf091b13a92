"""Functions that bring their own derivative: calls, until a derivative is asked for."""

from weft_compiler.attributes import I64, Symbol
from weft_compiler.dialect.call import HigherOrder, transposed_call
from weft_compiler.dialect.op import Anything, Attr, Operands, OpTypeError, no_rule, op
from weft_compiler.flatten import extract
from weft_compiler.masks import Mask, marks, parts, picked, present, spread, union
from weft_compiler.transforms import Source

_NO_FORWARD_MODE = "can't apply forward-mode differentiation (jvp) to a custom_vjp function."
_IT_NEEDS_FUNCTIONS = no_rule("covered by test/ops/control_flow: it needs functions")


def is_float(aval) -> bool:
    """Whether values of this type have tangents."""
    return aval.kind in "fc"


def floats(avals) -> Mask:
    """Which of several values have tangents."""
    return tuple(is_float(a) for a in avals)


class CustomCall(HigherOrder):
    """Does what `callee` does; what another function says about its derivative is believed."""

    args: Operands[Anything]
    callee: Attr[Symbol]

    results = None

    def depends(self, b, mask):
        if b.without_rules:
            return b.dependence(self.callee, mask)
        # The functions beside the callee may find more dependence than it has.
        depends = any(mask) or b.is_named_by(self)
        return (depends,) * len(b.module.signature(self.callee).outputs)

    def transpose(self, b, cts, *xs):
        return transposed_call(b, self.callee, cts, xs)

    def run_callees(self):
        return (self.callee,)

    def use_keys(self, walk, *xs):
        return walk.call(self.callee, xs)

    def lower(self, b, *xs):
        return b.call_lowered(self.callee, xs)

    def check_call(self, callee, args):
        """Fails unless the callee takes the operands."""
        if args != callee.inputs:
            self.fail(f"@{self.callee} takes {callee}, got ({', '.join(map(str, args))})")

    def check_function(self, name, signature, inputs, outputs):
        """Fails unless a function maps `inputs` to `outputs`."""
        if signature.inputs != tuple(inputs) or signature.outputs != tuple(outputs):
            wanted = f"({', '.join(map(str, inputs))}) -> ({', '.join(map(str, outputs))})"
            self.fail(f"@{name} must be {wanted}, it is {signature}")

    samples = _IT_NEEDS_FUNCTIONS


@op("custom_jvp_call")
class CustomJvpCall(CustomCall):
    """Calls `callee`, whose derivative is `jvp_callee`.

    That maps the operands, then a tangent for each float or complex one, to the results, then a tangent for
    each float or complex one. It is linear in the tangents.
    """

    jvp_callee: Attr[Symbol]

    callee_attrs = ("callee", "jvp_callee")

    def infer(self, signatures, *args):
        callee, derivative = signatures
        self.check_call(callee, args)
        outs = callee.outputs
        self.check_function(
            self.jvp_callee,
            derivative,
            (*args, *picked(args, floats(args))),
            (*outs, *picked(outs, floats(outs))),
        )
        return outs

    def jvp(self, b, *args):
        xs, dxs = args[: len(args) // 2], args[len(args) // 2 :]
        outs = b.call(self.jvp_callee, (*xs, *_filled(b, xs, dxs)))
        avals = b.module.signature(self.callee).outputs
        return outs[: len(avals)], spread(floats(avals), outs[len(avals) :])

    def linearize(self, b, xs, dxs):
        # The derivative is linear in the tangents, so its own linear part is that at tangents of zero.
        has_tangent = floats(x.aval for x in xs)
        active = marks(picked(dxs, has_tangent))
        at_work = ("custom_jvp.linearize", self.jvp_callee, active)
        if at_work in b.module.memo:
            # The derivative calls the function on tangents, so the function is linear in them.
            changes = [x if d is None else d for x, d in zip(xs, dxs, strict=True)]
            avals = b.module.signature(self.callee).outputs
            tangents = b.emit(self, changes)
            return b.emit(self, xs), tuple(
                t if is_float(a) else None for t, a in zip(tangents, avals, strict=True)
            )
        b.module.memo[at_work] = True
        try:
            made = b.linearize_of(self.jvp_callee, (*(False,) * len(xs), *active))
        finally:
            del b.module.memo[at_work]
        avals = b.module.signature(self.callee).outputs
        count = len(avals)
        forward, sources = b.once(("custom_jvp.fwd", made.fwd, count), lambda: _forward(b, made, count))
        given = (*xs, *(b.zeros(x.aval) for x in picked(xs, has_tangent)))
        outs = b.call(forward, given)
        residuals = [source.pick(given, outs, ()) for source in sources]
        tangents = made.spread_tangents(b.call(made.lin, (*present(dxs), *residuals)))
        return outs[:count], spread(floats(avals), tangents[count:])

    def batch(self, b, *xs):
        batched = tuple(b.is_batched(x) for x in xs)
        avals = b.module.signature(self.callee).outputs
        with_tangents = (*batched, *picked(batched, floats(x.aval for x in xs)))
        first = b.batch_of(self.jvp_callee, with_tangents).out_batched
        primals, tangents = parts(first, len(avals))
        spread_tangents = tuple(bool(m) for m in spread(floats(avals), tangents))
        outs = union([primals, spread_tangents, b.batch_of(self.callee, batched).out_batched])
        call = self.replace(
            callee=b.batch_of(self.callee, batched, instantiate=outs).fn,
            jvp_callee=b.batch_of(
                self.jvp_callee, with_tangents, instantiate=(*outs, *picked(outs, floats(avals)))
            ).fn,
        )
        return b.emit(call, xs), outs


def _filled(b, xs, dxs):
    """Tangents of the float and complex values, zeros where there are none."""
    pairs = zip(xs, dxs, strict=True)
    return [b.zeros(x.aval) if d is None else d for x, d in pairs if is_float(x.aval)]


def _forward(b, made, count):
    """The forward part without what only the tangents need; where to find each residual beside it."""
    fwd = b.module.function(made.fwd)
    returned, arguments = fwd.returned(), list(fwd.body.arguments)
    outputs, sources = returned[:count], []
    for v in returned[len(made.out_active) :]:
        if v in arguments:
            sources.append(Source("argument", arguments.index(v)))
        else:
            if v not in outputs:
                outputs.append(v)
            sources.append(Source("result", outputs.index(v)))
    part = extract(b.module, fwd, f"{made.fwd}.part", arguments, outputs, effects=True)
    return part.name, sources


@op("custom_vjp_call")
class CustomVjpCall(CustomCall):
    """Calls `callee`, whose reverse derivative is the pair `fwd`, `bwd`.

    `fwd` maps the operands to the results, then any number of residuals. `bwd` maps these residuals, then a
    cotangent for each float or complex result, to a cotangent for each float or complex operand.
    """

    fwd: Attr[Symbol]
    bwd: Attr[Symbol]

    callee_attrs = ("callee", "fwd", "bwd")

    def infer(self, signatures, *args):
        callee, fwd, bwd = signatures
        self.check_call(callee, args)
        outs = callee.outputs
        residuals = fwd.outputs[len(outs) :]
        self.check_function(self.fwd, fwd, args, (*outs, *residuals))
        inputs = (*residuals, *picked(outs, floats(outs)))
        self.check_function(self.bwd, bwd, inputs, picked(args, floats(args)))
        return outs

    def jvp(self, b, *args):
        raise OpTypeError(_NO_FORWARD_MODE)

    def linearize(self, b, xs, dxs):
        avals = b.module.signature(self.callee).outputs
        results, residuals = parts(b.call(self.fwd, xs), len(avals))
        given = _filled(b, xs, dxs)
        tangents = b.custom_lin(*given, *residuals, bwd=self.bwd, tangents=len(given))
        return results, spread(floats(avals), tangents)

    def batch(self, b, *xs):
        batched = tuple(b.is_batched(x) for x in xs)
        avals = b.module.signature(self.callee).outputs
        # Every result that has a cotangent is batched: a cotangent for all elements together could not be
        # told apart into one for each.
        outs = union([floats(avals), b.batch_of(self.callee, batched).out_batched])
        count = len(b.module.signature(self.fwd).outputs) - len(avals)
        fwd = b.batch_of(self.fwd, batched, instantiate=(*outs, *(False,) * count))
        outs = union([outs, fwd.out_batched[: len(avals)]])
        fwd = b.batch_of(self.fwd, batched, instantiate=(*outs, *(False,) * count))
        operands = tuple(picked(batched, floats(x.aval for x in xs)))
        cts = tuple(picked(outs, floats(avals)))
        call = self.replace(
            callee=b.batch_of(self.callee, batched, instantiate=outs).fn,
            fwd=fwd.fn,
            bwd=batched_cotangents(b, self.bwd, (*fwd.out_batched[len(avals) :], *cts), operands),
        )
        return b.emit(call, xs), outs


def batched_cotangents(b, fn: str, batched: Mask, wanted: Mask) -> str:
    """A function from cotangents to cotangents, batched: results have the batch axis where `wanted`.

    The cotangent of a value that all elements share is the sum over them.
    """
    made = b.batch_of(fn, batched)
    if made.out_batched == wanted:
        return made.fn
    size = b.axis_size

    def fitted(inner, ct, is_batched, is_wanted):
        if is_batched == is_wanted:
            return ct
        return inner.repeat_first(ct, size) if is_wanted else inner.reduce_sum(ct, axes=(0,))

    def write(inner, *args):
        outs = zip(inner.call(made.fn, args), made.out_batched, wanted, strict=True)
        return [fitted(inner, *out) for out in outs]

    inputs = b.module.signature(made.fn).inputs
    return b.once(("cotangents", made.fn, wanted), lambda: b.define(f"{made.fn}.fitted", inputs, write))


@op("custom_lin")
class CustomLin(HigherOrder):
    """Tangents of the results of a `custom_vjp_call`, of which only the transpose is known: `bwd`.

    Operands: `tangents` tangents, then the residuals. It stands in linear parts, which are transposed.
    """

    args: Operands[Anything]
    bwd: Attr[Symbol]
    tangents: Attr[I64]

    key_use = "kept"
    results = None
    callee_attrs = ("bwd",)

    def infer(self, signatures, *args):
        (bwd,) = signatures
        dxs, residuals = parts(args, self.tangents)
        if bwd.inputs[: len(residuals)] != residuals or bwd.outputs != dxs:
            wanted = ", ".join(map(str, dxs))
            self.fail(f"@{self.bwd} is {bwd}; it must map residuals and cotangents to ({wanted})")
        return bwd.inputs[len(residuals) :]

    def depends(self, b, mask):
        return (any(mask) or b.is_named_by(self),) * len(self._outputs(b, len(mask)))

    def _outputs(self, b, operands):
        return b.module.signature(self.bwd).inputs[operands - self.tangents :]

    def jvp(self, b, *args):
        xs, dxs = args[: len(args) // 2], args[len(args) // 2 :]
        if present(dxs[self.tangents :]):
            raise OpTypeError(_NO_FORWARD_MODE)
        moved = _filled(b, xs[: self.tangents], dxs[: self.tangents])
        return b.emit(self, xs), b.emit(self, (*moved, *xs[self.tangents :]))

    def linearize(self, b, xs, dxs):
        return b.emit(self, xs), self.jvp(b, *xs, *dxs)[1]

    def transpose(self, b, cts, *xs):
        dxs, residuals = parts(xs, self.tangents)
        avals = self._outputs(b, len(xs))
        given = [b.zeros(a) if ct is None else ct for ct, a in zip(cts, avals, strict=True)]
        outs = b.call(self.bwd, (*residuals, *given))
        linear = [ct if b.is_linear(dx) else None for ct, dx in zip(outs, dxs, strict=True)]
        return (*linear, *(None for _ in residuals))

    def batch(self, b, *xs):
        given, residuals = parts(xs, self.tangents)
        dxs = [b.with_batch(dx) for dx in given]
        every = (True,) * len(self._outputs(b, len(xs)))
        batched = (*(b.is_batched(r) for r in residuals), *every)
        bwd = batched_cotangents(b, self.bwd, batched, (True,) * len(dxs))
        return b.emit(self.replace(bwd=bwd), (*dxs, *residuals)), every

    def lower(self, b, *xs):
        raise OpTypeError(_NO_FORWARD_MODE)

    samples = _IT_NEEDS_FUNCTIONS
