"""Functions of examples/thinking_in_weft.py, exported and run by the runtime alone."""

import json
import runpy
from pathlib import Path

import numpy as np
import pytest
from alone import run_alone

import weft
from weft import export

EXAMPLE = Path(__file__).parents[2] / "examples" / "thinking_in_weft.py"
X = np.linspace(-1, 2, 7).astype("f")


@pytest.fixture(scope="module")
def lessons():
    return runpy.run_path(str(EXAMPLE))


@pytest.mark.parametrize(
    "name, transformed",
    [
        ("selu", lambda f: f),
        ("selu", lambda f: weft.vmap(weft.grad(f))),
        ("sum_logistic", lambda f: f),
        ("sum_logistic", weft.grad),
    ],
    ids=["selu", "slopes of selu", "sum_logistic", "gradient of sum_logistic"],
)
def test_runs_alone(lessons, tmp_path, name, transformed):
    fun = weft.jit(transformed(lessons[name]))
    path = tmp_path / "f.weft"
    spec = weft.ShapeDtypeStruct(export.symbolic_shape("n"), "float32")
    path.write_bytes(export.export(fun)(spec).serialize())
    printed = run_alone(f"print(load({str(path)!r})(np.array({X.tolist()})).tolist())")
    np.testing.assert_allclose(json.loads(printed), fun(X), rtol=1e-5)
