"""From a Python function to StableHLO: traced, transformed and lowered, every time from the start."""

from collections.abc import Callable
from typing import Any

from case import THREAD, Side, Thunk, case
from programs import mlp, transformer
from programs.chain import chain, summed_chain


def lowering(side: Side, make: Callable[[], Any], *args: Any) -> Thunk:
    """Lowers a function made anew each time, so that no cache knows it. The module is asked for: it is made now."""
    return lambda: side.api.jit(make()).lower(*args).compiler_ir()


def _chain(side: Side, length: int, form: str) -> Thunk:
    np, api = side.numpy, side.api
    length = side.sized(length, length // 50)
    x = np.zeros((8,), "float32")
    forms = {
        "plain": lambda: chain(np, length),
        "grad": lambda: api.grad(summed_chain(np, length)),
        "vmap-grad": lambda: api.vmap(api.grad(summed_chain(np, length))),
    }
    return lowering(side, forms[form], np.zeros((4, 8), "float32") if form == "vmap-grad" else x)


def _transformer(side: Side, layers: int, form: str, *, is_grad: bool) -> Thunk:
    np, api = side.numpy, side.api
    sizes = transformer.Sizes(layers=side.sized(layers, 2))
    params, rows = transformer.init(np, sizes), transformer.batch(np, sizes)
    if form == "scanned":
        params = transformer.stacked(np, params, api)

    def make() -> Any:
        loss = transformer.loss_of(np, api, sizes, form)
        return api.grad(loss) if is_grad else loss

    return lowering(side, make, params, rows)


@case("trace/chain-1000", bar=0.3, clock=THREAD)
def chain_1000(side: Side) -> Thunk:
    """Trace + lower: a chain of 1000 elementwise ops."""
    return _chain(side, 1000, "plain")


@case("trace/chain-4000", bar=0.3, clock=THREAD)
def chain_4000(side: Side) -> Thunk:
    """Trace + lower: a chain of 4000 elementwise ops."""
    return _chain(side, 4000, "plain")


@case("trace/transformer", bar=0.3, clock=THREAD)
def transformer_loss(side: Side) -> Thunk:
    """Trace + lower: the loss of a 6-layer transformer."""
    return _transformer(side, 6, "unrolled", is_grad=False)


@case("trace/grad-chain-1000", bar=0.2, clock=THREAD)
def grad_chain_1000(side: Side) -> Thunk:
    """Trace + grad + lower: the chain of 1000."""
    return _chain(side, 1000, "grad")


@case("trace/grad-chain-4000", bar=0.2, clock=THREAD)
def grad_chain_4000(side: Side) -> Thunk:
    """Trace + grad + lower: the chain of 4000."""
    return _chain(side, 4000, "grad")


@case("trace/vmap-grad-chain-1000", bar=0.25, clock=THREAD)
def vmap_grad_chain_1000(side: Side) -> Thunk:
    """Trace + vmap(grad) + lower: the chain of 1000."""
    return _chain(side, 1000, "vmap-grad")


@case("trace/vmap-grad-chain-4000", bar=0.25, clock=THREAD)
def vmap_grad_chain_4000(side: Side) -> Thunk:
    """Trace + vmap(grad) + lower: the chain of 4000."""
    return _chain(side, 4000, "vmap-grad")


@case("trace/grad-transformer", bar=0.2, clock=THREAD)
def grad_transformer(side: Side) -> Thunk:
    """Trace + grad + lower: the 6-layer transformer."""
    return _transformer(side, 6, "unrolled", is_grad=True)


@case("trace/vmap-grad-mlp", bar=0.25, clock=THREAD)
def vmap_grad(side: Side) -> Thunk:
    """Trace + vmap(grad) + lower: per-example gradients of a perceptron."""
    np, api = side.numpy, side.api
    params, (x, label) = mlp.init(np), mlp.batch(np, 8)

    def make() -> Any:
        return api.vmap(api.grad(mlp.loss_of(np, api)), in_axes=(None, 0, 0))

    return lowering(side, make, params, x, label)


@case("trace/hessian", bar=0.25, clock=THREAD)
def hessian(side: Side) -> Thunk:
    """Trace + hessian + lower: the second derivatives of a perceptron in one of its layers."""
    np, api = side.numpy, side.api
    sizes = (4, 8, 8, 3)
    params, (x, label) = mlp.init(np, sizes), mlp.batch(np, 8, sizes)

    def make() -> Any:
        loss = mlp.loss_of(np, api)
        return api.hessian(lambda w: loss([{**params[0], "w": w}, *params[1:]], x, label))

    return lowering(side, make, params[0]["w"])


@case("trace/grad-jitted-layers-4", clock=THREAD)
def few_jitted_layers(side: Side) -> Thunk:
    """Trace + grad + lower: 4 layers, all calls of one jitted layer."""
    return _transformer(side, 4, "jitted", is_grad=True)


@case("trace/grad-jitted-layers", bar=0.25, clock=THREAD)
def jitted_layers(side: Side) -> Thunk:
    """Trace + grad + lower: 32 layers, all calls of one jitted layer."""
    return _transformer(side, 32, "jitted", is_grad=True)


@case("trace/grad-scanned-layers", bar=0.25, clock=THREAD)
def scanned_layers(side: Side) -> Thunk:
    """Trace + grad + lower: 32 layers as a scan."""
    return _transformer(side, 32, "scanned", is_grad=True)
