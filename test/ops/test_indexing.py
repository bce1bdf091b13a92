"""Dynamic slices, gather and scatter: numbers against NumPy loops, derivatives and batching against JAX."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from weft_compiler.avals import DTYPES, FRY, Aval
from weft_compiler.bindings import context, ir
from weft_compiler.dialect.op import REGISTRY, Op
from weft_compiler.dialect.samples import Sample
from weft_compiler.lowering import lower
from weft_compiler.module import Module
from weft_compiler.passes.batch import batch
from weft_compiler.passes.jvp import differentiate
from weft_compiler.passes.linearize import linearize
from weft_compiler.passes.registry import make_pass
from weft_compiler.passes.transpose import transpose
from weft_tools.backends import run_pjrt

SCATTERS = ("scatter", "scatter_add", "scatter_sub", "scatter_mul", "scatter_min", "scatter_max")
OPS = ("dynamic_slice", "dynamic_update_slice", "gather", *SCATTERS)

Arrays = Sequence[np.ndarray]
Mask = tuple[bool, ...]


class Program:
    """A function `@f` of one op, and what the passes make of it."""

    def __init__(self, op: str, attrs: dict[str, Any], avals: Sequence[Aval]) -> None:
        context()
        self.module = Module.new()
        with context(), ir.Location.unknown():
            made = self.module.add_function("f", avals, ir.Location.unknown())
            out = getattr(self.module.builder(made), op)(*made.args, **attrs)
            made.finish([out], ir.Location.unknown())
        self.module.function("f").publish()

    @classmethod
    def of(cls, op: str, attrs: dict[str, Any], arrays: Arrays) -> "Program":
        return cls(op, attrs, [Aval.of(a.shape, a.dtype) for a in arrays])

    def run(self, fn: str, arrays: Arrays) -> list[np.ndarray]:
        make_pass("weft-verify").run(self.module)
        return run_pjrt(lower(self.module, fn), arrays)

    def __call__(self, *arrays: np.ndarray) -> np.ndarray:
        return self.run("f", arrays)[0]

    def batched(self, fn: str, mask: Mask, size: int, arrays: Arrays) -> list[np.ndarray]:
        made = batch(self.module, fn, mask, size)
        assert all(made.out_batched)
        return self.run(made.fn, arrays)

    def jvp_fn(self, wrt: Mask) -> str:
        """(arguments, tangents of `wrt`) -> (result, tangent)."""
        return differentiate(self.module, "f", wrt, (True,)).fn

    def vjp_fns(self, wrt: Mask) -> tuple[str, str]:
        """Arguments -> (result, residuals); (cotangent, residuals) -> cotangents of `wrt`."""
        made = linearize(self.module, "f", wrt, (True,))
        linear = (True,) * sum(wrt) + (False,) * made.residuals
        return made.fwd, transpose(self.module, made.lin, linear, (True,), instantiate=True).fn


context()
OP_CLASSES = {cls.name: cls for cls in REGISTRY.values()}


def all_samples() -> list[Any]:
    listed = [(op, enumerate(OP_CLASSES[op].samples())) for op in OPS]
    return [pytest.param(op, s, id=f"{op}-{i}") for op, samples in listed for i, s in samples]


def close(actual: np.ndarray, wanted: np.ndarray, tolerance: float = 1.0) -> None:
    assert actual.shape == wanted.shape
    assert actual.dtype == wanted.dtype
    if actual.dtype.kind in "biu":
        np.testing.assert_array_equal(actual, wanted)
        return
    wide = np.complex128 if actual.dtype.kind == "c" else np.float64
    coarse = 0.02 if actual.dtype.name == "bfloat16" else 2e-5
    np.testing.assert_allclose(
        actual.astype(wide), wanted.astype(wide), rtol=coarse * tolerance, atol=coarse * tolerance
    )


def random_like(array: np.ndarray, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    values = rng.standard_normal(array.shape)
    if array.dtype.kind == "c":
        values = values + 1j * rng.standard_normal(array.shape)
    return np.asarray(values).astype(array.dtype)


def is_differentiable(array: np.ndarray) -> bool:
    return array.dtype.name in ("float32", "complex64")


@pytest.mark.parametrize(("op", "sample"), all_samples())
def test_numbers_agree_with_the_reference(op: str, sample: Sample) -> None:
    inst = OP_CLASSES[op].of(**sample.attrs)
    wanted = inst.reference(*sample.operands)
    close(Program.of(op, sample.attrs, sample.operands)(*sample.operands), np.asarray(wanted))


@pytest.mark.parametrize(("op", "sample"), all_samples())
def test_batching_is_a_loop(op: str, sample: Sample) -> None:
    operands, size = sample.operands, 3
    inst = OP_CLASSES[op].of(**sample.attrs)
    for mask in masks(len(operands)):
        stacked = [varied(o, size) if m else o for o, m in zip(operands, mask, strict=True)]
        made = Program.of(op, sample.attrs, operands).batched("f", mask, size, stacked)[0]
        for i in range(size):
            each = [s[i] if m else s for s, m in zip(stacked, mask, strict=True)]
            close(made[i], np.asarray(inst.reference(*each)))


def masks(count: int) -> list[Mask]:
    """Which operands are batched: each alone, and all."""
    alone = [tuple(i == j for j in range(count)) for i in range(count)]
    return alone if count == 1 else [*alone, (True,) * count]


def varied(array: np.ndarray, size: int) -> np.ndarray:
    """Copies that differ: rolled along the first axis, which keeps indices what they are."""
    flat = array.reshape(-1)
    return np.stack([np.roll(flat, i).reshape(array.shape) for i in range(size)])


def smooth_samples() -> list[Any]:
    """Samples in whose first operand there is a derivative to check."""
    return [p for p in all_samples() if is_differentiable(p.values[1].operands[0])]


def differentiable_masks(arrays: Arrays) -> list[Mask]:
    """Each operand that can have a tangent alone, then all of them."""
    every = tuple(map(is_differentiable, arrays))
    alone = [tuple(i == j for j in range(len(arrays))) for i, one in enumerate(every) if one]
    return alone if sum(every) == 1 else [*alone, every]


def chosen(arrays: Arrays, mask: Mask) -> list[np.ndarray]:
    return [a for a, m in zip(arrays, mask, strict=True) if m]


def slope(inst: Op, arrays: Arrays, wrt: Mask, tangents: Arrays) -> np.ndarray:
    """Derivative of the reference along tangents, by central differences in double precision."""
    step, given = 1e-4, iter(tangents)
    directions = [next(given).astype(_wide(a)) if m else None for a, m in zip(arrays, wrt, strict=True)]

    def moved(by: float) -> np.ndarray:
        wide = [a.astype(_wide(a)) if is_differentiable(a) else a for a in arrays]
        at = [a if d is None else a + by * d for a, d in zip(wide, directions, strict=True)]
        return np.asarray(inst.reference(*at))

    difference = (moved(step) - moved(-step)) / (2 * step)
    return np.where(np.isnan(difference), 0, difference)  # what is filled with nan does not vary


def _wide(array: np.ndarray) -> type:
    return np.complex128 if array.dtype.kind == "c" else np.float64


@pytest.mark.parametrize(("op", "sample"), smooth_samples())
def test_derivatives_agree_with_differences(op: str, sample: Sample) -> None:
    arrays, inst = sample.operands, OP_CLASSES[op].of(**sample.attrs)
    for wrt in differentiable_masks(arrays):
        program = Program.of(op, sample.attrs, arrays)
        tangents = [random_like(a, 10 + i) for i, a in enumerate(chosen(arrays, wrt))]
        value, tangent = program.run(program.jvp_fn(wrt), [*arrays, *tangents])
        close(value, np.asarray(inst.reference(*arrays)))
        close(tangent, slope(inst, arrays, wrt, tangents).astype(tangent.dtype), 10)
        # Reverse mode by the inner-product identity.
        fwd, back = program.vjp_fns(wrt)
        _, *residuals = program.run(fwd, arrays)
        ct = random_like(tangent, 20)
        cts = program.run(back, [ct, *residuals])
        for mine, given in zip(cts, chosen(arrays, wrt), strict=True):
            assert mine.shape == given.shape
        wanted = sum(np.sum(c * t) for c, t in zip(cts, tangents, strict=True))
        close(np.asarray(np.sum(ct * tangent)), np.asarray(wanted).astype(ct.dtype), 10)


@pytest.mark.parametrize(("op", "sample"), [p for p in smooth_samples() if p.values[1].operands[0].ndim > 1])
def test_derivatives_batch(op: str, sample: Sample) -> None:
    arrays, size = sample.operands, 2
    wrt = tuple(map(is_differentiable, arrays))
    program = Program.of(op, sample.attrs, arrays)
    tangents = [random_like(a, i) for i, a in enumerate(chosen(arrays, wrt))]
    check_loop(program, program.jvp_fn(wrt), [*arrays, *tangents], size)
    fwd, back = program.vjp_fns(wrt)
    check_loop(program, fwd, arrays, size)
    out, *residuals = program.run(fwd, arrays)
    check_loop(program, back, [random_like(out, 5), *residuals], size)


def check_loop(program: Program, fn: str, arrays: Arrays, size: int) -> None:
    stacked = [varied(a, size) for a in arrays]
    mask = (True,) * len(arrays)
    made = batch(program.module, fn, mask, size, (True,) * len(program.module.signature(fn).outputs))
    together = program.run(made.fn, stacked)
    for i in range(size):
        for one, many in zip(program.run(fn, [s[i] for s in stacked]), together, strict=True):
            close(many[i], one)


def is_in_jax(sample: Sample) -> bool:
    """Whether JAX takes the operands without its 64-bit mode."""
    return all(a.dtype.itemsize <= 4 or a.dtype == np.complex64 for a in sample.operands)


def jax_function(op: str, attrs: dict[str, Any]) -> Any:
    """The same op of jax.lax, as a function of the same operands."""
    lax = pytest.importorskip("jax").lax
    given = dict(attrs)
    if op == "dynamic_slice":
        return lambda x, *indices: lax.dynamic_slice(x, indices, given["sizes"])
    if op == "dynamic_update_slice":
        return lambda x, update, *indices: lax.dynamic_update_slice(x, update, indices)
    numbers = lax.GatherDimensionNumbers if op == "gather" else lax.ScatterDimensionNumbers
    dims = numbers(**{name: given.pop(name) for name in numbers._fields if name in given})
    return lambda *operands: getattr(lax, op)(*operands, dimension_numbers=dims, **given)


def why_not_jax(op: str, sample: Sample) -> str:
    """Where JAX means or does something else, what that is."""
    x, *others = sample.operands
    indices = [a for a in others if a.dtype.kind in "iu"]
    if op in ("scatter_min", "scatter_max") and sample.attrs["mode"] == "clip":
        return "jax leaves the mode out of the derivative: windows that clip moves get no tangent"
    if op in SCATTERS and not x.size and others[1].size:
        return "jax cannot gather from an empty array, as its derivatives of scatter do"
    if op.startswith("dynamic") and any(i < 0 for i in indices):
        return "jax.lax counts negative starts from the end; that is the frontend's business here"
    if op.startswith("dynamic") and any(max(x.shape) > np.iinfo(i.dtype).max for i in indices):
        return "jax clamps starts in their own dtype, where the bound of a long axis does not fit"
    return ""


def in_jax() -> list[Any]:
    return [p for p in smooth_samples() if is_in_jax(p.values[1])]


@pytest.mark.parametrize(("op", "sample"), in_jax())
def test_agrees_with_jax(op: str, sample: Sample) -> None:
    jax = pytest.importorskip("jax")
    if reason := why_not_jax(op, sample):
        pytest.skip(reason)
    arrays, oracle = sample.operands, jax_function(op, sample.attrs)
    wrt = tuple(map(is_differentiable, arrays))
    tangents = [random_like(a, i) for i, a in enumerate(chosen(arrays, wrt))]

    def of_floats(*floats: Any) -> Any:
        given = iter(floats)
        return oracle(*[next(given) if m else a for a, m in zip(arrays, wrt, strict=True)])

    floats = chosen(arrays, wrt)
    value, tangent = jax.jvp(of_floats, floats, tangents)
    program = Program.of(op, sample.attrs, arrays)
    mine = program.run(program.jvp_fn(wrt), [*arrays, *tangents])
    close(mine[0], np.asarray(value))
    close(mine[1], np.asarray(tangent))
    ct = random_like(mine[0], 7)
    fwd, back = program.vjp_fns(wrt)
    _, *residuals = program.run(fwd, arrays)
    for a, b in zip(program.run(back, [ct, *residuals]), jax.vjp(of_floats, *floats)[1](ct), strict=True):
        close(a, np.asarray(b))


ROW = {"update_window_dims": (), "inserted_window_dims": (0,), "scatter_dims_to_operand_dims": (0,)}


@pytest.mark.parametrize("op", ["scatter_min", "scatter_max"])
@pytest.mark.parametrize("untouched", [1.0, np.nan])
def test_slope_of_an_extremum_is_shared_by_all_that_tie(op: str, untouched: float) -> None:
    """Element 0 ties with two updates, element 1 gives way to one, element 2 is left alone."""
    wins = 3.0 if op == "scatter_max" else -3.0
    x = np.array([wins, 0, untouched], "float32")
    indices, updates = np.array([[0], [0], [1]], "int32"), np.array([wins, wins, wins], "float32")
    program = Program.of(op, {**ROW, "mode": "fill"}, [x, indices, updates])
    dx, dupdates = np.array([1, 1, 1], "float32"), np.array([2, 6, 5], "float32")
    _, tangent = program.run(program.jvp_fn((True, False, True)), [x, indices, updates, dx, dupdates])
    np.testing.assert_allclose(tangent, [3, 5, 1])


def test_replaced_duplicates_have_no_slope() -> None:
    """Where two updates go to one place, only the one that is there in the end has a cotangent."""
    x, updates = np.zeros(3, "float32"), np.array([1, 2, 3], "float32")
    indices, ct = np.array([[1], [0], [1]], "int32"), np.array([10, 20, 30], "float32")
    program = Program.of("scatter", {**ROW, "mode": "clip"}, [x, indices, updates])
    (value,) = program.run("f", [x, indices, updates])
    fwd, back = program.vjp_fns((True, False, True))
    _, *residuals = program.run(fwd, [x, indices, updates])
    ct_x, ct_updates = program.run(back, [ct, *residuals])
    np.testing.assert_array_equal(ct_x, [0, 0, 30])
    np.testing.assert_array_equal(ct_updates, [20 * (value[1] == 1), 10, 20 * (value[1] == 3)])


def test_overlapping_factors_have_no_derivative() -> None:
    avals = [Aval.of((3,), np.dtype("float32")), Aval.of((2, 1), np.dtype("int32"))]
    program = Program("scatter_mul", {**ROW, "mode": "clip"}, [*avals, Aval.of((2,), np.dtype("float32"))])
    program.jvp_fn((True, False, False))
    with pytest.raises(NotImplementedError, match="unique_indices=True"):
        program.jvp_fn((False, False, True))


@pytest.mark.parametrize(
    ("dtype", "filled"),
    [("int8", -128), ("uint16", 65535), ("bool", True), ("bfloat16", np.nan), ("complex64", np.nan)],
)
def test_fill_by_default(dtype: str, filled: float) -> None:
    x = np.zeros(2).astype(DTYPES[dtype])
    attrs = {"offset_dims": (), "collapsed_slice_dims": (0,), "start_index_map": (0,), "slice_sizes": (1,)}
    indices = np.array([[2], [-1]], "int32")
    out = Program.of("gather", {**attrs, "mode": "fill"}, [x, indices])(x, indices)
    close(out, np.full(2, filled).astype(x.dtype))


def test_keys_are_indexed() -> None:
    """Gather, scatter and dynamic slices of PRNG keys move whole keys."""
    keys, index = Aval.of((4,), FRY), Aval.of((), np.dtype("int32"))
    words = np.arange(8, dtype="uint32").reshape(4, 2)
    sliced = Program("dynamic_slice", {"sizes": (2,)}, [keys, index])
    np.testing.assert_array_equal(sliced(words, np.array(1, "int32")), words[1:3])
    updated = Program("dynamic_update_slice", {}, [keys, keys.with_shape((1,)), index])
    np.testing.assert_array_equal(updated(words, words[:1], np.array(9, "int32"))[3], words[0])
    vectors = Aval.of((3, 1), np.dtype("int32"))
    at, attrs = np.array([[3], [9], [0]], "int32"), {"offset_dims": (), "collapsed_slice_dims": (0,)}
    gathered = Program(
        "gather", {**attrs, "start_index_map": (0,), "slice_sizes": (1,), "mode": "fill"}, [keys, vectors]
    )
    np.testing.assert_array_equal(gathered(words, at), [words[3], [2**32 - 1] * 2, words[0]])
    scattered = Program("scatter", {**ROW, "mode": "fill"}, [keys, vectors, keys.with_shape((3,))])
    wanted = words.copy()
    wanted[[3, 0]] = words[[0, 2]]
    np.testing.assert_array_equal(scattered(words, at, words[:3]), wanted)


def test_constant_starts_make_a_static_slice() -> None:
    context()
    module = Module.new()
    with context(), ir.Location.unknown():
        made = module.add_function(
            "f", [Aval.of((5,), np.dtype("float32"))], ir.Location.unknown(), public=True
        )
        b = module.builder(made)
        out = b.dynamic_slice(made.args[0], b.constant(np.array(4, "int8")), sizes=(2,))
        made.finish([out], ir.Location.unknown())
    make_pass("weft-simplify").run(module)
    assert "start = array<i64: 3>" in module.text()
