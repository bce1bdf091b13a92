"""`custom_vmap`: functions that say how they are batched."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from weft._tracing.bind import op_class
from weft._tracing.staging import Traced
from weft._tracing.trace import STATE
from weft._transforms.custom.arguments import called
from weft._transforms.custom.captures import Captured, reachable
from weft._transforms.custom.decorator import Decorated
from weft._transforms.custom.enclosing import is_mapped
from weft._transforms.custom.rule_cache import RuleCache
from weft._transforms.custom.vmap_rule import LazyVmap, VmapRule
from weft_runtime import pytree


class custom_vmap(Decorated):
    """A function that `vmap` does not look into: a rule given with `def_vmap` says what it is over a batch.

    >>> @custom_vmap
    ... def f(x, y):
    ...     return x + y
    >>> @f.def_vmap
    ... def f_batched(axis_size, in_batched, xs, ys):
    ...     return xs + ys, True
    >>> vmap(f)(jnp.arange(3), jnp.ones(3, int))
    Array([1, 2, 3], dtype=int32)
    """

    kind = "custom_vmap"

    def __init__(self, fun: Callable[..., Any]) -> None:
        super().__init__(fun)
        self.vmap_rule: Callable[..., Any] | None = None
        self._rules = RuleCache()

    def def_vmap(self, vmap_rule: Callable[..., Any]) -> Callable[..., Any]:
        """Sets the rule, `vmap_rule(axis_size, in_batched, *args)`, and returns it.

        `in_batched` is a list that says for each array of the arguments whether it has the batch axis, which is
        the first. The rule returns the results, and for each of them whether it has the axis.
        """
        self.vmap_rule = vmap_rule
        return vmap_rule

    def _check_rule(self) -> None:
        if self.vmap_rule is None:
            raise AttributeError(
                f"No batching rule defined for custom_vmap function {called(self.fun)} using def_vmap."
            )

    def _traced_call(self, args: tuple[Any, ...]) -> Any:
        trace = STATE.trace
        assert trace is not None and self.vmap_rule is not None
        given = self._arguments(args)
        others = reachable([self.fun, self.vmap_rule])
        if not trace.staged and not is_mapped([*given.leaves, *others]):
            return self.fun(*args)
        primal = self._primal(given, staged=True)
        captured = Captured([*primal.captures, *others])
        spare = len(captured.values) - len(primal.captures)
        captured.extend(primal)
        key = (self.vmap_rule, primal.out_tree, tuple(primal.out_types))
        rule = self._rules.get(key, given, captured, lambda: self._rule(given, primal, captured))
        inst = op_class("python_vmap_call").of(
            callee=primal.name, rule_number=rule.held_by(trace.module), spare=spare
        )
        return self._emit(inst, [*given.leaves, *captured.values], primal)

    def _rule(self, given: Any, primal: Traced, captured: Captured) -> LazyVmap:
        assert self.vmap_rule is not None
        rule = VmapRule(self.fun, self.vmap_rule, given, (primal.out_tree, primal.out_types))
        return LazyVmap(rule, captured, primal)


def sequential_vmap(f: Callable[..., Any]) -> custom_vmap:
    """`f`, which `vmap` calls for one element after the other, in a loop.

    >>> @sequential_vmap
    ... def f(x):
    ...     debug.print("{}", x)
    ...     return x + 1
    """
    from weft.lax.control_flow.scans import map

    made = custom_vmap(f)

    @made.def_vmap
    def one_by_one(axis_size: int, in_batched: Sequence[Any], *args: Any) -> Any:
        marks = pytree.flatten(list(in_batched))[0]
        leaves, tree = pytree.flatten(list(args))
        mapped = [x for x, is_batched in zip(leaves, marks, strict=True) if is_batched]

        def one(some: Sequence[Any]) -> Any:
            given = iter(some)
            pairs = zip(leaves, marks, strict=True)
            return made(*tree.unflatten([next(given) if is_batched else x for x, is_batched in pairs]))

        out = map(one, mapped)
        results, out_tree = pytree.flatten(out)
        return out, out_tree.unflatten([True for _ in results])

    return made
