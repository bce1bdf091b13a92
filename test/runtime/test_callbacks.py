"""Programs call Python, and Python's mistakes come out as sentences."""

import time

import numpy as np
import pytest

import weft_runtime as wr
from weft_runtime import HostCallback, callbacks

F4 = np.dtype("f4")

CALL = """
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = stablehlo.custom_call @xla_ffi_python_cpu_callback(%x)
    {api_version = 4 : i32, backend_config = {index = 0 : ui64}} : (tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}"""

PRINT = """
func.func @main(%x: tensor<4xf32>) {
  stablehlo.custom_call @xla_ffi_python_cpu_callback(%x)
    {api_version = 4 : i32, backend_config = {index = 0 : ui64}, has_side_effect = true}
    : (tensor<4xf32>) -> ()
  return
}"""

ORDERED = """
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %t = stablehlo.create_token : !stablehlo.token
  %u, %y = stablehlo.custom_call @xla_ffi_python_cpu_callback(%t, %x)
    {api_version = 4 : i32, backend_config = {index = 0 : ui64}, has_side_effect = true}
    : (!stablehlo.token, tensor<4xf32>) -> (!stablehlo.token, tensor<4xf32>)
  %v, %z = stablehlo.custom_call @xla_ffi_python_cpu_callback(%u, %y)
    {api_version = 4 : i32, backend_config = {index = 1 : ui64}, has_side_effect = true}
    : (!stablehlo.token, tensor<4xf32>) -> (!stablehlo.token, tensor<4xf32>)
  return %z : tensor<4xf32>
}"""

OUT = [((4,), F4, False)]


@pytest.fixture
def x():
    return wr.device_put(np.arange(4), F4)


def run(x, fn, **kwargs):
    callback = HostCallback(fn, [((4,), F4)], **kwargs)
    return np.asarray(wr.compile(CALL, [x.spec], OUT, host_callbacks=[callback])([x])[0]).tolist()


def test_call_target():
    assert f"@{callbacks.call_target('cpu')}(" in CALL


def test_one_result(x):
    assert run(x, lambda a: a * 2) == [0, 2, 4, 6]
    assert run(x, lambda a: (a[::-1],)) == [3, 2, 1, 0]


def test_arguments_may_be_kept_and_changed(x):
    kept = []

    def keep(a):
        kept.append(a)
        a += 1
        return a

    assert run(x, keep) == [1, 2, 3, 4]
    run(x, lambda a: a * 0)
    assert kept[0].tolist() == [1, 2, 3, 4] and x.tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("fn", "text"),
    [
        (lambda a: a[:2], r"result 0 must be float32\[4\], got float32\[2\]"),
        (lambda a: a.astype("f8"), r"result 0 must be float32\[4\], got float64\[4\]"),
        (lambda a: (a, a), "expected 1 results, got 2"),
        (lambda a: None, "expected 1 results, got 0"),
        (lambda a: 1 / 0, "ZeroDivisionError"),
    ],
)
def test_mistakes(x, fn, text):
    with pytest.raises(RuntimeError, match=text):
        run(x, fn, name="measure")


def test_message_names_the_function(x):
    with pytest.raises(RuntimeError, match="callback measure: expected"):
        run(x, lambda a: None, name="measure")


def test_no_result(x):
    seen = []
    f = wr.compile(PRINT, [x.spec], [], host_callbacks=[HostCallback(lambda a: seen.append(a.tolist()))])
    f([x])
    for _ in range(1000):
        if not seen:
            time.sleep(0.01)
    assert seen == [[0, 1, 2, 3]]


def test_order(x):
    seen = []

    def note(name):
        def fn(a):
            seen.append(name)
            return a + 1

        return HostCallback(fn, [((4,), F4)], is_ordered=True)

    f = wr.compile(ORDERED, [x.spec], OUT, host_callbacks=[note("first"), note("second")])
    assert f([x])[0].tolist() == [2, 3, 4, 5] and seen == ["first", "second"]


def test_callback_may_use_the_device(x):
    module = """func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
      %y = stablehlo.add %x, %x : tensor<4xf32>
      return %y : tensor<4xf32> }"""
    double = wr.compile(module, [x.spec], OUT)
    assert run(x, lambda a: np.asarray(double([wr.device_put(a, F4)])[0])) == [0, 2, 4, 6]


def test_never_on_disk(x, cache_folder):
    callback = HostCallback(lambda a: a, [((4,), F4)])
    f = wr.compile(CALL, [x.spec], OUT, host_callbacks=[callback])
    assert not cache_folder.exists()
    with pytest.raises(ValueError, match="cannot be serialized"):
        f.serialize()


def test_plain_function_is_refused(x):
    with pytest.raises(TypeError, match="must be a HostCallback"):
        wr.compile(CALL, [x.spec], OUT, host_callbacks=[lambda a: a])
