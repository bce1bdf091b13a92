"""Arrays that were deleted, or donated to an earlier call."""

import copy
import pickle

import numpy as np
import pytest

import weft
import weft.numpy as jnp
from weft import lax

USES = {
    "eager": lambda x: x + 1,
    "library": jnp.mean,
    "method": lambda x: x.sum(),
    "index": lambda x: x[0],
    "update": lambda x: x.at[0].set(1.0),
    "iterate": list,
    "jit": lambda x: weft.jit(lambda a: a * 2)(x),
    "jit-by-name": lambda x: weft.jit(lambda a: a * 2)(a=x),
    "jit-tree": lambda x: weft.jit(lambda a: a["x"] * 2)({"x": x}),
    "jit-captured": lambda x: weft.jit(lambda a: a + x)(1.0),
    "grad": weft.grad(lambda x: x.sum()),
    "vmap": weft.vmap(lambda x: x + 1),
    "scan": lambda x: lax.scan(lambda c, a: (c + a, c), 0.0, x),
    "repr": repr,
    "str": str,
    "numpy": np.asarray,
    "item": lambda x: x.item(0),
    "dlpack": np.from_dlpack,
    "pickle": pickle.dumps,
    "copy": copy.copy,
    "clone": lambda x: x.clone(),
    "device-put": lambda x: weft.device_put(x, weft.devices()[0]),
    "device-get": weft.device_get,
    "is-ready": lambda x: x.is_ready(),
    "block": lambda x: x.block_until_ready(),
    "shards": lambda x: x.addressable_shards,
    "pointer": lambda x: x.unsafe_buffer_pointer(),
    "format": lambda x: x.format,
    "print": lambda x: weft.debug.print("{}", x),
}


@pytest.mark.parametrize("use", USES.values(), ids=USES.keys())
def test_deleted(use):
    x = jnp.arange(3.0)
    x.delete()
    x.delete()  # a second time is no mistake
    with pytest.raises(RuntimeError, match=r"Array has been deleted with shape=float32\[3\]"):
        use(x)
    assert x.is_deleted() and x.shape == (3,) and x.dtype == np.float32


def test_message_names_function_and_argument():
    x = jnp.arange(3.0)
    x.delete()

    def total(a, b):
        return (a + b).sum()

    with pytest.raises(RuntimeError, match=r"total: .*argument 1.*donated to an earlier call"):
        weft.jit(total)(jnp.ones(3), x)


def test_donated():
    f = weft.jit(lambda a, b: (a + b, b), donate_argnums=0)
    a, b = jnp.ones(3), jnp.ones(3)
    total, _ = f(a, b)
    assert a.is_deleted() and not b.is_deleted()
    with pytest.raises(RuntimeError, match="has been deleted"):
        f(a, b)
    with pytest.raises(RuntimeError, match="has been deleted"):
        a + 1
    with pytest.raises(RuntimeError, match=r"argument 0 is donated.*also argument 1; pass a copy"):
        f(b, b)
    assert f(total, b)[0].tolist() == [3.0] * 3


def test_view_of_a_deleted_array_lives_on():
    x = jnp.arange(3.0)
    view = np.asarray(x)
    x.delete()
    assert view.tolist() == [0.0, 1.0, 2.0]
