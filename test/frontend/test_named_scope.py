"""Names that users give to parts of a function."""

import re

import pytest

import weft
import weft.numpy as jnp


@pytest.fixture(autouse=True)
def without_cache(monkeypatch):
    """Programs on disk are found by what they compute, so their names may be another function's."""
    monkeypatch.setenv("WEFT_CACHE", "0")


def names(f, *args):
    """The `op_name` of each op in the compiled program."""
    return set(re.findall(r'op_name="([^"]*)"', weft.jit(f).lower(*args).compile().as_text()))


def test_scopes_nest():
    def f(x):
        with weft.named_scope("encoder"):
            y = jnp.sin(x)
            with weft.named_scope("attention"):
                y = jnp.cos(y)
        return jnp.tanh(y)

    assert names(f, 1.0) == {"encoder/sin", "encoder/attention/cos"}
    assert 'loc("encoder/attention/cos"' in weft.jit(f).lower(1.0).as_text(debug_info=True)
    assert weft.jit(f)(1.0) == f(1.0) or abs(weft.jit(f)(1.0) - f(1.0)) < 1e-6


def test_ir_has_the_name_and_the_line():
    def f(x):
        with weft.named_scope("part"):
            return jnp.sin(x)

    text = weft.make_ir(f)(1.0).module.text(debug_info=True)
    assert 'loc("part"(' in text and "test_named_scope.py" in text


def test_decorator_and_named_call():
    @weft.named_scope("decorated")
    def f(x):
        return jnp.sin(x) if x.ndim == 0 else f(x[0])

    def g(x):
        return jnp.cos(x)

    assert names(f, 1.0) == {"decorated/sin"}
    assert names(f, jnp.ones(2)) >= {"decorated/decorated/sin"}
    assert names(weft.named_call(g), 1.0) == {"g/cos"}
    assert names(weft.named_call(g, name="layer"), 1.0) == {"layer/cos"}
    assert weft.named_call(g).__name__ == "g"


def test_derivatives_and_batches_keep_the_name():
    def f(x):
        with weft.named_scope("layer"):
            return jnp.sin(x)

    assert names(weft.grad(f), 1.0) == {"layer/cos"}
    assert names(weft.vmap(f), jnp.ones(3)) == {"layer/sin"}


def test_function_called_from_several_scopes():
    inner = weft.jit(lambda x: jnp.sin(x))

    def f(x):
        with weft.named_scope("one"):
            return inner(x)

    assert names(f, 1.0) == {"one/sin"}

    def g(x):
        with weft.named_scope("two"):
            return inner(x)

    assert names(g, 1.0) == {"two/sin"}  # the trace is shared with `f`, the name is not


def test_library_function_in_a_scope():
    def f(x):
        with weft.named_scope("norm"):
            return jnp.linalg.norm(x)

    assert all(name.startswith("norm/") for name in names(f, jnp.ones(3)))


def test_scope_ends_with_an_exception():
    with pytest.raises(KeyError), weft.named_scope("lost"):
        raise KeyError
    assert names(jnp.sin, 1.0) == set()


def test_name_must_be_a_string():
    with pytest.raises(TypeError, match="must be a string"):
        weft.named_scope(3)
    with pytest.raises(TypeError, match="must be a string"):
        weft.named_call(jnp.sin, name=3)
