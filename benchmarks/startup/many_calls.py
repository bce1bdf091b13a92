"""Memory that calls leave behind: `many_calls.py SYSTEM STARTED_AT`."""

import gc
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))

from case import Side
from reading import resident_bytes


def main() -> None:
    side = Side.of(sys.argv[1], is_quick="--quick" in sys.argv)
    np, api = side.numpy, side.api
    jitted = api.jit(lambda x: np.sin(x) + 1.0)

    def loss(x):
        return np.sum(np.tanh(x) ** 2)

    def calls(count: int) -> None:
        """Of ten calls, seven are jitted, two eager, one is an eager gradient."""
        x = np.ones((64,), "float32")
        for i in range(count):
            kind = i % 10
            if kind < 7:
                x = jitted(x)
            elif kind < 9:
                x = x * 0.5
            else:
                x = api.grad(loss)(x)
        api.block_until_ready(x)

    count = side.sized(20_000, 20)
    calls(count // 2)  # pools and caches fill
    gc.collect()
    before = resident_bytes()
    calls(count)
    gc.collect()
    print(json.dumps({"growth_bytes": resident_bytes() - before}))


if __name__ == "__main__":
    main()
