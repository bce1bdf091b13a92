"""The test format for lit: each `.mlir` file runs in the worker's own process, without a shell."""

import tempfile
from pathlib import Path

import lit.Test
from lit.formats.base import FileBasedTest
from lit.LitConfig import LitConfig


class InProcess(FileBasedTest):
    """Tests as `weft_tools.lit` runs them."""

    def execute(self, test: lit.Test.Test, lit_config: LitConfig) -> tuple[lit.Test.ResultCode, str]:
        # Imported in the worker: the bindings do not survive a fork with their threads.
        from weft_tools.lit import run_test

        with tempfile.TemporaryDirectory(prefix="weft-lit-") as scratch:
            problems = run_test(Path(test.getSourcePath()), Path(scratch))
        return (lit.Test.FAIL, "\n".join(problems)) if problems else (lit.Test.PASS, "")
