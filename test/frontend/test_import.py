"""What importing weft does and leaves alone."""

import subprocess
import sys


def _run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_the_collector_is_as_it_was():
    assert _run("import gc, weft; print(gc.isenabled())") == "True"
    assert _run("import gc; gc.disable(); import weft; print(gc.isenabled())") == "False"


def test_what_the_program_has_frozen_stays_so():
    assert (
        _run(
            "import gc; gc.freeze(); n = gc.get_freeze_count(); import weft; print(gc.get_freeze_count() > n // 2)"
        )
        == "True"
    )
    assert _run("import gc, weft; print(gc.get_freeze_count())") == "0"


def test_the_collector_is_on_again_after_an_import_that_failed():
    code = """
import gc, sys
sys.modules["weft._transforms"] = None
try:
    import weft
except ImportError as error:
    pass
print(gc.isenabled())
"""
    assert _run(code) == "True"


def test_submodules_that_many_programs_do_without_come_when_they_are_named():
    code = """
import sys, weft
names = ["nn", "random", "debug", "profiler", "experimental", "image", "ops"]
print([n for n in names if f"weft.{n}" in sys.modules], set(names) <= set(dir(weft)))
print(all(getattr(weft, n) is sys.modules[f"weft.{n}"] for n in names))
from weft import nn, random
"""
    assert _run(code).splitlines() == ["[] True", "True"]


def test_importing_starts_nothing():
    code = """
import sys, threading, weft, weft.numpy
from weft_runtime import backends
print(threading.active_count(), "jax" in sys.modules, any("weft_compiler.dialect.sort" in m for m in sys.modules))
"""
    assert _run(code) == "1 False False"
