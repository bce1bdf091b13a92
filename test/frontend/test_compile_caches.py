"""What is compiled once: equal functions in a process, and functions that only moved, over processes."""

import os
import subprocess
import sys

import numpy as np

import weft
import weft.numpy as wnp
from weft_runtime import compile_cache, pjrt
from weft_runtime.loaded_programs import LOADED


def _compilations(monkeypatch):
    seen, real = [], pjrt.compile_module
    monkeypatch.setattr(pjrt, "compile_module", lambda *args: seen.append(1) or real(*args))
    return seen


def test_functions_made_anew_compile_once(monkeypatch, tmp_path):
    monkeypatch.setenv("WEFT_CACHE", "0")
    x = wnp.arange(7.0)
    LOADED.clear()
    seen = _compilations(monkeypatch)
    results = [weft.jit(lambda x: wnp.sin(x) * 2 + 1)(x) for _ in range(4)]
    assert len(seen) == 1
    results.append(
        weft.jit(lambda x: wnp.sin(x) * 2 + 1)(x)  # the same at another place
    )
    assert len(seen) == 1
    for result in results:
        np.testing.assert_allclose(result, np.sin(np.arange(7)) * 2 + 1, rtol=1e-6)
    weft.jit(lambda x: wnp.sin(x) * 3 + 1)(x)
    assert len(seen) == 2
    weft.clear_caches()
    weft.jit(lambda x: wnp.sin(x) * 2 + 1)(x)
    assert len(seen) == 3


def test_donation_and_device_are_part_of_the_program(monkeypatch):
    monkeypatch.setenv("WEFT_CACHE", "0")
    LOADED.clear()
    seen = _compilations(monkeypatch)

    def f(x):
        return x + 1

    x, y = wnp.arange(1000.0), wnp.arange(1000.0)
    seen.clear()
    kept = weft.jit(f)(x)
    given = weft.jit(f, donate_argnums=0)(y)
    assert len(seen) == 2 and not x.is_deleted() and y.is_deleted()
    np.testing.assert_array_equal(kept, given)


_PROGRAM = """
import weft, weft.numpy as np
from weft_runtime import pjrt
real, seen = pjrt.compile_module, []
pjrt.compile_module = lambda *args: seen.append(1) or real(*args)
PADDING
@weft.jit
def f(x):
    y = np.sin(x)
    return y + 2
x = np.arange(5.0)
seen.clear()
print(float(f(x).sum()), len(seen))
"""


def _run(padding, folder):
    environment = {**os.environ, "WEFT_CACHE_DIR": str(folder), "WEFT_CACHE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM.replace("PADDING", padding)],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    return done.stdout.split()


def test_a_function_that_moved_is_not_compiled_again(tmp_path):
    first, second = _run("", tmp_path), _run("\n\n# moved down\n", tmp_path)
    assert first[1] == "2" and second[1] == "0" and first[0] == second[0]


def test_options_reach_the_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("WEFT_CACHE", "1")
    options = {
        "compilation_cache_dir": str(tmp_path),
        "persistent_cache_min_compile_time_secs": 2.5,
        "enable_compilation_cache": False,
    }
    before = {name: weft.config.read(name) for name in options}
    try:
        weft.config.update("compilation_cache_dir", str(tmp_path))
        weft.config.update("persistent_cache_min_compile_time_secs", 2.5)
        cache = compile_cache.current()
        assert (cache.folder, cache.least_compile_s) == (tmp_path, 2.5)
        weft.config.update("enable_compilation_cache", False)
        assert compile_cache.current() is None
    finally:
        for name, value in before.items():
            weft.config.update(name, value)
