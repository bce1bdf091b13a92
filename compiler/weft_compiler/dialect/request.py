"""Requests: transformations of functions as ops. `weft-expand-transforms` resolves them, innermost first."""

from typing import Any

from weft_compiler.attributes import I64, Ints, Symbol, Text
from weft_compiler.dialect.op import (
    NOTHING_TO_FOLD,
    Anything,
    Attr,
    Op,
    Operands,
    OpValueError,
    Rule,
    Signature,
    no_rule,
    op,
)

_EXPANDED_FIRST = no_rule("a request is resolved before anything else is asked of it")


class Request(Op):
    """Asks for a transformed function to be called. `expand` writes what it stands for."""

    args: Operands[Anything]
    callee: Attr[Symbol]

    results = None
    callee_attrs = ("callee",)
    jvp = transpose = batch = lower = _EXPANDED_FIRST
    fold = NOTHING_TO_FOLD
    expand: Rule
    samples = no_rule("covered by the tests of the transformation that it asks for")

    def _check_args(self, args, expected) -> None:
        if tuple(args) != tuple(expected):
            self.fail(
                f"operands must be ({', '.join(map(str, expected))}), got ({', '.join(map(str, args))})"
            )


class Derivative(Request):
    """With respect to the arguments `wrt` of `callee`."""

    wrt: Attr[Ints]

    def use_keys(self, walk, *xs):
        outs = walk.call(self.callee, xs[: len(walk.module.signature(self.callee).inputs)])
        return (*outs, *(None for _ in walk.step.results[len(outs) :]))

    def _check_wrt(self, callee: Signature) -> None:
        if len(set(self.wrt)) < len(self.wrt):
            self.fail(f"wrt {list(self.wrt)} names an argument twice")
        for i in self.wrt:
            if not 0 <= i < len(callee.inputs):
                self.fail(f"wrt {i} is out of range: @{self.callee} takes {len(callee.inputs)} arguments")
            if callee.inputs[i].kind not in "fc":
                self.fail(
                    f"argument {i} of @{self.callee} is {callee.inputs[i]}; only floats have derivatives"
                )


@op("jvp")
class JvpRequest(Derivative):
    """Results of `callee`, then tangents of its float and complex results.

    Operands: the arguments of `callee`, then a tangent for each of the arguments `wrt`.
    """

    def infer(self, signatures, *args):
        (callee,) = signatures
        self._check_wrt(callee)
        self._check_args(args, (*callee.inputs, *(callee.inputs[i] for i in self.wrt)))
        return (*callee.outputs, *(a for a in callee.outputs if a.kind in "fc"))

    def expand(self, b, *args):
        signature = b.module.signature(self.callee)
        count = len(signature.inputs)
        given = dict(zip(self.wrt, args[count:], strict=True))
        made = b.jvp_of(self.callee, tuple(i in given for i in range(count)))
        tangents = [given[i] for i in sorted(given)]
        outs, douts = made.split(b.call(made.fn, (*args[:count], *tangents)))
        zipped = zip(signature.outputs, douts, strict=True)
        return (*outs, *(b.zeros(a) if d is None else d for a, d in zipped if a.kind in "fc"))


@op("vjp")
class VjpRequest(Derivative):
    """Results of `callee`, then cotangents of its arguments `wrt`.

    Operands: the arguments of `callee`, then a cotangent for each of the results `ct_of`; others have zero.
    """

    ct_of: Attr[Ints]

    def infer(self, signatures, *args):
        (callee,) = signatures
        self._check_wrt(callee)
        for i in self.ct_of:
            if not 0 <= i < len(callee.outputs):
                self.fail(f"ct_of {i} is out of range: @{self.callee} has {len(callee.outputs)} results")
            if callee.outputs[i].kind not in "fc":
                self.fail(f"result {i} of @{self.callee} is {callee.outputs[i]}; only floats have cotangents")
        self._check_args(args, (*callee.inputs, *(callee.outputs[i] for i in self.ct_of)))
        return (*callee.outputs, *(callee.inputs[i] for i in self.wrt))

    def expand(self, b, *args):
        signature = b.module.signature(self.callee)
        count = len(signature.inputs)
        cts = dict(zip(self.ct_of, args[count:], strict=True))
        active = tuple(i in self.wrt for i in range(count))
        given = tuple(i in cts for i in range(len(signature.outputs)))
        made = b.vjp_of(self.callee, active, given)
        outs = b.call(made.fn, (*args[:count], *(cts[i] for i in sorted(cts))))
        grads = iter(outs[len(given) :])
        nonzero = zip(sorted(self.wrt), made.nonzero, strict=True)
        by_arg = {i: next(grads) if is_nonzero else b.zeros(signature.inputs[i]) for i, is_nonzero in nonzero}
        return (*outs[: len(given)], *(by_arg[i] for i in self.wrt))


@op("vmap")
class VmapRequest(Request):
    """`callee` on every slice of its operands along `in_axes`, results stacked along `out_axes`.

    The axis -1 is none: an operand that is the same for all, a result that does not vary.
    """

    in_axes: Attr[Ints]
    out_axes: Attr[Ints]
    size: Attr[I64]
    axis_name: Attr[Text] = ""
    """What `callee` calls the axis, if it speaks of it."""

    @property
    def bound_axes(self):
        """The name of the axis."""
        return (self.axis_name,)

    def infer(self, signatures, *args):
        (callee,) = signatures
        if len(self.in_axes) != len(args) or len(args) != len(callee.inputs):
            self.fail(
                f"@{self.callee} takes {len(callee.inputs)} arguments, "
                f"got {len(args)} and in_axes {self.in_axes}"
            )
        for i, (arg, axis, wanted) in enumerate(zip(args, self.in_axes, callee.inputs, strict=True)):
            if axis < 0:
                inner = arg
            elif axis >= arg.ndim or arg.shape[axis] != self.size:
                self.fail(f"axis {axis} of operand {i}, {arg}, does not have the size {self.size}")
            else:
                inner = arg.with_shape(arg.shape[:axis] + arg.shape[axis + 1 :])
            if inner is not wanted:
                self.fail(f"argument {i} of @{self.callee} is {wanted}, a slice of the operand is {inner}")
        if len(self.out_axes) != len(callee.outputs):
            self.fail(
                f"@{self.callee} has {len(callee.outputs)} results, out_axes names {len(self.out_axes)}"
            )
        outs = []
        for a, axis in zip(callee.outputs, self.out_axes, strict=True):
            if axis > a.ndim:
                self.fail(f"out axis {axis} is out of range for a result {a}")
            outs.append(a if axis < 0 else a.with_shape((*a.shape[:axis], self.size, *a.shape[axis:])))
        return tuple(outs)

    def use_keys(self, walk, *xs):
        return walk.batched_call(self.callee, xs, self.in_axes, self.out_axes, self.size)

    def expand(self, b, *args):
        moved = [
            x if axis < 0 else b.move_axis(x, axis, 0) for x, axis in zip(args, self.in_axes, strict=True)
        ]
        batched = tuple(axis >= 0 for axis in self.in_axes)
        made = b.batch_of(self.callee, batched, self.size, axis_name=self.axis_name)
        outs: list[Any] = []
        for out, is_batched, axis in zip(
            b.call(made.fn, moved), made.out_batched, self.out_axes, strict=True
        ):
            if axis < 0:
                if is_batched:
                    message = f"result {len(outs)} of @{self.callee} depends on a batched operand"
                    self.fail(f"{message}, so its out axis cannot be -1", OpValueError)
                outs.append(out)
            else:
                full = out if is_batched else b.repeat_first(out, self.size)
                outs.append(b.move_axis(full, 0, axis))
        return tuple(outs)
