"""The benchmarks run and report; how long anything takes is no test's business."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def bench(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, BENCHMARKS / "run.py", *arguments]
    return subprocess.run([str(a) for a in command], capture_output=True, text=True)


def names() -> list[str]:
    return [line.split()[0] for line in bench("--list").stdout.splitlines()]


@pytest.fixture
def results(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    import results

    return results


def row(results, name="call/1", bar=1.1, **samples):
    import case

    rounds = {system: [[(time, None)] for time in times] for system, times in samples.items()}
    return results.Row(case.Case(name, "", lambda side: lambda: None, bar=bar), rounds)


@pytest.mark.slow
def test_every_case_runs(tmp_path):
    report = tmp_path / "all.json"
    done = bench("--quick", "--systems", "weft", "--json", report)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = json.loads(report.read_text())["rows"]
    assert [r["name"] for r in rows] == names()
    assert all(r["weft"]["rounds"] for r in rows)


@pytest.mark.slow
def test_both_sides_run_the_same_text(tmp_path):
    pytest.importorskip("jax", reason="JAX is what weft is measured against")
    report = tmp_path / "both.json"
    done = bench("--quick", "--json", report, "--only", "train/mlp", "--only", "trace/grad-jitted-layers")
    assert done.returncode == 0, done.stdout + done.stderr
    assert all(r["ratio"] > 0 for r in json.loads(report.read_text())["rows"])


def test_unknown_case_is_a_sentence():
    done = bench("--only", "cal/1")
    assert done.returncode == 2
    assert done.stderr == "run.py: no case is named 'cal/1'; --list shows them\n"


def test_a_name_chooses_its_group():
    assert [n for n in names() if n.startswith("call/")] == [
        line.split()[0] for line in bench("--list", "--only", "call/").stdout.splitlines()
    ]


def test_verdict_is_by_the_rounds(results):
    measured = row(results, weft=[1.0, 8.0, 4.0], jax=[1.0, 8.0, 2.0])
    assert (measured.ratio, measured.best_ratio, measured.verdict) == (1.0, 1.0, "ok")
    assert row(results, weft=[1.2], jax=[1.0]).verdict == "MISSED"
    assert row(results, weft=[1.2]).verdict == ""


def test_a_case_that_fails_has_its_reason_in_the_table(results):
    import table

    failed = row(results)
    failed.error = "ValueError: no"
    assert failed.verdict == "FAILED"
    assert list(table.lines({"call/1": failed}, []))[-1] == "call/1: ValueError: no"


def test_growth_and_mean_are_derived(results):
    rows = {
        name: row(results, name, weft=[weft], jax=[jax])
        for name, weft, jax in [
            ("trace/chain-1000", 1.0, 4.0),
            ("trace/chain-4000", 5.0, 16.0),
            ("eager/add", 1.0, 2.0),
            ("eager/sin", 1.0, 8.0),
        ]
    }
    figures = {f.name: f for f in results.derived(rows)}
    assert (figures["growth/chain"].value, figures["growth/chain"].verdict) == (5.0, "MISSED")
    assert (round(figures["eager/all"].value, 12), figures["eager/all"].verdict) == (0.25, "ok")
    assert "call/all" not in figures
