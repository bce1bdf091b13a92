"""Rules given with `def_vmap` as functions of the IR."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from weft._tracing.staging import Traced, trace_function
from weft._tracing.values import as_value, aval_of_value
from weft._transforms.custom.arguments import Arguments, called
from weft._transforms.custom.captures import Captured, Surroundings
from weft._transforms.custom.checks import Outputs
from weft._tree.paths import leaf_names
from weft_compiler.avals import Aval
from weft_compiler.dialect.op import OpTypeError
from weft_compiler.masks import Mask, parts
from weft_compiler.rule_table import PythonRule, imported
from weft_compiler.transforms import Batched, TransformBuilder
from weft_runtime import pytree


class VmapRule:
    """`vmap_rule` for the arguments of one call of `fun`, whose results are as `outputs` says."""

    def __init__(
        self, fun: Callable[..., Any], rule: Callable[..., Any], given: Arguments, outputs: Outputs
    ) -> None:
        self.fun, self.rule, self.outputs = fun, rule, outputs
        self.types, self.tree = given.types, given.tree

    def trace(self, size: int, batched: Mask) -> tuple[Traced, Mask]:
        """The rule as a function, in a module of its own, and which of its results have the batch axis."""
        marks: list[bool] = []

        def call(tracers: list[Any]) -> Any:
            results, out_batched = self._run(size, batched, tracers)
            marks.extend(out_batched)
            return results

        in_types = [
            (_with_axis(aval, size) if is_batched else aval, weak)
            for (aval, weak), is_batched in zip(self.types, batched, strict=True)
        ]
        traced = trace_function(
            call, in_types, kind="custom_vmap", fun=self.rule, staged=True, own_module=True
        )
        return traced, tuple(marks)

    def _run(self, size: int, batched: Mask, tracers: Sequence[Any]) -> tuple[list[Any], list[bool]]:
        in_batched = list(self.tree.unflatten(batched))
        made = self.rule(size, in_batched, *self.tree.unflatten(tracers))
        name = called(self.rule)
        if not isinstance(made, (tuple, list)) or len(made) != 2:
            raise TypeError(
                f"custom vmap rule {name} must return a pair (output, out_batched), but returned {made!r:.200}"
            )
        flat, tree = pytree.flatten(made[0])
        marks, marks_tree = pytree.flatten(made[1])
        if tree != marks_tree:
            raise ValueError(
                f"structure of output value and output batching specification returned by custom vmap rule ({name}) "
                f"do not match.\nOutput values: {tree}\nBatching spec: {marks_tree}"
            )
        if tree != self.outputs[0]:
            raise ValueError(
                f"structure of output returned by custom vmap rule ({name}) does not match that of original "
                f"custom-vmapped function.\nOriginal output: {self.outputs[0]}\nRule output: {tree}"
            )
        results = [as_value(x, what=f"custom vmap rule {name}: an output") for x in flat]
        self._check_types(size, results, marks)
        return results, [bool(m) for m in marks]

    def _check_types(self, size: int, results: Sequence[Any], marks: Sequence[Any]) -> None:
        tree, types = self.outputs
        for leaf, x, (aval, _), is_batched in zip(
            leaf_names(tree, "output"), results, types, marks, strict=True
        ):
            wanted = _with_axis(aval, size) if is_batched else aval
            if aval_of_value(x) is not wanted:
                raise ValueError(
                    f"custom vmap rule ({called(self.rule)}) must return what the original custom-vmapped "
                    f"function returns{' with a first axis of ' + str(size) if is_batched else ''}: at {leaf} it "
                    f"returned {aval_of_value(x)}, expected {wanted}"
                )


def _with_axis(aval: Aval, size: int) -> Aval:
    return aval.with_shape((size, *aval.shape))


class LazyVmap(PythonRule):
    """A rule that is traced when the compiler asks for it: in a module once for each size and batched arguments."""

    def __init__(self, rule: VmapRule, captured: Captured, primal: Traced) -> None:
        super().__init__()
        self._rule, self._captured = rule, captured
        self._primal = [primal] if captured.values else []  # not kept without need: rules are cached
        self._around = Surroundings(captured)
        self.named_axes = self._around.named_axes

    def batch(self, b: TransformBuilder, size: int, batched: Mask) -> Batched:
        """The rule as a function in the module of `b`; captured values follow the arguments."""
        count = len(self._rule.types)
        self._check_captured(batched[count:], self._primal)
        key = ("rule.vmap", self.number, size, batched[:count])
        traced, out_batched = b.once(key, lambda: self._trace(size, batched[:count]))
        self._check_captured(batched[count:], [traced])
        name = imported(b, traced.module, traced.name)
        if not self._captured.values and not traced.captures:
            return Batched(name, out_batched)
        avals = [
            _with_axis(aval, size) if is_batched else aval
            for aval, is_batched in zip(self._captured.avals, batched[count:], strict=True)
        ]

        def write(inner: TransformBuilder, *args: Any) -> Any:
            xs, values = parts(args, count)
            given = self._captured.operands(inner, traced, dict(enumerate(values)))
            return inner.call(name, (*xs, *given))

        inputs = [*(a for a, _ in traced.in_types), *avals]
        fn = b.once(
            ("custom_vmap", name, self.number, batched), lambda: b.define(f"{name}.closed", inputs, write)
        )
        return Batched(fn, out_batched)

    def _trace(self, size: int, batched: Mask) -> tuple[Traced, Mask]:
        with self._around.again():
            return self._rule.trace(size, batched)

    def _check_captured(self, batched: Mask, functions: Sequence[Traced]) -> None:
        if self._captured.is_used(batched, functions):
            raise OpTypeError(
                f"custom_vmap: {called(self._rule.fun)} closes over a value that vmap maps, of which its rule "
                "knows nothing\n  try passing it as an argument"
            )
