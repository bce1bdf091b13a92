"""Training steps in their steady state."""

from typing import Any

from case import Side, Thunk, case
from programs import adamw, mlp, transformer

BAR, GOAL = 1.05, 1.0


def _stepping(side: Side, step: Any, params: Any, *batch: Any) -> Thunk:
    """Steps that follow each other; the old parameters are donated, as one does."""
    run = side.api.jit(step, donate_argnums=(0, 1))
    moments = adamw.start(side.numpy, side.api, params)

    def again() -> Any:
        nonlocal params, moments
        params, moments, loss = run(params, moments, *batch)
        return loss

    return again


@case("train/mlp", bar=BAR, goal=GOAL)
def mlp_step(side: Side) -> Thunk:
    """A step of a perceptron 64-128-128-10 on 128 examples."""
    np, api = side.numpy, side.api
    return _stepping(side, mlp.step_of(np, api), mlp.init(np), *mlp.batch(np, 128))


@case("train/transformer", bar=BAR, goal=GOAL)
def transformer_step(side: Side) -> Thunk:
    """A step of a 6-layer transformer of width 128 on 8 x 64 tokens."""
    np, api = side.numpy, side.api
    sizes = transformer.Sizes(layers=6, width=128, tokens=64, vocabulary=256, batch=8)
    if side.is_quick:
        sizes = transformer.Sizes(layers=1, tokens=8, batch=2)
    return _stepping(
        side, transformer.step_of(np, api, sizes), transformer.init(np, sizes), transformer.batch(np, sizes)
    )
