"""The cache saves time and never costs a result."""

import os
import time

import numpy as np
import pytest

import weft_runtime as wr
from weft_runtime import compile_cache, pjrt
from weft_runtime.compile_cache import CompileCache

F4 = np.dtype("f4")
MODULE = """
func.func @main(%x: tensor<2xf32>) -> tensor<2xf32> {
  %y = stablehlo.multiply %x, %x : tensor<2xf32>
  return %y : tensor<2xf32>
}"""


def entries(folder):
    return sorted(folder.glob("*.xla"))


def run(**kwargs):
    x = wr.device_put([3.0, 4.0], F4)
    return wr.compile(MODULE, [x.spec], [((2,), F4, False)], **kwargs)([x])[0].tolist()


@pytest.fixture
def compilations(monkeypatch):
    """The modules that were really compiled."""
    seen = []
    real = pjrt.compile_module
    monkeypatch.setattr(
        pjrt,
        "compile_module",
        lambda client, module, *rest: seen.append(module) or real(client, module, *rest),
    )
    return seen


def test_second_time_is_a_hit(cache_folder, compilations):
    assert run() == run() == [9, 16]
    assert len(compilations) == 1 and len(entries(cache_folder)) == 1
    assert cache_folder.stat().st_mode & 0o077 == 0


def test_options_are_part_of_the_key(cache_folder, compilations):
    run()
    run(options={"xla_backend_optimization_level": 0})
    assert len(compilations) == len(entries(cache_folder)) == 2


@pytest.mark.parametrize("change", ["XLA_FLAGS", "jaxlib"])
def test_surroundings_are_part_of_the_key(compilations, monkeypatch, change):
    run()
    if change == "jaxlib":
        monkeypatch.setattr(pjrt, "jaxlib_version", "0.0.1")
    else:
        monkeypatch.setenv("XLA_FLAGS", os.environ.get("XLA_FLAGS", "") + " --xla_something")
    run()
    assert len(compilations) == 2


def test_off(cache_folder, compilations, monkeypatch):
    run(use_cache=False)
    monkeypatch.setenv("WEFT_CACHE", "0")
    run()
    assert len(compilations) == 2 and not cache_folder.exists()


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[:-1],
        lambda content: content[:40],
        lambda content: b"something else",
        lambda content: content[:-10] + bytes(10),
    ],
)
def test_damaged_entry_is_replaced(cache_folder, compilations, damage):
    run()
    (path,) = entries(cache_folder)
    whole = path.read_bytes()
    path.write_bytes(damage(whole))
    assert run() == [9, 16] and len(compilations) == 2
    assert len(path.read_bytes()) == len(whole)
    assert run() == [9, 16] and len(compilations) == 2


def test_whole_entry_of_something_else_is_replaced(cache_folder, compilations):
    run()
    (path,) = entries(cache_folder)
    compile_cache.current().store(path.stem, b"not an executable at all")
    assert run() == [9, 16] and len(compilations) == 2
    assert run() == [9, 16] and len(compilations) == 2


def test_folder_that_cannot_be_made(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("WEFT_CACHE_DIR", str(tmp_path / "file" / "below"))
    assert run() == [9, 16]


def test_disk_that_is_full(cache_folder, monkeypatch):
    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    assert run() == [9, 16]
    assert not [path for path in cache_folder.iterdir() if path.name.startswith(".new-")]


def test_limit_that_is_no_number(monkeypatch):
    monkeypatch.setenv("WEFT_CACHE_MAX_BYTES", "2G")
    with pytest.raises(ValueError, match="WEFT_CACHE_MAX_BYTES must be a number of bytes, got '2G'"):
        run()


class TestSweep:
    def filled(self, folder, limit):
        cache = CompileCache(folder, limit)
        folder.mkdir()
        (folder / "notes.txt").write_text("the user's own" * 100)
        for age, name in enumerate(["newest", "middle", "oldest"]):
            (folder / f"{name}.xla").write_bytes(bytes(1000))
            then = time.time() - 1000 * age
            os.utime(folder / f"{name}.xla", (then, then))
        return cache

    def test_what_was_unused_longest_goes(self, tmp_path):
        cache = self.filled(tmp_path / "c", 2500)
        cache.sweep()
        assert [path.stem for path in entries(tmp_path / "c")] == ["middle", "newest"]
        assert (tmp_path / "c" / "notes.txt").exists()

    def test_nothing_goes_below_the_limit(self, tmp_path):
        self.filled(tmp_path / "c", 3000).sweep()
        assert len(entries(tmp_path / "c")) == 3

    def test_writing_sweeps(self, tmp_path):
        self.filled(tmp_path / "c", 2500).store("written", bytes(1000))
        assert [path.stem for path in entries(tmp_path / "c")] == ["newest", "written"]

    def test_use_keeps_an_entry(self, tmp_path):
        cache = CompileCache(tmp_path / "c", 1 << 20)
        cache.store("old", b"payload")
        os.utime(tmp_path / "c" / "old.xla", (1, 1))
        assert cache.load("old") == b"payload"
        assert (tmp_path / "c" / "old.xla").stat().st_mtime > 1000


def test_processes_share_the_folder(cache_folder, run_python):
    code = f"""
import numpy as np, weft_runtime as wr
from weft_runtime import pjrt
real, seen = pjrt.compile_module, []
pjrt.compile_module = lambda *args: seen.append(1) or real(*args)
x = wr.device_put([3.0, 4.0], np.dtype("f4"))
f = wr.compile('''{MODULE}''', [x.spec], [((2,), np.dtype("f4"), False)])
print(f([x])[0].tolist(), len(seen))
"""
    assert run_python(code).stdout == "[9.0, 16.0] 1\n"
    assert run_python(code).stdout == "[9.0, 16.0] 0\n"


def test_writers_at_the_same_time(cache_folder, run_python):
    """Each of several processes writes and reads the same keys, and never sees a part of an entry."""
    code = """
import sys, threading
from pathlib import Path
from weft_runtime.compile_cache import CompileCache
cache = CompileCache(Path(sys.argv[1]), 1 << 20) if len(sys.argv) > 1 else CompileCache(Path(FOLDER), 1 << 18)
bad = []
def work(seed):
    for i in range(60):
        key = str((seed + i) % 5)
        cache.store(key, key.encode() * 20000)
        got = cache.load(key)
        if got is not None and got != key.encode() * 20000:
            bad.append(key)
threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
[t.start() for t in threads]; [t.join() for t in threads]
print(len(bad))
""".replace("FOLDER", repr(str(cache_folder)))
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(2) as pool:
        assert [done.stdout for done in pool.map(run_python, [code, code])] == ["0\n", "0\n"]
    assert not [path for path in cache_folder.iterdir() if path.name.startswith(".new-")]
