"""`weft_runtime.load`: artifacts run in a process that has neither weft's frontend nor its compiler nor jax."""

from __future__ import annotations

import dataclasses
import json
from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest
from alone import run_alone

import weft
import weft.numpy as wnp
import weft_runtime
from weft import export, random
from weft_runtime import ArtifactError, artifact, load

STRUCT = weft.ShapeDtypeStruct


@pytest.fixture
def write(tmp_path: Path):
    """Exports a function to a file; its path."""

    def write(fun, *args, name="f.weft", vjp_order=0, **kwargs) -> Path:
        path = tmp_path / name
        path.write_bytes(export.export(weft.jit(fun))(*args, **kwargs).serialize(vjp_order))
        return path

    return write


def predict(params, x, *, scale):
    h = wnp.tanh(x @ params["w"] + params["b"])
    return {"mean": h.mean(0) * scale, "best": h.argmax(-1), "none": None}


PARAMS = {"w": wnp.arange(6.0).reshape(2, 3) / 6, "b": wnp.ones(3)}


def test_runs_without_the_compiler(write):
    path = write(predict, PARAMS, wnp.ones((4, 2)), scale=2.0)
    printed = run_alone(
        f"""
f = load({str(path)!r})
params = {{"w": np.arange(6.0).reshape(2, 3) / 6, "b": np.ones(3)}}
made = f(params, np.ones((4, 2)), scale=2.0)
print(sorted(made), made["none"], type(made["mean"]).__name__, made["mean"].dtype, made["best"].tolist())
print(np.asarray(made["mean"]).tolist())
print(f)
"""
    )
    keys, mean, shown = printed.splitlines()
    want = weft.jit(predict)(PARAMS, wnp.ones((4, 2)), scale=2.0)
    assert keys == f"['best', 'mean', 'none'] None Array float32 {want['best'].tolist()}"
    np.testing.assert_allclose(json.loads(mean), want["mean"], rtol=1e-6)
    assert shown == (
        "<Loaded predict: (float32[3], float32[2,3], float32[4,2], float32[]) -> (int32[4], float32[3])>"
    )


def test_sizes_known_at_the_call(write):
    x = STRUCT(export.symbolic_shape("b, 2", constraints=["b >= 2"]), "float32")
    path = write(predict, PARAMS, x, scale=2.0)
    printed = run_alone(
        f"""
f = load({str(path)!r})
params = {{"w": np.arange(6.0).reshape(2, 3) / 6, "b": np.ones(3)}}
for b in (2, 5, 2):
    print(f(params, np.ones((b, 2)), scale=2.0)["best"].shape)
for shape in ((1, 2), (3, 1), (3,)):
    try:
        f(params, np.ones(shape), scale=2.0)
    except ValueError as error:
        print(str(error).replace("\\n", " "))
"""
    )
    lines = printed.splitlines()
    assert lines[:3] == ["(2,)", "(5,)", "(2,)"]
    assert "the constraint b >= 2" in lines[3]
    assert "args[1] must be float32[b,2], but is float32[3,1]" in lines[4]
    assert "args[1] must be float32[b,2], but is float32[3]" in lines[5]


def test_keys_go_through(write):
    path = write(lambda key: (random.split(key, 2), random.uniform(key, (2,))), random.key(1))
    printed = run_alone(
        f"""
from weft_runtime import device_put
f = load({str(path)!r}, flat=True)
key = device_put(np.array([0, 1], np.uint32), f.in_types[0].dtype)
keys, numbers = f(key)
print(keys.shape, keys.dtype, numbers.tolist())
print(f(keys[0] if False else key)[1].shape)
"""
    )
    first, second = printed.splitlines()
    numbers = random.uniform(random.key(1), (2,)).tolist()
    assert first == f"(2,) key<fry> {numbers}"
    assert second == "(2,)"


def test_derivative(write):
    path = write(lambda x: wnp.sum(wnp.sin(x)), wnp.ones(3), vjp_order=1)
    printed = run_alone(
        f"""
f = load({str(path)!r})
(dx,) = f.vjp()(np.zeros(3), np.float32(2))
print(dx.tolist())
try:
    f.vjp().vjp()
except ValueError as error:
    print(error)
"""
    )
    assert printed.splitlines()[0] == "[2.0, 2.0, 2.0]"
    assert "vjp_order" in printed


def test_containers_of_the_user(write):
    Batch = namedtuple("Batch", "x y")
    export.register_namedtuple_serialization(Batch, serialized_name="test_load.Batch")
    path = write(lambda b: Batch(b.y, b.x), Batch(wnp.ones(2), wnp.zeros(3)))
    printed = run_alone(
        f"""
from collections import namedtuple
try:
    load({str(path)!r})
except ValueError as error:
    print(str(error).splitlines()[0])
print([x.shape for x in load({str(path)!r}, flat=True)(np.ones(2), np.zeros(3))])
Batch = namedtuple("Batch", "x y")
weft_runtime.register_namedtuple_serialization(Batch, serialized_name="test_load.Batch")
print(load({str(path)!r})(Batch(np.ones(2), np.zeros(3))).y.tolist())
"""
    )
    unknown, flat, named = printed.splitlines()
    assert "'test_load.Batch', which is not registered" in unknown
    assert flat == "[(3,), (2,)]"
    assert named == "[1.0, 1.0]"


def test_lapack(write):
    path = write(wnp.linalg.eigvalsh, np.diag([3.0, 1.0]).astype("f"))
    printed = run_alone(f"print(load({str(path)!r})(np.diag([3.0, 1.0])).tolist())")
    np.testing.assert_allclose(json.loads(printed), [1, 3], rtol=1e-6)


def test_placement(write):
    cpu = weft_runtime.devices("cpu")[0]
    f = load(write(lambda x: x + 1, wnp.ones(3)), device=cpu)
    assert f(np.ones(3)).committed
    assert not load(write(lambda x: x + 1, wnp.ones(3)))(np.ones(3)).committed


def test_another_platform():
    made = export.export(weft.jit(lambda x: x), platforms=("cuda", "tpu"))(1.0)
    with pytest.raises(ValueError, match="exported for cuda, tpu, but would run on cpu"):
        load(made.serialize())(1.0)


def test_broken_files(tmp_path, write):
    path = write(lambda x: x + 1, wnp.ones(3))
    content = path.read_bytes()
    assert load(content)(np.ones(3)).tolist() == [2, 2, 2]
    assert load(bytearray(content)).name == load(str(path)).name
    for broken, text in (
        (b"", "no weft artifact"),
        (b"PK\x03\x04" + content[4:], "no weft artifact"),
        (content[:-1], "damaged"),
        (content[:30], "damaged"),
        (content[:100] + b"!" + content[101:], "damaged"),
    ):
        path.write_bytes(broken)
        with pytest.raises(ArtifactError, match=text):
            load(path)
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "missing.weft")


def test_later_formats(monkeypatch):
    monkeypatch.setattr(artifact, "FORMAT", 9)
    later = artifact.write({"weft": "7.0", "programs": []}, [])
    monkeypatch.undo()
    with pytest.raises(
        ArtifactError, match=r"format 9, written by weft 7\.0; this weft reads formats up to 1"
    ):
        load(later)
    with pytest.raises(ArtifactError, match="no program"):
        load(artifact.write({"programs": []}, []))


def test_sections_are_kept():
    header, sections = artifact.read(artifact.write({"a": [1, "é"]}, [b"", b"xy", b"\x00" * 5]))
    assert header["a"] == [1, "é"] and sections == [b"", b"xy", b"\x00" * 5]


def test_later_versions_of_stablehlo():
    made = export.export(weft.jit(lambda x: x + 1))(1.0)._program
    later = dataclasses.replace(made, stablehlo_version="99.0.0", code=b"ML\xefR\rStableHLO_v99.0.0\x00")
    with pytest.raises(ArtifactError, match=r"exported in StableHLO 99\.0\.0; this jaxlib"):
        load(later.to_bytes())(1.0)
