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
from weft_compiler.module import Module
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
        what = name_of("Custom VJP fwd rule", self.fwd)
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

    def closed(self, forward: Forward, backward: Traced, captured: Captured) -> tuple[str, str]:
        """Both as functions that take the captured values into account.

        `fwd` has them behind the arguments, and hands those that `bwd` uses over as residuals. `bwd` gives zeros
        as cotangents of them.
        """
        fwd, module = forward.traced, forward.traced.module
        if not captured.values and not backward.captures:
            return fwd.name, self._in_module(module, backward)
        avals = captured.avals
        count, residuals = len(self.types), len(forward.residuals)
        used = captured.positions(backward)
        bwd_name = self._in_module(module, backward)

        def write_forward(b: TransformBuilder, *args: Any) -> Any:
            xs, values = parts(args, count)
            outs = b.call(fwd.name, (*xs, *captured.operands(b, fwd, dict(enumerate(values)))))
            return [*outs, *(values[i] for i in used)]

        def write_backward(b: TransformBuilder, *args: Any) -> Any:
            kept, some, cts = parts(args, residuals, len(used))
            values = dict(zip(used, some, strict=True))
            outs = b.call(bwd_name, (*kept, *cts, *captured.operands(b, backward, values)))
            return [*outs, *(b.zeros(a) for a in avals if a.kind in "fc")]

        b = TransformBuilder(module, None, module.function(fwd.name).op.location)
        closed = b.define(f"{fwd.name}.closed", [*(a for a, _ in self.types), *avals], write_forward)
        inputs = [a for a, _ in forward.residual_types] + [avals[i] for i in used]
        inputs += [a for a, _ in self.cotangents]
        return closed, b.define(f"{bwd_name}.closed", inputs, write_backward)

    @staticmethod
    def _in_module(module: Module, traced: Traced) -> str:
        return traced.name if traced.module is module else module.import_from(traced.module, traced.name)


class LazyVjp(PythonRule):
    """A rule that is traced when the compiler asks for it; for each pattern of zeros, if it is told these."""

    def __init__(self, rule: VjpRule, captured: Captured, primal: Traced, symbolic_zeros: bool) -> None:
        super().__init__()
        self._rule, self._captured = rule, captured
        self._primal = [primal] if captured.values else []  # not kept without need: rules are cached
        self._symbolic_zeros = symbolic_zeros
        self._around = Surroundings(captured)
        self._forward: dict[Mask, Forward] = {}
        self._backward: dict[tuple[Mask, Mask], tuple[Traced, str, str]] = {}

    def vjp(self, b: TransformBuilder, active: Mask) -> tuple[str, str]:
        """`fwd` and `bwd` in the module of `b`; `active` marks arguments with tangents."""
        fwd, bwd, module = self._functions(active, ())
        return imported(b, module, fwd), imported(b, module, bwd)

    def bwd(self, b: TransformBuilder, active: Mask, nonzero: Mask) -> str:
        """`bwd` in the module of `b`, told which cotangents of inexact results are zero."""
        _, bwd, module = self._functions(active, nonzero)
        return imported(b, module, bwd)

    def _functions(self, active: Mask, nonzero: Mask) -> tuple[str, str, Module]:
        count = len(self._rule.types)
        key = active[:count] if self._symbolic_zeros else ()
        forward = self._forward.get(key)
        if forward is None:
            with self._around.again():
                forward = self._forward[key] = self._rule.trace_forward(active=key)
        if (key, nonzero) not in self._backward:
            with self._around.again():
                traced = self._rule.trace_backward(forward, True, nonzero=nonzero)
            self._backward[key, nonzero] = traced, *self._rule.closed(forward, traced, self._captured)
        backward, fwd, bwd = self._backward[key, nonzero]
        functions = [*self._primal, forward.traced, backward]
        check_captured(self._captured, active[count:], functions, "custom_vjp")
        return fwd, bwd, forward.traced.module
