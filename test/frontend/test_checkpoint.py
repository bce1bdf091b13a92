"""`checkpoint`: the same numbers and derivatives, and what each policy keeps, also inside of loops and branches."""

import functools

import numpy as np
import pytest
from rules_oracle import error_as_jax, same_as_jax

import weft
import weft.numpy as jnp
from weft import checkpoint_policies as policies
from weft import lax
from weft.ad_checkpoint import checkpoint_name, print_saved_residuals

W = np.linspace(-1, 1, 12, dtype=np.float32).reshape(3, 4)
V = np.linspace(-0.5, 0.7, 12, dtype=np.float32).reshape(4, 3)
X = np.linspace(0.1, 1.2, 6, dtype=np.float32).reshape(2, 3)
WS = np.linspace(-1, 1, 36, dtype=np.float32).reshape(4, 3, 3)

POLICIES = {
    "None": lambda p: None,
    "nothing": lambda p: p.nothing_saveable,
    "everything": lambda p: p.everything_saveable,
    "dots": lambda p: p.dots_saveable,
    "plain_dots": lambda p: p.dots_with_no_batch_dims_saveable,
    "only": lambda p: p.save_only_these_names("h"),
    "any_but": lambda p: p.save_any_names_but_these("k"),
    "anything_except": lambda p: p.save_anything_except_these_names("h"),
    "both": lambda p: p.save_from_both_policies(p.dots_saveable, p.save_only_these_names("k")),
    "offload": lambda p: p.save_and_offload_only_these_names(
        names_which_can_be_saved=["k"],
        names_which_can_be_offloaded=["h"],
        offload_src="device",
        offload_dst="pinned_host",
    ),
    "offload_dots": lambda p: p.offload_dot_with_no_batch_dims("device", "pinned_host"),
}


def name_of(lib):
    """`checkpoint_name` of either library."""
    if lib.checkpoint is weft.checkpoint:
        return checkpoint_name
    from jax.ad_checkpoint import checkpoint_name as name_of_jax

    return name_of_jax


def plain(lib, x, w):
    named, np_ = name_of(lib), lib.np
    h = named(np_.sin(x @ w[:, :3]), "h")
    return np_.tanh(named(np_.cos(h) * h, "k"))


def with_jit(lib, x, w):
    return lib.jit(functools.partial(plain, lib))(x, w)


def with_scan(lib, x, w):
    def step(c, s):
        c = plain(lib, c, w * s)
        return c, c.sum()

    return lib.lax.scan(step, x, lib.np.arange(1.0, 4.0))


def with_cond(lib, x, w):
    return lib.lax.cond(x.sum() > 0, lambda x: plain(lib, x, w), lambda x: lib.np.sin(x) * 2, x)


def with_both(lib, x, w):
    def step(c, s):
        c = with_cond(lib, c, w * s)
        return lib.jit(lambda c: lib.np.sin(c))(c), None

    return lib.lax.scan(step, x, lib.np.arange(1.0, 4.0))[0]


CASES = [
    *((plain, policy) for policy in POLICIES),
    *((with_scan, policy) for policy in ("nothing", "dots", "only", "anything_except", "offload")),
    *((with_both, policy) for policy in ("nothing", "only", "both")),
]


def total(lib, tree):
    return sum(leaf.sum() for leaf in lib.tree_util.tree_leaves(tree))


@pytest.mark.parametrize(("body", "policy"), CASES, ids=lambda x: getattr(x, "__name__", x))
def test_derivatives(body, policy):
    """Value and gradient."""

    def program(lib):
        chosen = POLICIES[policy](lib.checkpoint_policies)
        f = lib.checkpoint(functools.partial(body, lib), policy=chosen)

        def loss(x, w):
            return total(lib, f(x, w))

        x, w = lib.np.asarray(X), lib.np.asarray(W)
        return lib.jit(lib.value_and_grad(loss, (0, 1)))(x, w)

    same_as_jax(program)


def test_transformations_of_transformations():
    def program(lib):
        policy = lib.checkpoint_policies.save_only_these_names("h")
        f = lib.checkpoint(functools.partial(with_scan, lib), policy=policy)

        def loss(x):
            return f(x, lib.np.asarray(W))[1].sum()

        x = lib.np.asarray(X)
        batch = lib.np.stack([x, x * 0.5, -x])
        return lib.jit(
            lambda x, batch: [
                lib.vmap(lib.grad(loss))(batch),
                lib.grad(lambda b: lib.vmap(loss)(b).sum())(batch),
                lib.jvp(lib.grad(loss), (x,), (x,)),
                lib.linearize(loss, x)[1](x),
            ]
        )(x, batch)

    same_as_jax(program)


def kept(f, *args):
    """The types of what is kept, as `print_saved_residuals` prints them."""
    from weft._transforms.custom.saved_residuals import saved_residuals

    return sorted(f"{aval}" for aval, what in saved_residuals(f, *args) if "argument" not in what)


def deep(x, ws):
    def step(c, w):
        h = checkpoint_name(jnp.sin(c @ w), "h")
        return jnp.tanh(h), None

    return lax.scan(step, x, ws)[0].sum()


@pytest.mark.parametrize(
    ("policy", "wanted"),
    [
        (policies.nothing_saveable, []),
        (policies.dots_saveable, ["f32[4,2,3]"]),
        (policies.save_only_these_names("h"), ["f32[4,2,3]"]),
        (policies.save_only_these_names("g"), []),
        (policies.save_from_both_policies(policies.dots_saveable, policies.save_only_these_names("h")), 2),
    ],
    ids=["nothing", "dots", "named", "other", "both"],
)
def test_what_is_kept_of_a_scan(policy, wanted):
    wanted = ["f32[4,2,3]"] * wanted if isinstance(wanted, int) else wanted
    assert kept(weft.checkpoint(deep, policy=policy), X, WS) == wanted


def test_a_name_in_a_scan_is_excluded():
    excluded = policies.save_anything_except_these_names("h")
    f = weft.checkpoint(deep, policy=excluded)
    assert (
        len(kept(f, X, WS)) < len(kept(weft.checkpoint(deep, policy=policies.everything_saveable), X, WS)) + 1
    )
    assert kept(f, X, WS)


def test_what_is_kept_of_a_branch():
    def f(x, w):
        return lax.cond(x.sum() > 0, lambda: jnp.sin(x @ w), lambda: jnp.cos(x @ w) * 2).sum()

    assert kept(weft.checkpoint(f, policy=policies.dots_saveable), X, WS[0]) == ["f32[2,3]"]
    assert kept(weft.checkpoint(f), X, WS[0]) == []


def test_what_is_kept_of_a_function_under_jit():
    def f(x, w):
        return weft.jit(lambda x: jnp.sin(jnp.cos(x @ w)))(x).sum()

    assert kept(weft.checkpoint(f, policy=policies.dots_saveable), X, WS[0]) == ["f32[2,3]"]


def test_kept_products_are_not_computed_again():
    """In the program of the gradient, with and without the policy."""

    def products(policy):
        f = weft.checkpoint(deep, policy=policy)
        return weft.jit(weft.grad(f, 1)).lower(X, WS).as_text().count("stablehlo.dot_general")

    # Forward, again, and backward: two for a product. A kept product is not computed again.
    assert products(policies.nothing_saveable) == products(policies.dots_saveable) + 1


def test_memory_falls():
    """XLA's own count of bytes for temporaries."""

    def layer(x, w):
        return jnp.tanh(jnp.sin(x @ w) * jnp.cos(x))

    def loss(f):
        return lambda ws, x: lax.scan(lambda c, w: (f(c, w), None), x, ws)[0].sum()

    def temporaries(f):
        ws, x = jnp.ones((16, 32, 32)), jnp.ones((512, 32))
        compiled = weft.jit(weft.grad(loss(f))).lower(ws, x).compile()
        return compiled.memory_analysis().temp_size_in_bytes

    plain_bytes = temporaries(layer)
    assert temporaries(weft.checkpoint(layer)) < plain_bytes / 3
    assert temporaries(weft.checkpoint(layer, policy=policies.dots_saveable)) < plain_bytes / 2


def test_offloaded_values_are_placed():
    policy = POLICIES["offload"](policies)
    f = weft.checkpoint(functools.partial(plain, weft_library()), policy=policy)
    text = weft.jit(weft.grad(lambda x: f(x, jnp.asarray(W)).sum())).lower(X).as_text()
    assert text.count('_xla_buffer_placement = "pinned_host"') == 1
    assert text.count('_xla_buffer_placement = "device"') == 1


def weft_library():
    from rules_oracle import library

    return library()


def test_print_saved_residuals(capsys):
    def f(x, w):
        return jnp.sin(checkpoint_name(x @ w, "product")).sum()

    print_saved_residuals(weft.checkpoint(f, policy=policies.save_only_these_names("product")), X, WS[0])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "f32[2,3] from the argument x"
    assert lines[1] == "f32[3,3] from the argument w"
    assert lines[2].startswith("f32[2,3] named 'product' from test_checkpoint.py:")
    assert len(lines) == 3


def test_static_arguments():
    def program(lib):
        @functools.partial(lib.checkpoint, static_argnums=(1,))
        def f(x, is_training):
            return lib.np.sin(x) if is_training else x

        return [lib.grad(f)(2.0, True), lib.grad(f)(2.0, False)]

    same_as_jax(program)


def test_a_static_argument_is_needed_for_python_control_flow():
    def f(x, flag):
        return jnp.sin(x) if flag else x

    with pytest.raises(weft.errors.TracerBoolConversionError, match="static_argnums"):
        weft.grad(weft.checkpoint(f))(2.0, True)


def test_trees():
    def program(lib):
        @lib.checkpoint
        def f(tree, *, scale):
            return {"y": lib.np.sin(tree["x"]) * scale, "z": [tree["x"] ** 2]}

        return lib.grad(lambda x: total(lib, f({"x": x}, scale=3.0)))(2.0)

    same_as_jax(program)


def test_errors_at_the_door():
    error_as_jax(
        lambda lib: lib.checkpoint(lambda x: x, static_argnums=(5,))(1.0), ValueError, "static_argnums"
    )
    error_as_jax(lambda lib: lib.checkpoint(lambda x: x, concrete=True), NotImplementedError, "concrete")
    error_as_jax(
        lambda lib: lib.checkpoint_policies.save_and_offload_only_these_names(
            names_which_can_be_saved=["a"],
            names_which_can_be_offloaded=["a"],
            offload_src="device",
            offload_dst="pinned_host",
        ),
        ValueError,
        "exclusive",
    )
    with pytest.raises(TypeError, match="policy"):
        weft.checkpoint(lambda x: x, policy="dots_saveable")
    with pytest.raises(ValueError, match="cannot be a name"):
        policies.save_only_these_names("a,b")


def test_effects_happen_once():
    seen = []

    @weft.checkpoint
    def f(x):
        weft.debug.callback(lambda v: seen.append(float(v)), x)
        return jnp.sin(x)

    weft.grad(f)(2.0)
    weft.effects_barrier()
    assert seen == [2.0]


def test_random_numbers_are_the_same_again():
    def program(lib):
        if lib.checkpoint is weft.checkpoint:
            from weft import random
        else:
            from jax import random

        @lib.checkpoint
        def f(x, key):
            return lib.np.sin(x) * random.normal(key, (3,))

        return lib.grad(lambda x: f(x, random.key(1)).sum())(2.0)

    same_as_jax(program)
