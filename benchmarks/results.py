"""What was measured, and what follows from it: medians, ratios, verdicts, rows derived from several cases."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from case import SYSTEMS, AnyCase

MET, MISSED, FAILED, UNJUDGED = "ok", "MISSED", "FAILED", ""

GROWTH_BAR = 4.6
"""Four times the ops in four times the time, and 15 % for the clock."""

SHARED_BAR = 4.0
"""Eight times the calls of one function may take half of what eight times the functions would."""


Round = list[tuple[float, float | None]]
"""Samples of one turn: the time of a call, and its computing time where that was measured."""


@dataclass
class Row:
    """The rounds of a case for each system, or why there are none."""

    case: AnyCase
    rounds: dict[str, list[Round]] = field(default_factory=dict)
    error: str = ""

    def add(self, system: str, samples: Round) -> None:
        """Notes a round."""
        self.rounds.setdefault(system, []).append([(time, cpu) for time, cpu in samples])

    def times(self, system: str) -> list[float]:
        """All samples of a system."""
        return [time for taken in self.rounds.get(system, ()) for time, _ in taken]

    def median(self, system: str) -> float | None:
        """Median of the samples of a system."""
        times = self.times(system)
        return statistics.median(times) if times else None

    @property
    def ratio(self) -> float | None:
        """Weft over JAX in each round; the median of the rounds."""
        ours, theirs = (self.rounds.get(system, []) for system in SYSTEMS)
        pairs = [(_median(w), _median(j)) for w, j in zip(ours, theirs, strict=False)]
        quotients = [w / j for w, j in pairs if j]
        return statistics.median(quotients) if quotients else None

    @property
    def best_ratio(self) -> float | None:
        """The ratio of the smallest samples."""
        ours, theirs = (self.times(system) for system in SYSTEMS)
        return min(ours) / min(theirs) if ours and theirs and min(theirs) else None

    @property
    def cpu_ratio(self) -> float | None:
        """The ratio of the median computing times."""
        ours, theirs = (self._cpu(system) for system in SYSTEMS)
        return statistics.median(ours) / statistics.median(theirs) if ours and theirs else None

    def _cpu(self, system: str) -> list[float]:
        return [cpu for taken in self.rounds.get(system, ()) for _, cpu in taken if cpu]

    @property
    def verdict(self) -> str:
        """Whether the bar is met."""
        if self.error:
            return FAILED
        limit = getattr(self.case, "limit", None)
        if limit is not None:
            value = self.median(SYSTEMS[0])
            return UNJUDGED if value is None else MET if value <= limit else MISSED
        return judged(self.ratio, self.case.bar)

    def as_json(self) -> dict[str, Any]:
        """All figures of the row."""
        case = self.case
        figures = {
            system: {"median": self.median(system), "min": min(self.times(system)), "rounds": rounds}
            for system, rounds in self.rounds.items()
        }
        return {
            "name": case.name,
            "what": case.what,
            "unit": case.unit,
            "bar": case.bar,
            "goal": case.goal,
            "limit": getattr(case, "limit", None),
            "ratio": self.ratio,
            "best_ratio": self.best_ratio,
            "cpu_ratio": self.cpu_ratio,
            "verdict": self.verdict,
            "error": self.error,
            **figures,
        }


@dataclass(frozen=True)
class Derived:
    """A figure that follows from several rows."""

    name: str
    what: str
    value: float
    bar: float

    @property
    def verdict(self) -> str:
        """Whether the bar is met."""
        return judged(self.value, self.bar)

    def as_json(self) -> dict[str, Any]:
        """The figure and its bar."""
        return {
            "name": self.name,
            "what": self.what,
            "value": self.value,
            "bar": self.bar,
            "verdict": self.verdict,
        }


def judged(ratio: float | None, bar: float | None) -> str:
    """Whether a ratio meets its bar."""
    if ratio is None or bar is None:
        return UNJUDGED
    return MET if ratio <= bar else MISSED


def _median(taken: Round) -> float:
    return statistics.median(time for time, _ in taken)


def derived(rows: Mapping[str, Row]) -> list[Derived]:
    """The figures whose rows have all been measured."""
    made = []
    for name in ("chain", "grad-chain", "vmap-grad-chain"):
        short, long = (_weft(rows, f"trace/{name}-{n}") for n in (1000, 4000))
        if short and long:
            made.append(
                Derived(f"growth/{name}", "time of 4000 ops over time of 1000", long / short, GROWTH_BAR)
            )
    few, many = (_weft(rows, f"trace/grad-jitted-layers{n}") for n in ("-4", ""))
    if few and many:
        what = "time of 32 layers over time of 4, where one jitted layer is called"
        made.append(Derived("growth/jitted-layers", what, many / few, SHARED_BAR))
    made += _geometric_mean(rows, "eager/", 0.5)
    made += _geometric_mean(rows, "call/", 1.0)
    return made


def _weft(rows: Mapping[str, Row], name: str) -> float | None:
    return rows[name].median(SYSTEMS[0]) if name in rows else None


def _geometric_mean(rows: Mapping[str, Row], group: str, bar: float) -> list[Derived]:
    ratios = [row.ratio for name, row in rows.items() if name.startswith(group)]
    known = [r for r in ratios if r]
    if len(known) < 2 or len(known) < len(ratios):
        return []
    mean = math.exp(statistics.fmean(math.log(r) for r in known))
    return [Derived(f"{group}all", f"geometric mean of the {len(known)} ratios", mean, bar)]
