"""Memory that compiling a training step takes: `compile_memory.py SYSTEM STARTED_AT`."""

import json
import sys

from reading import peak_bytes, resident_bytes
from training_step import Side, training_step


def main() -> None:
    side = Side.of(sys.argv[1])
    step, arguments = training_step(side, is_quick="--quick" in sys.argv)
    side.api.block_until_ready(side.api.jit(lambda x: x + 1)(arguments[-1]))  # every library is loaded
    before_bytes = resident_bytes()
    side.api.block_until_ready(step(*arguments))
    print(json.dumps({"peak_bytes": peak_bytes(), "growth_bytes": peak_bytes() - before_bytes}))


if __name__ == "__main__":
    main()
