"""Rules given with `defvjp` as functions of the IR."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from weft._tracing.staging import InType, Traced, trace_function, type_of
from weft._tracing.trace import Trace
from weft._tracing.values import as_value
from weft._transforms.custom.arguments import Arguments
from weft._transforms.custom.captures import Captured, Surroundings, check_captured
from weft._transforms.custom.checks import Outputs, check_cotangents, check_primal, pair_of
from weft._transforms.custom.decorator import name_of
from weft._transforms.custom.enclosing import begin_rule
from weft._transforms.custom.symbolic_zeros import CustomVJPPrimal, SymbolicZero, tangent_type
from weft._transforms.differentiable import float0_zeros
from weft_compiler.masks import Mask, parts
from weft_compiler.rule_table import PythonRule, imported
from weft_compiler.transforms import TransformBuilder
from weft_runtime import pytree


class Forward:
    """A traced `fwd`: arguments to results and residuals."""

    def __init__(self, traced: Traced, tree: Any, residuals: Sequence[Any]) -> None:
        self.traced, self.tree = traced, tree
        self.residuals = residuals
        """The residuals in that trace."""

    @property
    def residual_types(self) -> list[InType]:
        """Types of the residuals."""
        return [type_of(x) for x in self.residuals]


class VjpRule:
    """`fwd` and `bwd` for the arguments of one call of `fun`, whose results are as `outputs` says."""

    def __init__(
        self,
        fun: Callable[..., Any],
        fwd: Callable[..., Any],
        bwd: Callable[..., Any],
        given: Arguments,
        outputs: Outputs,
    ) -> None:
        self.fun, self.fwd, self.bwd, self.outputs = fun, fwd, bwd, outputs
        self.given = given
        self.types, self.tree = given.types, given.tree
        self.cotangents = [t for t in outputs[1] if t[0].kind in "fc"]

    def trace_forward(
        self, values: Sequence[Any] | None = None, asking: Trace | None = None, active: Mask = ()
    ) -> Forward:
        """`fwd` as a function; see `JvpRule.trace`. With `active` the arguments are `CustomVJPPrimal`s."""
        found: list[Any] = []

        def call(tracers: list[Any]) -> Any:
            if values is not None:
                begin_rule(asking)
            results, residuals, tree = self._run_forward(tracers, active)
            found.extend((residuals, tree))
            return [*results, *residuals]

        traced = trace_function(
            call,
            self.types,
            kind="custom_vjp",
            fun=self.fwd,
            staged=values is None,
            outers=values,
            own_module=values is None,
        )
        return Forward(traced, found[1], found[0])

    def _run_forward(self, tracers: Sequence[Any], active: Mask) -> tuple[list[Any], list[Any], Any]:
        leaves: Sequence[Any] = tracers
        if active:
            leaves = [CustomVJPPrimal(x, is_active) for x, is_active in zip(tracers, active, strict=True)]
        made = self.fwd(*self.given.joined(leaves))
        what = name_of("Custom VJP fwd rule", self.fwd, self.fun)
        wanted = (
            "where the first element represents the primal output and the second element represents residuals "
            "(i.e. values stored from the forward pass for use on the backward pass)"
        )
        out, kept = pair_of(what, made, wanted)
        results = check_primal(what, self.fun, out, self.outputs)
        flat, tree = pytree.flatten(kept)
        return results, [as_value(x, what=f"{what}: a residual") for x in flat], tree

    def trace_backward(
        self, forward: Forward, is_staged: bool, asking: Trace | None = None, nonzero: Mask = ()
    ) -> Traced:
        """`bwd` as a function of residuals and cotangents of the inexact results.

        With `nonzero`, cotangents not marked are symbolic zeros.
        """

        def call(tracers: list[Any]) -> Any:
            if not is_staged:
                begin_rule(asking)
            return self._run_backward(forward, tracers, nonzero)

        return trace_function(
            call,
            [*forward.residual_types, *self.cotangents],
            kind="custom_vjp",
            fun=self.bwd,
            staged=is_staged,
            outers=None if is_staged else [*forward.residuals, *(None for _ in self.cotangents)],
            own_module=is_staged,
        )

    def _run_backward(self, forward: Forward, tracers: Sequence[Any], nonzero: Mask) -> list[Any]:
        out_tree, out_types = self.outputs
        count = len(forward.residuals)
        given = iter(zip(tracers[count:], nonzero or (True,) * len(self.cotangents), strict=True))
        cts = []
        for aval, _ in out_types:
            if aval.kind not in "fc":
                cts.append(SymbolicZero(tangent_type(aval)) if nonzero else float0_zeros(aval.shape))
                continue
            ct, is_nonzero = next(given)
            cts.append(ct if is_nonzero else SymbolicZero(aval))
        residuals = forward.tree.unflatten(tracers[:count])
        made = self.bwd(*self.given.statics, residuals, out_tree.unflatten(cts))
        return check_cotangents(made, self.tree, self.types)

    def closed_forward(self, forward: Forward, captured: Captured, handed: Sequence[int]) -> str:
        """`fwd` with the captured values behind the arguments, and those at `handed` behind the residuals."""
        fwd, module = forward.traced, forward.traced.module
        if not captured.values:
            return fwd.name

        def write(b: TransformBuilder, *args: Any) -> Any:
            xs, values = parts(args, len(self.types))
            outs = b.call(fwd.name, (*xs, *captured.operands(b, fwd, dict(enumerate(values)))))
            return [*outs, *(values[i] for i in handed)]

        b = TransformBuilder(module, None, module.function(fwd.name).op.location)
        return b.define(f"{fwd.name}.closed", [*(a for a, _ in self.types), *captured.avals], write)

    def closed_backward(
        self, forward: Forward, backward: Traced, captured: Captured, handed: Sequence[int]
    ) -> str:
        """`bwd` with what `closed_forward` hands over, and zeros as cotangents of captured values."""
        if not captured.values and not backward.captures:
            return backward.name
        avals = captured.avals

        def write(b: TransformBuilder, *args: Any) -> Any:
            kept, some, cts = parts(args, len(forward.residuals), len(handed))
            values = dict(zip(handed, some, strict=True))
            outs = b.call(backward.name, (*kept, *cts, *captured.operands(b, backward, values)))
            return [*outs, *(b.zeros(a) for a in avals if a.kind in "fc")]

        inputs = [a for a, _ in forward.residual_types] + [avals[i] for i in handed]
        inputs += [a for a, _ in self.cotangents]
        b = TransformBuilder(backward.module, None, backward.module.function(backward.name).op.location)
        return b.define(f"{backward.name}.closed", inputs, write)


class LazyVjp(PythonRule):
    """A rule that is traced when the compiler asks for it: once in a module, for each pattern of zeros it is told."""

    def __init__(self, rule: VjpRule, captured: Captured, primal: Traced, symbolic_zeros: bool) -> None:
        super().__init__()
        self._rule, self._captured = rule, captured
        self._primal = [primal] if captured.values else []  # not kept without need: rules are cached
        self._symbolic_zeros = symbolic_zeros
        self._around = Surroundings(captured)
        self.named_axes = self._around.named_axes
        self._handed = range(len(captured.values))
        """Captured values that `fwd` hands to `bwd`: all, as what `bwd` uses is known only when it is traced."""

    def fwd(self, b: TransformBuilder, active: Mask) -> str:
        """`fwd` in the module of `b`; `active` marks arguments with tangents."""
        forward, name = self._forward(b, active)
        self._check(active, forward.traced)
        return imported(b, forward.traced.module, name)

    def bwd(self, b: TransformBuilder, active: Mask, nonzero: Mask = ()) -> str:
        """`bwd` in the module of `b`; it may be told which cotangents are not zero."""
        forward, _ = self._forward(b, active)
        key = ("rule.bwd", self.number, self._key(active), nonzero)
        traced, name = b.once(key, lambda: self._trace_backward(forward, nonzero))
        self._check(active, traced)
        return imported(b, traced.module, name)

    def _forward(self, b: TransformBuilder, active: Mask) -> tuple[Forward, str]:
        key = self._key(active)
        return b.once(("rule.fwd", self.number, key), lambda: self._trace_forward(key))

    def _trace_forward(self, active: Mask) -> tuple[Forward, str]:
        with self._around.again():
            forward = self._rule.trace_forward(active=active)
        return forward, self._rule.closed_forward(forward, self._captured, self._handed)

    def _trace_backward(self, forward: Forward, nonzero: Mask) -> tuple[Traced, str]:
        with self._around.again():
            traced = self._rule.trace_backward(forward, True, nonzero=nonzero)
        return traced, self._rule.closed_backward(forward, traced, self._captured, self._handed)

    def _key(self, active: Mask) -> Mask:
        return active[: len(self._rule.types)] if self._symbolic_zeros else ()

    def _check(self, active: Mask, traced: Traced) -> None:
        behind = active[len(self._rule.types) :]
        check_captured(self._captured, behind, [*self._primal, traced], "custom_vjp")
