"""What weft tells of compilations: what, why, where from, how long; and `no_retrace`."""

import functools
import io
import logging
import os
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import weft
import weft.numpy as wnp
from weft._tracing import compile_log


@pytest.fixture
def said(caplog):
    """The messages so far; they are forgotten when they are read."""
    caplog.set_level(logging.WARNING, logger="weft.compiles")

    def read():
        texts = [r.getMessage() for r in caplog.records if r.name == "weft.compiles"]
        caplog.clear()
        return texts

    return read


def _scaled(params, y, n=1):
    return wnp.sin(params["w"]) * y + n


def _loud(function, *args, **kwargs):
    with weft.log_compiles(True):
        return function(*args, **kwargs)


def test_nothing_is_said_unasked(said):
    weft.jit(_scaled)({"w": wnp.ones(3)}, 1.0)
    assert said() == []


def test_a_first_call(said):
    f = weft.jit(lambda params, y: params["w"] * y)
    w = wnp.ones(3)
    _loud(f, {"w": w}, 1.0)
    (text,) = said()
    first, called, why = text.splitlines()
    assert first.startswith("<lambda> for (f32[3], ~f32[]): ")
    assert "trace " in first and "transform and lower " in first and "compile " in first
    assert called.startswith("  called at test_compile_log.py:") and "return function(" in called
    assert why == "  it is called for the first time"
    _loud(f, {"w": w}, 2.0)
    assert said() == []


@pytest.mark.parametrize(
    "change, reason",
    [
        (lambda f, w: f({"w": wnp.ones(4)}, 1.0), "params['w'] is f32[4]; it was f32[3]"),
        (lambda f, w: f({"w": w.astype("int32")}, 1.0), "params['w'] is i32[3]; it was f32[3]"),
        (lambda f, w: f({"w": w}, 1), "y is ~i32[]; it was ~f32[]"),
        (
            lambda f, w: f({"w": w}, wnp.float32(1)),
            "the type of y, f32[], is its own; it was that of a Python number (weak type)",
        ),
        (lambda f, w: f({"w": w, "b": w}, 1.0), "params['b'] is new among the arguments"),
        (lambda f, w: f({}, 1.0), "params['w'] is missing among the arguments"),
        (lambda f, w: f({"w": w}, 1.0, n=2), "static argument n is given, 2"),
        (
            lambda f, w: f({"w": weft.device_put(w, weft.devices()[0])}, 1.0),
            "params['w'] is committed to its device now",
        ),
    ],
    ids=["shape", "dtype", "number", "weak", "more", "fewer", "static", "committed"],
)
def test_why(said, change, reason):
    f = weft.jit(lambda params, y, n=1: [v * y for v in params.values()], static_argnames="n")
    w = wnp.ones(3)
    f({"w": w}, 1.0)
    others = wnp.ones(4), w.astype("int32"), wnp.float32(1)
    assert others and said() == []
    with weft.log_compiles(True):
        change(f, w)
    text = next(t for t in said() if t.startswith("<lambda>"))
    assert text.splitlines()[2:] == [f"  {reason}"]


def test_why_another_static_value_and_option(said):
    f = weft.jit(_scaled, static_argnums=2)
    w = wnp.ones(3)
    f({"w": w}, 1.0, 2)
    _loud(f, {"w": w}, 1.0, 3)
    assert said()[0].splitlines()[2:] == ["  static argument n is 3; it was 2"]
    with weft.numpy_rank_promotion("warn"):
        _loud(f, {"w": w}, 1.0, 3)
    assert said()[0].splitlines()[2:] == ["  option numpy_rank_promotion is 'warn'; it was 'allow'"]


def test_why_a_new_function_object(said):
    w = wnp.ones(3)

    def made():
        return weft.jit(lambda x: x * 3)

    made()(w)
    _loud(made(), w)
    text = said()[0]
    assert "an equal program of this process does it" in text
    assert "it is a new function object: <lambda> at " in text and "make it once" in text
    kept = lambda x: x * 3
    weft.jit(kept)(w)
    _loud(weft.jit(kept), w)
    assert "jit was applied again to <lambda> at " in said()[0]


def test_many_arguments_are_cut_short(said):
    f = weft.jit(lambda *xs: sum(xs))
    xs = [wnp.ones(i + 1) for i in range(12)]
    f(*[x[:1] for x in xs])
    _loud(f, *[x[-1] for x in xs])
    first, _, *why = said()[0].splitlines()
    assert "f32[], and 4 more)" in first
    assert why[-1] == "  and 6 more differences"


def test_explanations_of_cache_misses(said):
    def scaled(params, y):
        return params["w"] * y

    f = weft.jit(scaled)
    w, longer = wnp.ones(3), wnp.ones(5)
    with weft.explain_cache_misses(True):
        f({"w": w}, 1.0)
        f({"w": w}, 1.0)
        f({"w": longer}, 1.0)
    first, second = said()
    assert first.startswith("scaled is traced") and "first time" in first
    assert second.endswith("params['w'] is f32[5]; it was f32[3]")


def test_no_retrace():
    f = weft.jit(_scaled, static_argnames="n")
    w, longer = wnp.ones(3), wnp.ones(5)
    f({"w": w}, 1.0)
    with weft.no_retrace():
        f({"w": w}, 2.0)
        with pytest.raises(
            weft.errors.RetraceError, match=r"_scaled would be .*\n.*\n  params\['w'\] is f32\[5\]; it was"
        ):
            f({"w": longer}, 2.0)
    np.testing.assert_allclose(f({"w": longer}, 2.0), np.sin(np.ones(5)) * 2 + 1, rtol=1e-6)


def test_no_retrace_of_ops_and_library_functions():
    x = wnp.ones((3, 17))
    wnp.tanh(x), wnp.std(x)
    y = wnp.ones((3, 19))
    with weft.no_retrace():
        wnp.tanh(x), wnp.std(x)
        for function in (wnp.tanh, wnp.std):
            with pytest.raises(
                weft.errors.RetraceError, match=r"it has not been compiled for \(f32\[3,19\]\) yet"
            ):
                function(y)


def test_no_retrace_is_of_the_thread():
    f = weft.jit(lambda x: x + 1)
    results = []
    with weft.no_retrace():
        thread = threading.Thread(target=lambda: results.append(float(f(np.float32(1)))))
        thread.start()
        thread.join()
    assert results == [2.0]


def test_a_failure_leaves_no_trace_of_itself(said):
    with weft.log_compiles(True), pytest.raises(ZeroDivisionError):
        weft.jit(lambda x: x / (1 // 0))(1.0)
    assert compile_log._MISS.explain is None
    assert said() == []


def test_cache_info():
    f = weft.jit(_scaled)
    assert f.cache_info() == (0, 0)
    f({"w": wnp.ones(3)}, 1.0)
    f({"w": wnp.ones(4)}, 1.0)
    assert f.cache_info().traces == f.cache_info().programs == 2
    f.clear_cache()
    assert f.cache_info() == (0, 0)
    f({"w": wnp.ones(4)}, 1.0)
    weft.clear_caches()
    assert f.cache_info() == (0, 0)


class _Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_is_told_what_takes_long(monkeypatch):
    terminal = _Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(compile_log, "_PATIENCE_S", 0.05)
    with compile_log.compiling("step", []):
        time.sleep(0.3)
    assert "weft: compiling step" in terminal.getvalue() and terminal.getvalue().endswith("\r\x1b[K")
    quick = _Terminal()
    monkeypatch.setattr(sys, "stderr", quick)
    monkeypatch.setattr(compile_log, "_PATIENCE_S", 10.0)
    with compile_log.compiling("step", []):
        pass
    assert quick.getvalue() == ""
    assert not [t for t in threading.enumerate() if "progress" in t.name]


def test_the_variable():
    code = "import weft, weft.numpy as np; x = np.ones(3); weft.jit(lambda x: x * 3)(x)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "WEFT_LOG_COMPILES": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "<lambda> for (f32[3]): " in done.stderr


def test_methods_and_partials_have_names(said):
    _loud(weft.jit(functools.partial(_scaled, n=3)), {"w": wnp.ones(3)}, 1.0)
    assert any("for (f32[3], ~f32[])" in text for text in said())
