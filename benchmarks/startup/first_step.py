"""The first training step of a transformer, its time and its memory: `first_step.py SYSTEM STARTED_AT`."""

import json
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))

from case import Side
from programs import adamw, transformer
from reading import peak_bytes, resident_bytes


def main() -> None:
    side = Side.of(sys.argv[1], is_quick="--quick" in sys.argv)
    np, api = side.numpy, side.api
    sizes = transformer.Sizes(layers=side.sized(6, 1))
    params, rows = transformer.init(np, sizes), transformer.batch(np, sizes)
    moments = adamw.start(np, api, params)
    step = api.jit(transformer.step_of(np, api, sizes))
    before_bytes, start = resident_bytes(), time.perf_counter()
    api.block_until_ready(step(params, moments, rows))
    first_step_s = time.perf_counter() - start
    figures = {
        "first_step_s": first_step_s,
        "peak_bytes": peak_bytes(),
        "growth_bytes": peak_bytes() - before_bytes,
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
