"""Arrays and other libraries: NumPy, DLPack, buffers, pickles, and jax in the same process."""

import copy
import operator
import pickle
import subprocess
import sys

import numpy as np
import pytest

import weft
import weft.numpy as jnp
from weft import dlpack

X = np.arange(6.0, dtype="f4").reshape(2, 3)


def is_array(x):
    return isinstance(x, weft.Array)


# NumPy


def test_to_numpy():
    x = jnp.asarray(X)
    view, own = np.asarray(x), np.array(x)
    assert not view.flags.writeable and own.flags.writeable and np.shares_memory(view, np.asarray(x))
    assert np.asarray(x, dtype="i4").tolist() == X.astype("i4").tolist()
    with pytest.raises(ValueError, match="Unable to avoid copy"):
        np.array(x, dtype="i4", copy=False)
    with pytest.raises(ValueError, match="read-only"):
        view[0, 0] = 1
    with pytest.raises(TypeError, match="key_data"):
        np.asarray(weft.random.key(0))


def test_from_numpy_is_a_copy():
    source = X.copy()
    x, y = jnp.asarray(source), weft.device_put(source)
    source[:] = 7
    assert x.tolist() == y.tolist() == X.tolist()
    strided = np.arange(12.0, dtype="f4").reshape(3, 4)[::-1, ::2]
    assert jnp.asarray(strided).tolist() == strided.tolist()
    with pytest.raises(TypeError, match="cannot have dtype >i4"):
        jnp.asarray(np.arange(3, dtype=">i4"))


OPERATORS = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "matmul": lambda a, b: a @ b.T,
    "divide": lambda a, b: a / (b + 1),
    "compare": lambda a, b: a < b,
    "power": lambda a, b: (a + 1) ** b,
}


@pytest.mark.parametrize("f", OPERATORS.values(), ids=OPERATORS.keys())
def test_numpy_leaves_operators_to_weft(f):
    x, other = jnp.asarray(X), X + 1
    for got, wanted in (
        (f(x, other), f(X, other)),
        (f(other, x), f(other, X)),
        (f(np.float32(2) * other, x), f(2 * other, X)),
    ):
        assert is_array(got)
        np.testing.assert_allclose(got, wanted, rtol=1e-5)


def test_numpy_functions():
    x = jnp.asarray(X)
    assert type(np.sin(x)) is type(np.add(X, x)) is type(np.stack([x, x])) is np.ndarray
    np.testing.assert_allclose(np.sin(x), np.sin(X))
    for f in (np.sum, np.mean, np.max, np.ptp):
        np.testing.assert_allclose(f(x), f(X))
    assert np.add(x, 1, out=np.zeros((2, 3), "f4")).tolist() == (X + 1).tolist()
    assert np.shape(x) == (2, 3) and np.result_type(x.dtype, "i4") == np.float64
    assert (
        np.array([x, x]).shape == (2, 2, 3)
        and np.where(x > 2, x, 0).tolist() == np.where(X > 2, X, 0).tolist()
    )


def test_python_protocols():
    x = jnp.asarray(X)
    one = jnp.array(1)
    assert (
        np.arange(10)[jnp.array([1, 2])].tolist() == [1, 2]
        and [1, 2, 3][one] == 2
        and list(range(one)) == [0]
    )
    assert float(x[0, 1]) == 1.0 and int(one) == 1 and complex(x[0, 1]) == 1 and bool(one)
    assert f"{x[1, 2]:.1f}" == "5.0" and round(float(x[1, 2])) == 5 and 3.0 in x[1]
    with pytest.raises(TypeError, match="unhashable"):
        hash(x)
    for other in ([1], (1, 2), {}, {1}):
        with pytest.raises(TypeError, match="unsupported operand"):
            operator.eq(x, other)
        with pytest.raises(TypeError, match="unsupported operand"):
            weft.jit(lambda a, other=other: a != other)(x)
    assert (x == None) is False and (x != "text") is True  # noqa: E711


def test_array_api_namespace():
    x = jnp.ones(2)
    assert x.__array_namespace__() is jnp and x.__array_namespace__(api_version="2024.12") is jnp
    assert weft.jit(lambda a: a.__array_namespace__().sin(a))(x).shape == (2,)
    with pytest.raises(ValueError, match="available versions"):
        x.__array_namespace__(api_version="1999.1")


@pytest.mark.skipif(sys.version_info < (3, 12), reason="Python classes have no buffer protocol before 3.12")
def test_buffer():
    assert bytes(memoryview(jnp.asarray(X))) == X.tobytes()


# fmt: off
NARROW = ["bfloat16", "float16", "float8_e4m3fn", "float8_e5m2", "float8_e4m3b11fnuz", "int4", "uint4", "int8", "bool"]
# fmt: on


@pytest.mark.parametrize("name", NARROW)
def test_narrow_dtypes(name):
    dtype = jnp.dtype(name)
    value = np.array([[0, 1, 2], [3, 1, 0]]).astype(dtype)
    x = jnp.asarray(value)
    assert x.dtype == dtype and np.asarray(x).dtype == dtype and np.array_equal(np.asarray(x), value)
    assert np.array_equal(np.asarray(weft.jit(lambda a: a.T)(x)), value.T)
    again = pickle.loads(pickle.dumps(x))
    assert again.dtype == dtype and np.array_equal(np.asarray(again), value)
    assert np.array_equal(np.asarray(weft.device_get(weft.copy_to_host_async(x))), value)


# Pickles and copies


def test_pickle():
    weak = jnp.asarray(1.0)
    assert pickle.loads(pickle.dumps(weak)).weak_type
    key = weft.random.split(weft.random.key(3), 2)
    again = pickle.loads(pickle.dumps(key))
    assert again.dtype == key.dtype and weft.random.bits(again[1]) == weft.random.bits(key[1])
    tree = {"w": jnp.asarray(X), "n": [jnp.arange(2)]}
    for made in (pickle.loads(pickle.dumps(tree)), copy.deepcopy(tree)):
        assert made["w"].tolist() == X.tolist() and made["n"][0].tolist() == [0, 1]
        assert made["w"].unsafe_buffer_pointer() != tree["w"].unsafe_buffer_pointer()


def test_numpy_files(tmp_path):
    np.save(tmp_path / "x.npy", jnp.asarray(X))
    assert jnp.load(tmp_path / "x.npy").tolist() == X.tolist()


# DLPack


def test_dlpack_out():
    x = jnp.asarray(X)
    view = np.from_dlpack(x)
    assert view.tolist() == X.tolist() and view.ctypes.data == x.unsafe_buffer_pointer()
    assert not view.flags.writeable and x.__dlpack_device__() == (1, 0)
    assert np.from_dlpack(x, copy=True).ctypes.data != x.unsafe_buffer_pointer()
    with pytest.raises(BufferError, match="key"):
        weft.random.key(0).__dlpack__()


def test_dlpack_in():
    source = X.copy()
    x = dlpack.from_dlpack(source)
    source[:] = 7
    assert x.tolist() == X.tolist() and x.committed and x.devices() == {weft.devices("cpu")[0]}
    assert dlpack.from_dlpack(np.arange(3.0)).dtype == np.float32
    assert jnp.from_dlpack(X[:, ::-1]).tolist() == X[:, ::-1].tolist()
    assert dlpack.from_dlpack(jnp.asarray(X)).tolist() == X.tolist()
    memory = np.zeros(1024 + 64, "u1")
    start = -memory.ctypes.data % 64
    shared = memory[start : start + 1024].view("f4")
    assert dlpack.from_dlpack(shared, copy=False).unsafe_buffer_pointer() == shared.ctypes.data
    with pytest.raises(ValueError, match="multiple of 64 bytes"):
        dlpack.from_dlpack(shared[1:], copy=False)
    with pytest.raises(TypeError, match="must have __dlpack__ and __dlpack_device__"):
        dlpack.from_dlpack(jnp.asarray(X).__dlpack__())
    with weft.enable_x64(False), pytest.raises(ValueError, match="x64 is off"):
        dlpack.from_dlpack(memory[start : start + 1024].view("f8"), copy=False)


@pytest.mark.parametrize("name", ["bfloat16", "float8_e4m3fn", "float8_e5m2", "bool", "complex64", "uint16"])
def test_dlpack_of_dtypes(name):
    x = jnp.arange(4).astype(name)
    assert dlpack.is_supported_dtype(x.dtype)
    again = dlpack.from_dlpack(x)
    assert again.dtype == x.dtype and np.array_equal(np.asarray(again), np.asarray(x))


def test_supported_dtypes():
    assert not dlpack.is_supported_dtype(jnp.int4) and not dlpack.is_supported_dtype(weft.random.key(0).dtype)
    assert dlpack.is_supported_dtype(np.float64) and dlpack.is_supported_dtype("float32")


def test_torch():
    torch = pytest.importorskip("torch", reason="exchanges arrays with torch")
    x = jnp.asarray(X)
    tensor = torch.from_dlpack(x)
    assert tensor.tolist() == X.tolist() and tensor.data_ptr() == x.unsafe_buffer_pointer()
    assert dlpack.from_dlpack(tensor + 1).tolist() == (X + 1).tolist()
    assert dlpack.from_dlpack(torch.arange(3).to(torch.bfloat16)).dtype == jnp.bfloat16
    assert jnp.asarray(torch.ones(2).numpy()).tolist() == [1.0, 1.0]


# jax in the same process


@pytest.mark.parametrize(("first", "starts"), [("weft", "both"), ("jax", "both"), ("weft", "jax")])
def test_beside_jax(first, starts):
    pytest.importorskip("jax", reason="runs beside jax")
    second = {"weft": "jax", "jax": "weft"}[first]
    code = f"""
import {first}
if {starts!r} in ("both", {first!r}): {first}.numpy.ones(2).block_until_ready()
import {second}
import jax, jax.numpy as jnp, weft, weft.numpy as wnp, numpy as np
jax.config.update("jax_enable_x64", True)
x, y = jnp.arange(3), wnp.arange(3)
assert x.dtype == np.int64 and y.dtype == np.int32
assert not isinstance(y, jax.Array) and not isinstance(x, weft.Array)
for module, numpy, a in ((jax, jnp, x), (weft, wnp, y)):
    f = module.jit(lambda v: (numpy.sin(v) ** 2).sum())
    np.testing.assert_allclose(f(a), (np.sin(np.arange(3.0)) ** 2).sum(), rtol=1e-5)
    module.grad(lambda v: numpy.tanh(v).sum())(numpy.ones(2))
    with module.transfer_guard("disallow"):
        f(a)
    assert module.tree_util.tree_leaves({{"a": [a, None]}})[0] is a
np.testing.assert_array_equal(np.asarray(wnp.asarray(x)), np.asarray(jnp.asarray(y)))
assert weft.dlpack.from_dlpack(x).tolist() == jax.dlpack.from_dlpack(y).tolist() == [0, 1, 2]
key = [m.random.bits(m.random.key(7), (4,), "uint32").tolist() for m in (jax, weft)]
assert key[0] == key[1]
f = weft.jit(lambda v: weft.pure_callback(lambda a: np.asarray(jnp.sin(a), "f4"), v, v))
np.testing.assert_allclose(f(wnp.ones(2)), np.sin(np.ones(2)), rtol=1e-6)
assert len(jax.live_arrays()) and all(isinstance(a, jax.Array) for a in jax.live_arrays())
print("done")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=200)
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr
