"""More memory than there is."""

import pytest

import weft
import weft.numpy as jnp
from weft.errors import JaxRuntimeError

SIDE = 1 << 20  # squared: four terabytes of float32
THUNKS = {
    "jit": lambda: weft.jit(lambda a: jnp.broadcast_to(a, (SIDE, SIDE)) + 1)(1.0),
    "zeros": lambda: jnp.zeros((SIDE, SIDE)),
    "eager": lambda: jnp.ones((SIDE, 1)) + jnp.ones((1, SIDE)),
    "library": lambda: jnp.outer(jnp.ones(SIDE), jnp.ones(SIDE)),
    "grad": lambda: (
        weft.grad(lambda a: jnp.sin(jnp.broadcast_to(a, (SIDE, SIDE)))[0, 0])(1.0) * 0 + THUNKS["zeros"]()
    ),
}


@pytest.mark.parametrize("thunk", THUNKS.values(), ids=THUNKS.keys())
@pytest.mark.parametrize(
    "look", [lambda x: x.block_until_ready(), repr, lambda x: x.tolist()], ids=["wait", "repr", "list"]
)
def test_out_of_memory(thunk, look):
    with pytest.raises(JaxRuntimeError, match=r"Out of memory|RESOURCE_EXHAUSTED"):
        look(thunk())


def test_more_bytes_than_can_be_counted():
    with pytest.raises(JaxRuntimeError, match=r"RESOURCE_EXHAUSTED.*f32\[1099511627776,1099511627776\]"):
        jnp.zeros((1 << 40, 1 << 40))
