"""Devices, memories and committed arrays: one process with four CPU devices answers all questions."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

import weft
import weft.numpy as jnp

PROGRAM = """
import json, sys
import numpy as np
PACKAGE = sys.argv[1]
if PACKAGE == "jax":
    import jax as weft, jax.numpy as jnp
else:
    import weft, weft.numpy as jnp
d = weft.devices()
x, y = weft.device_put(jnp.arange(4.0), d[1]), weft.device_put(jnp.arange(4.0), d[2])
with weft.default_device(d[3]):
    z = jnp.ones(4)
numbers = np.ones(4, "f4")
double = weft.jit(lambda a: 2 * a)

def place(value):
    return sorted(device.id for device in value.devices()), value.committed

def under(device, thunk):
    with weft.default_device(device):
        return place(thunk())

def options(thunk):
    weft.config.update("jax_default_device", d[2])
    try:
        return place(thunk())
    finally:
        weft.config.update("jax_default_device", None)

QUESTIONS = dict(
    committed=lambda: place(x),
    uncommitted=lambda: place(jnp.ones(3)),
    put_nowhere=lambda: place(weft.device_put(numbers)),
    put_twice=lambda: place(weft.device_put(x, d[2])),
    put_tree=lambda: [place(v) for v in weft.device_put([x, y, 1.0], [d[0], d[3], None])],
    number_beside=lambda: place(x + 1),
    uncommitted_beside=lambda: place(x + jnp.ones(4)),
    uncommitted_first=lambda: place(jnp.ones(4) + x),
    numpy_beside=lambda: place(x + numbers),
    elsewhere_beside=lambda: place(x + z),
    elsewhere_alone=lambda: place(z * 2),
    elsewhere_pair=lambda: place(z + jnp.ones(4)),
    elsewhere_jit=lambda: place(double(z)),
    jit=lambda: place(double(x)),
    jit_beside=lambda: place(weft.jit(lambda a, b: a + b)(jnp.ones(4), x)),
    jit_constant=lambda: place(weft.jit(lambda a: (a, jnp.zeros(3)))(x)[1]),
    jit_captures=lambda: place(weft.jit(lambda a: a + y)(x)),
    jit_captures_only=lambda: place(weft.jit(lambda a: a + x)(jnp.ones(4))),
    jit_nothing=lambda: place(weft.jit(lambda: jnp.ones(3))()),
    library=lambda: place(jnp.mean(x)),
    stack=lambda: place(jnp.stack([x, jnp.ones(4)])),
    index=lambda: place(x[1:]),
    element=lambda: place(x[0]),
    rows=lambda: [place(r) for r in x],
    update=lambda: place(x.at[0].set(1.0)),
    grad=lambda: place(weft.grad(lambda a: (a * a).sum())(x)),
    vmap=lambda: place(weft.vmap(lambda a: a * 2)(x)),
    scan=lambda: place(weft.lax.scan(lambda c, a: (c + a, c), 0.0, x)[1]),
    ones_there=lambda: place(jnp.ones(3, device=d[2])),
    like=lambda: place(jnp.zeros_like(x)),
    like_there=lambda: place(jnp.zeros_like(x, device=d[3])),
    default=lambda: under(d[3], lambda: jnp.ones(3)),
    default_numpy=lambda: under(d[3], lambda: jnp.asarray(numbers)),
    default_jit=lambda: under(d[3], lambda: double(numbers)),
    default_random=lambda: under(d[3], lambda: weft.random.normal(weft.random.key(0), (3,))),
    default_committed=lambda: under(d[3], lambda: x * 2),
    default_moves=lambda: under(d[2], lambda: z * 2),
    default_leaves=lambda: under(d[2], lambda: jnp.asarray(z)),
    default_put=lambda: under(d[2], lambda: weft.device_put(z)),
    default_platform=lambda: under("cpu", lambda: jnp.ones(3)),
    option=lambda: options(lambda: jnp.ones(3)),
    after=lambda: place(jnp.ones(3)),
    to_device=lambda: place(x.to_device(d[3])),
    host=lambda: weft.device_put(x, weft.memory.Space.Host).sharding.memory_kind,
    back=lambda: weft.device_put(weft.device_put(x, weft.memory.Space.Host),
                                 weft.memory.Space.Device).sharding.memory_kind,
    kind=lambda: weft.device_put(x, x.sharding.with_memory_kind("pinned_host")).sharding.memory_kind,
    same_memory=lambda: weft.device_put(x, d[1]).unsafe_buffer_pointer() == x.unsafe_buffer_pointer(),
    own_memory=lambda: weft.device_put(x, d[1], may_alias=False).unsafe_buffer_pointer()
                       == x.unsafe_buffer_pointer(),
    values=lambda: (weft.device_put(y, d[0]) + x.to_device(d[0])).tolist(),
)
print(json.dumps({name: ask() for name, ask in QUESTIONS.items()}))
"""

EXPECTED = {
    "committed": [[1], True],
    "put_twice": [[2], True],
    "put_tree": [[[0], True], [[3], True], [[0], False]],
    "rows": [[[1], True]] * 4,
    "host": "pinned_host",
    "back": "device",
    "kind": "pinned_host",
    "same_memory": True,
    "own_memory": False,
    "values": [0.0, 2.0, 4.0, 6.0],
    "default_committed": [[1], True],
    "jit_captures_only": [[0], False],
    "ones_there": [[2], True],
    "like_there": [[3], True],
    "to_device": [[3], True],
    **{name: [[3], False] for name in ("default", "default_numpy", "default_jit", "default_random")},
    **{name: [[3], False] for name in ("default_leaves", "default_put")},
    **{name: [[2], False] for name in ("option", "default_moves")},
    **{name: [[0], False] for name in ("uncommitted", "put_nowhere", "jit_nothing", "after")},
    **{name: [[0], False] for name in ("elsewhere_alone", "elsewhere_pair", "elsewhere_jit")},
    "default_platform": [[0], False],
    **{
        name: [[1], True]
        for name in (
            *("number_beside", "uncommitted_beside", "uncommitted_first", "numpy_beside", "elsewhere_beside"),
            *("jit", "jit_beside", "jit_constant", "jit_captures", "library", "stack", "index", "element"),
            *("update", "grad", "vmap", "scan", "like"),
        )
    },
}


def run(code, *arguments, **environment):
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("WEFT_", "XLA_", "JAX_"))}
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env={**kept, "WEFT_PLATFORMS": "cpu", **environment},
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_where_results_are():
    answers = json.loads(run(PROGRAM, "weft", WEFT_NUM_CPU_DEVICES="4"))
    assert answers == EXPECTED


def test_expectations_are_those_of_jax():
    pytest.importorskip("jax", reason="the answers are compared with jax's")
    flags = {"XLA_FLAGS": "--xla_force_host_platform_device_count=4"}
    answers = json.loads(run(PROGRAM, "jax", **flags))
    assert answers == EXPECTED


def test_arguments_committed_to_different_devices():
    code = """
import weft, weft.numpy as jnp
d = weft.devices()
x, y = weft.device_put(jnp.arange(4.0), d[1]), weft.device_put(jnp.arange(4.0), d[2])
for f in (lambda: x + y, lambda: weft.jit(jnp.add)(x, y), lambda: jnp.stack([x, y]),
          lambda: weft.grad(lambda a: (a * y).sum())(x), lambda: jnp.linalg.norm(x[y.astype(int)])):
    try: f()
    except ValueError as error: print(str(error).splitlines()[0])
print((x + 1).tolist())
"""
    *lines, last = run(code, WEFT_NUM_CPU_DEVICES="3").splitlines()
    assert len(lines) == 5 and last == "[1.0, 2.0, 3.0, 4.0]"
    for line in lines:
        assert "received incompatible devices: argument 0" in line and "cpu:1" in line and "cpu:2" in line


def test_options_before_the_start():
    code = """
import weft
weft.config.update("num_cpu_devices", 3)
weft.config.update("jax_platforms", "cpu")
print(weft.device_count(), weft.local_device_count("cpu"))
weft.config.update("num_cpu_devices", 3)
try: weft.config.update("num_cpu_devices", 2)
except RuntimeError as error: print(error)
"""
    first, second = run(code).splitlines()
    assert first == "3 3" and "backends have started" in second


def test_processes():
    assert weft.process_index() == weft.host_id() == 0
    assert weft.process_count() == weft.host_count() == 1
    assert weft.process_indices() == weft.host_ids() == [0]
    assert weft.local_devices(process_index=0) == weft.local_devices(host_id=0) == weft.local_devices()
    with pytest.raises(RuntimeError, match="'abacus' did not start"):
        weft.devices("abacus")


def test_device_put_says_what_is_wrong():
    x, device = jnp.ones(3), weft.devices()[0]
    with pytest.raises(ValueError, match=r"expected None, a device, a sharding.*got 'cpu' of type str"):
        weft.device_put(x, "cpu")
    with pytest.raises(ValueError, match="device_put device specification must be a tree prefix"):
        weft.device_put([x, x], [device])
    with pytest.raises(TypeError, match="must be an array or a number, got 'a'"):
        weft.device_put("a", device)
    with pytest.raises(ValueError, match="has no memory of kind 'attic'"):
        weft.device_put(x, x.sharding.with_memory_kind("attic"))


def test_device_get():
    tree = {"x": jnp.arange(3), "y": [2.0, np.ones(2)], "key": weft.random.key(0)}
    got = weft.device_get(tree)
    assert type(got["x"]) is np.ndarray and got["x"].tolist() == [0, 1, 2]
    assert got["y"][0] == 2.0 and got["y"][1] is tree["y"][1] and got["key"] is tree["key"]
    assert weft.copy_to_host_async(tree) is tree and weft.block_until_ready(tree) is tree


def test_memory_of_an_array():
    x = jnp.ones((2, 3))
    assert x.platform() == "cpu" and x.format.layout.major_to_minor == (0, 1)
    assert weft.device_put(x, x.format).unsafe_buffer_pointer() == x.unsafe_buffer_pointer()
    turned = type(x.format)(type(x.format.layout)((1, 0)), x.sharding)
    with pytest.raises(ValueError, match="arrays are row-major"):
        weft.device_put(x, turned)
    assert x.clone().unsafe_buffer_pointer() == x.unsafe_buffer_pointer()
    assert "test_devices.py" in str(x.traceback)


def test_names_of_old():
    x = jnp.ones(3)
    with pytest.raises(NotImplementedError, match="flatten"):
        x.flat
    for name in ("device_buffer", "device_buffers"):
        with pytest.raises(AttributeError, match="addressable"):
            getattr(x, name)


@pytest.mark.parametrize(
    "dtype", ["int8", "bool", "int16", "int32", "uint32", "float16", "float32", "complex64"]
)
def test_byteswap(dtype):
    value = np.arange(6).reshape(2, 3).astype(dtype)
    swapped = weft.jit(lambda a: a.byteswap())(value)
    assert swapped.dtype == value.dtype and swapped.tobytes() == value.byteswap().tobytes()
