"""`custom_jvp`: functions that say what their forward derivative is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from weft._tracing.bind import op_class
from weft._tracing.staging import Traced
from weft._tracing.trace import STATE
from weft._transforms.custom.arguments import Arguments, called
from weft._transforms.custom.captures import Captured, guarded, reachable
from weft._transforms.custom.decorator import Decorated
from weft._transforms.custom.enclosing import consumer
from weft._transforms.custom.jvp_rule import JvpRule, LazyJvp
from weft._transforms.custom.rule_cache import RuleCache
from weft._transforms.custom.symbolic_zeros import zero_from_primal
from weft.tree_util import tree_map


class custom_jvp(Decorated):
    """A function whose forward derivative (and through it every other) is a rule given with `defjvp`.

    `nondiff_argnums` and `nondiff_argnames` are arguments that are handed to the rule first, as they are: functions,
    strings, sizes. All others are arrays or trees of arrays.

    >>> @custom_jvp
    ... def f(x, y):
    ...     return jnp.sin(x) * y
    >>> @f.defjvp
    ... def f_jvp(primals, tangents):
    ...     (x, y), (dx, dy) = primals, tangents
    ...     return f(x, y), jnp.cos(x) * dx * y + jnp.sin(x) * dy
    >>> grad(f)(0.0, 2.0)
    Array(2., dtype=float32, weak_type=True)
    """

    kind = "custom_jvp"

    def __init__(
        self,
        fun: Callable[..., Any],
        nondiff_argnums: Sequence[int] = (),
        nondiff_argnames: Sequence[str] = (),
    ) -> None:
        super().__init__(fun, nondiff_argnums, nondiff_argnames)
        self.jvp: Callable[..., Any] | None = None
        self.symbolic_zeros = False
        self._rules = RuleCache()

    def defjvp(self, jvp: Callable[..., Any], symbolic_zeros: bool = False) -> Callable[..., Any]:
        """Sets the rule: `jvp(primals, tangents)`, two tuples, gives the pair of results and their tangents.

        The tangents must be linear in the tangents given. Integers have tangents of dtype float0. With
        `symbolic_zeros` a tangent that is known to be zero is a `SymbolicZero`. Returns `jvp`.
        """
        self.jvp, self.symbolic_zeros = jvp, symbolic_zeros
        return jvp

    def defjvps(self, *jvps: Callable[..., Any] | None) -> None:
        """Sets the rule by one function for each argument, `jvp(tangent, result, *primals)`; None adds nothing."""
        if self.nondiff_argnums:
            raise TypeError("Can't use ``defjvps`` with ``nondiff_argnums``.")

        def jvp(primals: Any, tangents: Any) -> Any:
            out = self(*primals)
            parts = [
                rule(t, out, *primals) if rule else zero_from_primal(out)
                for t, rule in zip(tangents, jvps, strict=False)
            ]
            return out, tree_map(lambda _, *ts: _sum(ts), out, *parts)

        self.defjvp(jvp)

    def _check_rule(self) -> None:
        if self.jvp is None:
            raise AttributeError(f"No JVP defined for custom_jvp function {called(self.fun)} using defjvp.")

    def _traced_call(self, args: tuple[Any, ...]) -> Any:
        given = self._arguments(args)
        trace = STATE.trace
        assert trace is not None
        if trace.staged:
            return self._call_later(given)
        others = reachable([self.fun, self.jvp, *given.statics])
        asking = consumer([*given.leaves, *others])
        if asking is None:
            return self.fun(*args)
        return self._call_later(given) if self.symbolic_zeros else self._call_now(given, asking)

    def _rule(self, given: Arguments, primal: Traced) -> JvpRule:
        assert self.jvp is not None
        return JvpRule(self.fun, self.jvp, given, (primal.out_tree, primal.out_types))

    def _call_now(self, given: Arguments, asking: Any) -> Any:
        """Traces function and rule; the rule may look at values."""
        primal = self._primal(given, staged=False)
        derivative = self._rule(given, primal).trace(given.leaves, asking)
        captured = Captured([*primal.captures, *derivative.captures])
        captured.extend(primal)
        jvp_callee = self._rule(given, primal).closed(derivative, captured)
        inst = op_class("custom_jvp_call").of(callee=primal.name, jvp_callee=jvp_callee)
        return self._emit(inst, [*given.leaves, *guarded(captured.values, self.kind)], primal)

    def _call_later(self, given: Arguments) -> Any:
        """Traces the function; a transformation that needs the rule will have it traced."""
        primal = self._primal(given, staged=True)
        captured = Captured([*primal.captures, *reachable([self.fun, self.jvp, *given.statics])])
        spare = len(captured.values) - len(primal.captures)
        captured.extend(primal)

        def make() -> LazyJvp:
            return LazyJvp(self._rule(given, primal), captured, primal, self.symbolic_zeros)

        trace = STATE.trace
        assert trace is not None
        key = (self.jvp, self.symbolic_zeros, primal.out_tree, tuple(primal.out_types))
        rule = self._rules.get(key, given, captured, make)
        inst = op_class("python_jvp_call").of(
            callee=primal.name, rule_number=rule.held_by(trace.module), spare=spare
        )
        return self._emit(inst, [*given.leaves, *captured.values], primal)


def _sum(tangents: Sequence[Any]) -> Any:
    total = tangents[0]
    for t in tangents[1:]:
        total = total + t
    return total
