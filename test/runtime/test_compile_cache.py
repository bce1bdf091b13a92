"""The cache saves time and never costs a result."""

import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import weft_runtime as wr
from weft_runtime import compile_cache, pjrt
from weft_runtime.compile_cache import CompileCache
from weft_runtime.loaded_programs import LOADED, LoadedPrograms, Program

F4 = np.dtype("f4")
MODULE = """
func.func @main(%x: tensor<2xf32>) -> tensor<2xf32> {
  %y = stablehlo.multiply %x, %x : tensor<2xf32>
  return %y : tensor<2xf32>
}"""


def entries(folder):
    return sorted(folder.glob("*.xla"))


def run(**kwargs):
    LOADED.clear()  # as in a new process
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
    assert compile_cache.current().load(path.stem) is not None
    assert run() == [9, 16] and len(compilations) == 2


def test_whole_entry_of_something_else_is_replaced(cache_folder, compilations):
    run()
    (path,) = entries(cache_folder)
    compile_cache.current().store(path.stem, b"not an executable at all")
    assert run() == [9, 16] and len(compilations) == 2
    assert run() == [9, 16] and len(compilations) == 2


def test_folder_that_cannot_be_made(monkeypatch, tmp_path, caplog):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("WEFT_CACHE_DIR", str(tmp_path / "file" / "below"))
    assert run() == run() == [9, 16]
    (said,) = [r.getMessage() for r in caplog.records if r.levelname == "WARNING"]
    assert "file/below cannot be written" in said and "set WEFT_CACHE_DIR to another folder" in said


def test_an_equal_program_of_this_process_will_do(cache_folder, compilations):
    LOADED.clear()
    x = wr.device_put([3.0, 4.0], F4)
    compiled = [wr.compile(MODULE, [x.spec], [((2,), F4, False)], name=name) for name in ("f", "g")]
    assert [e.origin for e in compiled] == ["compiled", "memory"] and len(compilations) == 1
    assert [e.name for e in compiled] == ["f", "g"] and compiled[1]([x])[0].tolist() == [9, 16]
    LOADED.clear()
    assert wr.compile(MODULE, [x.spec], [((2,), F4, False)]).origin == "disk"
    assert wr.compile(MODULE, [x.spec], [((2,), F4, False)], use_cache=False).origin == "compiled"


def test_threads_that_need_the_same_compile_it_once(compilations):
    LOADED.clear()
    x = wr.device_put([3.0, 4.0], F4)
    start = threading.Barrier(6)

    def compiled(_):
        start.wait()
        return wr.compile(MODULE, [x.spec], [((2,), F4, False)])([x])[0].tolist()

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(compiled, range(6))) == [[9, 16]] * 6
    assert len(compilations) == 1 and not LOADED._making


def test_a_failure_lets_the_next_try(monkeypatch):
    LOADED.clear()
    x = wr.device_put([3.0, 4.0], F4)
    for _ in range(2):
        with pytest.raises(wr.CompileError):
            wr.compile("not a module", [x.spec], [((2,), F4, False)])
    assert not LOADED._making


def test_what_stands_for_the_module(compilations):
    LOADED.clear()
    x = wr.device_put([3.0, 4.0], F4)
    for place in ("", ' loc("train.py":3:1)'):
        text = MODULE.replace("%x : tensor<2xf32>\n", f"%x : tensor<2xf32>{place}\n")
        f = wr.compile(text, [x.spec], [((2,), F4, False)], identity=b"the same")
        assert f([x])[0].tolist() == [9, 16]
    assert len(compilations) == 1


def test_programs_in_memory_are_few():
    known = LoadedPrograms(limit=2)
    for key in "ab":
        known.add(key, Program(f"program {key}"))
    assert known.get("a").loaded == "program a"
    known.add("c", Program("program c"))
    assert [known.get(key) is not None for key in "abc"] == [True, False, True]


def test_short_compilations_are_not_stored_on_demand(cache_folder, monkeypatch):
    monkeypatch.setattr(compile_cache.SETTINGS, "least_compile_s", 1000.0)
    run()
    assert not cache_folder.exists()


def test_the_program_decides_before_the_environment(tmp_path, cache_folder, monkeypatch):
    monkeypatch.setattr(compile_cache.SETTINGS, "folder", str(tmp_path / "mine"))
    run()
    assert len(entries(tmp_path / "mine")) == 1 and not cache_folder.exists()
    monkeypatch.setattr(compile_cache.SETTINGS, "is_on", False)
    assert compile_cache.current() is None


def test_disk_that_is_full(cache_folder, monkeypatch):
    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    assert run() == [9, 16]
    assert not [path for path in cache_folder.iterdir() if path.name.startswith(".new-")]


def test_files_that_may_not_grow(cache_folder, run_python):
    """The system refuses to write as much as an entry takes, as on a full disk, in the middle of the file."""
    code = f"""
import resource, signal, numpy as np, weft_runtime as wr
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
x = wr.device_put([3.0, 4.0], np.dtype("f4"))
for flags in ({{}}, {{"xla_backend_optimization_level": 0}}):
    f = wr.compile('''{MODULE}''', [x.spec], [((2,), np.dtype("f4"), False)], options=flags)
    print(f([x])[0].tolist())
"""
    done = run_python(code)
    assert done.stdout == "[9.0, 16.0]\n" * 2
    assert done.stderr.count("cannot be written") == 1
    assert list(cache_folder.glob("*.xla")) == [] and list(cache_folder.glob(".new-*")) == []


def test_a_writer_that_is_killed_leaves_no_part_of_an_entry(cache_folder):
    code = f"""
from pathlib import Path
from weft_runtime.compile_cache import CompileCache
cache = CompileCache(Path({str(cache_folder)!r}))
print(flush=True)
while True:
    cache.store("key", bytes(1 << 22))
"""
    for _ in range(3):
        writer = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
        writer.stdout.readline()
        time.sleep(0.1)
        writer.kill()
        writer.communicate()
        assert CompileCache(cache_folder).load("key") in (None, bytes(1 << 22))
    limited = CompileCache(cache_folder, limit_bytes=1000)
    limited.sweep()  # takes what killed writers have left, too
    assert list(cache_folder.glob("*.xla")) == [] and list(cache_folder.glob(".new-*")) == []


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
    for i in range(30):
        key = str((seed + i) % 5)
        cache.store(key, key.encode() * 20000)
        got = cache.load(key)
        if got is not None and got != key.encode() * 20000:
            bad.append(key)
threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
[t.start() for t in threads]; [t.join() for t in threads]
print(len(bad))
""".replace("FOLDER", repr(str(cache_folder)))
    with ThreadPoolExecutor(8) as pool:
        assert [done.stdout for done in pool.map(run_python, [code] * 8)] == ["0\n"] * 8
    assert not [path for path in cache_folder.iterdir() if path.name.startswith(".new-")]
