"""The registry imports what is asked for, and its index holds for the files as they are."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import weft_compiler
from weft_compiler.dialect import registry
from weft_compiler.dialect.op import REGISTRY


def _run(code: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        check=True,
    )
    return done.stdout.strip()


_IMPORTED = """
import sys
from weft_compiler.bindings import context
context()
from weft_compiler.dialect.op import REGISTRY
print(len(REGISTRY.imported()), REGISTRY["weft.fft"].name, "weft.sort" in REGISTRY, REGISTRY.get("weft.nothing"))
print(len(REGISTRY) == len(REGISTRY.imported()))
"""


def test_a_family_is_imported_when_an_op_of_it_is_asked_for():
    # The index is kept where Python may keep its byte code.
    _run("from weft_compiler.dialect.registry import index; index()", PYTHONDONTWRITEBYTECODE="")
    first, second = _run(_IMPORTED).splitlines()
    count, *rest = first.split()
    assert int(count) < 10
    assert rest[0] == "fft" and rest[2] == "None"
    assert second == "True"


def test_the_index_names_every_op():
    families = registry.index().families
    assert {cls.ir_name for cls in REGISTRY.values()} == set(families)
    assert all(cls.__module__.endswith("." + families[cls.ir_name]) for cls in REGISTRY.values())
    assert all(registry.method_name(cls.name) in registry.index().methods for cls in REGISTRY.values())


_COUNT = """
from weft_compiler.dialect.registry import index
print("weft.new_op" in index().families)
"""
_NEW_OP = '''

@op("new_op")
class NewOp(StopGradient):
    """x"""
'''


def test_a_changed_file_makes_the_index_anew(tmp_path):
    root = Path(weft_compiler.__file__).parent
    shutil.copytree(root, tmp_path / "weft_compiler", ignore=shutil.ignore_patterns("__pycache__"))
    environment = {"PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": ""}
    assert _run(_COUNT, **environment) == "False"
    (index,) = (tmp_path / "weft_compiler" / "dialect" / "__pycache__").glob("*.index")
    before = index.read_bytes()
    assert _run(_COUNT, **environment) == "False"
    assert index.read_bytes() == before
    file = tmp_path / "weft_compiler" / "dialect" / "barriers.py"
    file.write_text(file.read_text() + _NEW_OP)
    assert _run(_COUNT, **environment) == "True"


def test_a_damaged_index_is_made_anew(tmp_path):
    root = Path(weft_compiler.__file__).parent
    shutil.copytree(root, tmp_path / "weft_compiler", ignore=shutil.ignore_patterns("__pycache__"))
    environment = {"PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": ""}
    _run(_COUNT, **environment)
    (index,) = (tmp_path / "weft_compiler" / "dialect" / "__pycache__").glob("*.index")
    whole = index.read_bytes()
    for damaged in (b"", whole[: len(whole) // 2], b"junk" * 100):
        index.write_bytes(damaged)
        assert _run(_COUNT, **environment) == "False"
        assert index.read_bytes() == whole
