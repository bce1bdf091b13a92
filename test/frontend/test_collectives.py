"""Collectives over the axis of a `vmap`: numbers by NumPy over all positions, and JAX where it has the same."""

import numpy as np
import pytest
from rules_oracle import error_as_jax, same_as_jax

import weft
import weft.numpy as jnp
from weft import grad, jit, jvp, lax, vjp, vmap

N = 4
X = np.arange(24, dtype=np.float32).reshape(N, 3, 2) / 7 - 1
PAIRS = [[0, 2], [3, 1]]


def over(f, x=X, **kw):
    """`f` at each position of the axis `i`."""
    return np.asarray(vmap(f, axis_name="i", **kw)(x))


def in_groups(reduce):
    """What `reduce` makes of each of PAIRS, at every position of its group."""
    made = np.empty_like(X)
    for group in PAIRS:
        made[group] = reduce(X[group], axis=0)
    return made


@pytest.mark.parametrize(
    "function, reduce", [("psum", np.sum), ("pmean", np.mean), ("pmax", np.max), ("pmin", np.min)]
)
def test_reductions_give_every_position_the_same(function, reduce):
    f = getattr(lax, function)
    wanted = reduce(X, axis=0)
    np.testing.assert_allclose(over(lambda x: f(x, "i")), np.broadcast_to(wanted, X.shape), rtol=1e-5)
    np.testing.assert_allclose(over(lambda x: f(x, "i"), out_axes=None), wanted, rtol=1e-5)
    grouped = over(lambda x: f(x, "i", axis_index_groups=PAIRS))
    np.testing.assert_allclose(grouped, in_groups(reduce), rtol=1e-5)
    same_as_jax(lambda m: m.vmap(lambda x: getattr(m.lax, function)({"a": x}, "i"), axis_name="i")(X))


def test_reductions_over_several_names_and_over_axes_of_the_array():
    def f(m):
        def each(x):
            both, back = m.lax.psum(x, ("i", "j")), m.lax.pmax(x, ("j", "i"))
            mixed = m.lax.psum(x, ("i", 0)), m.lax.pmin(x, 0)
            return both, back, mixed, m.lax.axis_index(("i", "j")), m.lax.axis_index(("j", "i"))

        return m.vmap(m.vmap(each, axis_name="j"), axis_name="i")(X)

    both, _, mixed, index, _ = same_as_jax(f)
    np.testing.assert_allclose(both[1, 2], X.sum((0, 1)), rtol=1e-5)
    np.testing.assert_allclose(mixed[0][3, 1], X[:, 1].sum(), rtol=1e-5)
    np.testing.assert_array_equal(index, np.arange(12).reshape(4, 3))


def test_a_number_is_not_traced():
    seen = []

    def f(x):
        seen.append((lax.psum(1, "i"), lax.psum(2.5, "i"), lax.pmean(1, "i"), lax.pmax(3, "i")))
        seen.append(lax.psum(True, "i"))
        seen.append(lax.axis_size("i"))
        return x

    over(f)
    assert seen[0] == (4, 10.0, 1.0, 3) and type(seen[0][0]) is int
    assert int(seen[1]) == 4 and seen[1].dtype == np.int32
    assert seen[2] == 4 and type(seen[2]) is int


def test_of_what_all_positions_share():
    def f(m):
        def each(x, y):
            total = m.lax.psum(y, "i")
            return total, m.lax.pmax(y, "i"), m.lax.all_gather(y, "i"), m.lax.psum_scatter(y, "i")

        return m.vmap(each, in_axes=(0, None), axis_name="i")(X, np.arange(4.0, dtype=np.float32))

    total, _, gathered, scattered = same_as_jax(f)
    np.testing.assert_allclose(total[0], 4 * np.arange(4.0))
    assert gathered.shape == (4, 4, 4)
    np.testing.assert_allclose(scattered, 4 * np.arange(4.0))


def test_integers_and_booleans():
    def f(m):
        def each(k):
            small, flag = m.lax.convert_element_type(k, np.int8), k > 1
            return m.lax.psum(small, "i"), m.lax.psum(flag, "i"), m.lax.pmax(flag, "i"), m.lax.pmean(k, "i")

        return m.vmap(each, axis_name="i")(np.arange(4))

    small, counted, greatest, _ = same_as_jax(f)
    assert small.dtype == np.int8 and counted.dtype == np.int32 and greatest.dtype == bool


def test_all_gather():
    def f(m):
        def each(x):
            last = m.lax.all_gather(x, "i", axis=-1)
            return m.lax.all_gather(x, "i"), last, m.lax.all_gather(x, "i", axis=1, tiled=True)

        return m.vmap(each, axis_name="i")(X)

    first, last, tiled = same_as_jax(f)
    np.testing.assert_array_equal(first[2], X)
    np.testing.assert_array_equal(last[1], np.moveaxis(X, 0, -1))
    np.testing.assert_array_equal(tiled[3], np.concatenate(X, axis=1))
    np.testing.assert_array_equal(over(lambda x: lax.all_gather(x, "i"), out_axes=None), X)
    grouped = over(lambda x: lax.all_gather(x, "i", axis=1, axis_index_groups=PAIRS))
    for group in PAIRS:
        for i in group:
            np.testing.assert_array_equal(grouped[i], np.stack(X[group], axis=1))


def test_all_gather_of_several_names_counts_the_last_one_fastest():
    x = X[:, :, 0]
    for names, wanted in ((("i", "j"), x.ravel()), (("j", "i"), x.T.ravel())):
        got = vmap(vmap(lambda v, n=names: lax.all_gather(v, n), axis_name="j"), axis_name="i")(x)
        np.testing.assert_array_equal(got[1, 2], wanted)


def test_psum_scatter():
    x = np.arange(N * 2 * N * 2, dtype=np.float32).reshape(N, 2, N, 2)

    def f(m):
        def each(v):
            flat = m.lax.psum_scatter(m.np.reshape(v, (2, 2 * N)), "i", scatter_dimension=1, tiled=True)
            return m.lax.psum_scatter(v, "i", scatter_dimension=1), flat

        return m.vmap(each, axis_name="i")(x)

    plain, tiled = same_as_jax(f)
    total = x.sum(0)
    np.testing.assert_allclose(plain, np.moveaxis(total, 1, 0))
    np.testing.assert_allclose(tiled, np.moveaxis(total.reshape(2, N, 2), 1, 0))
    grouped = over(lambda v: lax.psum_scatter(v[0, :2], "i", axis_index_groups=PAIRS), x)
    for group in PAIRS:
        summed = x[group, 0, :2].sum(0)
        for place, i in enumerate(group):
            np.testing.assert_allclose(grouped[i], summed[place])


def test_all_to_all():
    x = np.arange(N * N * 6, dtype=np.float32).reshape(N, N, 6)

    def f(m):
        def each(v):
            rows = m.np.reshape(v, (2 * N, 3))
            return (
                m.lax.all_to_all(v, "i", 0, 0),
                m.lax.all_to_all(v, "i", 0, 1),
                m.lax.all_to_all(rows, "i", 0, 1, tiled=True),
                m.lax.pswapaxes(v, "i", 0),
            )

        return m.vmap(each, axis_name="i")(x)

    first, second, tiled, swapped = same_as_jax(f)
    np.testing.assert_array_equal(first, np.swapaxes(x, 0, 1))
    np.testing.assert_array_equal(swapped, first)
    np.testing.assert_array_equal(second, np.transpose(x, (1, 2, 0)))
    blocks = x.reshape(N, N, 2, 3)  # from, to, row, column
    np.testing.assert_array_equal(tiled, np.transpose(blocks, (1, 2, 0, 3)).reshape(N, 2, 3 * N))
    grouped = over(lambda v: lax.all_to_all(v[:2], "i", 0, 0, axis_index_groups=PAIRS), x)
    for group in PAIRS:
        for place, i in enumerate(group):
            np.testing.assert_array_equal(grouped[i], x[group, place])


def test_all_to_all_of_several_names():
    x = np.arange(4 * 3 * 12 * 2, dtype=np.float32).reshape(4, 3, 12, 2)

    def f(m):
        each = m.vmap(lambda v: m.lax.all_to_all(v, ("i", "j"), 0, 0), axis_name="j")
        return m.vmap(each, axis_name="i")(x)

    got = same_as_jax(f)
    flat = x.reshape(12, 12, 2)
    np.testing.assert_array_equal(np.asarray(got).reshape(12, 12, 2), np.swapaxes(flat, 0, 1))


def test_permutations():
    np.testing.assert_array_equal(over(lambda x: lax.pshuffle(x, "i", [2, 0, 3, 1])), X[[2, 0, 3, 1]])
    ring = [(i, (i + 1) % N) for i in range(N)]
    got = same_as_jax(lambda m: m.vmap(lambda x: m.lax.ppermute(x, "i", ring), axis_name="i")(X))
    np.testing.assert_array_equal(got, np.roll(X, 1, axis=0))
    some = over(lambda x: lax.ppermute(x, "i", [(0, 3), (2, 1)]))
    np.testing.assert_array_equal(some, np.stack([0 * X[0], X[2], 0 * X[0], X[0]]))
    np.testing.assert_array_equal(over(lambda x: lax.ppermute(x, "i", [])), np.zeros_like(X))
    sent = over(lambda x: lax.pbroadcast(x, "i", 2))
    np.testing.assert_array_equal(sent, np.broadcast_to(X[2], X.shape))
    np.testing.assert_array_equal(over(lambda x: lax.pbroadcast(x, "i", 2), out_axes=None), X[2])


def test_keys_are_exchanged():
    keys = weft.random.split(weft.random.key(0), N)
    got = vmap(lambda k: lax.ppermute(k, "i", [(0, 1), (1, 0), (2, 3), (3, 2)]), axis_name="i")(keys)
    words = np.asarray(weft.random.key_data(keys))
    np.testing.assert_array_equal(weft.random.key_data(got), words[[1, 0, 3, 2]])
    all_of_them = vmap(lambda k: lax.all_gather(k, "i"), axis_name="i", out_axes=None)(keys)
    np.testing.assert_array_equal(weft.random.key_data(all_of_them), words)


def test_ragged_all_to_all_against_a_loop():
    rng = np.random.default_rng(0)
    sizes = rng.integers(0, 3, (N, N)).astype(np.int32)  # from, to
    starts = (np.cumsum(sizes, axis=1) - sizes).astype(np.int32)
    targets = (np.cumsum(sizes, axis=0) - sizes).astype(np.int32)
    x = rng.normal(size=(N, 8, 2)).astype(np.float32)
    base = np.full((N, 9, 2), -1, np.float32)

    def exchange(v, out, *offsets):
        return lax.ragged_all_to_all(v, out, *offsets, axis_name="i")

    wanted = base.copy()
    for source in range(N):
        for target in range(N):
            count, at, to = sizes[source, target], starts[source, target], targets[source, target]
            wanted[target, to : to + count] = x[source, at : at + count]
    args = (x, base, starts, sizes, targets, sizes.T)
    np.testing.assert_array_equal(vmap(exchange, axis_name="i")(*args), wanted)

    weights = rng.normal(size=wanted.shape).astype(np.float32)
    slope = grad(lambda v: jnp.sum(vmap(exchange, axis_name="i")(v, *args[1:]) * weights))(x)
    step = rng.normal(size=x.shape).astype(np.float32)
    moved = np.asarray(vmap(exchange, axis_name="i")(x + step, *args[1:])) - wanted
    np.testing.assert_allclose(np.sum(slope * step), np.sum(moved * weights), rtol=1e-4)


# Under other transformations

LINEAR = {
    "psum": lambda x: lax.psum(x, "i"),
    "psum in groups": lambda x: lax.psum(x, "i", axis_index_groups=PAIRS),
    "psum_scatter": lambda x: lax.psum_scatter(jnp.stack([x, 2 * x, -x, x * x]), "i"),
    "all_gather": lambda x: lax.all_gather(x, "i", axis=1),
    "all_gather in groups": lambda x: lax.all_gather(x, "i", axis_index_groups=PAIRS),
    "all_to_all": lambda x: lax.all_to_all(jnp.stack([x, 2 * x, -x, x], 1), "i", 1, 0),
    "ppermute": lambda x: lax.ppermute(x, "i", [(0, 3), (2, 1)]),
    "pbroadcast": lambda x: lax.pbroadcast(x, "i", 1),
    "pmax": lambda x: lax.pmax(x, "i"),
    "pmin in groups": lambda x: lax.pmin(x, "i", axis_index_groups=PAIRS),
    "index": lambda x: x * lax.axis_index("i") * lax.psum(x, "i"),
}


@pytest.mark.parametrize("name", LINEAR)
def test_derivatives_inside_and_outside_agree_with_each_other_and_with_differences(name):
    def whole(x):
        return vmap(lambda v: jnp.sin(LINEAR[name](jnp.tanh(v))), axis_name="i")(x)

    rng = np.random.default_rng(1)
    x = rng.permuted(X)  # no two values so near that a step makes another one the greatest
    step = rng.normal(size=X.shape).astype(np.float32)
    out, tangent = jvp(whole, (x,), (step,))
    epsilon = np.float32(1e-2)
    ends = [np.asarray(whole(x + sign * epsilon * step)) for sign in (1, -1)]
    difference = (ends[0] - ends[1]) / (2 * epsilon)
    np.testing.assert_allclose(tangent, difference, atol=5e-3, rtol=5e-3)

    ct = rng.normal(size=out.shape).astype(np.float32)
    back = vjp(whole, x)[1](ct)[0]
    np.testing.assert_allclose(np.sum(back * step), np.sum(ct * tangent), rtol=1e-3)

    def inside(v, c):
        return vjp(lambda u: jnp.sin(LINEAR[name](jnp.tanh(u))), v)[1](c)[0]

    np.testing.assert_allclose(vmap(inside, axis_name="i")(x, ct), back, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(jit(vmap(jit(inside), axis_name="i"))(x, ct), back, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", LINEAR)
def test_a_batch_of_another_name_beside(name):
    batch = np.stack([X, 2 * X, X - 1], axis=1)  # positions, batch
    wanted = np.stack([over(LINEAR[name], batch[:, k]) for k in range(3)], axis=1)
    for inner_name in (None, "j"):
        beside = vmap(vmap(LINEAR[name], axis_name=inner_name), axis_name="i")(batch)
        np.testing.assert_allclose(beside, wanted, rtol=1e-5, atol=1e-6)
    outside = vmap(vmap(LINEAR[name], axis_name="i"), in_axes=1, out_axes=1)(batch)
    np.testing.assert_allclose(outside, wanted, rtol=1e-5, atol=1e-6)


def test_the_slope_of_a_sum_is_the_sum_of_the_slopes():
    def f(m):
        return m.vmap(m.grad(lambda x: m.lax.psum(m.np.sum(x**2), "i")), axis_name="i")(X)

    np.testing.assert_allclose(same_as_jax(f), 2 * X * N, rtol=1e-5)


def test_control_flow():
    def f(m):
        def scanned(x):
            def step(carry, row):
                total = m.lax.psum(carry + row, "i")
                return carry * 0.5 + total, m.lax.axis_index("i") * total

            return m.lax.scan(step, x[0], x)

        def looped(x):
            start = m.np.sum(x)
            grown = m.lax.while_loop(lambda c: m.lax.psum(c, "i") < 100, lambda c: 2 * c + 1, start)
            bounded = m.lax.fori_loop(0, 3, lambda k, c: m.lax.pmax(c, "i") + k + 0.1 * c, start)
            return grown, bounded

        def chosen(x):
            first = x[0, 0]
            each = m.lax.cond(first > 0, lambda c: m.lax.psum(c, "i"), lambda c: -c, first)
            same = m.lax.cond(m.lax.psum(first, "i") > 0, lambda c: m.lax.pmax(c, "i"), lambda c: -c, first)
            return each, same, m.lax.switch(m.lax.axis_index("i"), [lambda c: c, lambda c: 2 * c], first)

        return [m.vmap(g, axis_name="i")(X) for g in (scanned, looped, chosen)]

    _, _, (each, _, _) = same_as_jax(f)
    first = X[:, 0, 0]
    np.testing.assert_allclose(each, np.where(first > 0, first.sum(), -first), rtol=1e-5)


def test_derivatives_of_control_flow():
    def f(m):
        def scanned(x):
            def step(carry, row):
                carry = m.np.tanh(m.lax.pmean(carry * row, "i") + row)
                return carry, m.lax.psum(carry, "i")

            last, ys = m.lax.scan(step, x[0], x)
            return m.np.sum(last) + m.np.sum(ys**2)

        inside = m.vmap(m.grad(scanned), axis_name="i")(X)
        outside = m.grad(lambda x: m.np.sum(m.vmap(scanned, axis_name="i")(x)))(X)
        return inside, outside, m.jit(m.vmap(m.grad(m.checkpoint(scanned)), axis_name="i"))(X)

    inside, outside, again = same_as_jax(f)
    np.testing.assert_allclose(inside, outside, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(inside, again, rtol=1e-4, atol=1e-6)


def test_a_jitted_function_is_traced_for_each_axis():
    sizes = []

    @jit
    def centred(x):
        sizes.append(lax.axis_size("i"))
        return x - lax.pmean(x, "i") + lax.psum(1, "i")

    for count in (4, 2, 4):
        x = X[:count]
        np.testing.assert_allclose(over(centred, x), x - x.mean(0) + count, rtol=1e-5, atol=1e-6)
    assert sizes == [4, 2]
    with pytest.raises(NameError, match="unbound axis name: i"):
        centred(X)


def test_a_jitted_function_of_what_is_not_mapped():
    @jit
    def numbered(y):
        return y + lax.axis_index("i")

    np.testing.assert_array_equal(over(lambda x: numbered(jnp.float32(1.0))), [1, 2, 3, 4])
    sized = jit(lambda y: y * lax.axis_size("i"))
    np.testing.assert_array_equal(over(lambda x: sized(jnp.ones(2)), out_axes=None), [4, 4])
    np.testing.assert_array_equal(over(lambda x: sized(jnp.ones(2)), X[:2], out_axes=None), [2, 2])


def test_the_inner_axis_of_a_name_hides_the_outer():
    x = X[:, :, 0]
    got = same_as_jax(lambda m: m.vmap(m.vmap(lambda v: m.lax.psum(v, "i"), axis_name="i"), axis_name="i")(x))
    np.testing.assert_allclose(got, np.broadcast_to(x.sum(1, keepdims=True), x.shape), rtol=1e-5)


def test_rules_of_custom_functions_may_speak_of_the_axis():
    def f(m):
        @m.custom_jvp
        def summed(x):
            return m.lax.psum(x, "i")

        @summed.defjvp
        def _(primals, tangents):
            return summed(primals[0]), 3.0 * m.lax.pmean(tangents[0], "i")

        @m.custom_vjp
        def plain(x):
            return m.np.sin(x)

        def back(cos, ct):
            return (m.lax.psum(cos * ct, "i") + m.lax.axis_index("i"),)

        plain.defvjp(lambda x: (m.np.sin(x), m.np.cos(x)), back)

        def both(x):
            return m.np.sum(summed(x) ** 2) + m.np.sum(plain(x))

        made = []
        for wrap in (lambda g: g, m.jit):
            made.append(m.vmap(m.grad(wrap(both)), axis_name="i")(X))
            made.append(m.grad(lambda x, w=wrap: m.np.sum(m.vmap(w(both), axis_name="i")(x)))(X))
        return made

    same_as_jax(f)


def test_names_may_be_anything_with_a_hash():
    class Name:
        def __repr__(self):
            return "axis"

    one, two = Name(), Name()
    x = X[:, :, 0]
    both = vmap(vmap(lambda v: (lax.psum(v, one), lax.psum(v, two)), axis_name=two), axis_name=one)(x)
    np.testing.assert_allclose(both[0], np.broadcast_to(x.sum(0), x.shape), rtol=1e-5)
    np.testing.assert_allclose(both[1], np.broadcast_to(x.sum(1, keepdims=True), x.shape), rtol=1e-5)


def test_an_axis_without_arguments():
    np.testing.assert_array_equal(vmap(lambda: lax.axis_index("i"), axis_name="i", axis_size=3)(), [0, 1, 2])


def test_an_empty_axis():
    assert over(lambda x: lax.psum(x, "i"), X[:0]).shape == (0, 3, 2)
    np.testing.assert_array_equal(over(lambda x: lax.psum(x, "i"), X[:0], out_axes=None), np.zeros((3, 2)))


# Mistakes


@pytest.mark.parametrize(
    "call",
    [
        lambda m, x: m.lax.psum(x, "j"),
        lambda m, x: m.lax.axis_index("j"),
        lambda m, x: m.lax.axis_size("j"),
        lambda m, x: m.lax.all_gather(x, ("i", "j")),
    ],
    ids=["psum", "axis_index", "axis_size", "all_gather"],
)
def test_an_axis_that_nobody_bound(call):
    error_as_jax(lambda m: call(m, X), NameError, "unbound axis name: ")
    error_as_jax(
        lambda m: m.vmap(lambda x: call(m, x), axis_name="i")(X),
        NameError,
        "unbound axis name: j",
        "bound here: 'i'",
    )


def test_sizes_that_do_not_fit():
    error_as_jax(
        lambda m: m.vmap(lambda x: m.lax.all_to_all(x, "i", 0, 1), axis_name="i")(X),
        ValueError,
        "but they are 4 and 3",
        "tiled=True",
    )
    error_as_jax(
        lambda m: m.vmap(lambda x: m.lax.all_to_all(x, "i", 0, 1, tiled=True), axis_name="i")(X),
        ValueError,
        "divisible by the size of the named axis",
    )
    error_as_jax(
        lambda m: m.vmap(lambda x: m.lax.pshuffle(x, "i", [0, 0, 1, 2]), axis_name="i")(X),
        ValueError,
        "does not represent a permutation",
    )
    for wrong in (lambda x: lax.psum_scatter(x, "i"), lambda x: lax.all_gather(x, "i", axis=4)):
        with pytest.raises(ValueError, match=r"axis"):
            over(wrong)
    for wrong in (lambda x: lax.ppermute(x, "i", [(0, 1), (2, 1)]), lambda x: lax.ppermute(x, "i", [(0, 9)])):
        with pytest.raises(ValueError, match="ppermute"):
            over(wrong)
    for groups in ([[0, 1], [2]], [[0, 1], [1, 2]], [[0], [1, 2, 3]]):
        with pytest.raises(ValueError, match="axis_index_groups must"):
            over(lambda x, g=groups: lax.psum(x, "i", axis_index_groups=g))


def test_a_value_that_differs_along_the_axis_is_not_for_python():
    with pytest.raises(weft.errors.TracerBoolConversionError):
        over(lambda x: x if lax.axis_index("i") > 1 else -x)
    with pytest.raises(ValueError, match="out_axes is None"):
        over(lambda x: lax.axis_index("i"), out_axes=None)


# Random numbers of the backend


def test_rng_uniform_is_different_each_time():
    f = jit(lambda: lax.rng_uniform(1.0, 3.0, (200,)))
    x, y = np.asarray(f()), np.asarray(f())
    assert x.min() >= 1 and x.max() < 3 and np.any(x != y)
    assert lax.rng_uniform(0, 5, (3,)).dtype == np.int32
    error_as_jax(lambda m: m.lax.rng_uniform(0.0, m.np.ones(2), (3,)), ValueError, "must be scalars")
    error_as_jax(
        lambda m: m.grad(lambda a: m.np.sum(m.lax.rng_uniform(a, 2.0, (3,))))(1.0),
        NotImplementedError,
        "Differentiation rule for 'rng_uniform' not implemented",
    )


def test_a_rule_of_custom_vmap_is_asked_where_something_is_batched():
    from weft.custom_batching import custom_vmap

    asked = []

    @custom_vmap
    def f(x):
        return 2 * x

    @f.def_vmap
    def _(size, in_batched, x):
        asked.append((size, *in_batched))
        return 2 * x, in_batched[0]

    def each(x, y):
        return f(y) + lax.psum(x, "i"), f(x)

    shared, own = vmap(jit(each), in_axes=(0, None), axis_name="i")(X, jnp.float32(3.0))
    np.testing.assert_allclose(shared, np.broadcast_to(X.sum(0) + 6, X.shape), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(own, 2 * X, rtol=1e-6)
    assert asked == [(4, True)]
