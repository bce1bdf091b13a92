"""`jit(f)` in stages: traced, lowered, compiled, and compiled programs as bytes."""

import numpy as np
import pytest

import weft
import weft.numpy as wnp
from weft import random, stages
from weft.experimental.serialize_executable import deserialize_and_load, serialize
from weft_runtime import ArtifactError, saved_executable


def fun(x, p, n):
    """Takes a donated array, a dict and a static number."""
    return {"o": wnp.sum(x * p["w"]) * n, "n": None}


F = weft.jit(fun, static_argnums=2, donate_argnums=0)
ARGS = (weft.ShapeDtypeStruct((2, 3), "float32"), {"w": weft.ShapeDtypeStruct((3,), "float32")}, 4)
X, P = np.ones((2, 3), "f"), {"w": np.arange(3, dtype="f")}


def test_jit_is_wrapped():
    assert isinstance(F, stages.Wrapped)
    assert not isinstance(fun, stages.Wrapped)


def test_traced():
    traced = F.trace(*ARGS)
    assert isinstance(traced, stages.Traced) and traced.fun_name == "fun"
    assert traced.in_tree == weft.tree.structure(((0, {"w": 0}), {}))
    assert traced.out_tree == weft.tree.structure({"o": 0, "n": None})
    assert traced.donate_argnums == (0,)
    (x, p), _ = traced.args_info
    assert (x.shape, x.dtype, x.donated) == ((2, 3), np.float32, True)
    assert isinstance(x, stages.ArgInfo) and not p["w"].donated
    assert traced.in_avals[0][1]["w"] == ARGS[1]["w"]
    assert traced.out_info == {"o": weft.ShapeDtypeStruct((), "float32"), "n": None}
    assert '"weft.mul"' in traced.ir and traced.ir == traced.jaxpr
    assert float(traced(wnp.asarray(X), P)["o"]) == 24
    assert float(weft.jit(lambda x: traced(x, P)["o"] + 1)(X)) == 25


def test_lowered():
    lowered = F.lower(*ARGS)
    assert isinstance(lowered, stages.Lowered)
    assert lowered.in_tree == F.trace(*ARGS).in_tree
    assert lowered.donate_argnums == (0,) and lowered.out_info["o"].shape == ()
    assert "stablehlo.multiply" in lowered.as_text() and "jax.buffer_donor" in lowered.as_text("stablehlo")
    assert '"weft.mul"' in lowered.as_text("weft")
    assert lowered.as_text("hlo").startswith("HloModule")
    assert "test_export_stages.py" in lowered.as_text(debug_info=True)
    assert "test_export_stages.py" not in lowered.as_text()
    assert "stablehlo.multiply" in str(lowered.compiler_ir())
    assert "weft.mul" in str(lowered.compiler_ir("weft"))
    assert lowered.compiler_ir("hlo").as_hlo_module().to_string().startswith("HloModule")
    assert lowered.cost_analysis()["flops"] >= 12
    for ask in (lowered.as_text, lowered.compiler_ir):
        with pytest.raises(ValueError, match="unknown dialect: 'foo'"):
            ask("foo")


def test_compiled():
    compiled = F.lower(*ARGS).compile()
    assert isinstance(compiled, stages.Compiled)
    x = wnp.asarray(X)
    made = compiled(x, P)  # static arguments are not passed
    assert float(made["o"]) == 24 and made["n"] is None
    assert compiled.in_tree == F.trace(*ARGS).in_tree and compiled.out_info["o"].dtype == np.float32
    assert compiled.as_text().startswith("HloModule")
    assert compiled.cost_analysis()["flops"] > 0
    assert compiled.memory_analysis().argument_size_in_bytes == 36
    device = weft.devices()[0]
    assert compiled.output_shardings["o"].devices == (device,)
    assert compiled.input_shardings[0][1]["w"].devices == (device,)
    assert compiled.runtime_executable() is not None


def test_donation():
    f = weft.jit(lambda x: x + 1, donate_argnums=0).lower(weft.ShapeDtypeStruct((3,), "float32")).compile()
    x = wnp.zeros(3)
    y = f(x)
    assert y.tolist() == [1, 1, 1] and x.is_deleted()
    with pytest.raises(RuntimeError, match="deleted"):
        f(x)


def test_weak_types_and_numbers():
    compiled = weft.jit(lambda x: x * 2).lower(1.5).compile()
    assert float(compiled(2.5)) == 5 and compiled(2.5).weak_type
    with pytest.raises(TypeError, match="compiled for float32"):
        compiled(2)


def test_captured_arrays_and_keys():
    table, key = wnp.arange(100.0), random.key(1)
    f = lambda k, i: (random.normal(k), table[i])
    compiled = weft.jit(f).lower(key, 0).compile()
    np.testing.assert_array_equal(compiled(key, 7), f(key, 7))


@pytest.mark.parametrize(
    "args, text",
    [
        ((np.ones((2, 4), "f"), P), r"args\[0\]: compiled for float32\[2,3\], called with float32\[2,4\]"),
        ((X, {"w": np.ones(3, "i")}), r"args\[1\]\['w'\]: compiled for float32\[3\], called with int32\[3\]"),
        ((X,), "compiled for a tuple of 2, called with a tuple of 1"),
        ((X, {"v": np.ones(3, "f")}), r"args\[1\]: compiled for a dict without key 'v'"),
        ((X, P, 4), "tuple of 3"),
    ],
)
def test_other_types(args, text):
    compiled = F.lower(*ARGS).compile()
    with pytest.raises(TypeError, match=text):
        compiled(*args)


def test_compiled_functions_are_not_transformed():
    compiled = weft.jit(wnp.sin).lower(1.0).compile()
    for transformed in (weft.grad(compiled), weft.jit(compiled), lambda x: weft.jvp(compiled, (x,), (x,))):
        with pytest.raises(TypeError, match="cannot be transformed"):
            transformed(1.0)


def test_compiler_options():
    lowered = weft.jit(wnp.sin).lower(1.0)
    options: stages.CompilerOptions = {"xla_backend_optimization_level": 0}
    assert float(lowered.compile(options)(0.0)) == 0
    assert float(lowered.compile(compiler_options=options)(0.0)) == 0
    with pytest.raises(RuntimeError, match="no_such_flag"):
        lowered.compile({"no_such_flag": 1})


def test_calls_on_another_device():
    devices = weft.devices()
    if len(devices) < 2:
        pytest.skip("there is one device")
    compiled = weft.jit(wnp.sin).lower(wnp.ones(3)).compile()
    with pytest.raises(ValueError, match="compiled for"):
        compiled(weft.device_put(wnp.ones(3), devices[1]))


def test_programs_as_bytes():
    compiled = weft.jit(lambda x, p: {"o": wnp.sum(x * p["w"]), "k": random.key(3)}).lower(X, P).compile()
    payload, in_tree, out_tree = serialize(compiled)
    again = deserialize_and_load(payload, in_tree, out_tree, backend="cpu")
    assert float(again(X, P)["o"]) == 6 and again(X, P)["k"].dtype == random.key(3).dtype
    assert again.in_avals == compiled.in_avals
    twice = deserialize_and_load(*serialize(again))
    assert float(twice(X, P)["o"]) == 6
    with pytest.raises(TypeError, match=r"args\[0\]"):
        again(np.ones(3, "f"), P)
    with pytest.raises(ArtifactError, match="damaged"):
        deserialize_and_load(payload[:-1], in_tree, out_tree)


def test_programs_of_other_machines(monkeypatch):
    payload = saved_executable.to_bytes(weft.jit(wnp.sin).lower(1.0).compile()._executable)
    monkeypatch.setattr(saved_executable.pjrt, "jaxlib_version", "0.1")
    with pytest.raises(ArtifactError, match=r"jaxlib .* but this is 0\.1"):
        saved_executable.from_bytes(payload)
    exported = weft.export.export(weft.jit(wnp.sin))(1.0).serialize()
    with pytest.raises(ArtifactError, match="not a compiled one"):
        saved_executable.from_bytes(exported)


def test_programs_that_cannot_be_bytes():
    table = wnp.arange(100.0)
    with pytest.raises(ValueError, match="captures 1 arrays"):
        serialize(weft.jit(lambda i: table[i]).lower(0).compile())
    calls = weft.jit(lambda x: weft.pure_callback(np.sin, x, x)).lower(np.float32(1)).compile()
    with pytest.raises(ValueError, match="Python functions"):
        serialize(calls)
