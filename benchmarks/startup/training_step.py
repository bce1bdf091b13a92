"""The program that the scripts of this folder start: a training step and its arguments."""

import pathlib
import sys
from typing import Any

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))

from case import Side
from programs import adamw, transformer


def training_step(side: Side, *, is_quick: bool) -> tuple[Any, tuple[Any, ...]]:
    """The jitted step of a 6-layer transformer, not called yet."""
    np, api = side.numpy, side.api
    sizes = transformer.Sizes(layers=0 if is_quick else 6)
    params, rows = transformer.init(np, sizes), transformer.batch(np, sizes)
    step = api.jit(transformer.step_of(np, api, sizes))
    return step, (params, adamw.start(np, api, params), rows)
