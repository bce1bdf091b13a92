"""A training step traced and lowered in a fresh process: `first_lowering.py SYSTEM STARTED_AT`."""

import json
import sys
import time

from training_step import Side, training_step


def main() -> None:
    step, arguments = training_step(Side.of(sys.argv[1]), is_quick="--quick" in sys.argv)
    start = time.thread_time()
    step.lower(*arguments)
    print(json.dumps({"lower_s": time.thread_time() - start}))


if __name__ == "__main__":
    main()
