"""`weft.export`: functions for other processes, with static shapes. Loading alone: test/runtime/test_load.py."""

import os
import subprocess
import sys
from collections import OrderedDict, namedtuple
from dataclasses import dataclass, field

import ml_dtypes
import numpy as np
import pytest

import weft
import weft.numpy as wnp
from weft import export, random, tree_util
from weft_runtime import ArtifactError

STRUCT = weft.ShapeDtypeStruct


def round_trip(fun, *args, vjp_order=0, **kwargs):
    """`fun` exported for these arguments, serialized and read back."""
    exported = export.export(weft.jit(fun))(*args, **kwargs)
    return export.deserialize(exported.serialize(vjp_order=vjp_order))


def same(got, want):
    """Two trees are equal: structure, dtypes, weak types and values."""
    assert tree_util.tree_structure(got) == tree_util.tree_structure(want)
    for x, y in zip(weft.tree.leaves(got), weft.tree.leaves(want), strict=True):
        assert x.dtype == y.dtype and x.shape == y.shape and x.weak_type == y.weak_type
        if not weft.dtypes.is_extended(x.dtype):
            np.testing.assert_array_equal(np.asarray(x), np.asarray(y))


def test_what_is_known_of_an_exported_function():
    exported = export.export(weft.jit(lambda x, n: {"a": x + n, "b": (n, None)}))(
        STRUCT((3,), "float32"), STRUCT((), "int32")
    )
    assert str(exported) == "Exported(fun_name=<lambda>, ...)"
    assert [str(a) for a in exported.in_avals] == ["float32[3]", "int32[]"]
    assert [str(a) for a in exported.out_avals] == ["float32[3]", "int32[]"]
    assert exported.in_tree == tree_util.tree_structure(((0, 0), {}))
    assert exported.out_tree == tree_util.tree_structure({"a": 0, "b": (0, None)})
    assert exported.platforms == (export.default_export_platform(),)
    assert exported.nr_devices == 1 and exported.module_kept_var_idx == (0, 1)
    assert not exported.uses_global_constants and exported.has_vjp()
    assert exported.ordered_effects == exported.unordered_effects == ()
    assert exported.disabled_safety_checks == ()
    low, high = (
        export.minimum_supported_calling_convention_version,
        export.maximum_supported_calling_convention_version,
    )
    assert low <= exported.calling_convention_version <= high


def test_module_is_stablehlo():
    exported = export.export(weft.jit(lambda x: wnp.sin(x) * 2))(STRUCT((3,), "float32"))
    assert "stablehlo.sine" in exported.mlir_module()
    assert "weft" not in exported.mlir_module()
    assert isinstance(exported.mlir_module_serialized, bytes)
    assert str(exported.mlir_module(serialized=False)).strip() == exported.mlir_module().strip()


def test_chlo_ops_and_source_lines():
    from weft.lax import erf

    exported = round_trip(erf, wnp.ones(3))
    np.testing.assert_allclose(exported.call(np.ones(3, "f")), 0.8427008, rtol=1e-6)
    assert b"test_export.py" not in exported.mlir_module_serialized


DTYPES = [
    "bool", "int8", "uint8", "int16", "int32", "uint32", "float16", "bfloat16", "float32", "complex64",
    "float8_e4m3fn", "float8_e5m2", "int4", "uint4",
]  # fmt: skip


@pytest.mark.parametrize("name", DTYPES)
def test_dtypes(name):
    dtype = np.dtype(getattr(ml_dtypes, name, name))
    x = np.array([0, 1, 1, 0]).astype(dtype)
    constant = wnp.asarray(x)
    exported = round_trip(lambda y: (y, constant, y[::-1]), x)
    for made in exported.call(x):
        assert made.dtype == dtype
    np.testing.assert_array_equal(np.asarray(exported.call(x)[1]) == x, True)


def test_wide_dtypes():
    with weft.enable_x64(True):
        exported = round_trip(lambda x, n: x * n, np.ones(2), np.int64(3))
        assert exported.call(np.ones(2), np.int64(3)).dtype == np.float64


def test_random_keys():
    key = random.key(3)
    exported = round_trip(lambda k: (random.split(k), random.normal(k, (3,))), key)
    keys, numbers = exported.call(key)
    assert keys.dtype == key.dtype
    np.testing.assert_array_equal(random.key_data(keys), random.key_data(random.split(key)))
    np.testing.assert_array_equal(numbers, random.normal(key, (3,)))
    captured = round_trip(lambda x: x + random.normal(key, (3,)), wnp.zeros(3))
    np.testing.assert_array_equal(captured.call(wnp.zeros(3)), random.normal(key, (3,)))


def test_weak_types_are_kept():
    exported = round_trip(lambda x: (x, x + 1, 2.0), 1.0)
    same(exported.call(1.0), weft.jit(lambda x: (x, x + 1, 2.0))(1.0))


def test_captured_arrays_are_in_the_file():
    table = wnp.arange(1000.0)
    exported = export.export(weft.jit(lambda i: (table[i], table.sum())))(np.int32(0))
    blob = exported.serialize()
    assert len(blob) > 4000
    same(export.deserialize(blob).call(np.int32(7)), (table[7], table.sum()))


def test_names_and_static_arguments():
    exported = export.export(weft.jit(lambda x, n, *, scale: x * n * scale, static_argnums=1))(
        wnp.ones(2), 3, scale=2.0
    )
    exported = export.deserialize(exported.serialize())
    np.testing.assert_array_equal(exported.call(wnp.ones(2), scale=2.0), [6, 6])
    with pytest.raises(ValueError, match="structure"):
        exported.call(wnp.ones(2), 3, scale=2.0)


Pair = namedtuple("Pair", "left right")
export.register_namedtuple_serialization(Pair, serialized_name="test_export.Pair")


@dataclass(frozen=True)
class Layer:
    w: object
    name: str = field(metadata={"static": True}, default="layer")


tree_util.register_dataclass(Layer)
export.register_pytree_node_serialization(
    Layer,
    serialized_name="test_export.Layer",
    serialize_auxdata=lambda data: repr(tuple(data)).encode(),
    deserialize_auxdata=lambda data: eval(data, {}),
)


def test_containers():
    x = wnp.ones(2)
    tree = {"p": Pair(x, [x, None]), "o": OrderedDict(z=x, a=(x,)), "d": Layer(x, "first"), "e": ()}
    fun = lambda t, *rest, **named: ({"out": t, "n": named}, rest)
    exported = round_trip(fun, tree, x, k=x)
    same(exported.call(tree, x, k=x), fun(tree, x, k=x))
    assert exported.call(tree, x, k=x)[0]["out"]["d"].name == "first"
    with pytest.raises(ValueError, match="structure"):
        exported.call({**tree, "d": Layer(x, "second")}, x, k=x)


def test_containers_that_cannot_be_written():
    Other = namedtuple("Other", "a")
    exported = export.export(weft.jit(lambda t: t.a))(Other(1.0))
    assert float(exported.call(Other(2.0))) == 2
    with pytest.raises(ValueError, match=r"Other.*\n.*register_namedtuple_serialization"):
        exported.serialize()
    with pytest.raises(TypeError, match="key 3 of type int"):
        export.export(weft.jit(lambda t: t[3]))({3: 1.0}).serialize()


def test_registration_errors():
    class Plain:
        pass

    with pytest.raises(ValueError, match="already"):
        export.register_namedtuple_serialization(Pair, serialized_name="again")
    with pytest.raises(ValueError, match="already"):
        export.register_namedtuple_serialization(namedtuple("New", "a"), serialized_name="test_export.Pair")
    with pytest.raises(ValueError, match="no namedtuple"):
        export.register_namedtuple_serialization(Plain, serialized_name="plain")
    keywords = dict(serialize_auxdata=lambda _: b"", deserialize_auxdata=lambda _: None)
    with pytest.raises(ValueError, match="no tree node"):
        export.register_pytree_node_serialization(Plain, serialized_name="plain", **keywords)


def test_wrong_arguments():
    exported = round_trip(lambda x, n: x * n, STRUCT((3,), "float32"), STRUCT((), "int32"))
    call = exported.call
    cases = [
        ((np.ones(4, "f"), 2), ValueError, r"args\[0\] must be float32\[3\], but is float32\[4\]"),
        ((np.ones((3, 1), "f"), 2), ValueError, r"args\[0\] must be float32\[3\]"),
        ((wnp.ones(3, "bfloat16"), 2), ValueError, r"args\[0\] must be float32\[3\], but is bfloat16"),
        ((np.ones(3, "i"), 2), ValueError, r"args\[0\]"),
        ((np.ones(3, "f"), 2.5), ValueError, r"args\[1\] must be int32\[\]"),
        ((np.ones(3, "f"), True), ValueError, r"args\[1\] must be int32\[\]"),
        ((np.ones(3, "f"), 2**40), ValueError, r"args\[1\] must be int32\[\]"),
        ((np.ones(3, "f"), "two"), TypeError, r"args\[1\] must be int32\[\], got 'two'"),
        ((np.ones(3, "f"),), ValueError, "structure"),
    ]
    for args, kind, text in cases:
        with pytest.raises(kind, match=text):
            call(*args)
    np.testing.assert_array_equal(call(np.ones(3), 2), [2, 2, 2])  # 64 bits of NumPy are narrowed


def test_donated_arguments_stay_alive():
    x = wnp.ones(3)
    exported = export.export(weft.jit(lambda x: x + 1, donate_argnums=0))(x)
    np.testing.assert_array_equal(exported.call(x), x + 1)


def test_calls_while_tracing():
    exported = round_trip(lambda x, k: {"y": wnp.sin(x), "k": k}, wnp.ones(3), random.key(0))

    @weft.jit
    def outer(x, key):
        first = exported.call(x, key)
        second = exported.call(first["y"], first["k"])
        return second["y"] + random.normal(second["k"], (3,))

    x, key = wnp.arange(3.0), random.key(5)
    want = np.sin(np.sin(np.arange(3.0))) + np.asarray(random.normal(key, (3,)))
    np.testing.assert_allclose(outer(x, key), want, rtol=1e-6)
    text = outer.lower(x, key).as_text()
    assert text.count("stablehlo.sine") == 1 and text.count("@exported.") >= 2  # one function, called twice
    again = export.export(outer)(x, key)
    np.testing.assert_allclose(export.deserialize(again.serialize()).call(x, key), want, rtol=1e-6)


def test_wrong_arguments_while_tracing():
    exported = round_trip(lambda x: x, wnp.ones(3))
    with pytest.raises(ValueError, match=r"args\[0\] must be float32\[3\]"):
        weft.jit(exported.call)(wnp.ones(4))
    with pytest.raises(ValueError, match=r"args\[0\] must be float32\[3\], but has dtype int32"):
        weft.jit(exported.call)(np.ones(3, "i"))


def loss(x, n, w):
    return wnp.sum(wnp.tanh(x @ w["a"]) * n), n + 1


ARGS = (wnp.arange(6.0).reshape(2, 3) / 6, np.int32(3), {"a": wnp.ones((3, 2)) / 4})


@pytest.mark.parametrize("vjp_order", [1, 2])
def test_derivatives(vjp_order):
    exported = round_trip(loss, *ARGS, vjp_order=vjp_order)
    of = lambda f: lambda w: f(ARGS[0], ARGS[1], {"a": w})[0]
    w = ARGS[2]["a"]
    want = weft.grad(of(loss))(w)
    np.testing.assert_allclose(weft.grad(of(exported.call))(w), want, rtol=1e-6)
    np.testing.assert_allclose(weft.jit(weft.grad(of(exported.call)))(w), want, rtol=1e-6)
    twice = lambda f: weft.grad(lambda w: wnp.sum(weft.grad(of(f))(w) ** 2))
    if vjp_order == 2:
        np.testing.assert_allclose(twice(exported.call)(w), twice(loss)(w), rtol=1e-5)
    else:
        with pytest.raises(ValueError, match="vjp_order"):
            twice(exported.call)(w)


def test_vjp_as_a_function():
    exported = export.export(weft.jit(loss))(*ARGS)
    for derivative in (exported.vjp(), export.deserialize(exported.serialize(vjp_order=1)).vjp()):
        names = [str(a) for a in derivative.in_avals]
        assert names == ["float32[2,3]", "int32[]", "float32[3,2]", "float32[]", "float0[]"]
        assert [str(a) for a in derivative.out_avals] == ["float32[2,3]", "float0[]", "float32[3,2]"]
        x, n, w = ARGS[0], ARGS[1], ARGS[2]["a"]
        dx, dn, dw = derivative.call(x, n, w, np.float32(1), np.zeros((), weft.float0))
        want = weft.grad(lambda x, n, w: loss(x, n, {"a": w})[0], argnums=(0, 2))(x, n, w)
        np.testing.assert_allclose(dx, want[0], rtol=1e-6)
        np.testing.assert_allclose(dw, want[1], rtol=1e-6)
        assert dn.dtype == weft.float0


def test_transformations_that_there_are_not():
    exported = round_trip(lambda x: wnp.sin(x), wnp.ones(3))
    assert not exported.has_vjp()
    with pytest.raises(ValueError, match="vjp_order"):
        exported.vjp()
    with pytest.raises(ValueError, match="vjp_order"):
        weft.grad(lambda x: exported.call(x).sum())(wnp.ones(3))
    differentiable = round_trip(lambda x: wnp.sin(x), wnp.ones(3), vjp_order=1)
    with pytest.raises(TypeError, match="forward-mode"):
        weft.jvp(differentiable.call, (wnp.ones(3),), (wnp.ones(3),))
    with pytest.raises(NotImplementedError, match="batch"):
        weft.vmap(exported.call)(wnp.ones((2, 3)))


def test_platforms():
    fun = weft.jit(lambda x: x + 1)
    for platforms in ("cpu", (), ("gpu",)):
        with pytest.raises(ValueError, match="platforms"):
            export.export(fun, platforms=platforms)
    everywhere = ("cpu", "cuda", "rocm", "tpu", "metal")
    exported = export.deserialize(export.export(fun, platforms=everywhere)(1.0).serialize())
    assert exported.platforms == everywhere and float(exported.call(1.0)) == 2
    elsewhere = export.export(fun, platforms=("tpu",))(1.0)
    with pytest.raises(ValueError, match="exported for tpu, but would run on cpu"):
        elsewhere.call(1.0)
    check = export.DisabledSafetyCheck.platform()
    unchecked = export.export(fun, platforms=("tpu",), disabled_checks=[check])(1.0)
    unchecked = export.deserialize(unchecked.serialize())
    assert unchecked.disabled_safety_checks == (check,)
    assert float(unchecked.call(1.0)) == 2


def test_lapack_is_of_the_cpu():
    fun = weft.jit(wnp.linalg.eigvalsh)
    x = np.diag([1.0, 2.0]).astype("f")
    np.testing.assert_allclose(round_trip(wnp.linalg.eigvalsh, x).call(x), [1, 2], rtol=1e-6)
    with pytest.raises(ValueError, match=r"LAPACK.*which only the CPU has"):
        export.export(fun, platforms=("cpu", "cuda"))(x)


def test_host_callbacks_are_refused():
    def calls(x):
        weft.debug.print("{}", x)
        return weft.pure_callback(np.sin, x, x)

    with pytest.raises(NotImplementedError, match="calls Python functions"):
        export.export(weft.jit(calls))(np.float32(1))


def test_custom_calls():
    check = export.DisabledSafetyCheck.custom_call("thing")
    assert check.is_custom_call() == "thing" and str(check) == "custom_call:thing"
    assert export.DisabledSafetyCheck.platform().is_custom_call() is None
    assert len({check, export.DisabledSafetyCheck.custom_call("thing")}) == 1


def test_other_things_are_refused():
    with pytest.raises(ValueError, match="made by jit"):
        export.export(lambda x: x)
    with pytest.raises(TypeError, match="expected bytes"):
        export.deserialize("path")
    blob = export.export(weft.jit(lambda x: x))(1.0).serialize()
    for broken in (b"", b"abc", blob[:20], blob[:-1], blob[:-5] + b"xxxxx", b"\x93" + blob[1:50]):
        with pytest.raises(ArtifactError):
            export.deserialize(broken)


def test_same_bytes_each_time():
    fun = lambda x: {"b": wnp.sin(x), "a": x @ x}
    blobs = {bytes(export.export(weft.jit(fun))(wnp.ones(3)).serialize(vjp_order=1)) for _ in range(2)}
    assert len(blobs) == 1


def test_control_flow_and_transformations_inside():
    def fun(x):
        total = weft.lax.fori_loop(0, 3, lambda i, c: c + x[i], 0.0)
        last, ys = weft.lax.scan(lambda c, v: (c * v, c), total, x)
        y = weft.lax.cond(total > 0, wnp.sin, wnp.cos, last)
        return weft.vmap(weft.grad(lambda v: wnp.sin(v) * y))(x), ys

    x = wnp.arange(1.0, 4.0)
    exported = round_trip(fun, x)
    for got, want in zip(exported.call(x), weft.jit(fun)(x), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-6)


SHARDED = """
import numpy as np
import weft
import weft.numpy as wnp
from weft import export
from weft.sharding import Mesh, NamedSharding, PartitionSpec

mesh = Mesh(np.array(weft.devices()), ("x",))
over_x = NamedSharding(mesh, PartitionSpec("x"))
x = weft.device_put(wnp.arange(8.0), over_x)
plain = export.export(weft.jit(wnp.sin))(x)
print(plain.nr_devices, plain.call(x).sharding == over_x, plain.call(wnp.arange(8.0)).sharding.num_devices)
laid = export.export(weft.jit(lambda x: weft.lax.with_sharding_constraint(wnp.sin(x), over_x)))(x)
laid = export.deserialize(laid.serialize())
print(laid.nr_devices, laid.call(x).sharding == over_x, weft.jit(laid.call)(x).sharding == over_x)
compiled = weft.jit(lambda x: x + 1, in_shardings=over_x, out_shardings=over_x).lower(wnp.arange(8.0)).compile()
print(compiled(x).sharding == over_x, compiled(wnp.arange(8.0)).tolist()[-1])
compiled = weft.jit(wnp.sin).lower(weft.ShapeDtypeStruct((8,), "float32", sharding=over_x)).compile()
print(compiled(x).sharding == over_x, compiled.input_shardings[0][0] == over_x)
try:
    laid.call(wnp.arange(8.0))
except ValueError as error:
    print(error)
"""


def test_over_several_devices():
    environment = {**os.environ, "WEFT_PLATFORMS": "cpu", "WEFT_NUM_CPU_DEVICES": "4"}
    command = [sys.executable, "-c", SHARDED]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "1 True 1",
        "4 True True",
        "True 8.0",
        "True True",
        "<lambda> was exported for 4 devices, and is called on 1",
    ]
