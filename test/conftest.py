"""pytest: collects the .mlir tests too, and can hide jax to show that nothing needs it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

_RUN_LIT = "import sys; from lit.main import main; main()"


class _NoJax:
    """A finder by which `import jax` fails as it does where jax is not installed."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> None:
        if name.partition(".")[0] == "jax":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


# Before any test module is imported.
if os.environ.get("WEFT_TEST_WITHOUT_JAX"):
    sys.meta_path.insert(0, _NoJax)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--no-mlir", action="store_true", help="leave out the .mlir tests, which lit runs too")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    if file_path.suffix != ".mlir" or parent.config.getoption("--no-mlir"):
        return None
    return MlirFile.from_parent(parent, path=file_path)


class MlirFile(pytest.File):
    def collect(self) -> Iterator[pytest.Item]:
        kind = ProcessTest if self.path.parent.name == "executables" else InProcessTest
        yield kind.from_parent(self, name=self.path.stem)


class MlirTest(pytest.Item):
    """One .mlir test; `problems` runs it."""

    def runtest(self) -> None:
        problems = self.problems()
        if problems:
            raise MlirFailure("\n".join(problems))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: str | None = None) -> object:
        if isinstance(excinfo.value, MlirFailure):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, self.name

    def problems(self) -> list[str]:
        raise AssertionError("a subclass says how")


class InProcessTest(MlirTest):
    def problems(self) -> list[str]:
        from weft_tools.lit import run_test

        scratch = self.config._tmp_path_factory.mktemp("mlir")
        return run_test(self.path, scratch)


class ProcessTest(MlirTest):
    """A test of the executables: lit runs it as it stands."""

    def problems(self) -> list[str]:
        done = subprocess.run(
            [sys.executable, "-c", _RUN_LIT, "--verbose", str(self.path)], capture_output=True, text=True
        )
        return [done.stdout + done.stderr] if done.returncode else []


class MlirFailure(Exception):
    """A .mlir test went wrong; the text says how."""
