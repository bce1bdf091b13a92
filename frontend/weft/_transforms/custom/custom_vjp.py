"""`custom_vjp`: functions that say what their reverse derivative is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from weft._tracing.bind import op_class
from weft._tracing.staging import Traced
from weft._tracing.trace import STATE, Tracer
from weft._transforms.custom.arguments import Arguments, called
from weft._transforms.custom.captures import Captured, guarded, reachable
from weft._transforms.custom.decorator import Decorated
from weft._transforms.custom.enclosing import consumer
from weft._transforms.custom.rule_cache import RuleCache
from weft._transforms.custom.vjp_rule import LazyVjp, VjpRule
from weft.errors import UnexpectedTracerError
from weft_runtime import pytree


class custom_vjp(Decorated):
    """A function whose reverse derivative is a pair of functions given with `defvjp`. It has no forward derivative.

    `nondiff_argnums` and `nondiff_argnames` are arguments without cotangents, which are no arrays: functions,
    strings, sizes. `fwd` gets them in their places, `bwd` gets them first.

    >>> @custom_vjp
    ... def f(x, y):
    ...     return jnp.sin(x) * y
    >>> def f_fwd(x, y):
    ...     return f(x, y), (jnp.cos(x), jnp.sin(x), y)
    >>> def f_bwd(residuals, ct):
    ...     cos_x, sin_x, y = residuals
    ...     return cos_x * ct * y, sin_x * ct
    >>> f.defvjp(f_fwd, f_bwd)
    >>> grad(f)(0.0, 2.0)
    Array(2., dtype=float32, weak_type=True)
    """

    kind = "custom_vjp"

    def __init__(
        self,
        fun: Callable[..., Any],
        nondiff_argnums: Sequence[int] = (),
        nondiff_argnames: Sequence[str] = (),
    ) -> None:
        super().__init__(fun, nondiff_argnums, nondiff_argnames)
        self.fwd: Callable[..., Any] | None = None
        self.bwd: Callable[..., Any] | None = None
        self.symbolic_zeros = False
        self.optimize_remat = False
        self._rules = RuleCache()

    def defvjp(
        self,
        fwd: Callable[..., Any],
        bwd: Callable[..., Any],
        symbolic_zeros: bool = False,
        optimize_remat: bool = False,
    ) -> None:
        """Sets the rule.

        `fwd` takes the arguments of the function and returns the pair of its result and of residuals, a tree of
        arrays. `bwd(residuals, ct)` gives a tuple with a cotangent for each argument, None where it is zero.

        With `symbolic_zeros`, `fwd` gets a `CustomVJPPrimal` for each array, and `bwd` a `SymbolicZero` for each
        cotangent that is known to be zero. `optimize_remat` changes nothing: what a checkpoint does not need of
        `fwd` is never computed.
        """
        self.fwd, self.bwd = fwd, bwd
        self.symbolic_zeros, self.optimize_remat = symbolic_zeros, optimize_remat
        if symbolic_zeros and optimize_remat:
            raise NotImplementedError("remat optimization for custom_vjp does not support symbolic zeros")

    def _check_rule(self) -> None:
        if self.fwd is None or self.bwd is None:
            raise AttributeError(f"No VJP defined for custom_vjp function {called(self.fun)} using defvjp.")

    def _traced_call(self, args: tuple[Any, ...]) -> Any:
        given = self._arguments(args)
        self._check_statics(given)
        trace = STATE.trace
        assert trace is not None
        if trace.staged:
            return self._call_later(given)
        asking = consumer([*given.leaves, *self._reachable(given)])
        if asking is None:
            return self.fun(*args)
        return self._call_later(given) if self.symbolic_zeros else self._call_now(given, asking)

    def _check_statics(self, given: Arguments) -> None:
        for position, x in zip(given.nondiff, given.statics, strict=True):
            for leaf in pytree.flatten(x)[0]:
                if type(leaf) is Tracer:
                    raise UnexpectedTracerError(
                        f"Found a Tracer object of {leaf.aval} passed as argument {position} of the custom_vjp "
                        f"function {called(self.fun)}, which nondiff_argnums marks as non-differentiable. "
                        "Tracers cannot be passed as non-differentiable arguments to custom_vjp functions: "
                        "nondiff_argnums is for arguments that can't be or contain tracers, such as functions.\n"
                        "  try passing it as an ordinary argument, and returning None as its cotangent"
                    )

    def _reachable(self, given: Arguments) -> list[Any]:
        return reachable([self.fun, self.fwd, self.bwd, *given.statics])

    def _rule(self, given: Arguments, primal: Traced) -> VjpRule:
        assert self.fwd is not None and self.bwd is not None
        return VjpRule(self.fun, self.fwd, self.bwd, given, (primal.out_tree, primal.out_types))

    def _call_now(self, given: Arguments, asking: Any) -> Any:
        """Traces function and rule; the rule may look at values."""
        primal = self._primal(given, staged=False)
        rule = self._rule(given, primal)
        forward = rule.trace_forward(given.leaves, asking)
        backward = rule.trace_backward(forward, False, asking)
        captured = Captured([*primal.captures, *forward.traced.captures, *backward.captures])
        captured.extend(primal)
        handed = captured.positions(backward)
        fwd = rule.closed_forward(forward, captured, handed)
        bwd = rule.closed_backward(forward, backward, captured, handed)
        inst = op_class("custom_vjp_call").of(callee=primal.name, fwd=fwd, bwd=bwd)
        return self._emit(inst, [*given.leaves, *guarded(captured.values, self.kind)], primal)

    def _call_later(self, given: Arguments) -> Any:
        """Traces the function; a transformation that needs the rule will have it traced."""
        primal = self._primal(given, staged=True)
        captured = Captured([*primal.captures, *self._reachable(given)])
        spare = len(captured.values) - len(primal.captures)
        captured.extend(primal)

        def make() -> LazyVjp:
            return LazyVjp(self._rule(given, primal), captured, primal, self.symbolic_zeros)

        trace = STATE.trace
        assert trace is not None
        key = (self.fwd, self.bwd, self.symbolic_zeros, primal.out_tree, tuple(primal.out_types))
        rule = self._rules.get(key, given, captured, make)
        inst = op_class("python_vjp_call").of(
            callee=primal.name, rule_number=rule.held_by(trace.module), spare=spare, zeros=self.symbolic_zeros
        )
        return self._emit(inst, [*given.leaves, *captured.values], primal)
