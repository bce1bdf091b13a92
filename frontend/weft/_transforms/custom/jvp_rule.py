"""Rules given with `defjvp` as functions of the IR."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from weft._tracing.staging import Traced, trace_function
from weft._tracing.trace import Trace
from weft._transforms.custom.arguments import Arguments
from weft._transforms.custom.captures import Captured, Surroundings, check_captured
from weft._transforms.custom.checks import Outputs, check_primal, check_tangents, pair_of
from weft._transforms.custom.decorator import name_of
from weft._transforms.custom.enclosing import begin_rule
from weft._transforms.custom.symbolic_zeros import SymbolicZero, tangent_type
from weft._transforms.differentiable import float0_zeros
from weft_compiler.masks import Mask, parts
from weft_compiler.rule_table import PythonRule, imported
from weft_compiler.transforms import TransformBuilder


class JvpRule:
    """`jvp` for the arguments of one call of `fun`, whose results are as `outputs` says."""

    def __init__(
        self, fun: Callable[..., Any], jvp: Callable[..., Any], given: Arguments, outputs: Outputs
    ) -> None:
        self.fun, self.jvp, self.outputs = fun, jvp, outputs
        self.tree, self.types, self.statics = given.tree, given.types, given.statics
        self.floats = [t for t in self.types if t[0].kind in "fc"]

    def trace(
        self, values: Sequence[Any] | None = None, asking: Trace | None = None, active: Mask = ()
    ) -> Traced:
        """The function that maps arguments, then tangents of the inexact ones, to results and tangents.

        With `values` of the arguments the rule may look at them; `asking` is what will use it. Without, it has a
        module of its own. With `active`, tangents of arguments not marked are symbolic zeros.
        """

        def call(tracers: list[Any]) -> Any:
            if values is not None:
                begin_rule(asking)
            return self._run(tracers, active)

        return trace_function(
            call,
            [*self.types, *self.floats],
            kind="custom_jvp",
            fun=self.jvp,
            staged=values is None,
            outers=None if values is None else [*values, *(None for _ in self.floats)],
            own_module=values is None,
        )

    def _run(self, tracers: Sequence[Any], active: Mask) -> list[Any]:
        count = len(self.types)
        given = iter(tracers[count:])
        tangents = []
        for i, (aval, _) in enumerate(self.types):
            t = next(given) if aval.kind in "fc" else None
            if active and not active[i]:
                t = SymbolicZero(tangent_type(aval))
            tangents.append(float0_zeros(aval.shape) if t is None else t)
        primals = self.tree.unflatten(tracers[:count])
        made = self.jvp(*self.statics, primals, self.tree.unflatten(tangents))
        what = name_of("Custom JVP rule", self.jvp, self.fun)
        out, dout = pair_of(what, made, "representing primal and tangent outputs")
        results = check_primal(what, self.fun, out, self.outputs)
        return [*results, *check_tangents(what, dout, self.outputs)]

    def closed(self, traced: Traced, captured: Captured) -> str:
        """A function that takes the captured values behind the arguments, and (unused) tangents of them."""
        if not captured.values:
            return traced.name
        count, tangents = len(self.types), len(self.floats)
        avals = captured.avals
        inputs = [*(a for a, _ in self.types), *avals, *(a for a, _ in self.floats)]
        inputs += [a for a in avals if a.kind in "fc"]

        def write(b: TransformBuilder, *args: Any) -> Any:
            xs, values, dxs, _ = parts(args, count, len(avals), tangents)
            return b.call(traced.name, (*xs, *dxs, *captured.operands(b, traced, dict(enumerate(values)))))

        loc = traced.module.function(traced.name).op.location
        return TransformBuilder(traced.module, None, loc).define(f"{traced.name}.closed", inputs, write)


class LazyJvp(PythonRule):
    """A rule that is traced when the compiler asks for it: once in a module, for each pattern of zeros it is told."""

    def __init__(self, rule: JvpRule, captured: Captured, primal: Traced, symbolic_zeros: bool) -> None:
        super().__init__()
        self._rule, self._captured = rule, captured
        self._primal = [primal] if captured.values else []  # not kept without need: rules are cached
        self._symbolic_zeros = symbolic_zeros
        self._around = Surroundings(captured)
        self.named_axes = self._around.named_axes

    def jvp(self, b: TransformBuilder, active: Mask) -> str:
        """The rule as a function in the module of `b`; `active` marks arguments with tangents."""
        count = len(self._rule.types)
        key = active[:count] if self._symbolic_zeros else ()
        traced, name = b.once(("rule.jvp", self.number, key), lambda: self._trace(key))
        check_captured(self._captured, active[count:], [*self._primal, traced], "custom_jvp")
        return imported(b, traced.module, name)

    def _trace(self, active: Mask) -> tuple[Traced, str]:
        with self._around.again():
            traced = self._rule.trace(active=active)
        return traced, self._rule.closed(traced, self._captured)
