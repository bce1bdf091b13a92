"""A process that measures one system: reads a JSON request on each line of its input, answers on a line.

    {"do": "prepare", "case": NAME}   makes the thunk of a case, warms it up
    {"do": "measure"}                 one round of it
    {"do": "forget"}                  drops it

Started by run.py: `worker.py SYSTEM [--quick]`.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import traceback
from typing import Any

from case import CASES, Case, Side, load_cases
from timing import Budget, Timed


class Worker:
    """The state of the process: the case that is prepared at the moment."""

    def __init__(self, side: Side) -> None:
        self._side = side
        self._budget = Budget.of(side.is_quick)
        self._timed: Timed | None = None

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """What one request asks for; a failure of the case is an answer too."""
        try:
            return getattr(self, request["do"])(request)
        except Exception as error:  # noqa: BLE001 - whatever a case raises is reported in its row
            traceback.print_exc()
            return {"error": f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"}

    def prepare(self, request: dict[str, Any]) -> dict[str, Any]:
        case = CASES[request["case"]]
        assert isinstance(case, Case)
        self._timed = Timed(
            case.prepare(self._side), case.clock, self._side.api.block_until_ready, self._budget
        )
        return {}

    def measure(self, _: dict[str, Any]) -> dict[str, Any]:
        assert self._timed is not None
        return {"samples": self._timed.samples()}

    def forget(self, _: dict[str, Any]) -> dict[str, Any]:
        self._timed = None
        gc.collect()
        return {}


def main() -> None:
    # Answers go to a copy of the output: what libraries print must not come between them.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    load_cases()
    worker = Worker(Side.of(sys.argv[1], is_quick="--quick" in sys.argv))
    answers.write(json.dumps({"ready": True}) + "\n")
    for line in sys.stdin:
        answers.write(json.dumps(worker.answer(json.loads(line))) + "\n")


if __name__ == "__main__":
    main()
