"""The first training step of a transformer in a process: `first_step.py SYSTEM STARTED_AT`."""

import json
import sys
import time

from training_step import Side, training_step


def main() -> None:
    side = Side.of(sys.argv[1])
    step, arguments = training_step(side, is_quick="--quick" in sys.argv)
    start = time.perf_counter()
    side.api.block_until_ready(step(*arguments))
    stepped = time.perf_counter()
    now = time.monotonic()  # one clock for all processes
    print(json.dumps({"first_step_s": stepped - start, "since_start_s": now - float(sys.argv[2])}))


if __name__ == "__main__":
    main()
