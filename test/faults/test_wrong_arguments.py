"""Arguments of the wrong type, shape or dtype, at the doors that users come through."""

import numpy as np
import pytest

import weft
import weft.numpy as jnp


def test_compiled_program_takes_what_it_was_compiled_for():
    compiled = weft.jit(lambda x: x * 2).lower(jnp.ones(3)).compile()
    assert compiled(jnp.ones(3)).tolist() == [2.0] * 3
    with pytest.raises(TypeError, match=r"(?s)3.*4"):
        compiled(jnp.ones(4))
    with pytest.raises(TypeError, match=r"(?s)(int32|i32)"):
        compiled(jnp.ones(3, jnp.int32))
    with pytest.raises(TypeError):
        compiled(jnp.ones(3), jnp.ones(3))
    with pytest.raises(TypeError):
        compiled({"x": jnp.ones(3)})


NO_ARRAYS = ["text", object(), np.array(["a"]), np.array([None]), {1, 2}, b"bytes"]


@pytest.mark.parametrize("value", NO_ARRAYS, ids=["str", "object", "strings", "objects", "set", "bytes"])
def test_what_is_no_array(value):
    for f in (weft.jit(lambda a: a), weft.grad(lambda a: a), weft.vmap(lambda a: a), weft.device_put):
        with pytest.raises((TypeError, ValueError)):
            f(value)


def test_what_a_function_must_not_return():
    for value in ("text", object(), {1}):
        with pytest.raises(TypeError, match="must return arrays"):
            weft.jit(lambda x, value=value: (x, value))(1.0)


def test_inner_sizes():
    with pytest.raises(TypeError, match=r"matmul"):
        jnp.ones((2, 3)) @ jnp.ones((4, 5))
    with pytest.raises((TypeError, ValueError), match=r"3.*4|broadcast"):
        jnp.ones(3) + jnp.ones(4)
