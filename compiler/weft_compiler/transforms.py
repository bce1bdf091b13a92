"""What transformations of functions hand back: names of the functions they made, which values are zero.

`TransformBuilder` is how a rule of a higher-order op asks for its callee to be transformed. Each answer is
made once per module, function and configuration.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from weft_compiler.avals import Aval, KeyDtype
from weft_compiler.bindings import ir
from weft_compiler.body import read_body
from weft_compiler.diagnostics import DiagnosticError
from weft_compiler.dialect.builder import Builder, Val
from weft_compiler.dialect.op import Op
from weft_compiler.masks import Mask, spread
from weft_compiler.module import Function, Module
from weft_compiler.named_axes import axes_of, named_axes


def differentiable_mask(module: Module, fn: str, wrt: Sequence[int]) -> Mask:
    """The mask of the arguments `wrt`; raises DiagnosticError for one that is no float."""
    mask = module.mask(fn, wrt, "wrt")
    function = module.function(fn)
    for i in wrt:
        if function.args[i].aval.kind not in "fc":
            message = f"argument {i} of @{fn} is {function.args[i].aval}; only floats have derivatives"
            raise DiagnosticError(message, function.op.location)
    return mask


def is_zero(tangents: Sequence[Any]) -> bool:
    """Whether all tangents are the symbolic zero, None."""
    for t in tangents:  # noqa: SIM110 - a generator costs twice the time, once an op
        if t is not None:
            return False
    return True


@dataclass(frozen=True)
class Jvp:
    """`fn`: (arguments, tangents of the active ones) -> (results, tangents of the `out_active` ones)."""

    fn: str
    out_active: Mask

    def split(self, outs: Sequence[Val]) -> tuple[tuple[Val, ...], tuple[Val | None, ...]]:
        """Results, and tangents with None for zeros."""
        count = len(self.out_active)
        tangents = iter(outs[count:])
        return tuple(outs[:count]), tuple(next(tangents) if active else None for active in self.out_active)


@dataclass(frozen=True)
class Linearized:
    """`fwd`: arguments -> (results, residuals); `lin`: (active tangents, residuals) -> result tangents."""

    fwd: str
    lin: str
    out_active: Mask
    residuals: int

    def spread_tangents(self, tangents: Sequence[Any]) -> tuple[Any, ...]:
        """One tangent for each result, None for zeros."""
        given = iter(tangents)
        return tuple(next(given) if active else None for active in self.out_active)


class Source(NamedTuple):
    """Where a returned value can also be had: it is an argument, an earlier result, or nowhere else."""

    kind: str
    """`argument`, `result` or `own`."""
    position: int

    def pick(self, arguments: Sequence[Val], results: Sequence[Val], own: Sequence[Val]) -> Val:
        """The value, at a call with these."""
        return {"argument": arguments, "result": results, "own": own}[self.kind][self.position]


@dataclass(frozen=True)
class Transposed:
    """`fn`: (cotangents of active results, non-linear arguments) -> the nonzero cotangents of linear ones."""

    fn: str
    nonzero: Mask


@dataclass(frozen=True)
class PulledBack:
    """`fn`: (arguments, cotangents of some results) -> (results, the nonzero cotangents of active arguments)."""

    fn: str
    nonzero: Mask


@dataclass(frozen=True)
class Batched:
    """`fn`: arguments with the batch axis first where batched -> results, likewise."""

    fn: str
    out_batched: Mask


class TransformBuilder(Builder):
    """A builder that can ask for transformed functions, and for a few composed shape ops."""

    axis_size = 0
    axis_name = ""
    """The name of the batch axis; empty if it has none, or if nothing here speaks of it."""
    without_rules = False
    """While dependence is asked for: whether what custom functions compute counts, not their rules."""
    differentiable = False
    """While dependence is asked for: whether only dependence counts that a derivative sees."""

    def define(self, name: str, inputs: Sequence[Aval], write: Callable[..., Sequence[Val]]) -> str:
        """A new private function; `write(b, *arguments)` emits its body and returns its results."""
        function = self.module.add_function(name, inputs, self.loc)
        b = TransformBuilder(self.module, ir.InsertionPoint(function.body), self.loc, function.steps)
        function.finish(write(b, *function.args), self.loc)
        return function.name

    def filled(self, fn: str, has: Mask, wanted: Mask, avals: Sequence[Aval]) -> str:
        """A function with the results of `fn` at the positions `has`, and zeros at the others `wanted`.

        `avals` are of all positions.
        """

        def write(b: TransformBuilder, *args: Val) -> list[Val]:
            outs = zip(spread(has, b.call(fn, args)), wanted, avals, strict=True)
            return [b.zeros(a) if v is None else v for v, is_wanted, a in outs if is_wanted]

        if has == wanted:
            return fn
        inputs = self.module.signature(fn).inputs
        return self.once(("filled", fn, has, wanted), lambda: self.define(f"{fn}.filled", inputs, write))

    def filler(self, aval: Aval) -> Val:
        """Some value of `aval`, where no one will look at it."""
        if isinstance(aval.dtype, KeyDtype):
            return self.random_wrap(self.zeros(aval.physical), impl=aval.dtype.impl)
        return self.zeros(aval)

    def choose(self, pred: Val, on_true: Val, on_false: Val) -> Val:
        """`select`, where `pred` may lack the last axes of the cases."""
        if pred.ndim not in (0, on_true.ndim):
            pred = self.broadcast_in_dim(pred, shape=on_true.shape, dims=tuple(range(pred.ndim)))
        return self.select(pred, on_true, on_false)

    def once(self, key: tuple[Any, ...], make: Callable[[], Any]) -> Any:
        """The value of `make()`, remembered by the module under `key`."""
        memo = self.module.memo
        if key not in memo:
            memo[key] = make()
        return memo[key]

    def is_named_by(self, inst: Op) -> bool:
        """Whether an op speaks of the batch axis, so that its results may differ along it by themselves."""
        return bool(self.axis_name) and self.axis_name in axes_of(self.module, inst)

    def jvp_of(self, fn: str, active: Mask, instantiate: Mask = ()) -> Jvp:
        """Forward derivative; results that `instantiate` marks get a tangent even where it is zero."""
        from weft_compiler.passes.jvp import differentiate

        instantiate = instantiate if any(instantiate) else ()
        return self.once(
            ("jvp", fn, active, instantiate), lambda: differentiate(self.module, fn, active, instantiate)
        )

    def linearize_of(self, fn: str, active: Mask, instantiate: Mask = ()) -> Linearized:
        """A function split into what does not depend on tangents and what is linear in them."""
        from weft_compiler.passes.linearize import linearize

        instantiate = instantiate if any(instantiate) else ()
        return self.once(
            ("linearize", fn, active, instantiate), lambda: linearize(self.module, fn, active, instantiate)
        )

    def vjp_of(self, fn: str, active: Mask, given: Mask) -> PulledBack:
        """Reverse derivative in one function, for cotangents of the `given` results."""
        from weft_compiler.passes.vjp import pull_back

        return self.once(("vjp", fn, active, given), lambda: pull_back(self.module, fn, active, given))

    def residual_sources(self, made: Linearized) -> tuple[Source, ...]:
        """For each residual, where a caller finds it; what it has is not handed over again."""
        return self.once(("sources", made.fwd), lambda: self._residual_sources(made))

    def _residual_sources(self, made: Linearized) -> tuple[Source, ...]:
        fwd = self.module.function(made.fwd)
        returned, count = fwd.returned(), len(made.out_active)
        known = {v: Source("result", i) for i, v in reversed(list(enumerate(returned[:count])))}
        known |= {a.ir: Source("argument", i) for i, a in enumerate(fwd.args)}
        return tuple(known.get(v) or Source("own", i) for i, v in enumerate(returned[count:]))

    def transpose_of(self, fn: str, linear: Mask, ct_active: Mask, instantiate: bool = False) -> Transposed:
        """A linear function run backwards."""
        from weft_compiler.passes.transpose import transpose

        return self.once(
            ("transpose", fn, linear, ct_active, instantiate),
            lambda: transpose(self.module, fn, linear, ct_active, instantiate),
        )

    def batch_of(
        self,
        fn: str,
        batched: Mask,
        size: int | None = None,
        instantiate: Mask = (),
        axis_name: str | None = None,
    ) -> Batched:
        """A function over one more axis, the first of every batched value."""
        from weft_compiler.passes.batch import batch

        instantiate = instantiate if any(instantiate) else ()
        size = self.axis_size if size is None else size
        name = self.name_in(fn, axis_name)
        return self.once(
            ("batch", fn, batched, size, instantiate, name),
            lambda: batch(self.module, fn, batched, size, instantiate, name),
        )

    def name_in(self, fn: str, axis_name: str | None = None) -> str:
        """The name of the batch axis (or the one given) if a function speaks of it, else none."""
        name = self.axis_name if axis_name is None else axis_name
        return name if name and name in named_axes(self.module, fn) else ""

    def dependence(self, fn: str, mask: Mask, *, differentiable: bool | None = None) -> Mask:
        """Which results depend on the masked arguments (through floats, if `differentiable`).

        Where the batch axis has a name: which of them differ along it, if these arguments do.
        """
        from weft_compiler.dependence import dependence

        if differentiable is None:
            differentiable = self.differentiable
        name = self.name_in(fn)
        return self.once(
            ("depends", fn, mask, differentiable, name, self.without_rules),
            lambda: dependence(self.module, fn, mask, differentiable, name, self.without_rules),
        )

    def acts(self, fn: str) -> bool:
        """Whether calling a function does anything that must not happen more often, or for other values.

        Looking at values may.
        """
        return self.once(("acts", fn), lambda: self._acts(self.module.function(fn)))

    def _acts(self, function: Function) -> bool:
        if function.is_declaration:
            return True
        for step in read_body(self.module, function):
            inst = step.inst
            if (inst.has_effect and not inst.only_looks) or any(self.acts(name) for name in inst.callees()):
                return True
        return False

    def move_axis(self, x: Val, source: int, target: int) -> Val:
        """`x` with one axis moved."""
        if source == target:
            return x
        order = [i for i in range(x.ndim) if i != source]
        order.insert(target, source)
        return self.transpose(x, permutation=tuple(order))

    def repeat_first(self, x: Val, size: int) -> Val:
        """`x` repeated along a new first axis."""
        return self.broadcast_in_dim(x, shape=(size, *x.shape), dims=tuple(range(1, x.ndim + 1)))

    def spread(self, x: Val, shape: tuple[int, ...]) -> Val:
        """A scalar repeated into `shape`; what has the shape already stays."""
        return x if x.shape == shape else self.broadcast_in_dim(x, shape=shape, dims=())
