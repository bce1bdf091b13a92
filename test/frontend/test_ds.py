"""Slices that begin at a traced place."""

import numpy as np
import pytest

import weft
import weft.numpy as jnp
from weft import ds

X = np.arange(20).reshape(4, 5)
READS = {
    "one": (lambda x, i: x[ds(i, 2)], lambda x: x[2:4]),
    "two": (lambda x, i: x[ds(i, 2), ds(i - 1, 3)], lambda x: x[2:4, 1:4]),
    "ellipsis": (lambda x, i: x[..., ds(i, 2)], lambda x: x[..., 2:4]),
    "number": (lambda x, i: x[1, ds(i, 2)], lambda x: x[1, 2:4]),
    "traced-number": (lambda x, i: x[i, ds(i, 2)], lambda x: x[2, 2:4]),
    "vector": (lambda x, i: x[np.array([0, 3]), ds(i, 2)], lambda x: x[np.array([0, 3]), 2:4]),
    "new-axis": (lambda x, i: x[None, ds(i, 2)], lambda x: x[None, 2:4]),
    "slice": (lambda x, i: x[ds(i, 2), 1:3], lambda x: x[2:4, 1:3]),
    "static": (lambda x, i: x[ds(1, 2)], lambda x: x[1:3]),
    "first": (lambda x, i: x[ds(3)], lambda x: x[:3]),
    "all": (lambda x, i: x[ds(None)], lambda x: x),
    "empty": (lambda x, i: x[ds(i, 0)], lambda x: x[2:2]),
    "negative": (lambda x, i: x[ds(i - 5, 2)], lambda x: x[1:3]),
    "moved-inside": (lambda x, i: x[:, ds(i + 2, 3)], lambda x: x[:, 2:5]),
    "stride": (lambda x, i: x[:, ds(i - 2, 3, 2)], lambda x: x[:, 0:5:2]),
    "stride-clamped": (lambda x, i: x[:, ds(i, 3, 2)], lambda x: x[:, [2, 4, 4]]),
}
WRITES = {
    "set": (lambda x, i: x.at[ds(i, 2)].set(-1), (slice(2, 4),), -1),
    "values": (lambda x, i: x.at[ds(i, 2), 1:3].set(-np.ones((2, 2), int)), (slice(2, 4), slice(1, 3)), -1),
    "number": (lambda x, i: x.at[1, ds(i, 3)].set(7), (1, slice(2, 5)), 7),
    "stride": (lambda x, i: x.at[:, ds(i - 2, 3, 2)].set(7), (slice(None), slice(0, 5, 2)), 7),
    "left-out": (lambda x, i: x.at[ds(i + 1, 3)].set(7), (slice(0, 0),), 7),
}


@pytest.mark.parametrize(("f", "wanted"), READS.values(), ids=READS.keys())
def test_reading(f, wanted):
    for got in (
        f(jnp.asarray(X), jnp.int32(2)),
        weft.jit(f)(X, 2),
        weft.vmap(f, (None, 0))(X, jnp.array([2]))[0],
    ):
        assert np.asarray(got).tolist() == wanted(X).tolist()


@pytest.mark.parametrize(("f", "place", "value"), WRITES.values(), ids=WRITES.keys())
def test_writing(f, place, value):
    wanted = X.copy()
    wanted[place] = value
    for got in (f(jnp.asarray(X), jnp.int32(2)), weft.jit(f)(X, 2)):
        assert np.asarray(got).tolist() == wanted.tolist()


def test_other_updates_and_slopes():
    x = jnp.asarray(X, jnp.float32)
    assert x.at[ds(jnp.int32(1), 2), 0].add(10.0)[:, 0].tolist() == [0.0, 15.0, 20.0, 15.0]
    slope = weft.grad(lambda x: (x[ds(jnp.int32(1), 2)] ** 2).sum())(x)
    assert slope[0].tolist() == [0.0] * 5 and slope[1].tolist() == (2 * X[1]).tolist()
    slope = weft.grad(lambda v: (x.at[ds(jnp.int32(1), 2), 0].set(v) ** 2).sum())(3.0)
    assert float(slope) == 12.0


def test_slice_as_an_argument():
    f = weft.jit(lambda s: jnp.arange(10)[s])
    assert f(ds(jnp.int32(2), 3)).tolist() == [2, 3, 4] and f(ds(jnp.int32(5), 3)).tolist() == [5, 6, 7]
    assert f._cache_size() == 1


def test_what_cannot_be():
    x = jnp.asarray(X)
    with pytest.raises(TypeError, match="does not fit into an axis of 4"):
        x[ds(jnp.int32(0), 5)]
    with pytest.raises(TypeError, match="used as a Python integer while tracing"):
        weft.jit(lambda x, n: x[ds(0, n)])(x, 2)
    with pytest.raises(TypeError, match="must be a scalar"):
        ds(jnp.arange(2), 2)
    with pytest.raises(ValueError, match="negative"):
        ds(0, -1)
    with pytest.raises(ValueError, match="stride must be positive"):
        ds(0, 1, 0)
    with pytest.raises(IndexError, match="too many indices"):
        x[0, 0, ds(0, 1)]
