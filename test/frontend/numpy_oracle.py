"""How the tests of `weft.numpy` compare: a call under weft, eagerly and jitted, in NumPy, and under JAX."""

import warnings

import numpy as np
import pytest

import weft
import weft.numpy as wnp
from weft_runtime import Array, pytree

try:
    import jax
except ImportError:
    jax = None
if 0:
    pass
    # jax.config.update("jax_disable_most_optimizations", True)  # most of the time goes into its compilations


class Weak:
    """A weakly typed array argument."""

    def __init__(self, value):
        self.value = value


class Case:
    """A call by name. What it is compared with: NumPy's function, JAX's, and itself under jit."""

    def __init__(self, name, args, kwargs, numpy, jax, jit, rtol):
        self.name, self.args, self.kwargs = name, args, kwargs
        self.numpy, self.jax, self.jit, self.rtol = numpy, jax, jit, rtol


def case(name, *args, numpy=True, jax=True, jit=True, rtol=2e-5, **kwargs):
    """One row of a table."""
    parts = [text_of(x) for x in args] + [f"{k}={text_of(v)}" for k, v in kwargs.items()]
    return pytest.param(
        Case(name, args, kwargs, numpy, jax, jit, rtol), id=f"{name}({','.join(parts)})"[:100]
    )


def text_of(x):
    """An argument as part of a test's name."""
    if isinstance(x, np.ndarray):
        return f"{x.dtype}{list(x.shape)}".replace(" ", "")
    if isinstance(x, Weak):
        return f"~{x.value}"
    if isinstance(x, (list, tuple)):
        return "[" + ",".join(text_of(v) for v in x) + "]"
    return "f" if callable(x) and not isinstance(x, type) else str(x).replace(" ", "")


def mapped(x, convert):
    """Arrays within lists and tuples converted."""
    if isinstance(x, (list, tuple)):
        return type(x)([mapped(v, convert) for v in x])
    return convert(x)


def arguments(c, module):
    """The arguments as arrays of `weft.numpy`, `jax.numpy` or `numpy`."""

    def convert(x):
        if isinstance(x, Weak):
            return module.asarray(x.value)
        return module.asarray(x) if isinstance(x, np.ndarray) else x

    return [mapped(x, convert) for x in c.args], {k: mapped(v, convert) for k, v in c.kwargs.items()}


def leaves(tree):
    """Everything within lists, tuples and named tuples."""
    if isinstance(tree, (list, tuple)):
        return [leaf for x in tree for leaf in leaves(x)]
    return [tree]


def types_of(tree):
    """Dtype, shape and weak type of arrays; other values as they are."""
    return [
        (str(x.dtype), tuple(x.shape), bool(getattr(x, "weak_type", False))) if hasattr(x, "dtype") else x
        for x in leaves(tree)
    ]


def assert_close(made, wanted, rtol):
    """Fails unless the numbers are close and the shapes alike."""
    made, wanted = leaves(made), leaves(wanted)
    assert len(made) == len(wanted)
    for x, y in zip(made, wanted, strict=True):
        x, y = np.asarray(x), np.asarray(y)
        tolerance = max(rtol, 1e-2) if x.dtype.itemsize <= 2 and x.dtype.kind not in "iub" else rtol
        if x.dtype.kind == "V" or y.dtype.kind == "V":
            x, y = x.astype(np.float32), y.astype(np.float32)
        assert x.shape == y.shape
        np.testing.assert_allclose(x, y, rtol=tolerance, atol=tolerance)


def jitted(function, args, kwargs):
    """The call under jit: arrays traced, everything else static."""
    flat, tree = pytree.flatten((args, kwargs))
    places = [i for i, x in enumerate(flat) if type(x) is Array]

    def call(*arrays):
        filled = list(flat)
        for i, x in zip(places, arrays, strict=True):
            filled[i] = x
        a, k = tree.unflatten(filled)
        return function(*a, **k)

    return weft.jit(call)(*[flat[i] for i in places])


def check(c):
    """Eagerly, under jit, in NumPy and under JAX the same values; under JAX the same dtypes and weak types too."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        function = getattr(wnp, c.name)
        args, kwargs = arguments(c, wnp)
        made = function(*args, **kwargs)
        if c.jit:
            under_jit = jitted(function, args, kwargs)
            assert types_of(under_jit) == types_of(made)
            assert_close(under_jit, made, c.rtol)
        if c.numpy:
            args, kwargs = arguments(c, np)
            with np.errstate(all="ignore"):
                assert_close(made, getattr(np, c.name)(*args, **kwargs), c.rtol)
        if c.jax and jax is not None:
            args, kwargs = arguments(c, jax.numpy)
            wanted = getattr(jax.numpy, c.name)(*args, **kwargs)
            assert types_of(made) == types_of(wanted)
            assert_close(made, wanted, c.rtol)


def check_error(c, kind):
    """The call fails with `kind`, under JAX as well."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        args, kwargs = arguments(c, wnp)
        with pytest.raises(kind):
            getattr(wnp, c.name)(*args, **kwargs)
        if c.jax and jax is not None:
            args, kwargs = arguments(c, jax.numpy)
            with pytest.raises(kind):
                getattr(jax.numpy, c.name)(*args, **kwargs)


def error(kind, name, *args, **kwargs):
    """One row of a table of mistakes."""
    made = case(name, *args, **kwargs)
    return pytest.param(made.values[0], kind, id=made.id)
