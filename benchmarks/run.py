"""Measures weft against JAX: the same programs, alternating in two processes, within one run.

Each round times weft, then JAX, so that what disturbs the machine disturbs both; a session is a fresh pair
of processes. The table shows for each case

  weft, jax  medians
  ratio      weft over JAX in each round, the median of the rounds: below 1 weft is faster
  of min     the ratio of the smallest samples
  of cpu     the ratio of the time that all threads computed, which others on the machine disturb least
  bar, goal  the ratio that is asked for, and the one for later

All samples go to a JSON file.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import table
from case import SYSTEMS, AnyCase, Case, Script, chosen
from processes import HERE, MeasureError, Workers, script_runs
from results import FAILED, MISSED, Row, derived

_EXAMPLES = """\
examples:
  make bench                                    everything, some ten minutes
  python benchmarks/run.py --list               the cases and what each is
  python benchmarks/run.py --only call --only eager/sin
  python benchmarks/run.py --only trace --rounds 3 --sessions 1
  python benchmarks/run.py --quick              each case once and small: does the harness work?
  python benchmarks/run.py --systems weft       without JAX
  python benchmarks/run.py --strict             the exit status is 1 if a bar is missed
"""


def main(argv: Sequence[str] | None = None) -> int:
    """The command; returns its exit status."""
    options = _arguments().parse_args(argv)
    try:
        cases = chosen(options.only)
    except LookupError as error:
        print(f"run.py: {error}", file=sys.stderr)
        return 2
    if options.list:
        for case in cases.values():
            print(f"{case.name:26} {_wanted(case):12} {case.what}")
        return 0
    rows = Run(cases, options).measured()
    figures = derived(rows)
    for line in table.lines(rows, figures):
        print(line)
    report = {
        "machine": _machine(),
        "rows": [r.as_json() for r in rows.values()],
        "derived": [f.as_json() for f in figures],
    }
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(report, indent=1) + "\n")
    print(f"all samples: {options.json}", file=sys.stderr)
    verdicts = {r.verdict for r in rows.values()} | {f.verdict for f in figures}
    return 1 if FAILED in verdicts or (options.strict and MISSED in verdicts) else 0


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="run.py",
        description=__doc__,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add(
        "--only",
        metavar="NAME",
        action="append",
        default=[],
        help="a case, or the beginning or a part of names",
    )
    add("--list", action="store_true", help="show the cases and their bars")
    add("--quick", action="store_true", help="small programs, each timed once")
    add("--rounds", type=int, default=10, help="weft, JAX, weft, JAX, ... in each session (10)")
    add("--sessions", type=int, default=3, help="fresh pairs of processes (3)")
    add("--systems", default=",".join(SYSTEMS), help="weft, jax or both (weft,jax)")
    add("--strict", action="store_true", help="fail if a bar is missed")
    add("--json", type=Path, default=HERE / "results" / "latest.json", help="where the samples go")
    return parser


def _wanted(case: AnyCase) -> str:
    limit = getattr(case, "limit", None)
    if limit is not None:
        return f"<= {table.amount(limit, case.unit)}"
    return "" if case.bar is None else f"<= {case.bar:g}" + (f" ({case.goal:g})" if case.goal else "")


class Run:
    """One run over the chosen cases."""

    def __init__(self, cases: Mapping[str, AnyCase], options: argparse.Namespace) -> None:
        self._cases = cases
        self._is_quick: bool = options.quick
        self._sessions, self._rounds = (1, 1) if options.quick else (options.sessions, options.rounds)
        self._systems = [s for s in SYSTEMS if s in options.systems.split(",")]
        self._log = options.json.with_suffix(".log")
        self._log.parent.mkdir(parents=True, exist_ok=True)
        self._log.write_text("")
        self._progress = Progress(len(cases) * self._sessions)

    def measured(self) -> dict[str, Row]:
        """The rows, in the order of the cases."""
        rows = {name: Row(case) for name, case in self._cases.items()}
        for _ in range(self._sessions):
            workers = Workers(is_quick=self._is_quick, log=self._log)
            try:
                for name, row in rows.items():
                    self._progress.step(name)
                    if not row.error:
                        self._one_session(row, workers)
            finally:
                workers.close()
        self._progress.done()
        return rows

    def _one_session(self, row: Row, workers: Workers) -> None:
        try:
            if isinstance(row.case, Script):
                self._run_script(row, row.case)
            else:
                self._alternate(row, row.case, workers)
        except MeasureError as error:
            row.error = str(error)

    def _alternate(self, row: Row, case: Case, workers: Workers) -> None:
        for system in self._systems:
            workers[system].ask(do="prepare", case=case.name)
        for _ in range(self._rounds):
            for system in self._systems:
                row.add(system, workers[system].ask(do="measure")["samples"])
        for system in self._systems:
            workers[system].ask(do="forget")

    def _run_script(self, row: Row, case: Script) -> None:
        with script_runs(case, self._systems, is_quick=self._is_quick, log=self._log) as run:
            for _ in range(min(self._rounds, 3)):  # a sample is a whole process
                for system in self._systems:
                    row.add(system, [(run(system), None)])


class Progress:
    """One line on the terminal that says what is measured; nothing where nobody looks."""

    def __init__(self, steps: int) -> None:
        self._steps, self._at, self._start = steps, 0, time.monotonic()
        self._is_shown = sys.stderr.isatty()

    def step(self, name: str) -> None:
        """The next case begins."""
        self._at += 1
        if self._is_shown:
            passed_s = time.monotonic() - self._start
            print(
                f"\r\x1b[K[{self._at}/{self._steps}] {passed_s:.0f} s  {name}",
                end="",
                file=sys.stderr,
                flush=True,
            )

    def done(self) -> None:
        """Removes the line."""
        if self._is_shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def _machine() -> dict[str, Any]:
    versions = {}
    for package in ("weft", "jax", "jaxlib", "torch-mlir", "numpy"):
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            versions[package] = None
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cores": os.cpu_count(),
        "versions": versions,
        "finished": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
    }


if __name__ == "__main__":
    sys.exit(main())
