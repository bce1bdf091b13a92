"""Which backends start, in which order, and where arrays go."""

import threading

import numpy as np
import pytest

import weft_runtime as wr

F4 = np.dtype("f4")


def test_devices():
    assert repr(wr.devices("cpu")[0]) == "CpuDevice(id=0)" and str(wr.devices("cpu")[0]) == "cpu:0"
    assert len(wr.devices("cpu")) == wr.device_count("cpu") == wr.local_device_count("cpu")
    assert (
        wr.local_devices() == wr.local_devices(0, "cpu") == wr.local_devices(host_id=0) == wr.devices("cpu")
    )
    assert wr.process_index() == 0 and wr.process_count() == 1 and wr.process_indices() == [0]
    with pytest.raises(ValueError, match="Unknown process_index 1"):
        wr.local_devices(1, "cpu")


def test_unknown_platform():
    with pytest.raises(RuntimeError, match=r"'abacus' did not start: no PJRT plugin.*has: .*cpu"):
        wr.devices("abacus")


def test_configure_comes_too_late():
    wr.devices()
    with pytest.raises(RuntimeError, match="backends have started"):
        wr.configure(num_cpu_devices=2)


def run_with_devices(run_python, code, **environment):
    return run_python(f"import numpy as np, weft_runtime as wr; F4 = np.dtype('f4')\n{code}", **environment)


def test_platform_that_does_not_start_is_reported_once(run_python):
    done = run_with_devices(
        run_python,
        "print(wr.default_backend(), wr.devices()); wr.device_put(1, F4)",
        WEFT_PLATFORMS="metal,cpu",
    )
    assert done.stdout == "cpu [CpuDevice(id=0)]\n"
    assert done.stderr.count("RuntimeWarning") == 1
    for part in ("'metal' did not start", "no PJRT plugin", "falling back to 'cpu'", "<string>:2"):
        assert part in done.stderr


def test_library_that_is_no_plugin(run_python, tmp_path):
    (tmp_path / "broken.so").write_text("not a library")
    done = run_with_devices(
        run_python,
        "print(wr.default_backend())",
        PJRT_NAMES_AND_LIBRARY_PATHS=f"odd:{tmp_path / 'broken.so'}",
        WEFT_PLATFORMS="odd,cpu",
    )
    assert done.stdout == "cpu\n"
    assert done.stderr.count("RuntimeWarning: platform 'odd' did not start") == 1


def test_no_fallback_is_an_error(run_python):
    done = run_with_devices(
        run_python,
        """
try: wr.devices()
except RuntimeError as error: print(error)
try: wr.devices("cpu")
except RuntimeError as error: print(error)
""",
        WEFT_PLATFORMS="metal",
    )
    first, second = done.stdout.splitlines()
    assert first.startswith("platform 'metal' did not start: no PJRT plugin")
    assert second == "platform 'cpu' is not among WEFT_PLATFORMS=metal"


@pytest.mark.parametrize(
    ("environment", "count"),
    [
        ({}, 1),
        ({"WEFT_NUM_CPU_DEVICES": "3"}, 3),
        ({"XLA_FLAGS": "--xla_force_host_platform_device_count=4"}, 4),
        ({"XLA_FLAGS": "--xla_force_host_platform_device_count=4", "WEFT_NUM_CPU_DEVICES": "2"}, 2),
    ],
)
def test_number_of_cpu_devices(run_python, environment, count):
    done = run_with_devices(run_python, "print(wr.device_count())", **environment)
    assert done.stdout == f"{count}\n"


def test_number_of_cpu_devices_that_is_none(run_python):
    code = "try: wr.devices()\nexcept RuntimeError as error: print(error)"
    done = run_with_devices(run_python, code, WEFT_NUM_CPU_DEVICES="many")
    assert "WEFT_NUM_CPU_DEVICES must be a positive number, got 'many'" in done.stdout


def test_configuration_wins_over_the_environment(run_python):
    code = "wr.configure(platforms='cpu', num_cpu_devices=2); print(wr.device_count())"
    assert run_with_devices(run_python, code, WEFT_PLATFORMS="metal").stdout == "2\n"


def test_several_devices(run_python):
    code = """
MODULE = '''func.func @main(%x: tensor<2xf32>) -> tensor<2xf32> {
  %y = stablehlo.add %x, %x : tensor<2xf32>
  return %y : tensor<2xf32> }'''
def double(x):
    f = wr.compile(MODULE, [x.spec], [((2,), F4, False)])
    return f([x])[0]
one, two = wr.devices()[1:3]
x = wr.device_put([1., 2.], F4, device=one)
print(x.device, double(x).device, double(x).tolist(), double(x).committed)
y = wr.move(x, two)
print(y.device, double(y).device, double(y).tolist(), x.is_deleted())
with wr.use_default_device(two):
    print(wr.device_put(1, F4).device, wr.scalar(2., F4).device, wr.device_put(1, F4).committed)
print(wr.device_put(1, F4).device, wr.scalar(2., F4).device)
wr.set_default_device(one)
print(wr.device_put(1, F4).device)
wr.set_default_device(None)
f = wr.compile(MODULE, [x.spec], [((2,), F4, False)])
try: f([y])
except ValueError as error: print(error)
"""
    done = run_with_devices(run_python, code, WEFT_NUM_CPU_DEVICES="3")
    assert done.stdout.splitlines() == [
        "cpu:1 cpu:1 [2.0, 4.0] True",
        "cpu:2 cpu:2 [2.0, 4.0] False",
        "cpu:2 cpu:2 False",
        "cpu:0 cpu:0",
        "cpu:1",
        "main: argument 0 is on cpu:2, but the program was compiled for cpu:1",
    ]


def test_default_device_belongs_to_the_thread():
    device = wr.devices("cpu")[0]
    with wr.use_default_device("cpu"):
        assert wr.default_device() is device
        seen = []
        thread = threading.Thread(target=lambda: seen.append(wr.device_put(1, F4).device))
        thread.start()
        thread.join()
    assert seen == [wr.default_device()]
    with pytest.raises(TypeError, match="expected a device, a platform or None, got int 3"):
        wr.set_default_device(3)


def test_fork_is_warned_of(run_python):
    done = run_with_devices(
        run_python,
        "import os; wr.devices()\npid = os.fork()\nif pid == 0: os._exit(0)\nos.waitpid(pid, 0)",
    )
    assert "Start processes by spawn" in done.stderr


def test_fork_child_is_told(run_python):
    code = """
import os
wr.devices()
pid = os.fork()
if pid == 0:
    try: wr.device_put(1, F4)
    except RuntimeError as error: os.write(1, str(error).encode())
    os._exit(0)
os.waitpid(pid, 0)
print(wr.device_put(1, F4).item())"""
    done = run_with_devices(run_python, code)
    assert "was forked from one in which weft's backends run" in done.stdout and "spawn" in done.stdout
    assert done.stdout.endswith("1.0\n")


@pytest.mark.parametrize(
    ("flag", "reason"),
    [
        ("--xla_no_such_flag=1", "Unknown flag in XLA_FLAGS: --xla_no_such_flag=1"),
        (
            "--xla_cpu_enable_fast_math=maybe",
            "Couldn't interpret value maybe for flag xla_cpu_enable_fast_math",
        ),
    ],
)
def test_flag_that_xla_refuses_is_an_error(run_python, flag, reason):
    code = "try: wr.devices()\nexcept RuntimeError as error: print(error)"
    assert reason in run_with_devices(run_python, code, XLA_FLAGS=flag).stdout


def test_flag_that_xla_knows(run_python):
    done = run_with_devices(
        run_python, "print(wr.device_count())", XLA_FLAGS="--xla_cpu_enable_fast_math=true"
    )
    assert done.stdout == "1\n"


def test_uncommitted_arguments_follow(run_python):
    code = """
MODULE = '''func.func @main(%x: tensor<2xf32>, %y: tensor<2xf32>) -> tensor<2xf32> {
  %z = stablehlo.add %x, %y : tensor<2xf32>
  return %z : tensor<2xf32> }'''
def add(x, y):
    f = wr.compile(MODULE, [x.spec, y.spec], [((2,), F4, False)], name="add")
    return f([x, y])[0]
one, two = wr.devices()[1:3]
x = wr.device_put([1., 2.], F4, device=one)
y = wr.device_put([1., 2.], F4)
with wr.use_default_device(two):
    z = wr.device_put([1., 2.], F4)
for pair in (x, y), (y, x), (x, z), (y, z), (z, z):
    total = add(*pair)
    print(total.device, total.committed, total.tolist())
try: add(x, wr.move(y, two))
except ValueError as error: print(str(error).splitlines()[0])
"""
    done = run_with_devices(run_python, code, WEFT_NUM_CPU_DEVICES="3")
    assert done.stdout.splitlines() == [
        *["cpu:1 True [2.0, 4.0]"] * 3,
        *["cpu:0 False [2.0, 4.0]"] * 2,
        "add: received incompatible devices: argument 0, f32[2], is committed to cpu:1, "
        "and argument 1, f32[2], to cpu:2",
    ]
    assert "E0" not in done.stderr
