"""weft.export beside jax.export: the same programs give the same texts, types, numbers and classes of errors."""

from types import SimpleNamespace

import numpy as np
import pytest

import weft
from weft import export

jax = pytest.importorskip("jax", reason="the oracle is jax")
jax_export = pytest.importorskip("jax.export")

WEFT = SimpleNamespace(**{**vars(weft), "np": weft.numpy, "export": export})
JAX = SimpleNamespace(**{**vars(jax), "np": jax.numpy, "export": jax_export})


def outcome(program, library):
    """What a program returns as text, or the class of what it raises."""
    try:
        return str(program(library))
    except Exception as error:  # noqa: BLE001  its class is what is compared
        return type(error).__name__


def dims(library, *constraints):
    return library.export.symbolic_shape("a, b", constraints=constraints)


EXPRESSIONS = {
    "sums": lambda a, b: [a + 1, 2 * a, a - a, 7 + b - 2],
    "products": lambda a, b: [a * b, (a + 1) * (a - 1), a * a, 2 * a * a + 3 * a, a**2, 3 * a * b],
    "quotients": lambda a, b: [
        a // 2,
        a % 3,
        (a * a + a) // a,
        (4 * a + 6) // 2,
        (4 * a + 6) % 2,
        a // 1,
        7 // a,
    ],
    "pairs": lambda a, b: [divmod(4 * a, a), divmod(a, 2), divmod(6 * a * b, 3 * b)],
    "equal": lambda a, b: [a == b, a == 1, a + b == b + a, a != a + 1, 2 * a == a + a, a * 0 == 0, a == 0],
    "decided": lambda a, b: [a >= 1, a > 0, a + 1 > a, a * b >= 1, 2 * a >= a, a < a + b, -a <= 0, a * 2 > a],
    "undecided ge": lambda a, b: a >= 2,
    "undecided lt": lambda a, b: a < b,
    "undecided le": lambda a, b: a - 1 <= 0,
    "undecided max": lambda a, b: max(a, 2),
    "decided max": lambda a, b: [max(a, 1), max(a, 0)],
    "int": lambda a, b: int(a),
    "hash": lambda a, b: hash(a + b) == hash(b + a),
}


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_expressions(name):
    program = lambda library: EXPRESSIONS[name](*dims(library))
    assert outcome(program, WEFT) == outcome(program, JAX)


CONSTRAINED = {
    "bounds": (["a >= 4", "b <= 9"], lambda a, b: [a >= 3, a > 3, b < 10, a + 5 > b - 1]),
    "between": (["a >= b"], lambda a, b: [a >= b, a + 1 > b, 2 * a >= b]),
    "equal": (["a == 2*b"], lambda a, b: [a == 2 * b, a - 2 * b, a // 2, a >= b]),
    "even": (["mod(a, 2) == 0"], lambda a, b: [a % 2, a // 2 * 2 == a]),
    "minimum": (["b >= 2"], lambda a, b: [max(b, 2), min(b, 2)]),
}


@pytest.mark.parametrize("name", CONSTRAINED)
def test_constraints(name):
    constraints, ask = CONSTRAINED[name]
    program = lambda library: ask(*dims(library, *constraints))
    assert outcome(program, WEFT) == outcome(program, JAX)


SPECS = [
    ("b, 3", {}), ("b, ...", {"like": (3, 4, 5)}), ("_, b", {"like": (3, 4)}), ("2*b + 1, b^2", {}), ("b, c", {}),
    ("max(b, 2), min(b, c)", {}), ("floordiv(b, 2), mod(b, 3)", {}), ("(b, 3)", {}), ("", {}), ("3", {}),
    ("b+", {}), ("b, _", {}), ("b", {"constraints": ["b"]}), ("b b", {}),]  # fmt: skip


@pytest.mark.parametrize("spec, keywords", SPECS, ids=range(len(SPECS)))
def test_shapes_in_text(spec, keywords):
    program = lambda library: library.export.symbolic_shape(spec, **keywords)
    assert outcome(program, WEFT) == outcome(program, JAX)


def test_what_jax_lets_pass():
    """Constraints that are never satisfied, and shapes of another rank than `like`."""
    for spec, keywords in (("b", {"constraints": ["b <= 0"]}), ("_", {"like": (3, 4)})):
        program = lambda library, spec=spec, keywords=keywords: library.export.symbolic_shape(
            spec, **keywords
        )
        assert outcome(program, WEFT) == "ValueError" != outcome(program, JAX)


def exported(library, fun, *specs, **keywords):
    return library.export.export(library.jit(fun), **keywords)(*specs)


def struct(library, *shape, dtype="float32"):
    return library.ShapeDtypeStruct(shape, np.dtype(dtype))


X = np.arange(3, dtype="f")
CALLS = {
    "call": lambda e, np: e.call(X, 2),
    "other size": lambda e, np: e.call(np.ones(4), 2),
    "other rank": lambda e, np: e.call(np.ones((3, 1)), 2),
    "other dtype": lambda e, np: e.call(np.ones(3, "bfloat16"), 2),
    "float for int": lambda e, np: e.call(X, 2.5),
    "too few": lambda e, np: e.call(X),
    "names": lambda e, np: e.call(X, n=2),
    "64 bits": lambda e, np: e.call(X.astype("d"), 2),
    "types": lambda e, np: [(a.shape, str(a.dtype)) for a in (*e.in_avals, *e.out_avals)],
    "trees": lambda e, np: (e.in_tree, e.out_tree),
    "names of fields": lambda e, np: (
        e.fun_name,
        e.nr_devices,
        e.module_kept_var_idx,
        e.uses_global_constants,
    ),
    "has_vjp": lambda e, np: e.has_vjp(),
    "vjp types": lambda e, np: [(a.shape, str(a.dtype)) for a in (*e.vjp().in_avals, *e.vjp().out_avals)],
    "vjp trees": lambda e, np: (e.vjp().in_tree, e.vjp().out_tree),
    "text": lambda e, np: str(e),
}


@pytest.mark.parametrize("name", CALLS)
def test_exported_functions(name):
    def program(library):
        fun = lambda x, n: {"y": x * n, "rest": (n, None)}
        return CALLS[name](
            exported(library, fun, struct(library, 3), struct(library, dtype="int32")), library.np
        )

    assert outcome(program, WEFT) == outcome(program, JAX)


TRANSFORMS = {
    "grad": lambda library, call: library.grad(lambda x: call(x).sum())(X),
    "jit": lambda library, call: library.jit(call)(X),
    "jvp": lambda library, call: library.jvp(call, (X,), (X,)),
    "vmap": lambda library, call: library.vmap(call)(np.ones((2, 3), "f")),
    "second": lambda library, call: library.grad(lambda x: library.grad(lambda y: call(y).sum())(x).sum())(X),
}


@pytest.mark.parametrize("name", TRANSFORMS)
def test_transformations(name):
    def program(library):
        call = exported(library, lambda x: library.np.sin(x) * x, struct(library, 3)).call
        return np.round(np.asarray(TRANSFORMS[name](library, call)), 4)

    ours, theirs = outcome(program, WEFT), outcome(program, JAX)
    same_class = {"MissingRuleError": "NotImplementedError", "LocatedTypeError": "TypeError"}
    assert same_class.get(ours, ours) == theirs


REFUSED = {
    "no jit": lambda library: library.export.export(lambda x: x),
    "callback": lambda library: exported(library, lambda x: library.pure_callback(np.sin, x, x), X),
    "platform": lambda library: exported(library, lambda x: x, X, platforms=["tpu"]).call(X),
    "sizes differ": lambda library: exported(
        library, lambda x, y: x + y, struct(library, *dims(library)), struct(library, 3, 3)
    ),
    "uneven": lambda library: exported(
        library, lambda x: x.reshape(2, -1), struct(library, dims(library)[0])
    ),
    "negative": lambda library: exported(
        library, lambda x: library.np.zeros(x.shape[0] - 5), struct(library, dims(library)[0])
    ),
    "branch": lambda library: exported(
        library, lambda x: x if x.shape[0] > 3 else 2 * x, struct(library, dims(library)[0])
    ),
    "not solved": lambda library: exported(library, lambda x: x, struct(library, dims(library)[0] ** 2)).call(
        X
    ),
    "constraint": lambda library: exported(
        library, lambda x: x, struct(library, dims(library, "a >= 4")[0])
    ).call(X),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name):
    ours, theirs = outcome(REFUSED[name], WEFT), outcome(REFUSED[name], JAX)
    assert ours.endswith("Error") or ours == "InconclusiveDimensionOperation"
    assert ours == theirs


RESULTS = {
    "slices": lambda x, np: (x[:3], x[2:], x[::-1], x[-1:], x[1:-1]),
    "shapes": lambda x, np: (x.reshape(-1, 1), np.concatenate([x, x]), x[:, None] + x, np.pad(x, (1, 2))),
    "creation": lambda x, np: (np.arange(x.shape[0]), np.zeros((x.shape[0], 2)), np.eye(x.shape[0])),
    "sizes": lambda x, np: (x.shape[0], x.size * 2.5, x / x.shape[0], np.mean(x)),
}


@pytest.mark.parametrize("name", RESULTS)
def test_results_for_a_family(name):
    def program(library):
        spec = struct(library, library.export.symbolic_shape("b", constraints=["b >= 3"])[0])
        made = exported(library, lambda x: RESULTS[name](x, library.np), spec)
        values = [np.asarray(y).tolist() for b in (3, 6) for y in made.call(np.arange(b, dtype="f"))]
        return [np.round(v, 4).tolist() for v in values]

    assert outcome(program, WEFT) == outcome(program, JAX)
