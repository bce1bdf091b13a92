"""`debug_key_reuse`: a random key that is consumed twice is an error that names both places."""

import inspect

import pytest

import weft
import weft.numpy as jnp
from weft import lax, random
from weft.errors import KeyReuseError


@pytest.fixture(autouse=True)
def keys_are_counted():
    with weft.debug_key_reuse(True):
        yield


def new():
    return random.key(0)


def message_of(f, *args):
    with pytest.raises(KeyReuseError) as caught:
        f(*args)
    return str(caught.value)


def line_of(words):
    """The line of this file that ends in a mark."""
    source, _ = inspect.getsourcelines(inspect.getmodule(line_of))
    return next(i + 1 for i, line in enumerate(source) if line.rstrip().endswith("# " + words))


def test_two_calls_name_both_places():
    key = new()
    random.normal(key)  # mark: first call
    with pytest.raises(KeyReuseError) as caught:
        random.uniform(key)  # mark: second call
    text = str(caught.value)
    assert text.startswith("uniform: its key is already consumed by normal")
    assert f"test_debug_key_reuse.py:{line_of('mark: first call')}" in text
    assert f"test_debug_key_reuse.py:{line_of('mark: second call')}" in text
    assert "random.split" in text


def test_inside_of_jit_both_places_are_named():
    @weft.jit
    def f(key):
        x = random.normal(key)  # mark: first op
        return x + random.uniform(key)  # mark: second op

    text = message_of(f, new())
    assert f"test_debug_key_reuse.py:{line_of('mark: first op')}" in text
    assert f"test_debug_key_reuse.py:{line_of('mark: second op')}" in text
    assert message_of(f, new()) == text, "what is refused stays refused"


def use(key):
    return random.normal(key)


def after_split(key):
    random.split(key)
    return random.normal(key)


def same_element(key):
    keys = random.split(key)
    return random.normal(keys[0]) + random.normal(keys[0])


def all_and_one(key):
    keys = random.split(key)
    return weft.vmap(random.normal)(keys).sum() + random.normal(keys[1])


def through_reshape(key):
    return random.normal(key) + random.normal(key.reshape(1)[0])


def through_function(key):
    return weft.jit(use)(key) + weft.jit(use)(key)


def after_choice(key):
    return lax.cond(True, use, lambda k: 0.0, key) + random.normal(key)


def constant_of_scan(key):
    return lax.scan(lambda c, _: (c + random.normal(key), None), 0.0, None, length=3)


def carry_of_scan(key):
    return lax.scan(lambda k, _: (k, random.normal(k)), key, None, length=3)


def constant_of_while(key):
    return lax.while_loop(lambda c: c < 3, lambda c: c + random.normal(key), 0.0)


def carry_of_while(key):
    return lax.while_loop(lambda c: c[0] < 3, lambda c: (c[0] + random.normal(c[1]), c[1]), (0.0, key))


def joined(key):
    keys = random.split(key)
    return jnp.concatenate([keys, keys])


def selected(key):
    return random.normal(jnp.where(True, key, key))


REUSED = [
    after_split,
    same_element,
    all_and_one,
    through_reshape,
    through_function,
    after_choice,
    constant_of_scan,
    carry_of_scan,
    constant_of_while,
    carry_of_while,
    joined,
    selected,
]


@pytest.mark.parametrize("f", REUSED, ids=lambda f: f.__name__)
@pytest.mark.parametrize("stage", [weft.jit, lambda f: f], ids=["jit", "eager"])
def test_reused(f, stage):
    message_of(stage(f), new())


def each_its_own(key):
    first, second = random.split(key)
    return random.normal(first) + random.normal(second)


def elements(key):
    keys = random.split(key, 3)
    return random.normal(keys[0]) + random.normal(keys[1]) + random.normal(keys[-1])


def folded(key):
    return random.normal(random.fold_in(key, 1)) + random.normal(random.fold_in(key, 2)) + random.normal(key)


def cloned(key):
    return random.normal(key) + random.normal(random.clone(key))


def looked_at(key):
    return random.key_data(key).sum() + (key == key) + random.normal(key)


def either_branch(key):
    return lax.cond(True, use, lambda k: random.uniform(k), key)


def slices_of_scan(key):
    return lax.scan(lambda c, k: (c + random.normal(k), None), 0.0, random.split(key, 3))


def split_carry(key):
    def step(k, _):
        k, sub = random.split(k)
        return k, random.normal(sub)

    return lax.scan(step, key, None, length=3)


def folded_in_loop(key):
    return lax.fori_loop(0, 3, lambda i, c: c + random.normal(random.fold_in(key, i)), 0.0)


def taken_in_loop(key):
    keys = random.split(key, 3)
    return lax.fori_loop(0, 3, lambda i, c: c + random.normal(keys[i]), 0.0)


def batched(key):
    return weft.vmap(random.normal)(random.split(key, 3))


def same_for_the_batch(key):
    return weft.vmap(lambda x: x + random.normal(key))(jnp.arange(3.0))


def differentiated(key):
    return weft.grad(lambda x: x * random.normal(key))(1.0)


def computed_again(key):
    return weft.grad(weft.checkpoint(lambda x: jnp.sin(x) * random.normal(key)))(1.0)


def pulled_back(key):
    _, pull = weft.vjp(weft.checkpoint(lambda x: jnp.sin(x) * random.normal(key)), 1.0)
    return pull(1.0)


def decided_by_value(key):
    def f(x):
        noise = random.normal(key)
        return x * noise if noise + x > -100 else x

    return weft.grad(f)(1.0)


USED_ONCE = [
    each_its_own,
    elements,
    folded,
    cloned,
    looked_at,
    either_branch,
    slices_of_scan,
    split_carry,
    folded_in_loop,
    taken_in_loop,
    batched,
    same_for_the_batch,
    differentiated,
    computed_again,
    pulled_back,
]


@pytest.mark.parametrize("f", USED_ONCE, ids=lambda f: f.__name__)
@pytest.mark.parametrize("stage", [weft.jit, lambda f: f], ids=["jit", "eager"])
def test_used_once(f, stage):
    run = stage(f)
    run(new())
    run(new())


def test_a_value_that_python_asks_for_is_no_second_use():
    decided_by_value(new())


def test_a_key_that_jit_captures():
    key = new()
    f = weft.jit(lambda: random.normal(key))
    f()
    assert "already consumed" in message_of(f)


def test_a_program_that_consumes_its_argument():
    f = weft.jit(lambda k: (random.normal(k), k))
    key = new()
    _, same = f(key)
    assert "already consumed by" in message_of(random.normal, same)
    assert "already consumed by" in message_of(random.normal, key)


def test_equal_data_folded_in_twice():
    f = weft.jit(lambda k: random.normal(random.fold_in(k, 7)) + random.normal(random.fold_in(k, 7)))
    message_of(f, new())


def test_keys_of_words_have_no_record():
    key = random.PRNGKey(0)
    random.normal(key)
    random.normal(key)


def test_nothing_is_counted_when_off():
    with weft.debug_key_reuse(False):
        key = new()
        random.normal(key)
        random.normal(key)
    f = weft.jit(lambda k: random.normal(k) + random.normal(k))
    message_of(f, new())
    with weft.debug_key_reuse(False):
        f(new())


SAMPLERS = {
    "normal": lambda k: random.normal(k, (3,)),
    "uniform": lambda k: random.uniform(k, (3,)),
    "randint": lambda k: random.randint(k, (3,), 0, 9),
    "permutation": lambda k: random.permutation(k, 5),
    "choice": lambda k: random.choice(k, 5, (2,), replace=False),
    "gamma": lambda k: random.gamma(k, 2.0, (3,)),
    "beta": lambda k: random.beta(k, 2.0, 3.0, (3,)),
    "dirichlet": lambda k: random.dirichlet(k, jnp.ones(3)),
    "t": lambda k: random.t(k, 3.0, (2,)),
    "poisson": lambda k: random.poisson(k, 3.0, (2,)),
    "binomial": lambda k: random.binomial(k, 5, 0.5, (2,)),
    "truncated_normal": lambda k: random.truncated_normal(k, -1.0, 1.0, (2,)),
    "categorical": lambda k: random.categorical(k, jnp.zeros(3)),
    "multivariate_normal": lambda k: random.multivariate_normal(k, jnp.zeros(2), jnp.eye(2)),
    "orthogonal": lambda k: random.orthogonal(k, 2),
    "ball": lambda k: random.ball(k, 2),
    "rademacher": lambda k: random.rademacher(k, (2,)),
    "maxwell": lambda k: random.maxwell(k, (2,)),
    "geometric": lambda k: random.geometric(k, 0.5, (2,)),
    "wald": lambda k: random.wald(k, 1.0, (2,)),
    "triangular": lambda k: random.triangular(k, 0.0, 0.5, 1.0, (2,)),
    "generalized_normal": lambda k: random.generalized_normal(k, 1.0, (2,)),
}


@pytest.mark.parametrize("name", SAMPLERS)
def test_a_sampler_uses_its_key_once(name):
    key = new()
    SAMPLERS[name](key)
    assert "already consumed by" in message_of(SAMPLERS[name], key)
