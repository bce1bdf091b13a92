"""Python functions that fail while a program runs."""

import numpy as np
import pytest

import weft
import weft.numpy as jnp
from weft.errors import JaxRuntimeError
from weft.experimental import io_callback

STRUCT = weft.ShapeDtypeStruct((3,), jnp.float32)


def fails(a):
    raise ValueError("no such luck")


def leaves(a):
    raise SystemExit(3)


BAD = {
    "raises": (fails, ValueError, "no such luck"),
    "exits": (leaves, SystemExit, "3"),
    "shape": (lambda a: np.ones(4, "f4"), TypeError, r"result 0 must be float32\[3\], got float32\[4\]"),
    "dtype": (lambda a: np.ones(3, "i4"), TypeError, r"result 0 must be float32\[3\], got int32\[3\]"),
    "none": (lambda a: None, TypeError, "structure of result_shape_dtypes"),
    "count": (lambda a: (a, a), TypeError, "structure of result_shape_dtypes"),
    "text": (lambda a: "text", TypeError, r"result 0 must be float32\[3\]"),
}


@pytest.mark.parametrize("call", [weft.pure_callback, io_callback], ids=["pure", "io"])
@pytest.mark.parametrize(("function", "kind", "message"), BAD.values(), ids=BAD.keys())
def test_under_jit(call, function, kind, message):
    f = weft.jit(lambda x: call(function, STRUCT, x))
    with pytest.raises(JaxRuntimeError, match=f"(?s){kind.__name__}.*{message}"):
        f(jnp.ones(3)).block_until_ready()


@pytest.mark.parametrize("call", [weft.pure_callback, io_callback], ids=["pure", "io"])
@pytest.mark.parametrize(("function", "kind", "message"), BAD.values(), ids=BAD.keys())
def test_eagerly_the_exception_itself(call, function, kind, message):
    with pytest.raises(kind, match=message):
        call(function, STRUCT, jnp.ones(3))


def test_what_depends_on_it_fails_too():
    f = weft.jit(lambda x: weft.pure_callback(fails, STRUCT, x))
    for use in (lambda: f(jnp.ones(3)) + 1, lambda: repr(f(jnp.ones(3))), lambda: np.asarray(f(jnp.ones(3)))):
        with pytest.raises(JaxRuntimeError, match="no such luck"):
            np.asarray(use())


def test_debug_callback():
    with pytest.raises(JaxRuntimeError, match="no such luck"):
        weft.jit(lambda x: (weft.debug.callback(fails, x), x)[1])(jnp.ones(3)).block_until_ready()
        weft.effects_barrier()
    weft.effects_barrier()


def test_fails_once():
    calls = []

    def sometimes(a):
        calls.append(a)
        if len(calls) == 2:
            raise ValueError("the second time")
        return a

    f = weft.jit(lambda x: weft.pure_callback(sometimes, STRUCT, x))
    assert f(jnp.ones(3)).tolist() == [1.0] * 3
    with pytest.raises(JaxRuntimeError, match="the second time"):
        f(jnp.ones(3)).block_until_ready()
    assert f(jnp.ones(3)).tolist() == [1.0] * 3
