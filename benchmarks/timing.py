"""Timing one thunk: batches long enough for the clock, each sample the mean of a batch."""

from __future__ import annotations

import gc
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from case import THREAD, Thunk

_CLOCKS = {"wall": time.perf_counter, "thread": time.thread_time}

Sample = tuple[float, float]
"""Mean time of a call by the clock of the case, and the time that all threads of the process computed."""


@dataclass(frozen=True)
class Budget:
    """How long one round of one case may take."""

    round_s: float
    batch_s: float
    """A batch is repeated calls until this long: far above what the clock resolves."""
    samples: int

    @staticmethod
    def of(is_quick: bool) -> Budget:
        """About a tenth of a second for each round; next to nothing where only the harness is tried."""
        return Budget(0.0, 0.0, 1) if is_quick else Budget(0.12, 0.02, 5)


class Timed:
    """A warm thunk and the number of calls that make a batch."""

    def __init__(self, thunk: Thunk, clock: str, wait: Callable[[Any], Any], budget: Budget) -> None:
        self._thunk, self._budget = thunk, budget
        self._now = _CLOCKS[clock]
        # What runs on this thread alone is over when it returns; results of programs are still on their way.
        self._wait = (lambda _: None) if clock == THREAD else wait
        self._calls = 1
        self._warm_up()

    def _warm_up(self) -> None:
        """Calls until everything is compiled and cached; then the number of calls in a batch."""
        for _ in range(2):
            taken, _ = self._batch()
        if taken < self._budget.batch_s / 20:  # so short that the first calls still pay for being first
            self._calls = 50
            taken, _ = self._batch()
        self._calls = max(1, math.ceil(self._budget.batch_s / max(taken, 1e-8)))

    def _batch(self) -> Sample:
        """Mean time of a call, over a batch. The collector stays on: users wait for it too."""
        thunk, calls = self._thunk, range(self._calls)
        result = None
        start_cpu, start = time.process_time(), self._now()
        for _ in calls:
            result = thunk()
        self._wait(result)
        passed, cpu = self._now() - start, time.process_time() - start_cpu
        return passed / len(calls), cpu / len(calls)

    def samples(self) -> list[Sample]:
        """One round: as many batches as the budget allows, at least one."""
        gc.collect()
        end = time.perf_counter() + self._budget.round_s
        taken = [self._batch()]
        while len(taken) < self._budget.samples and time.perf_counter() < end:
            taken.append(self._batch())
        return taken
