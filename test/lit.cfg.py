"""lit configuration of the .mlir tests: `lit test` or `make lit`."""

import os

from weft_tools.lit_format import InProcess

config.name = "weft"
config.test_format = InProcess()
config.suffixes = [".mlir"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(os.path.dirname(config.test_source_root), "build", "lit")
