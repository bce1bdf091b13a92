"""How the tests of `weft.lax` compare: a call under weft, eagerly and jitted, under JAX, and a NumPy result."""

import warnings

import numpy as np
import pytest

import weft
from weft import lax
from weft._tracing.operands import with_weak_type
from weft_runtime import Array, pytree

try:
    import jax
except ImportError:
    jax = None


class Weak:
    """An array argument that is weakly typed."""

    def __init__(self, value):
        self.value = np.asarray(value)

    def __repr__(self):  # part of test names, which must be the same in every process
        return f"Weak({self.value.tolist()})"


def as_weft(x):
    """A NumPy array of a table as an argument of weft; other things as they are."""
    if isinstance(x, Weak):
        return with_weak_type(weft.device_put(x.value), True)
    return weft.device_put(x) if isinstance(x, np.ndarray) else x


def as_jax(x):
    """The same for JAX."""
    if isinstance(x, Weak):
        kind = {"i": int, "f": float, "c": complex}[x.value.dtype.kind]
        made = jax.numpy.asarray(kind(x.value.ravel()[0]))
        assert made.weak_type
        return jax.lax.broadcast(made, x.value.shape) if x.value.shape else made
    return jax.numpy.asarray(x) if isinstance(x, np.ndarray) else x


def mapped(convert, args):
    """Arrays in lists and tuples converted too."""
    return [type(x)(mapped(convert, x)) if type(x) in (list, tuple) else convert(x) for x in args]


def described(tree):
    """Dtype, weak type and shape of every leaf."""
    return [
        (str(x.dtype), bool(getattr(x, "weak_type", False)), tuple(x.shape)) if hasattr(x, "dtype") else x
        for x in pytree.flatten(tree)[0]
    ]


def close(made, wanted, rtol):
    """Fails unless all leaves are numbers close to each other."""
    pairs = zip(pytree.flatten(made)[0], leaves_of(wanted), strict=True)
    for x, y in pairs:
        x, y = np.asarray(x), np.asarray(y)
        if x.dtype.kind not in "biufc":
            x, y = x.astype(np.float32), y.astype(np.float32)
        np.testing.assert_allclose(x, y, rtol=rtol, atol=rtol)


def leaves_of(tree):
    return jax.tree.leaves(tree) if jax is not None else pytree.flatten(tree)[0]


def jitted(fun, args):
    """`fun` under jit, arrays traced and everything else static."""
    leaves, tree = pytree.flatten(args)
    places = [i for i, x in enumerate(leaves) if type(x) is Array]

    def call(*arrays):
        filled = list(leaves)
        for i, x in zip(places, arrays, strict=True):
            filled[i] = x
        return fun(*tree.unflatten(filled))

    return weft.jit(call)(*[leaves[i] for i in places])


def check(call, args=(), numpy=None, rtol=1e-5, types=True):
    """Runs `call(lax, *args)` eagerly, under jit and in JAX; all agree in values, dtypes and weak types."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ours = mapped(as_weft, args)
        made = call(lax, *ours)
        under_jit = jitted(lambda *xs: call(lax, *xs), ours)
        assert described(under_jit) == described(made)
        close(under_jit, made, rtol)
        if numpy is not None:
            plain = mapped(lambda x: x.value if isinstance(x, Weak) else x, args)
            close(made, numpy(*plain) if callable(numpy) else numpy, rtol)
        if jax is not None:
            wanted = call(jax.lax, *mapped(as_jax, args))
            if types:
                assert described(made) == [
                    (str(x.dtype), x.weak_type, x.shape) if hasattr(x, "dtype") else x
                    for x in leaves_of(wanted)
                ]
            close(made, wanted, rtol)
    return made


def named(name, *args, **kwargs):
    """A table entry: a function by name with arguments."""
    return pytest.param(name, args, kwargs, id=f"{name}-{'-'.join(text_of(a) for a in args)}")


def text_of(x):
    """An argument as part of a test's name."""
    if isinstance(x, Weak):
        return f"~{text_of(x.value)}"
    return f"{x.dtype}{list(x.shape)}" if isinstance(x, np.ndarray) else str(x).replace(" ", "")[:40]
