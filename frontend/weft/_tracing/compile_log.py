"""What compiles, why and how long it took, for who asks: nothing of this is on the path of a call that is known."""

from __future__ import annotations

import contextlib
import logging
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from weft._tracing.source import describe, location
from weft.config import config
from weft.errors import RetraceError

LOG = logging.getLogger("weft.compiles")
Explain = Callable[[], Sequence[str]]
"""Sentences that say why nothing that is known fits a call."""

_PATIENCE_S = 3.0
"""After so long a terminal is told that a compilation goes on."""
_SHOWN = 8
_ORIGINS = {
    "compiled": "compiled",
    "disk": "loaded from the cache on disk",
    "memory": "an equal program of this process does it",
}


class _Miss(threading.local):
    """The call of this thread for which a function is traced and compiled."""

    explain: Explain | None = None
    started: float = 0.0


_MISS = _Miss()


@contextlib.contextmanager
def missed(name: str, explain: Explain) -> Iterator[None]:
    """Around the tracing and compiling of a jitted function for a call that fits nothing known.

    Raises: RetraceError inside `no_retrace`.
    """
    if config.no_retrace:
        raise RetraceError(_refused(name, explain()))
    if config.explain_cache_misses:
        LOG.warning("%s is traced%s", name, _tail(explain()))
    outer = _MISS.explain, _MISS.started
    _MISS.explain, _MISS.started = explain, time.perf_counter()
    try:
        yield
    finally:
        _MISS.explain, _MISS.started = outer


class Report:
    """The stages of one compilation, as they end."""

    def __init__(self, started: float) -> None:
        self._last = started
        self._stages: list[tuple[str, float]] = []
        self.origin = "compiled"

    def end(self, stage: str) -> None:
        """A stage is over; the next begins."""
        now = time.perf_counter()
        self._stages.append((stage, now - self._last))
        self._last = now

    def __str__(self) -> str:
        total = sum(seconds for _, seconds in self._stages)
        parts = ", ".join(f"{stage} {_seconds(seconds)}" for stage, seconds in self._stages)
        return f"{_ORIGINS[self.origin]} in {_seconds(total)}: {parts}"


@contextlib.contextmanager
def compiling(name: str, in_specs: Sequence[Any]) -> Iterator[Report]:
    """Around lowering and compiling; the report is logged where somebody wants it.

    Raises: RetraceError inside `no_retrace`, for what is not a jitted function: an op, a library function.
    """
    explain = _MISS.explain
    if config.no_retrace and explain is None:
        raise RetraceError(_refused(name, [f"it has not been compiled for {_types(in_specs)} yet"]))
    now = time.perf_counter()
    report = Report(now if explain is None else _MISS.started)
    if explain is not None:
        report.end("trace")
    _MISS.explain = None  # what is compiled on the way is not for this call
    with _Progress(name) if sys.stderr is not None and sys.stderr.isatty() else contextlib.nullcontext():
        yield report
    level = logging.WARNING if config.log_compiles else logging.DEBUG
    if LOG.isEnabledFor(level):
        why = () if explain is None else explain()
        LOG.log(level, "%s for %s: %s%s", name, _types(in_specs), report, _tail(why))


class _Progress:
    """A line on the terminal while something compiles for long."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._show, daemon=True, name="weft compile progress")

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _show(self) -> None:
        passed_s = _PATIENCE_S
        if self._over.wait(passed_s):
            return
        while True:
            sys.stderr.write(f"\r\x1b[Kweft: compiling {self._name}, {passed_s:.0f} s")
            sys.stderr.flush()
            if self._over.wait(1.0):
                break
            passed_s += 1.0
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()


def _types(specs: Sequence[Any]) -> str:
    shown = [short(spec) for spec in specs[:_SHOWN]]
    more = [f"and {len(specs) - _SHOWN} more"] if len(specs) > _SHOWN else []
    return f"({', '.join([*shown, *more])})"


def short(spec: Any) -> str:
    """`f32[8,4]` for a spec; a weak type has a `~` before."""
    return f"~{spec}" if spec.weak_type else str(spec)


def _seconds(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1e3:.1f} ms"


def _tail(reasons: Sequence[str]) -> str:
    where, line = describe(location())
    called = [f"called at {where}: {line}"] if where else []
    return "".join(f"\n  {text}" for text in (*called, *reasons))


def _refused(name: str, reasons: Sequence[str]) -> str:
    return f"{name} would be traced and compiled anew inside no_retrace{_tail(reasons)}"
