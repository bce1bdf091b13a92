"""`shard_map` and `pmap`: collectives between devices, derivatives, and what is refused."""

from types import SimpleNamespace

import numpy as np
import pytest

import weft
import weft.numpy as jnp
from weft import P, grad, jit, jvp, lax, shard_map, vjp, vmap

try:
    import jax
except ImportError:
    jax = None

MESH = weft.make_mesh((4, 2), ("x", "y"))
X = np.random.default_rng(0).normal(size=(8, 4)).astype(np.float32)
W = np.random.default_rng(1).normal(size=(4, 3)).astype(np.float32)
PAIRS = [[0, 2], [3, 1]]


def libraries():
    """weft, and jax where it is installed, each with its mesh of the same devices."""
    ours = SimpleNamespace(**{**vars(weft), "np": jnp, "mesh": MESH})
    if jax is None:
        return [ours]
    mesh = jax.sharding.Mesh(np.array(jax.devices()).reshape(4, 2), ("x", "y"))
    return [ours, SimpleNamespace(**{**vars(jax), "np": jax.numpy, "mesh": mesh})]


def same(program, rtol=1e-4):
    """What `program(library)` gives in weft, which is what it gives in jax."""
    made = [
        weft.tree_util.tree_leaves(program(m)) if i == 0 else jax.tree.leaves(program(m))
        for i, m in enumerate(libraries())
    ]
    for others in made[1:]:
        assert len(others) == len(made[0])
        for x, y in zip(made[0], others, strict=True):
            np.testing.assert_allclose(np.asarray(x), np.asarray(y), rtol=rtol, atol=1e-5)
    return [np.asarray(x) for x in made[0]]


COLLECTIVES = {
    "nothing": (lambda m, a: a * 2, ("x", "y"), ("x", "y")),
    "psum": (lambda m, a: m.lax.psum(a, "x"), ("x", "y"), (None, "y")),
    "psum of both": (lambda m, a: m.lax.psum(a, ("x", "y")), ("x", "y"), ()),
    "pmean": (lambda m, a: m.lax.pmean(a, "y"), ("x", "y"), ("x",)),
    "pmax": (lambda m, a: m.lax.pmax(a, "x"), ("x", "y"), (None, "y")),
    "pmin": (lambda m, a: m.lax.pmin(a, ("y", "x")), ("x", "y"), ()),
    "all_gather": (lambda m, a: m.lax.all_gather(a, "x"), ("x", "y"), ("y", None, "x")),
    "all_gather tiled": (lambda m, a: m.lax.all_gather(a, "y", axis=1, tiled=True), ("x", "y"), ("x", "y")),
    "all_gather of both": (lambda m, a: m.lax.all_gather(a, ("y", "x"), axis=1), ("x", "y"), (("x", "y"),)),
    "psum_scatter": (
        lambda m, a: m.lax.psum_scatter(a, "x", scatter_dimension=1, tiled=True),
        ("x",),
        (None, "x"),
    ),
    "all_to_all": (lambda m, a: m.lax.all_to_all(a, "x", 1, 0, tiled=True), ("x",), (None, "x")),
    "all_to_all plain": (lambda m, a: m.lax.all_to_all(a, "x", 1, 1), ("x",), ("x",)),
    "pswapaxes": (lambda m, a: m.lax.pswapaxes(a, "y", 0), ("x", "y"), ("x", "y")),
    "ppermute": (
        lambda m, a: m.lax.ppermute(a, "x", [(0, 1), (1, 2), (2, 3), (3, 0)]),
        ("x", "y"),
        ("x", "y"),
    ),
    "ppermute in part": (lambda m, a: m.lax.ppermute(a, "x", [(0, 3), (2, 1)]), ("x",), ("x",)),
    "pshuffle": (lambda m, a: m.lax.pshuffle(a, "y", [1, 0]), ("x", "y"), ("x", "y")),
    "axis_index": (
        lambda m, a: a + 10 * m.lax.axis_index("x") + m.lax.axis_index("y"),
        ("x", "y"),
        ("x", "y"),
    ),
    "axis_index of both": (lambda m, a: a + m.lax.axis_index(("y", "x")), (("x", "y"),), (("x", "y"),)),
    "size": (lambda m, a: a * m.lax.axis_size("x") + m.lax.psum(1, ("x", "y")), ("x",), ("x",)),
    "copies": (lambda m, a: a + 1, (), ()),
}


def over_devices(m, name, inner=lambda m, a: a, outer=lambda m, a: a):
    """A collective between devices, of `inner` of a part, and `outer` of what it gives."""
    f, ins, outs = COLLECTIVES[name]
    spec = dict(mesh=m.mesh, in_specs=m.P(*ins), out_specs=m.P(*outs), check_vma=False)
    return m.jit(m.shard_map(lambda a: outer(m, f(m, inner(m, a))), **spec))


def test_collectives_between_devices():
    def program(m):
        return m.jit(lambda x: [over_devices(m, name)(x) for name in COLLECTIVES])(X)

    together = same(program)
    ours = libraries()[0]
    for name, wanted in list(zip(COLLECTIVES, together, strict=True))[::4]:
        np.testing.assert_allclose(over_devices(ours, name)(X), wanted, rtol=1e-5, atol=1e-6)


def derivatives(m, names):
    """Results, tangents, and the cotangent of X, of some collectives at once."""

    def whole(x):
        return [over_devices(m, n, lambda m, a: m.np.tanh(a), lambda m, a: m.np.sin(a))(x) for n in names]

    def both(x, cts):
        out, tangents = m.jvp(whole, (x,), (2 * x,))
        return out, tangents, m.vjp(whole, x)[1](cts)[0]

    rng = np.random.default_rng(2)
    cts = [rng.normal(size=x.shape).astype(np.float32) for x in m.eval_shape(whole, X)]
    return m.jit(both)(X, cts), cts


def test_derivatives_around_collectives():
    ours = libraries()[0]
    (_, tangents, back), cts = derivatives(ours, list(COLLECTIVES))
    total = sum(np.sum(np.asarray(t) * ct) for t, ct in zip(tangents, cts, strict=True))
    np.testing.assert_allclose(np.sum(np.asarray(back) * 2 * X), total, rtol=1e-3)
    same(lambda m: derivatives(m, [n for n in COLLECTIVES if n not in ("pmax", "pmin")])[0], rtol=1e-3)


def loss(m, x, w):
    """A layer on every device's rows, with one loss for all."""

    def local(rows, w):
        y = m.np.tanh(rows @ w)
        return m.lax.pmean(m.np.mean(y**2) + m.np.sum(w**2), "x")

    return m.shard_map(local, mesh=m.mesh, in_specs=(m.P("x"), m.P()), out_specs=m.P())(x, w)


def plain_loss(x, w):
    return jnp.mean(jnp.tanh(x @ w) ** 2) + jnp.sum(w**2)


def test_a_loss_over_devices_is_that_of_one_device():
    value, *gradients = same(lambda m: m.jit(m.value_and_grad(lambda x, w: loss(m, x, w), (0, 1)))(X, W))
    np.testing.assert_allclose(value, plain_loss(X, W), rtol=1e-5)
    for got, wanted in zip(gradients, grad(plain_loss, (0, 1))(X, W), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-6)
    ours = libraries()[0]
    eager = grad(lambda x, w: loss(ours, x, w), (0, 1))(X, W)
    for got, wanted in zip(gradients, eager, strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-6)
    hessian = weft.hessian(lambda w: loss(ours, X, w))(W)
    np.testing.assert_allclose(hessian, weft.hessian(lambda w: plain_loss(X, w))(W), rtol=1e-3, atol=1e-4)


def test_batches_of_it():
    ws = np.stack([W, 2 * W, -W])
    ours = libraries()[0]
    got = vmap(lambda w: loss(ours, X, w))(ws)
    np.testing.assert_allclose(got, [plain_loss(X, w) for w in ws], rtol=1e-5)
    slopes = jit(vmap(grad(lambda w: loss(ours, X, w))))(ws)
    np.testing.assert_allclose(slopes, [grad(plain_loss, 1)(X, w) for w in ws], rtol=1e-4, atol=1e-6)
    # A batch of the name of an axis of the mesh is another axis.
    named = vmap(lambda w: loss(ours, X, w) + lax.psum(1.0, "x"), axis_name="x")(ws)
    np.testing.assert_allclose(named, np.asarray(got) + 3, rtol=1e-5)

    def inside(rows):
        return vmap(lambda r: r - lax.pmean(lax.pmean(r, "rows"), "x"), axis_name="rows")(rows)

    centred = shard_map(inside, mesh=MESH, in_specs=P("x"), out_specs=P("x"))(X)
    np.testing.assert_allclose(centred, X - X.mean(0), rtol=1e-4, atol=1e-6)


def test_derivatives_inside_of_it():
    def program(m):
        def local(rows, w):
            first = m.grad(lambda v: m.lax.psum(m.np.sum(m.np.sin(rows @ v)), "x"))(w)
            second = m.vjp(lambda r: m.lax.all_gather(r @ w, "x") ** 2, rows)[1]
            out = m.lax.all_gather(rows @ w, "x")
            return first[None], second(out)[0], m.jvp(lambda v: m.lax.psum(v @ w, "x"), (rows,), (rows,))[1]

        outs = (m.P("x"), m.P("x"), m.P())
        spec = dict(mesh=m.mesh, in_specs=(m.P("x"), m.P()), out_specs=outs, check_vma=False)
        return m.jit(m.shard_map(local, **spec))(X, W)

    same(program)


def test_control_flow_and_trees():
    def program(m):
        def local(tree, scale):
            rows = tree["rows"]

            def step(carry, row):
                total = m.lax.psum(row * scale, "x")
                return carry + total, m.lax.pmean(row, "y")

            last, ys = m.lax.scan(step, m.np.zeros(rows.shape[1:]), rows)
            big = m.lax.cond(m.lax.psum(m.np.sum(rows), "x") > 0, lambda v: v, lambda v: -v, last)
            count = m.lax.while_loop(lambda c: m.lax.psum(c, "x") < 100, lambda c: c * 2 + 1, m.np.float32(1))
            return {"last": big, "ys": ys}, count

        specs = dict(in_specs=({"rows": m.P("x")}, m.P()), out_specs=({"last": m.P(), "ys": m.P("x")}, m.P()))
        mapped = m.shard_map(local, mesh=m.mesh, check_vma=False, **specs)
        return mapped({"rows": X}, np.float32(0.5))

    _, ys, _ = same(program)
    np.testing.assert_allclose(ys, X, rtol=1e-5)
    ours = libraries()[0]
    slope = grad(lambda x: jnp.sum(weft.tree_util.tree_leaves(_scanned(ours, x))[0]))(X)
    assert slope.shape == X.shape


def _scanned(m, x):
    def local(rows):
        def step(carry, row):
            return m.np.tanh(carry + m.lax.psum(row, "x")), carry

        return m.lax.scan(step, m.np.zeros(rows.shape[1:]), rows)[0]

    return m.shard_map(local, mesh=m.mesh, in_specs=m.P("x"), out_specs=m.P())(x)


def test_scans_have_derivatives():
    (ours,) = same(lambda m: m.grad(lambda x: m.np.sum(_scanned(m, x) ** 2))(X))
    rows = X.reshape(4, 2, 4)

    def plain(x):
        carry = jnp.zeros(4)
        for k in range(2):
            carry = jnp.tanh(carry + jnp.sum(jnp.reshape(x, (4, 2, 4))[:, k], axis=0))
        return jnp.sum(carry**2)

    assert rows.shape == (4, 2, 4)
    np.testing.assert_allclose(ours, grad(plain)(X), rtol=1e-4, atol=1e-6)


def test_values_from_outside_and_keys():
    scale = jnp.array([1.0, 2.0, 3.0, 4.0])

    def run(key):
        def local(rows, keys):
            noise = weft.random.normal(keys[0], rows.shape)
            return rows * scale + noise, lax.ppermute(keys, "x", [(0, 1), (1, 0), (2, 3), (3, 2)])

        specs = dict(in_specs=(P("x"), P("x")), out_specs=(P("x"), P("x")))
        return shard_map(local, mesh=MESH, **specs)(X, weft.random.split(key, 4))

    key = weft.random.key(5)
    noisy, keys = jit(run)(key)
    drawn = [weft.random.normal(k, (2, 4)) for k in weft.random.split(key, 4)]
    np.testing.assert_allclose(noisy, X * np.asarray(scale) + np.concatenate(drawn), rtol=1e-5, atol=1e-6)
    words = np.asarray(weft.random.key_data(weft.random.split(key, 4)))
    np.testing.assert_array_equal(weft.random.key_data(keys), words[[1, 0, 3, 2]])
    slope = grad(
        lambda s: jnp.sum(shard_map(lambda r: r * s, mesh=MESH, in_specs=P("x"), out_specs=P("x"))(X))
    )
    np.testing.assert_allclose(slope(scale), X.sum(0), rtol=1e-4, atol=1e-5)


def test_groups_and_what_jax_has_not():
    spec = dict(mesh=MESH, in_specs=P("x"), out_specs=P("x"))
    summed = shard_map(lambda a: lax.psum(a, "x", axis_index_groups=PAIRS), **spec)(X)
    parts = X.reshape(4, 2, 4)
    wanted = np.empty_like(parts)
    for group in PAIRS:
        wanted[group] = parts[group].sum(0)
    np.testing.assert_allclose(summed, wanted.reshape(8, 4), rtol=1e-5, atol=1e-6)
    sent = shard_map(lambda a: lax.pbroadcast(a, "x", 2), mesh=MESH, in_specs=P("x"), out_specs=P())(X)
    np.testing.assert_array_equal(sent, X[4:6])
    cast = shard_map(lambda a: lax.pcast(a, "y", to="varying"), mesh=MESH, in_specs=P("x"), out_specs=P("x"))
    np.testing.assert_array_equal(cast(X), X)


def test_arrays_that_lie_there_already():
    x = weft.device_put(X, weft.NamedSharding(MESH, P("x")))
    f = jit(shard_map(lambda a: lax.psum(a, "x"), mesh=MESH, in_specs=P("x"), out_specs=P()))
    np.testing.assert_allclose(f(x) + 1, X.reshape(4, 2, 4).sum(0) + 1, rtol=1e-4, atol=1e-5)
    both = jit(
        lambda v: shard_map(lambda a: a * 2, mesh=MESH, in_specs=P("y"), out_specs=P("y"))(jnp.sin(v)) @ W
    )
    np.testing.assert_allclose(both(x), np.sin(X) * 2 @ W, rtol=1e-4, atol=1e-5)
    other = weft.make_mesh((8,), ("z",))
    np.testing.assert_array_equal(
        shard_map(lambda a: -a, mesh=other, in_specs=P("z"), out_specs=P("z"))(x), -X
    )


def test_as_a_decorator():
    @shard_map(mesh=MESH, in_specs=P("x"), out_specs=P("x"))
    def doubled(a):
        return 2 * a

    np.testing.assert_array_equal(doubled(X), 2 * X)


# Mistakes


@pytest.mark.parametrize(
    "wrong, error, words",
    [
        (lambda: mapped(lambda a: a, P("x"), P()), ValueError, "require replication"),
        (lambda: mapped(lambda a: a, P("z"), P()), ValueError, "refers to 'z'"),
        (lambda: mapped(lambda a: a, P("x"), P("x"), X[:7]), ValueError, "not evenly divisible"),
        (lambda: mapped(lambda a: lax.psum(jnp.sum(a), "x"), P("x"), P("x")), ValueError, "of rank 0"),
        (lambda: mapped(lambda a: lax.psum(a, "q"), P("x"), P("x")), NameError, "unbound axis name: q"),
        (lambda: mapped(grad(lambda a: jnp.sum(a)), P("x"), P("x")), NotImplementedError, "check_vma=False"),
        (
            lambda: mapped(lambda a: a if lax.axis_index("x") else -a, P("x"), P("x")),
            weft.errors.TracerBoolConversionError,
            "truth value",
        ),
        (lambda: shard_map(lambda a: a, in_specs=P(), out_specs=P())(X), ValueError, "mesh"),
        (lambda: shard_map(lambda a: a, mesh=MESH, out_specs=P())(X), TypeError, "in_specs"),
        (
            lambda: shard_map(lambda a: a, mesh=MESH, in_specs=P(), out_specs=P(), axis_names={"x"})(X),
            NotImplementedError,
            "all axes",
        ),
        (lambda: lax.pcast(X, "x", to="varying"), NameError, "unbound"),
        (lambda: vmap(lambda a: lax.pcast(a, "i", to="varying"), axis_name="i")(X), ValueError, "shard_map"),
    ],
    ids=range(12),
)
def test_mistakes(wrong, error, words):
    with pytest.raises(error, match=words):
        wrong()


def mapped(f, ins, outs, x=X):
    return shard_map(f, mesh=MESH, in_specs=ins, out_specs=outs)(x)


# pmap


def test_pmap():
    def program(m):
        def f(x, w):
            return m.lax.psum(x, "i"), x - m.lax.pmean(x @ w, "i")[0], m.lax.axis_index("i")

        return m.pmap(f, axis_name="i", in_axes=(0, None))(X, W)

    total, _, index = same(program)
    np.testing.assert_allclose(total, np.broadcast_to(X.sum(0), X.shape), rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(index, np.arange(8))


def test_pmap_over_other_axes_trees_and_fewer_devices():
    def program(m):
        def f(tree, k):
            return {"a": tree["a"] * k, "b": m.np.sum(tree["b"])}

        mapped = m.pmap(f, in_axes=({"a": 1, "b": 0}, None), out_axes={"a": 1, "b": 0})
        return mapped({"a": X, "b": np.ones((4, 2), np.float32)}, 3.0)

    a, b = same(program)
    np.testing.assert_allclose(a, X * 3, rtol=1e-6)
    np.testing.assert_allclose(b, [2, 2, 2, 2])


def test_pmap_with_static_arguments_and_derivatives():
    f = weft.pmap(lambda x, n: x**n, static_broadcasted_argnums=1)
    np.testing.assert_allclose(f(X, 2), X**2, rtol=1e-5)
    np.testing.assert_allclose(f(X, 3), X**3, rtol=1e-4, atol=1e-6)
    mean = weft.pmap(lambda x: lax.pmean(jnp.sum(x**2), "i"), axis_name="i")
    np.testing.assert_allclose(grad(lambda x: mean(x)[0])(X), 2 * X / 8, rtol=1e-5)
    inner = weft.pmap(grad(lambda x: lax.psum(jnp.sum(x**2), "i")), axis_name="i")
    np.testing.assert_allclose(inner(X), 16 * X, rtol=1e-5)
    with pytest.raises(ValueError, match="requires 9 logical devices"):
        weft.pmap(lambda x: x)(np.ones(9))
    with pytest.raises(ValueError, match="inconsistent sizes"):
        weft.pmap(lambda x, y: x)(np.ones(2), np.ones(3))


def test_jvp_and_vjp_of_integers_beside():
    def f(x, k):
        return shard_map(
            lambda a, n: (a * n, n + 1), mesh=MESH, in_specs=(P("x"), P()), out_specs=(P("x"), P())
        )(x, k)

    (out, count), _ = jvp(lambda x: f(x, 3), (X,), (X,))
    np.testing.assert_allclose(out, 3 * X, rtol=1e-6)
    assert int(count) == 4
    _, back, _ = vjp(lambda x: f(x, 3), X, has_aux=True)
    np.testing.assert_allclose(back(jnp.ones((8, 4)))[0], 3 * np.ones((8, 4)))


def test_rules_of_custom_functions_between_devices():
    @weft.custom_vjp
    def total(x):
        return lax.psum(x, "x")

    total.defvjp(lambda x: (lax.psum(x, "x"), None), lambda _, ct: (lax.psum(ct, "x") * 2,))

    def f(v):
        return jnp.sum(shard_map(lambda w: total(jnp.sin(w)), mesh=MESH, in_specs=P("x"), out_specs=P())(v))

    np.testing.assert_allclose(f(X), np.sin(X).sum(), rtol=1e-4)
    np.testing.assert_allclose(grad(f)(X), 2 * np.cos(X), rtol=1e-4)
    np.testing.assert_allclose(jit(grad(f))(X), 2 * np.cos(X), rtol=1e-4)
    with pytest.raises(NotImplementedError, match="already inside"):
        mapped(lambda a: mapped(lambda b: b, P(), P(), a), P("x"), P("x"))


def test_in_loops_branches_and_factorizations():
    around = shard_map(lambda a: jnp.sin(a + lax.pmean(a, "x")), mesh=MESH, in_specs=P("x"), out_specs=P("x"))

    def plain(v):
        parts = jnp.reshape(v, (4, 2, 4))
        return jnp.reshape(jnp.sin(parts + jnp.mean(parts, 0)), (8, 4))

    def looped(g):
        return lambda v: jnp.sum(lax.scan(lambda c, _: (g(c), None), v, None, length=3)[0] ** 2)

    np.testing.assert_allclose(jit(grad(looped(around)))(X), grad(looped(plain))(X), rtol=1e-3, atol=1e-5)
    chosen = jit(lambda p, v: lax.cond(p, around, lambda w: w, v))
    np.testing.assert_allclose(chosen(True, X), plain(X), rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(chosen(False, X), X)
    again = grad(lambda v: jnp.sum(weft.checkpoint(around)(v) ** 2))(X)
    np.testing.assert_allclose(again, grad(lambda v: jnp.sum(plain(v) ** 2))(X), rtol=1e-3, atol=1e-5)
    square = X.reshape(8, 2, 2)
    square = square @ square.transpose(0, 2, 1) + np.eye(2, dtype=np.float32)
    np.testing.assert_allclose(
        mapped(jnp.linalg.cholesky, P("x"), P("x"), square), np.linalg.cholesky(square), rtol=1e-4, atol=1e-5
    )
