"""Imports the package and its numpy: `importing.py SYSTEM STARTED_AT`."""

import time

_before = time.perf_counter()

import importlib  # noqa: E402
import sys  # noqa: E402

importlib.import_module(sys.argv[1])
importlib.import_module(f"{sys.argv[1]}.numpy")
print('{"import_s": %r}' % (time.perf_counter() - _before))
