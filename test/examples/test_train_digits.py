"""examples/train_digits.py learns to read digits and leaves files that the tools read."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from alone import run_alone

pytest.importorskip("sklearn", reason="the digits come with scikit-learn, which only the examples need")
pytest.importorskip("matplotlib", reason="only the examples draw")

EXAMPLE = Path(__file__).parents[2] / "examples" / "train_digits.py"
STAGES = ("1-traced", "2-expanded", "3-simplified", "4-stablehlo")

pytestmark = pytest.mark.slow


def tool(name: str, *arguments: object) -> str:
    command = [sys.executable, "-m", f"weft_tools.{name}", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("digits")
    command = [sys.executable, EXAMPLE, "--epochs", "8", "--out", folder]
    return folder, subprocess.run([str(c) for c in command], capture_output=True, text=True)


def test_learns(run):
    _, done = run
    assert done.returncode == 0, done.stdout + done.stderr
    last = re.findall(r"epoch +8/8 .* test accuracy ([\d.]+) %", done.stdout)
    assert float(last[0]) >= 97.0


def test_draws(run):
    folder, _ = run
    assert (folder / "training.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("stage", STAGES)
def test_stage_reads_back_as_itself(run, stage):
    folder, _ = run
    text = (folder / f"{stage}.mlir").read_text()
    assert tool("opt", folder / f"{stage}.mlir").rstrip() == text.rstrip()


def test_stages_are_what_their_names_say(run):
    folder, _ = run
    traced, expanded, simplified, lowered = ((folder / f"{s}.mlir").read_text() for s in STAGES)
    assert "weftn.vjp" in traced and "weftn.vmap" in traced
    assert "weftn.vjp" not in expanded and "weftn.vmap" not in expanded
    assert 0 < simplified.count(" = ") < expanded.count(" = ")
    assert "weft" not in lowered and "stablehlo.dot_general" in lowered


def test_stages_compute_the_same(run):
    folder, _ = run
    results = [
        np.array([float(n) for n in re.findall(r"-?\d+\.?\d*(?:e-?\d+)?", tool("run", path, "--random=1"))])
        for path in (folder / "1-traced.mlir", folder / "3-simplified.mlir")
    ]
    np.testing.assert_allclose(*results, rtol=1e-3, atol=1e-5)


def test_exported_model_reads_digits_without_the_compiler(run):
    folder, _ = run
    printed = run_alone(
        f"""
from sklearn.datasets import load_digits
raw = load_digits()
read = load({str(folder / "read_digits.weft")!r})
print(np.mean(np.asarray(read(raw.images / 16.0)) == raw.target), read(np.zeros((1, 8, 8))).shape)
"""
    )
    share, shape = printed.split(" ", 1)
    assert float(share) >= 0.97 and shape.strip() == "(1,)"
