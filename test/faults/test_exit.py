"""The end of the process, whatever other threads are doing."""

import pytest

SETUP = """
import threading, time
import weft, weft.numpy as jnp

def wide(x, n):
    for i in range(200):
        x = jnp.sin(x) * (i + n) + jnp.cos(x)
    return x

started = threading.Event()

def compile_on_and_on():
    n = 0
    while True:
        n += 1
        lowered = weft.jit(lambda x: wide(x, n)).lower(1.0)
        started.set()
        lowered.compile()
"""


@pytest.mark.parametrize("is_daemon", [True, False], ids=["daemon", "thread"])
def test_exit_while_another_thread_compiles(run_script, is_daemon):
    until = "" if is_daemon else "\n        if n == 3: break"
    code = f"""{SETUP}{until}
threading.Thread(target=compile_on_and_on, daemon={is_daemon}).start()
started.wait()
time.sleep(0.1)
print("bye")
"""
    done = run_script(code)
    assert (done.returncode, done.stdout) == (0, "bye\n"), done.stderr


def test_exit_with_work_under_way(run_script):
    code = """
import weft, weft.numpy as jnp
x = jnp.ones((600, 600))
f = weft.jit(lambda a: weft.lax.fori_loop(0, 20, lambda i, c: c @ a / 600, a))
y = f(f(x))
weft.debug.print("{}", x[0, 0])
weft.jit(lambda a: weft.debug.print("seen {}", a.sum()))(y)
"""
    done = run_script(code)
    assert done.returncode == 0 and "seen" in done.stdout, done.stderr


def test_work_in_an_exit_function(run_script):
    code = """
import atexit, weft, weft.numpy as jnp
atexit.register(lambda: print((jnp.ones(2) + 1).tolist(), weft.jit(jnp.sin)(0.0)))
weft.jit(jnp.cos)(1.0)
"""
    done = run_script(code)
    assert (done.returncode, done.stdout) == (0, "[2.0, 2.0] 0.0\n"), done.stderr


def test_sys_exit_inside_a_traced_function(run_script):
    done = run_script("import sys, weft\nweft.jit(lambda x: sys.exit(7))(1.0)")
    assert done.returncode == 7 and "Traceback" not in done.stderr
