"""Guards against transfers that nobody asked for."""

import subprocess
import sys
import threading

import numpy as np
import pytest

import weft
import weft.numpy as jnp
from weft.errors import JaxRuntimeError

HOST = np.arange(3.0, dtype="f4")
IMPLICIT = {
    "asarray": lambda: jnp.asarray(HOST),
    "operand": lambda: jnp.zeros(3) + HOST,
    "jit": lambda: weft.jit(lambda a: a + 1)(HOST),
    "number": lambda: jnp.asarray(0.125 + np.random.default_rng().random()),
}


@pytest.mark.parametrize("guard", [weft.transfer_guard, weft.transfer_guard_host_to_device])
@pytest.mark.parametrize("implicit", IMPLICIT.values(), ids=IMPLICIT.keys())
def test_disallow(guard, implicit):
    implicit()
    with guard("disallow"), pytest.raises(JaxRuntimeError, match="Disallowed host-to-device transfer"):
        implicit()
    with guard("disallow"), guard("allow"):
        implicit()
    implicit()


def test_what_is_asked_for():
    x = jnp.ones(3)
    with weft.transfer_guard("disallow"):
        y = weft.device_put({"x": HOST})["x"]
        assert weft.device_get(x + y).tolist() == [1.0, 2.0, 3.0]
        assert x.to_device(weft.devices()[0]).tolist() == [1.0] * 3
    with weft.transfer_guard("disallow_explicit"):
        with pytest.raises(JaxRuntimeError, match="Disallowed host-to-device transfer"):
            weft.device_put(HOST)
        assert (x + y).tolist() == [1.0, 2.0, 3.0]


def test_device_to_device():
    x = jnp.ones(3)
    with weft.transfer_guard_device_to_device("disallow_explicit"):
        jnp.asarray(HOST)
        with pytest.raises(JaxRuntimeError, match="Disallowed device-to-device transfer"):
            weft.device_put(x, may_alias=False)
    with weft.transfer_guard_device_to_device("disallow"):
        weft.device_put(x, may_alias=False)
    with weft.transfer_guard_device_to_host("disallow"):
        assert x.tolist() == [1.0] * 3  # the memory of a CPU is the host's


def test_guard_belongs_to_the_thread():
    seen = []
    with weft.transfer_guard("disallow"):
        thread = threading.Thread(target=lambda: seen.append(jnp.asarray(HOST)))
        thread.start()
        thread.join()
    assert len(seen) == 1


def test_guard_of_the_process_and_log():
    code = """
import numpy as np, threading
import weft, weft.numpy as jnp
weft.config.update("jax_transfer_guard", "disallow")
def refused():
    try: jnp.asarray(np.ones(3))
    except weft.errors.JaxRuntimeError: print("refused")
refused()
thread = threading.Thread(target=refused); thread.start(); thread.join()
with weft.transfer_guard("log"):
    jnp.asarray(np.ones(3))
weft.config.update("transfer_guard", "allow")
print(jnp.asarray(np.ones(3)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=100)
    assert (done.returncode, done.stdout) == (0, "refused\nrefused\n[1. 1. 1.]\n"), done.stderr
    assert done.stderr.count("host-to-device transfer: ") == 1


def test_unknown_level():
    with pytest.raises(ValueError, match="expected None or one of 'allow'"), weft.transfer_guard("never"):
        pass
