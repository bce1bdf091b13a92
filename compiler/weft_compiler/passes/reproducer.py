"""What is left when a pass is at fault: the IR from before it, and the command that repeats the failure."""

from __future__ import annotations

import hashlib
import os
import shlex
import tempfile
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from weft_compiler.bindings import ir
from weft_compiler.passes.pipeline import Step, pipeline_text

if TYPE_CHECKING:
    from weft_compiler.module import Module


class PassFault(RuntimeError):
    """A pass failed through no fault of the program: a bug in weft."""

    def __init__(self, step: Step, what: str, path: Path, command: str):
        self.step, self.path, self.command = step, path, command
        super().__init__(
            f"{step.name} {what}\n"
            f"  this is a bug in weft, not in your program; the IR from before the pass is in {path}\n"
            f"  repeat with: {command}"
        )


class Recording:
    """The module as it was when the pipeline started, and the steps that have run since.

    One copy for the whole pipeline is cheap (0.3 us per op); the IR from before a failed step is made from it
    by running the finished steps again.
    """

    def __init__(self, module: Module):
        self._start = module.ir.operation.clone()
        self._wrap = type(module)
        self._finished: list[Step] = []

    def finished(self, step: Step) -> None:
        self._finished.append(step)

    def fault(self, step: Step, what: str, error: Exception) -> PassFault:
        """Writes the reproducer for `step` and describes it."""
        text, steps = self._before(step)
        passes = pipeline_text(steps)
        trace = "".join(traceback.format_exception(error)).rstrip().splitlines()
        header = [f"RUN: weft-opt %s --passes={shlex.quote(passes)}", "", *trace]
        content = "".join(f"// {line}".rstrip() + "\n" for line in header) + "\n" + text
        path = _folder() / f"{step.name}-{hashlib.sha256(text.encode()).hexdigest()[:12]}.mlir"
        path.write_text(content, encoding="utf-8")
        command = f"weft-opt {shlex.quote(str(path))} --passes={shlex.quote(passes)}"
        return PassFault(step, what, path, command)

    def _before(self, step: Step) -> tuple[str, list[Step]]:
        """IR from just before `step` and the steps to run on it; the start if an earlier step fails now."""
        start = _text(self._start)
        try:
            with self._start.operation.context:
                module = self._wrap(ir.Module.parse(start))
            for done in self._finished:
                done.run(module)
            return _text(module.ir.operation), [step]
        except Exception:  # noqa: BLE001 - whatever it is, the start and all steps still show the failure
            return start, [*self._finished, step]


def _text(operation: ir.Operation) -> str:
    # assume_verified: the IR of a failed pass may be broken, and printing must not fail on it.
    return operation.get_asm(enable_debug_info=True, assume_verified=True) + "\n"


def _folder() -> Path:
    """WEFT_REPRODUCER_DIR, or a folder of this user's under the system's temporary one."""
    default = (
        Path(tempfile.gettempdir()) / f"weft-reproducers-{os.getuid() if hasattr(os, 'getuid') else 'user'}"
    )
    folder = Path(os.environ.get("WEFT_REPRODUCER_DIR", default))
    folder.mkdir(parents=True, exist_ok=True)
    return folder
