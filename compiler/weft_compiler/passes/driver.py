"""Runs a pipeline on a module: checks between passes, watchers, a reproducer when a pass is at fault."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Protocol

from weft_compiler.bindings import ir
from weft_compiler.diagnostics import DiagnosticError
from weft_compiler.passes.pipeline import Step, parse_pipeline
from weft_compiler.passes.registry import make_pass
from weft_compiler.passes.reproducer import PassFault, Recording

if TYPE_CHECKING:
    from weft_compiler.module import Module

Check = Callable[["Module"], None]


class Watcher(Protocol):
    """Is told about every step; it looks at the module and leaves it alone."""

    def before(self, step: Step, module: Module) -> None: ...
    def after(self, step: Step, module: Module) -> None: ...


def run_pipeline(
    module: Module,
    pipeline: str | Sequence[Step],
    *,
    checks: Sequence[Check] = (),
    watchers: Sequence[Watcher] = (),
) -> None:
    """Runs `pipeline` on `module` in place; `checks` run after every step.

    Raises DiagnosticError for a mistake in the program, and PassFault when a pass raises anything else or
    leaves IR that a check refuses; then a reproducer lies beside.
    """
    steps = parse_pipeline(pipeline) if isinstance(pipeline, str) else tuple(pipeline)
    if not steps:
        return
    recording = Recording(module)
    for step in steps:
        for watcher in watchers:
            watcher.before(step, module)
        _run_step(step, module, checks, recording)
        for watcher in watchers:
            watcher.after(step, module)


def _run_step(step: Step, module: Module, checks: Sequence[Check], recording: Recording) -> None:
    try:
        step.run(module)
    except DiagnosticError:
        raise
    except Exception as error:
        raise recording.fault(step, f"raised {type(error).__name__}: {error}", error) from error
    try:
        for check in checks:
            check(module)
    except Exception as error:
        refused = DiagnosticError.from_mlir(error) if isinstance(error, ir.MLIRError) else error
        raise recording.fault(step, f"left invalid IR: {refused}", error) from error
    recording.finished(step)


def check_structure(module: Module) -> None:
    """What MLIR itself verifies: arity, kinds, dominance. Raises MLIRError."""
    module.ir.operation.verify()


def check_rules(module: Module) -> None:
    """The shape and dtype rules of the weft ops, where there are any. Raises DiagnosticError."""
    if has_weft_ops(module):
        make_pass("weft-verify").run(module)


def has_weft_ops(module: Module) -> bool:
    """Whether anything in the module is for our passes to read."""
    found = False

    def look(op: ir.Operation) -> ir.WalkResult:
        nonlocal found
        found = op.name.startswith(("weft.", "weftn."))
        return ir.WalkResult.INTERRUPT if found else ir.WalkResult.ADVANCE

    module.ir.operation.walk(look)
    return found


class PrintIR:
    """Hands `write` the IR before or after the named passes; None stands for every pass."""

    def __init__(
        self,
        write: Callable[[str], object],
        before: Collection[str] | None = (),
        after: Collection[str] | None = (),
    ):
        self._write, self._before, self._after = write, before, after

    def before(self, step: Step, module: Module) -> None:
        self._print("before", self._before, step, module)

    def after(self, step: Step, module: Module) -> None:
        self._print("after", self._after, step, module)

    def _print(self, when: str, names: Collection[str] | None, step: Step, module: Module) -> None:
        if names is None or step.name in names:
            self._write(f"// IR {when} {step.text}\n{module.ir.operation.get_asm()}")


class Timing:
    """Wall time of each step, as a table."""

    def __init__(self) -> None:
        self.seconds: list[tuple[str, float]] = []
        self._started = 0.0

    def before(self, step: Step, module: Module) -> None:
        self._started = time.perf_counter()

    def after(self, step: Step, module: Module) -> None:
        self.seconds.append((step.text, time.perf_counter() - self._started))

    def table(self) -> str:
        total = sum(seconds for _, seconds in self.seconds)
        rows = [*self.seconds, ("total", total)]
        return "".join(
            f"{seconds * 1e3:10.3f} ms {_share(seconds, total)} {text}\n" for text, seconds in rows
        )


def _share(seconds: float, total: float) -> str:
    return f"{100 * seconds / total:5.1f}%" if total else "     -"


__all__ = [
    "PassFault",
    "PrintIR",
    "Timing",
    "Watcher",
    "check_rules",
    "check_structure",
    "has_weft_ops",
    "run_pipeline",
]
