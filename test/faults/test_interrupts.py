"""Ctrl-C while weft traces, compiles and runs."""

import os
import signal

import pytest

SETUP = """
import os, signal, threading, time
import weft, weft.numpy as jnp
from weft import lax

def long(x):
    for i in range(1_000_000):
        x = jnp.sin(x) * 2
    return x

def wide(x):
    for i in range(400):
        x = jnp.sin(x) * i + jnp.cos(x)
    return x

loop = weft.jit(lambda x: lax.fori_loop(0, 100, lambda i, c: c @ x / 500, x))
sleepy = weft.jit(lambda a: weft.pure_callback(lambda v: (time.sleep(0.05), v)[1], a, a))
x = jnp.ones((500, 500))
jnp.sin(1.0)
loop.lower(x).compile()

# Python loses an interrupt that arrives while it runs a destructor, so a user who waits asks again.
last = [0.0]

def on_interrupt(number, frame):
    if time.monotonic() - last[0] > 5:
        last[0] = time.monotonic()
        raise KeyboardInterrupt

signal.signal(signal.SIGINT, on_interrupt)

def interrupted(what):
    last[0] = 0.0
    is_done = threading.Event()
    def ask():
        while not is_done.wait(0.3):
            os.kill(os.getpid(), signal.SIGINT)
    thread = threading.Thread(target=ask)
    thread.start()
    try:
        while True:
            what()
    except KeyboardInterrupt:
        is_done.set()
        print("interrupted")
    thread.join()
    assert weft.jit(lambda a: a + 1)(1.0) == 2 and weft.grad(jnp.square)(3.0) == 6
"""
WHAT = {
    "trace": "weft.jit(long)(1.0)",
    "trace-of-grad": "weft.grad(long)(1.0)",
    "trace-of-vmap": "weft.vmap(long)(x)",
    "trace-of-scan": "lax.scan(lambda c, a: (long(c), a), 0.0, x[0])",
    "compile": "weft.jit(lambda a: wide(a))(1.0)",
    "run": "loop(x).block_until_ready()",
    "callback": "sleepy(1.0).block_until_ready()",
    "eager": "jnp.sin(x) + 1",
}


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT that a process sends to itself")
@pytest.mark.parametrize("what", WHAT.values(), ids=WHAT.keys())
def test_interrupt(run_script, what):
    done = run_script(f"{SETUP}\nfor _ in range(2): interrupted(lambda: {what})")
    assert (done.returncode, done.stdout) == (0, "interrupted\n" * 2), done.stderr


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT that a process sends to itself")
def test_interrupt_that_nobody_catches(run_script):
    code = f"""{SETUP}
signal.signal(signal.SIGINT, signal.default_int_handler)
def ask():
    while True:
        time.sleep(1.0)
        os.kill(os.getpid(), signal.SIGINT)
threading.Thread(target=ask, daemon=True).start()
weft.jit(long)(1.0)
"""
    done = run_script(code)
    assert done.returncode in (-signal.SIGINT, 128 + signal.SIGINT, 1)
    assert "KeyboardInterrupt" in done.stderr.rstrip().splitlines()[-1]
