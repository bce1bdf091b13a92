"""Arrays over a mesh: how they lie, how they are read and moved, what programs make of them."""

import numpy as np
import pytest

import weft
import weft.numpy as jnp
from weft import NamedSharding, P, lax
from weft.sharding import AxisType, Mesh, SingleDeviceSharding

try:
    import jax
except ImportError:
    jax = None

MESH = weft.make_mesh((4, 2), ("x", "y"))
X = np.arange(64, dtype=np.float32).reshape(8, 8) / 7 - 4
SPECS = [
    P(),
    P("x"),
    P("y"),
    P("x", "y"),
    P("y", "x"),
    P(None, "x"),
    P(("x", "y")),
    P(("y", "x")),
    P(None, ("x", "y")),
]


def put(spec, value=X, mesh=MESH):
    return weft.device_put(value, NamedSharding(mesh, spec))


@pytest.mark.parametrize("spec", SPECS, ids=str)
def test_every_device_has_its_part(spec):
    x = put(spec)
    np.testing.assert_array_equal(x, X)
    assert x.sharding.spec == spec and x.committed and x.devices() == set(weft.devices())
    shards = x.addressable_shards
    for shard, device in zip(shards, MESH.devices.flat, strict=True):
        assert shard.device == device == shard.data.device
        np.testing.assert_array_equal(shard.data, X[shard.index])
    if jax is not None:
        mesh = jax.sharding.Mesh(np.array(jax.devices()).reshape(4, 2), ("x", "y"))
        theirs = jax.sharding.NamedSharding(mesh, jax.P(*spec))
        ours = x.sharding
        indices = {d.id: i for d, i in theirs.devices_indices_map((8, 8)).items()}
        assert {d.id: i for d, i in ours.devices_indices_map((8, 8)).items()} == indices
        assert ours.shard_shape((8, 8)) == theirs.shard_shape((8, 8))
        assert ours.is_fully_replicated == theirs.is_fully_replicated
        their_shards = jax.device_put(X, theirs).addressable_shards
        assert [s.replica_id for s in shards] == [s.replica_id for s in their_shards]


@pytest.mark.parametrize("spec", SPECS, ids=str)
def test_programs_give_the_same_numbers_however_their_arguments_lie(spec):
    x = put(spec)
    np.testing.assert_allclose(x + 1, X + 1)
    np.testing.assert_allclose(jnp.sum(x, axis=0), X.sum(0), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(x @ x.T, X @ X.T, rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(x[3], X[3])
    np.testing.assert_array_equal(x[X[:, 0] > 0], X[X[:, 0] > 0])
    np.testing.assert_array_equal(jnp.sort(x, axis=1)[:, ::-1], X[:, ::-1])
    f = weft.jit(lambda v, w: jnp.sum(jnp.sin(v) @ w) + jnp.max(v))
    np.testing.assert_allclose(f(x, put(P("x"))), f(X, X), rtol=1e-4)
    np.testing.assert_allclose(weft.grad(f)(x, x), weft.grad(f)(X, X), rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(weft.vmap(jnp.cumsum)(x), np.cumsum(X, axis=1), rtol=1e-4, atol=1e-4)
    assert isinstance((x * 2).sharding, NamedSharding)


def test_elementwise_results_stay_where_the_arguments_are():
    x = put(P("x", "y"))
    assert (x * 2).sharding.spec == P("x", "y")
    assert weft.jit(jnp.tanh)(x).sharding.spec == P("x", "y")
    assert weft.jit(lambda v: v.T)(x).sharding.spec == P("y", "x")


def test_uncommitted_arguments_come_to_the_mesh():
    x, y = put(P("x")), jnp.ones(8)
    assert not y.committed
    assert (x + y).sharding.mesh is MESH
    np.testing.assert_allclose(x + y, X + 1)
    there = weft.device_put(np.ones(8, np.float32), weft.devices()[1])
    with pytest.raises(ValueError, match="incompatible devices"):
        x + there


@pytest.mark.parametrize("dtype", ["int8", "bool", "bfloat16", "complex64", "int4", "float8_e4m3fn"])
def test_every_kind_of_element(dtype):
    value = (
        (X > 0)
        if dtype == "bool"
        else X.astype(weft.dtypes.canonicalize_dtype(dtype) if dtype != "int4" else int)
    )
    value = np.asarray(value).astype(jnp.dtype(dtype))
    x = put(P("x", "y"), value)
    np.testing.assert_array_equal(np.asarray(x).astype(np.complex64), value.astype(np.complex64))
    np.testing.assert_array_equal(np.asarray(x.T).astype(np.complex64), value.T.astype(np.complex64))


def test_keys():
    keys = weft.random.split(weft.random.key(3), 8)
    split = put(P("x"), keys)
    assert split.sharding.spec == P("x") and split.addressable_shards[2].data.shape == (2,)
    draw = weft.vmap(lambda k: weft.random.normal(k, (3,)))
    np.testing.assert_allclose(draw(split), draw(keys), rtol=1e-6)


def test_from_one_layout_to_another():
    x = put(P("x"))
    for spec in SPECS:
        moved = weft.device_put(x, NamedSharding(MESH, spec))
        assert moved.sharding.spec == spec
        np.testing.assert_array_equal(moved, X)
    one = weft.device_put(x, weft.devices()[3])
    assert one.device == weft.devices()[3]
    np.testing.assert_array_equal(one, X)
    other = Mesh(np.array(weft.devices())[::-1][:4], "z")
    np.testing.assert_array_equal(put(P("z"), x, other), X)


def test_donated_memory_and_copies():
    x = put(P("x"))
    y = weft.jit(lambda v: v + 1, donate_argnums=0)(x)
    assert x.is_deleted()
    np.testing.assert_allclose(y, X + 1)
    np.testing.assert_allclose(y.copy(), X + 1)


def test_a_constraint_inside_of_a_program():
    wanted = NamedSharding(MESH, P("y", "x"))

    def f(v):
        return lax.with_sharding_constraint(v * 2, wanted)

    x = weft.jit(f)(X)
    assert x.sharding.spec == P("y", "x")
    np.testing.assert_allclose(x, 2 * X)
    assert f(jnp.array(X)).sharding.spec == P("y", "x")
    np.testing.assert_allclose(weft.jit(weft.grad(lambda v: jnp.sum(f(v) ** 2)))(X), 8 * X, rtol=1e-6)
    rows = NamedSharding(MESH, P("x"))
    np.testing.assert_allclose(
        weft.jit(weft.vmap(lambda v: lax.with_sharding_constraint(v, rows)))(put(P("y"))), X
    )
    tree = weft.jit(lambda v: lax.with_sharding_constraint({"a": v, "b": v}, {"a": rows, "b": wanted}))(X)
    assert tree["a"].sharding.spec == P("x") and tree["b"].sharding.spec == P("y", "x")
    with pytest.raises(ValueError, match="should evenly divide"):
        weft.jit(lambda v: lax.with_sharding_constraint(v, rows))(X[:3])


def test_the_same_sharding_is_the_same_object():
    assert NamedSharding(MESH, P("x")) is NamedSharding(MESH, P(("x",)))
    assert weft.make_mesh((4, 2), ("x", "y")) is MESH
    same = NamedSharding(MESH, P("x", None))
    assert same != NamedSharding(MESH, P("x")) and same.is_equivalent_to(NamedSharding(MESH, P("x")), 2)
    assert P("x", None, ("x", "y")) == P("x", (), ["x", "y"]) and list(P("x") + P("y")) == ["x", "y"]
    assert repr(P("x")) == "P('x',)" and repr(P("x", None)) == "P('x', None)"


def test_a_mesh_tells_its_devices():
    assert MESH.shape == {"x": 4, "y": 2} and MESH.size == 8 and MESH.axis_sizes == (4, 2) and not MESH.empty
    np.testing.assert_array_equal(MESH.device_ids, np.arange(8).reshape(4, 2))
    assert repr(MESH) == "Mesh(axis_sizes=(4, 2), axis_names=('x', 'y'), axis_types=(Auto, Auto))"
    assert not MESH.is_multi_process and len(MESH.local_devices) == 8
    single = Mesh(np.array(weft.devices()[:1]), ("x",))
    np.testing.assert_array_equal(put(P("x"), X, single), X)
    np.testing.assert_array_equal(put(P("x"), X, single) + 1, X + 1)
    assert SingleDeviceSharding(weft.devices()[2]).device == weft.devices()[2]


@pytest.mark.parametrize(
    "wrong, error, words",
    [
        (
            lambda: put(P("x"), X[:3]),
            ValueError,
            "array axis 0 is partitioned 4 times, but the dimension size is 3",
        ),
        (lambda: put(P("x"), np.float32(1)), ValueError, "rank at least 1"),
        (lambda: put(P("z")), ValueError, "Resource axis: z"),
        (lambda: put(P("x", "x")), ValueError, "duplicate entries for `x`"),
        (lambda: Mesh(np.array(weft.devices()), ("x", "y")), ValueError, "devices.ndim == 1"),
        (lambda: Mesh(np.array(weft.devices()).reshape(4, 2), ("x", "x")), ValueError, "must be unique"),
        (lambda: weft.make_mesh((16,), ("x",)), ValueError, "Number of devices 8 must be >="),
        (lambda: weft.make_mesh((8,), ("x", "y")), ValueError, "Number of axis names"),
        (lambda: weft.make_mesh((8,), ("x",), (AxisType.Explicit,)), NotImplementedError, "Explicit"),
        (lambda: NamedSharding(MESH, "x"), TypeError, "expected a PartitionSpec"),
        (lambda: lax.with_sharding_constraint(X, P("x")), ValueError, "NamedSharding"),
    ],
    ids=range(11),
)
def test_mistakes(wrong, error, words):
    with pytest.raises(error, match=words):
        wrong()


def test_shardings_of_jit():
    rows, columns = NamedSharding(MESH, P("x")), NamedSharding(MESH, P(None, "x"))
    f = weft.jit(
        lambda v, w: {"a": v @ w, "b": v}, in_shardings=(rows, None), out_shardings={"a": columns, "b": rows}
    )
    made = f(X, X)
    assert made["a"].sharding.spec == P(None, "x") and made["b"].sharding.spec == P("x")
    np.testing.assert_allclose(made["a"], X @ X, rtol=1e-4, atol=1e-4)
    g = weft.jit(lambda n, v: v * n, static_argnums=0, in_shardings=rows, out_shardings=columns)
    np.testing.assert_allclose(g(3, X), 3 * X, rtol=1e-6)
    there = weft.jit(lambda v: v + 1, out_shardings=SingleDeviceSharding(weft.devices()[2]))
    assert there(X).device == weft.devices()[2]
    with pytest.raises(TypeError, match="must be shardings"):
        weft.jit(lambda v: v, in_shardings="x")
    with pytest.raises(ValueError, match="given by name"):
        weft.jit(lambda v: v, in_shardings=rows)(v=X)


def test_arrays_from_their_parts():
    sharding = NamedSharding(MESH, P("y", "x"))
    asked = []

    def part(index):
        asked.append(index)
        return X[index]

    x = weft.make_array_from_callback((8, 8), sharding, part)
    np.testing.assert_array_equal(x, X)
    assert len(asked) == 8 and x.sharding is sharding
    copied = weft.make_array_from_callback((8, 8), NamedSharding(MESH, P("y")), part)
    np.testing.assert_array_equal(copied, X)
    assert len(asked) == 10
    parts = [s.data for s in x.addressable_shards]
    np.testing.assert_array_equal(weft.make_array_from_single_device_arrays((8, 8), sharding, parts[::-1]), X)
    with pytest.raises(ValueError, match="has 8 parts, got 3"):
        weft.make_array_from_single_device_arrays((8, 8), sharding, parts[:3])
    with pytest.raises(ValueError, match="it must be"):
        weft.make_array_from_single_device_arrays((8, 16), sharding, parts)
    with pytest.raises(ValueError, match="data_callback gave shape"):
        weft.make_array_from_callback((8, 8), sharding, lambda index: X)


def test_a_mesh_for_all():
    double = weft.jit(lambda v: lax.with_sharding_constraint(2 * v, P("x")))
    with weft.set_mesh(MESH) as _:
        assert weft.sharding.get_mesh() is MESH
        assert double(X).sharding == NamedSharding(MESH, P("x"))
        assert weft.device_put(X, P("y")).sharding == NamedSharding(MESH, P("y"))
        assert weft.jit(lambda v: v, out_shardings=P(None, "y"))(X).sharding.spec == P(None, "y")
        summed = weft.shard_map(lambda a: lax.psum(a, "x"), in_specs=P("x"), out_specs=P())(X)
        np.testing.assert_allclose(summed, X.reshape(4, 2, 8).sum(0), rtol=1e-5, atol=1e-5)
        other = weft.make_mesh((2, 4), ("x", "y"))
        with weft.set_mesh(other):
            assert double(X).sharding == NamedSharding(other, P("x"))
        assert double(X).sharding == NamedSharding(MESH, P("x"))
    assert weft.sharding.get_mesh() is None
    with pytest.raises(ValueError, match="is of no mesh"):
        double(X)
    with pytest.raises(TypeError, match="expected a Mesh"):
        weft.set_mesh("x")


def test_devices_in_the_shape_of_a_mesh():
    from weft.experimental import mesh_utils

    grid = mesh_utils.create_device_mesh((2, 4))
    assert Mesh(grid, ("a", "b")).axis_sizes == (2, 4)
    with pytest.raises(ValueError, match="must equal the product"):
        mesh_utils.create_device_mesh((3,))
    with pytest.raises(NotImplementedError, match="leaves an axis open"):
        NamedSharding(MESH, P(P.UNCONSTRAINED, "x"))
    with pytest.raises(NotImplementedError, match="cannot call Python"):
        weft.jit(lambda v: weft.pure_callback(lambda u: np.asarray(u), v, v))(put(P("x")))


def test_many_programs_in_a_row_and_from_several_threads():
    # XLA's CPU client starts the parts of several programs at once, and they wait for each other in too few threads.
    from concurrent.futures import ThreadPoolExecutor

    x = put(P("x"))
    product = weft.jit(lambda v, w: v @ w / 10)

    def repeated(_):
        y = x
        for _ in range(40):
            product(x, x)
            y = product(y, x)
        return np.asarray(y)

    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(repeated, range(4)))
    for each in made[1:]:
        np.testing.assert_array_equal(each, made[0])


def test_what_needs_one_memory_is_refused():
    x = put(P("x", "y"))
    with pytest.raises(BufferError, match="over 8 devices"):
        np.from_dlpack(x)
    with pytest.raises(weft.errors.JaxRuntimeError, match="unsharded"):
        x.unsafe_buffer_pointer()


def test_the_rest_of_an_array_is_the_same():
    x = put(P("x", "y"))
    assert weft.device_get(x).shape == (8, 8) and x.is_fully_addressable and not x.is_fully_replicated
    assert x.addressable_data(3).shape == (2, 4) and x[1, 1].item() == X[1, 1] and bool((x == X).all())
    np.testing.assert_array_equal(np.stack(list(x)), X)
    np.testing.assert_array_equal(x.at[0].set(5.0)[0], np.full(8, 5))
    np.testing.assert_array_equal(lax.dynamic_slice(x, (1, 1), (3, 2)), X[1:4, 1:3])
    np.testing.assert_allclose(jnp.linalg.eigh(x.T @ x)[0], np.linalg.eigvalsh(X.T @ X), rtol=1e-3, atol=1e-2)
    compiled = weft.jit(lambda v: v.sum(1)).lower(x).compile()
    np.testing.assert_allclose(compiled(x), X.sum(1), rtol=1e-5)
