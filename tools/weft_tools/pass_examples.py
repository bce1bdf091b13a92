"""An example of each pass, from its tests: what it changes there, or what it rejects."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from weft_compiler.passes.options import split_top
from weft_tools import opt
from weft_tools.command import printed

MOST_LINES = 60
_RUN = re.compile(r"// RUN: weft-opt %s --passes=('[^']*'|\S+)( --split-input-file --verify-diagnostics)?")


@dataclass(frozen=True)
class Run:
    """A RUN line whose last pass is the one looked for."""

    path: Path
    before: tuple[str, ...]
    pass_text: str
    rejects: bool


def example(name: str, root: Path) -> str:
    """The shortest example of a pass in the tests below `root`, as text of a page; empty if it has no test."""
    runs = list(_runs(name, root))
    shown = [text for text in (_changed(run, root) for run in runs if not run.rejects) if text]
    shown = shown or [_rejected(run, root) for run in runs if run.rejects]
    return min(shown, key=len, default="")


def _runs(name: str, root: Path) -> Iterator[Run]:
    for path in sorted((root / "test").rglob("*.mlir")):
        for passes, rejects in _RUN.findall(path.read_text(encoding="utf-8")):
            steps = split_top(passes.strip("'"), ",")
            if steps[-1].partition("{")[0] == name:
                yield Run(path, tuple(steps[:-1]), steps[-1], bool(rejects))


def _changed(run: Run, root: Path) -> str:
    """How the module changes; empty if it does not."""
    pipelines = [",".join(run.before), ",".join((*run.before, run.pass_text))]
    before, after = (printed(opt.main, [str(run.path), *([f"--passes={p}"] if p else [])]) for p in pipelines)
    lines = list(difflib.unified_diff(before.splitlines(True), after.splitlines(True), n=2))[2:]
    if len(lines) > MOST_LINES:
        lines = [*lines[:MOST_LINES], " …\n"]
    return f"{_headline(run, root, pipelines[1])}```diff\n{''.join(lines)}```\n" if lines else ""


def _rejected(run: Run, root: Path) -> str:
    """The first module of a test of errors; it says itself what is expected."""
    chunk = run.path.read_text(encoding="utf-8").split("// -----", 1)[0]
    lines = [line for line in chunk.splitlines() if not line.startswith("// RUN:")]
    code = "\n".join(lines).strip()
    return f"{_headline(run, root, ','.join((*run.before, run.pass_text)))}```mlir\n{code}\n```\n"


def _headline(run: Run, root: Path, passes: str) -> str:
    return f"`weft-opt {run.path.relative_to(root).as_posix()} --passes='{passes}'`\n\n"
