"""Plugins are found where packages and users put them, without importing any."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from weft_runtime import plugins


@pytest.fixture
def packages(tmp_path, monkeypatch):
    """A folder on the path where a test puts packages that fail when they are imported."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delenv("PJRT_NAMES_AND_LIBRARY_PATHS", raising=False)

    def add(name, library):
        folder = tmp_path.joinpath(*name.split("."))
        (folder / library).parent.mkdir(parents=True)
        (folder / library).write_bytes(b"")
        (folder / "__init__.py").write_text("raise RuntimeError('imported')")
        return folder

    yield add
    sys.modules.pop("jax_plugins", None)  # looking into a namespace package imports it


def test_namespace_package(packages):
    folder = packages("jax_plugins.xla_cuda13", "xla_cuda_plugin.so")
    found = plugins.find()["cuda"]
    assert found.library == str(folder / "xla_cuda_plugin.so")
    assert "jax_plugins.xla_cuda13" not in sys.modules


def test_entry_point(packages, tmp_path):
    folder = packages("some_mps_package", "lib/libpjrt_plugin_mps.dylib")
    info = tmp_path / "some_mps_package-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: some-mps-package\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[jax_plugins]\nmps = some_mps_package:initialize\n")
    assert plugins.find()["mps"].library == str(folder / "lib" / "libpjrt_plugin_mps.dylib")


def test_environment(packages, monkeypatch, tmp_path):
    described = tmp_path / "odd.json"
    described.write_text(json.dumps({"library_path": "/opt/odd.so", "create_option": {"speed": 3}}))
    pairs = [f"plain{os.pathsep}/opt/plain.so", f"odd{os.pathsep}{described}"]
    monkeypatch.setenv("PJRT_NAMES_AND_LIBRARY_PATHS", ",".join(pairs))
    found = plugins.find()
    assert found["plain"] == plugins.Plugin("plain", "/opt/plain.so")
    assert found["odd"] == plugins.Plugin("odd", "/opt/odd.so", {"speed": 3})


def test_environment_that_makes_no_sense(packages, monkeypatch):
    monkeypatch.setenv("PJRT_NAMES_AND_LIBRARY_PATHS", "cuda")
    with pytest.raises(RuntimeError, match=r"expected name.path, got 'cuda'"):
        plugins.find()


def test_cuda_libraries_are_found(packages, tmp_path):
    folder = tmp_path / "nvidia" / "cu13"
    (folder / "nvvm" / "libdevice").mkdir(parents=True)
    (folder / "lib").mkdir()
    plugins.cuda_data_dir.cache_clear()
    assert plugins.cuda_data_dir() == str(folder)
    plugins.cuda_data_dir.cache_clear()
    assert plugins.preload_nvidia() == []
    (folder / "lib" / "libcudart.so.13").write_bytes(b"")
    with pytest.raises(OSError):
        plugins.preload_nvidia()


NULL = "void *GetPjrtApi(void) { return 0; }"
FROM_ANOTHER_AGE = """
#include <stddef.h>
struct Version { size_t size; void *extension; int major, minor; };
struct Api { size_t size; void *extension; struct Version version; void *functions[200]; };
static struct Api api = {sizeof(struct Api), 0, {sizeof(struct Version), 0, 9999, 1}, {0}};
void *GetPjrtApi(void) { return &api; }
"""


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (NULL, "GetPjrtApi gives no API"),
        (FROM_ANOTHER_AGE, "Mismatched PJRT plugin PJRT API major version (9999)"),
        ("int answer(void) { return 42; }", "is no PJRT plugin: it has no function GetPjrtApi"),
        (None, "No such file"),
    ],
    ids=["null", "version", "other-library", "missing"],
)
def test_library_that_does_not_work(run_python, tmp_path, source, reason):
    library = tmp_path / "libodd.so"
    if source is not None:
        compiler = next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None)
        if compiler is None:
            pytest.skip("a plugin is built with a C compiler, and there is none")
        (tmp_path / "odd.c").write_text(source)
        command = [compiler, "-shared", "-fPIC", "-o", str(library), str(tmp_path / "odd.c")]
        subprocess.run(command, check=True)
    code = """
import numpy as np, weft_runtime as wr
print(wr.default_backend(), wr.device_put(1, np.dtype("f4")).item())
try: wr.devices("odd")
except RuntimeError as error: print(error)
"""
    done = run_python(
        code,
        WEFT_PLATFORMS="odd,cpu",
        PJRT_NAMES_AND_LIBRARY_PATHS=f"odd{os.pathsep}{library}",
    )
    first, second = done.stdout.splitlines()
    assert first == "cpu 1.0" and second.startswith("platform 'odd' did not start: ") and reason in second
    assert done.stderr.count("RuntimeWarning: platform 'odd' did not start") == 1 and reason in done.stderr
