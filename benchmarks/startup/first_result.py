"""A short program from the start of its process to its first result: `first_result.py SYSTEM STARTED_AT`."""

import importlib
import sys
import time

api = importlib.import_module(sys.argv[1])
np = importlib.import_module(f"{sys.argv[1]}.numpy")


@api.jit
def f(x):
    return np.tanh(x @ x.T).sum()


result = float(f(np.ones((8, 8))))
now = time.monotonic()  # one clock for all processes
assert result == 64.0
print('{"since_start_s": %r}' % (now - float(sys.argv[2])))
