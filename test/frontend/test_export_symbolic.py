"""Functions exported for a family of shapes compute what they compute for each of its members."""

import numpy as np
import pytest

import weft
import weft.numpy as wnp
from weft import export, lax, nn, random
from weft.export import InconclusiveDimensionOperation


def floats(*shape):
    return np.random.default_rng(0).normal(size=shape).astype("f")


def ints(*shape, high):
    return np.random.default_rng(1).integers(0, high, size=shape).astype("i")


KEY = np.array([0, 7], "uint32")
as_key = random.wrap_key_data


def total(f):
    """A scalar function made of `f`."""
    return lambda *xs: sum(wnp.sum(wnp.sin(x)) for x in weft.tree.leaves(f(*xs)))


# name: (function, shapes, arguments for a value of b, constraints)
ELEMENTWISE = {
    "add": (lambda x, y: x + y * 2, ["b, 3", "b, 1"], lambda b: (floats(b, 3), floats(b, 1))),
    "broadcast": (lambda x, y: wnp.sin(x) + y, ["b, 3", "3"], lambda b: (floats(b, 3), floats(3))),
    "where": (lambda x: wnp.where(x > 0, x, 0), ["b, 3"], lambda b: (floats(b, 3),)),
    "comparison of sizes": (lambda x: x * (x.shape[0] >= 1), ["b"], lambda b: (floats(b),)),
    "values of sizes": (
        lambda x: (x.shape[0], x.size, x.shape[0] * 2.5, x / x.shape[0], x.shape[0] - x),
        ["b, 3"],
        lambda b: (floats(b, 3),),
    ),
}
SHAPES = {
    "reshape": (lambda x: x.reshape(-1), ["b, 4"], lambda b: (floats(b, 4),)),
    "reshape keeps": (lambda x: x.reshape(x.shape[0], -1), ["b, 4, 2"], lambda b: (floats(b, 4, 2),)),
    "reshape halves": (lambda x: x.reshape(2, -1), ["2*b, 3"], lambda b: (floats(2 * b, 3),)),
    "reshape even": (
        lambda x: x.reshape(x.shape[0] // 2, 2),
        ["b"],
        lambda b: (floats(b + b % 2),),
        ["mod(b, 2) == 0"],
    ),
    "transpose": (lambda x: x.T, ["b, 4"], lambda b: (floats(b, 4),)),
    "new axes": (lambda x: x[:, None] * x[None, :], ["b"], lambda b: (floats(b),)),
    "broadcast_to": (
        lambda x: wnp.broadcast_to(x[:, None], (x.shape[0], 2, 3)),
        ["b, 3"],
        lambda b: (floats(b, 3),),
    ),
    "concatenate": (
        lambda x, y: wnp.concatenate([x, y, x]),
        ["b, 3", "c, 3"],
        lambda b: (floats(b, 3), floats(b + 1, 3)),
    ),
    "stack": (lambda x: wnp.stack([x, 2 * x], 1), ["b, 3"], lambda b: (floats(b, 3),)),
    "pad": (lambda x: wnp.pad(x, ((1, 2), (0, 0))), ["b, 3"], lambda b: (floats(b, 3),)),
    "tile": (lambda x: wnp.tile(x, (2, 1)), ["b, 3"], lambda b: (floats(b, 3),)),
    "repeat": (lambda x: wnp.repeat(x, 2, axis=0), ["b, 3"], lambda b: (floats(b, 3),)),
    "roll": (lambda x: wnp.roll(x, 1, axis=0), ["b, 4"], lambda b: (floats(b, 4),)),
    "flip": (lambda x: wnp.flip(x, 0), ["b, 4"], lambda b: (floats(b, 4),)),
    "split": (lambda x: wnp.split(x, 2, axis=1), ["b, 4"], lambda b: (floats(b, 4),)),
    "tril": (wnp.tril, ["b, b"], lambda b: (floats(b, b),)),
}
CREATION = {
    "arange": (lambda x: wnp.arange(x.shape[0]), ["b, 3"], lambda b: (floats(b, 3),)),
    "arange from one": (
        lambda x: wnp.arange(1, x.shape[0] + 1, dtype="float32") * x,
        ["b"],
        lambda b: (floats(b),),
    ),
    "iota": (
        lambda x: lax.broadcasted_iota("int32", (x.shape[0], 4), 0),
        ["b, 3"],
        lambda b: (floats(b, 3),),
    ),
    "zeros": (lambda x: (wnp.zeros((x.shape[0], 2)), wnp.ones_like(x)), ["b, 3"], lambda b: (floats(b, 3),)),
    "full": (lambda x: wnp.full((x.shape[0],), x.shape[0]), ["b, 3"], lambda b: (floats(b, 3),)),
    "eye": (lambda x: wnp.eye(x.shape[0]), ["b"], lambda b: (floats(b),)),
    "linspace": (lambda x: wnp.linspace(0, 1, x.shape[0]), ["b"], lambda b: (floats(b + 1),), ["b >= 2"]),
    "one_hot": (lambda i: nn.one_hot(i, 4), ["b"], lambda b: (ints(b, high=4),)),
}
REDUCTIONS = {
    "sum": (lambda x: (x.sum(0), x.sum(1, keepdims=True)), ["b, 4"], lambda b: (floats(b, 4),)),
    "mean": (lambda x: (wnp.mean(x, 0), wnp.var(x, 0), wnp.std(x)), ["b, 4"], lambda b: (floats(b, 4),)),
    "max": (lambda x: (x.max(0), x.argmax(0), x.argmin(1)), ["b, 4"], lambda b: (floats(b, 4),)),
    "softmax": (
        lambda x: (nn.softmax(x), nn.log_softmax(x, axis=0)),
        ["b, c"],
        lambda b: (floats(b, b + 1),),
    ),
    "norm": (lambda x: wnp.linalg.norm(x, axis=-1), ["b, 4"], lambda b: (floats(b, 4),)),
    "searchsorted": (lambda x: wnp.searchsorted(wnp.sort(x), x), ["b"], lambda b: (floats(b),)),
    "sort": (lambda x: (wnp.sort(x, 0), wnp.argsort(x, 0)), ["b, 3"], lambda b: (floats(b, 3),)),
    "cumulative": (
        lambda x: (
            wnp.cumsum(x, 0),
            wnp.cumsum(x[:, ::-1], 1),
            wnp.cumprod(x, 0),
            lax.cummax(x, 0, reverse=True),
            lax.cumlogsumexp(x, 0),
        ),
        ["b, c"],
        lambda b: (floats(b, b + 2),),
    ),
    "top_k": (lambda x: lax.top_k(x, 2), ["b, 4"], lambda b: (floats(b, 4),)),
    "median": (lambda x: wnp.median(x, axis=1), ["b, 4"], lambda b: (floats(b, 4),)),
}
PRODUCTS = {
    "matmul": (lambda x, w: wnp.tanh(x @ w), ["b, 4", "4, 5"], lambda b: (floats(b, 4), floats(4, 5))),
    "inner sizes": (lambda x, w: x @ w, ["b, c", "c, b"], lambda b: (floats(b, b + 1), floats(b + 1, b))),
    "batched": (lambda x, w: x @ w, ["b, 3, 4", "b, 4, 2"], lambda b: (floats(b, 3, 4), floats(b, 4, 2))),
    "einsum": (
        lambda x, w: wnp.einsum("bij,bjk->bik", x, w),
        ["b, c, 4", "b, 4, c"],
        lambda b: (floats(b, b + 1, 4), floats(b, 4, b + 1)),
    ),
    "vectors": (lambda x: (wnp.dot(x, x), wnp.outer(x, x)), ["b"], lambda b: (floats(b),)),
    "attention": (nn.dot_product_attention, ["b, s, 2, 4"] * 3, lambda b: (floats(b, b + 1, 2, 4),) * 3),
    "convolution": (
        lambda x, w: lax.conv_general_dilated(
            x, w, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
        ),
        ["b, 5, 5, 2", "3, 3, 2, 4"],
        lambda b: (floats(b, 5, 5, 2), floats(3, 3, 2, 4)),
    ),
    "pooling": (
        lambda x: lax.reduce_window(x, -np.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID"),
        ["b, 4, 4, 2"],
        lambda b: (floats(b, 4, 4, 2),),
    ),
    "factors": (
        lambda x: (wnp.linalg.qr(x)[1], wnp.linalg.eigvalsh(x + x.mT), wnp.linalg.svd(x, compute_uv=False)),
        ["b, b"],
        lambda b: (floats(b, b) + 3 * np.eye(b, dtype="f"),),
    ),
    "convolve": (lambda x: wnp.convolve(x, x), ["b"], lambda b: (floats(b),)),
    "solve": (
        lambda x, y: wnp.linalg.solve(x @ x.mT + 3 * wnp.eye(3), y),
        ["b, 3, 3", "b, 3, 1"],
        lambda b: (floats(b, 3, 3), floats(b, 3, 1)),
    ),
}
INDEXING = {
    "slices": (lambda x: (x[1:], x[:-1], x[-2:], x[:2]), ["b"], lambda b: (floats(b + 2),), ["b >= 3"]),
    "slices of anything": (lambda x: (x[1:], x[:2], x[::-1], x[::2]), ["b"], lambda b: (floats(b),)),
    "up to a size": (lambda x, y: x[: y.shape[0]], ["b + 1", "b"], lambda b: (floats(b + 1), floats(b))),
    "ends": (lambda x: (x[0], x[-1], x[:, 1]), ["b, 3"], lambda b: (floats(b, 3),)),
    "gather": (lambda x, i: x[i], ["b, 3", "c"], lambda b: (floats(b, 3), ints(b + 1, high=b))),
    "two indices": (lambda x, i: x[i, i], ["b, b", "c"], lambda b: (floats(b, b), ints(b + 1, high=b))),
    "take": (
        lambda x, i: wnp.take(x, i, axis=0),
        ["b, 3", "c"],
        lambda b: (floats(b, 3), ints(b + 1, high=b)),
    ),
    "take_along_axis": (
        lambda x, i: wnp.take_along_axis(x, i[:, None], axis=1),
        ["b, 3", "b"],
        lambda b: (floats(b, 3), ints(b, high=3)),
    ),
    "dynamic": (lambda x, i: (x[i], x[-i]), ["b, 3", ""], lambda b: (floats(b, 3), ints(high=b))),
    "set": (lambda x, i: x.at[i].set(0.0), ["b, 3", "c"], lambda b: (floats(b, 3), ints(b + 1, high=b))),
    "segment sum": (
        lambda x, i: wnp.zeros((3, 4)).at[i].add(x),
        ["b, 4", "b"],
        lambda b: (floats(b, 4), ints(b, high=3)),
    ),
    "dynamic slices": (
        lambda x, i: (lax.dynamic_slice_in_dim(x, i, 2, 0), lax.dynamic_update_slice_in_dim(x, x[:1], i, 0)),
        ["b, 4", ""],
        lambda b: (floats(b + 1, 4), ints(high=2)),
        ["b >= 2"],
    ),
}
CONTROL = {
    "scan": (
        lambda x: lax.scan(lambda c, v: (c + v, c * v), wnp.zeros(3), x),
        ["b, 3"],
        lambda b: (floats(b, 3),),
    ),
    "fori_loop": (
        lambda x: lax.fori_loop(0, x.shape[0], lambda i, c: c + x[i], wnp.zeros(3)),
        ["b, 3"],
        lambda b: (floats(b, 3),),
    ),
    "while_loop": (
        lambda x: lax.while_loop(lambda c: c.sum() < 9, lambda c: c + 1, x),
        ["b"],
        lambda b: (floats(b),),
    ),
    "cond": (lambda x: lax.cond(x.sum() > 0, wnp.sin, wnp.cos, x), ["b, 3"], lambda b: (floats(b, 3),)),
    "jit": (lambda x: weft.jit(wnp.sum)(x) + weft.jit(wnp.sum)(x * x), ["b, 4"], lambda b: (floats(b, 4),)),
    "random": (
        lambda k, x: random.normal(as_key(k), x.shape) + random.uniform(as_key(k), x.shape[:1])[:, None],
        ["2", "b, 3"],
        lambda b: (KEY, floats(b, 3)),
    ),
    "keys": (
        lambda k, x: weft.vmap(lambda q, v: v + random.normal(q, (3,)))(
            random.split(as_key(k), x.shape[0]), x
        ),
        ["2", "b, 3"],
        lambda b: (KEY, floats(b, 3)),
    ),
}
DERIVATIVES = {
    "matmul": (weft.grad(lambda x, w: wnp.mean(wnp.tanh(x @ w))), *PRODUCTS["matmul"][1:]),
    "slices": (weft.grad(total(INDEXING["slices"][0])), *INDEXING["slices"][1:]),
    "stepped": (weft.grad(lambda x: wnp.sum(x[::2] ** 2)), ["b"], lambda b: (floats(b),)),
    "gather": (weft.grad(total(INDEXING["gather"][0])), *INDEXING["gather"][1:]),
    "set": (weft.grad(total(INDEXING["set"][0])), *INDEXING["set"][1:]),
    "concatenate": (weft.grad(total(SHAPES["concatenate"][0]), argnums=(0, 1)), *SHAPES["concatenate"][1:]),
    "softmax": (weft.grad(total(REDUCTIONS["softmax"][0])), *REDUCTIONS["softmax"][1:]),
    "mean": (weft.grad(total(REDUCTIONS["mean"][0])), *REDUCTIONS["mean"][1:]),
    "max": (weft.grad(lambda x: wnp.sum(wnp.max(x, 0))), ["b, 3"], lambda b: (floats(b, 3),)),
    "broadcast": (weft.grad(total(ELEMENTWISE["broadcast"][0]), argnums=1), *ELEMENTWISE["broadcast"][1:]),
    "reshape": (weft.grad(total(SHAPES["reshape"][0])), *SHAPES["reshape"][1:]),
    "pad": (weft.grad(total(SHAPES["pad"][0])), *SHAPES["pad"][1:]),
    "cumsum": (weft.grad(total(lambda x: wnp.cumsum(x))), ["b"], lambda b: (floats(b),)),
    "scan": (weft.grad(total(CONTROL["scan"][0])), *CONTROL["scan"][1:]),
    "attention": (weft.grad(total(nn.dot_product_attention)), *PRODUCTS["attention"][1:]),
    "convolution": (weft.grad(total(PRODUCTS["convolution"][0]), argnums=1), *PRODUCTS["convolution"][1:]),
    "hessian": (weft.hessian(lambda x: wnp.sum(x**3)), ["b"], lambda b: (floats(b),)),
    "jacobians": (
        lambda x: (weft.jacfwd(wnp.sin)(x), weft.jacrev(wnp.sin)(x)),
        ["b"],
        lambda b: (floats(b),),
    ),
    "jvp": (lambda x: weft.jvp(lambda v: wnp.sin(v).sum(), (x,), (x,)), ["b, 3"], lambda b: (floats(b, 3),)),
    "vmap": (
        lambda x, w: weft.vmap(weft.grad(lambda v: wnp.tanh(v @ w).sum()))(x),
        ["b, 4", "4, 5"],
        lambda b: (floats(b, 4), floats(4, 5)),
    ),
    "checkpoint": (
        weft.grad(lambda x: weft.checkpoint(lambda v: wnp.sin(wnp.sin(v)))(x).sum()),
        ["b"],
        lambda b: (floats(b),),
    ),
}
FAMILIES = dict(
    elementwise=ELEMENTWISE,
    shapes=SHAPES,
    creation=CREATION,
    reductions=REDUCTIONS,
    products=PRODUCTS,
    indexing=INDEXING,
    control=CONTROL,
    derivatives=DERIVATIVES,
)
CASES = {f"{family}-{name}": case for family, cases in FAMILIES.items() for name, case in cases.items()}


def exported_for(fun, shapes, arguments, constraints=()):
    scope = export.SymbolicScope(constraints)
    structs = [
        weft.ShapeDtypeStruct(export.symbolic_shape(shape, scope=scope), x.dtype)
        for shape, x in zip(shapes, arguments, strict=True)
    ]
    return export.export(weft.jit(fun))(*structs)


@pytest.mark.parametrize("name", CASES)
def test_computes_the_same(name):
    fun, shapes, arguments, *constraints = CASES[name]
    exported = exported_for(fun, shapes, arguments(3), *constraints)
    exported = export.deserialize(exported.serialize())
    for b in (1, 4) if name.startswith(("shapes", "creation", "indexing")) else (4,):
        given = arguments(b)
        got, want = exported.call(*given), weft.jit(fun)(*map(wnp.asarray, given))
        assert weft.tree.structure(got) == weft.tree.structure(want)
        for x, y in zip(weft.tree.leaves(got), weft.tree.leaves(want), strict=True):
            assert x.shape == y.shape and x.dtype == y.dtype
            np.testing.assert_allclose(x, y, rtol=2e-5, atol=1e-5)


def test_types_have_expressions():
    exported = exported_for(lambda x, y: (x @ y, x[1:]), ["b, c", "c, 2*b + 1"], (floats(2, 3), floats(3, 5)))
    for made in (exported, export.deserialize(exported.serialize())):
        assert [str(a) for a in made.in_avals] == ["float32[b,c]", "float32[c,2*b + 1]"]
        assert str(made.out_avals[0]) == "float32[b,2*b + 1]"
        assert made.uses_global_constants and export.is_symbolic_dim(made.in_avals[0].shape[0])
    assert "tensor<⟦b⟧x⟦c⟧xf32>" in exported.mlir_module()
    b = exported.in_avals[0].shape[0]
    ir = str(weft.make_ir(lambda x: wnp.ones(b + 1) * x[0, 0] * b)(exported.in_avals[0]))
    assert "tensor<⟦b + 1⟧xf32>" in ir and "size = ⟦b⟧" in ir


REFUSED = [
    ("outer", lambda x, y: x + y, ["b", "3"], TypeError, "incompatible shapes"),
    ("other", lambda x, y: x + y, ["b", "c"], TypeError, "incompatible shapes"),
    ("inner", lambda x, y: x @ y, ["2, b", "c, 2"], TypeError, "contracting dimensions"),
    ("odd", lambda x, y: x.reshape(2, -1), ["b", ""], InconclusiveDimensionOperation, "cannot reshape"),
    ("less", lambda x, y: wnp.zeros(x.shape[0] - 5), ["b", ""], InconclusiveDimensionOperation, "b - 5"),
    (
        "branch",
        lambda x, y: x if x.shape[0] > 3 else 2 * x,
        ["b", ""],
        InconclusiveDimensionOperation,
        "'b' > '3'",
    ),
    ("loop", lambda x, y: sum(x[i] for i in range(len(x))), ["b", ""], InconclusiveDimensionOperation, "'b'"),
    ("host", lambda x, y: x + np.ones(x.shape[0]), ["b", ""], InconclusiveDimensionOperation, "constant"),
    ("may be empty", lambda x, y: x[3:].max(), ["b", ""], InconclusiveDimensionOperation, "'1'"),
    ("one may be left", lambda x, y: x[3:][0], ["b", ""], InconclusiveDimensionOperation, "'1'"),
    ("fft", lambda x, y: wnp.fft.fft(x), ["b", ""], InconclusiveDimensionOperation, "'b'"),
    (
        "log",
        lambda x, y: x * np.log(x.shape[0]),
        ["b", ""],
        InconclusiveDimensionOperation,
        "constant",
    ),
]


@pytest.mark.parametrize("fun, shapes, kind, text", [c[1:] for c in REFUSED], ids=[c[0] for c in REFUSED])
def test_what_depends_on_the_size_is_refused(fun, shapes, kind, text):
    arguments = [np.zeros((3,) * len([s for s in shape.split(",") if s]), "f") for shape in shapes]
    with pytest.raises(kind, match=text):
        exported_for(fun, shapes, arguments)


def test_wrong_sizes_at_the_call():
    fun = lambda x, y: x.sum() + y.sum()
    exported = exported_for(fun, ["2*b + 1, c", "c"], (floats(3, 2), floats(2)), ["b >= 2", "c <= 5"])
    assert np.isfinite(exported.call(floats(5, 2), floats(2)))
    for x, y, text in (
        ((4, 2), (2,), r"args\[0\].shape\[0\] is 4, which 2\*b \+ 1 is for no integer b"),
        ((1, 2), (2,), "at least 1"),
        ((3, 2), (2,), "constraint b >= 2"),
        ((5, 6), (6,), "constraint c <= 5"),
        ((5, 2), (3,), r"args\[1\].shape\[0\] is 3, but must be c, which is 2"),
        ((5, 0), (0,), "c would be 0"),
        ((5,), (2,), r"args\[0\] must be float32\[2\*b \+ 1,c\]"),
    ):
        for call in (exported.call, weft.jit(exported.call)):
            with pytest.raises(ValueError, match=text):
                call(floats(*x), floats(*y))
    square = exported_for(lambda x: x, ["b^2"], (floats(4),))
    with pytest.raises(ValueError, match="cannot solve"):
        square.call(floats(4))


def test_calls_from_other_functions():
    inner = exported_for(lambda x: wnp.tanh(x[1:]) * x.shape[0], ["b"], (floats(3),), ["b >= 2"])
    inner = export.deserialize(inner.serialize(vjp_order=1))
    x = floats(5)
    want = np.tanh(x[1:]) * 5
    np.testing.assert_allclose(weft.jit(inner.call)(x), want, rtol=1e-6)
    slope = weft.grad(lambda x: inner.call(x).sum())(wnp.asarray(x))
    np.testing.assert_allclose(slope, [0, *(5 * (1 - np.tanh(x[1:]) ** 2))], rtol=1e-5)
    outer = exported_for(lambda y: inner.call(y.T[0]) + 1, ["n, 1 + m"], (floats(4, 2),), ["n >= 3"])
    outer = export.deserialize(outer.serialize())
    y = floats(6, 3)
    np.testing.assert_allclose(outer.call(y), np.tanh(y[1:, 0]) * 6 + 1, rtol=1e-6)
    with pytest.raises(
        InconclusiveDimensionOperation
    ):  # the constraint of the inner function is not known to hold
        exported_for(lambda y: inner.call(y), ["n"], (floats(4),))


def test_data_is_not_taken_for_a_size():
    number = 1 << 62  # the number by which the first expression stands in the IR
    with weft.enable_x64(True):
        table = np.array([number, number + 1, number + 2])
        exported = exported_for(
            lambda x: (wnp.asarray(table), x.shape[0], number + x), ["b"], (np.zeros(2, "int64"),)
        )
        exported = export.deserialize(exported.serialize())
        made = exported.call(np.zeros(3, "int64"))
    np.testing.assert_array_equal(made[0], table)
    assert int(made[1]) == 3 and made[2].tolist() == [number] * 3


def language_model(params, tokens):
    """Loss of predicting each token from those before it: one block of attention."""
    x = params["embedding"][tokens[:, :-1]]
    x = x + wnp.sin(wnp.arange(x.shape[1])[:, None] / 3)
    heads = [y.reshape(*y.shape[:-1], 2, 4) for y in wnp.split(x @ params["qkv"], 3, axis=-1)]
    x = x + nn.dot_product_attention(*heads, is_causal=True).reshape(x.shape)
    x = (x - x.mean(-1, keepdims=True)) / wnp.sqrt(x.var(-1, keepdims=True) + 1e-5)
    scores = nn.log_softmax(nn.gelu(x) @ params["out"])
    return -wnp.mean(wnp.take_along_axis(scores, tokens[:, 1:, None], axis=-1))


def test_training_step_for_any_batch_and_length():
    step = weft.jit(weft.value_and_grad(language_model))
    params = {"embedding": floats(11, 8), "qkv": floats(8, 24), "out": floats(8, 11)}
    b, s = export.symbolic_shape("b, s", constraints=["s >= 2"])
    exported = export.export(step)(params, weft.ShapeDtypeStruct((b, s), "int32"))
    exported = export.deserialize(exported.serialize())
    for shape in ((2, 5), (3, 2)):
        tokens = ints(*shape, high=11)
        got, want = exported.call(params, tokens), step(params, tokens)
        for x, y in zip(weft.tree.leaves(got), weft.tree.leaves(want), strict=True):
            np.testing.assert_allclose(x, y, rtol=1e-4, atol=1e-5)
    with pytest.raises(ValueError, match="s >= 2"):
        exported.call(params, ints(3, 1, high=11))


def test_variables_that_no_argument_has():
    a, b = export.symbolic_shape("a, b")
    (c,) = export.symbolic_shape("b")
    spec = weft.ShapeDtypeStruct((a,), "float32")
    for arguments, strange in (((np.float32(1),), b), ((spec,), b), ((spec,), c)):
        fun = lambda x, strange=strange: wnp.sin(wnp.ones(strange) * x.sum())
        with pytest.raises(ValueError, match="in no shape of its arguments: b"):
            export.export(weft.jit(fun))(*arguments)


def test_values_of_sizes_fit_their_dtype():
    exported = exported_for(lambda x: x.shape[0] * x.shape[0], ["b"], (np.zeros(3, "int8"),))
    assert int(exported.call(np.ones(9, "int8"))) == 81
    with pytest.raises(ValueError, match=r"the size b\^2 is 2500000000, which is used as a value of int32"):
        exported.call(np.ones(50000, "int8"))


def test_memory_of_calls():
    """Each size is compiled once."""
    exported = exported_for(lambda x: x + 1, ["b"], (floats(3),))
    for _ in range(3):
        for b in (2, 3):
            exported.call(floats(b))
    assert len(exported._loaded._programs) == 2
