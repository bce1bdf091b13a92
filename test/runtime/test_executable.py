"""Programs run, and what goes wrong is said in words."""

import io

import numpy as np
import pytest

import weft_runtime as wr

F4, I4 = np.dtype("f4"), np.dtype("i4")

DOUBLE = """
func.func @main(%x: tensor<3xf32>) -> tensor<3xf32> {
  %y = stablehlo.add %x, %x : tensor<3xf32>
  return %y : tensor<3xf32>
}"""

SUM_AND_DIFFERENCE = """
func.func @main(%x: tensor<2xf32> ATTRIBUTE, %y: tensor<2xf32>) -> (tensor<2xf32>, tensor<2xf32>) {
  %s = stablehlo.add %x, %y : tensor<2xf32>
  %d = stablehlo.subtract %x, %y : tensor<2xf32>
  return %s, %d : tensor<2xf32>, tensor<2xf32>
}"""

DONATES = SUM_AND_DIFFERENCE.replace("ATTRIBUTE", "{tf.aliasing_output = 0 : i32}")
TWO = [((2,), F4, False)] * 2


def put(*values, dtype=F4, **kwargs):
    return wr.device_put(np.array(values), dtype, **kwargs)


def test_call():
    x = put(1, 2, 3)
    f = wr.compile(DOUBLE, [x.spec], [((3,), F4, False)])
    (y,) = f([x])
    assert y.tolist() == [2, 4, 6] and y.spec is x.spec
    outs = map(wr.Array, f.out_specs, f.run([x._b]).consume_with_handlers(f.handlers))
    assert next(outs).tolist() == [2, 4, 6]
    assert repr(f) == "<Executable main: (f32[3]) -> (f32[3])>"


def test_weak_type_and_commitment_of_results():
    x = put(1, 2, 3)
    (y,) = wr.compile(DOUBLE, [x.spec], [((3,), F4, True)])([x])
    assert y.weak_type and not y.committed
    x = put(1, 2, 3, device=wr.devices("cpu")[0])
    (y,) = wr.compile(DOUBLE, [x.spec], [((3,), F4, False)])([x])
    assert y.committed
    (y,) = wr.compile(DOUBLE, [x.spec], [((3,), F4, False)], committed=False)([x])
    assert not y.committed


def test_no_arguments_and_no_results():
    module = """func.func @main() -> tensor<i32> {
      %c = stablehlo.constant dense<7> : tensor<i32>
      return %c : tensor<i32> }"""
    assert int(wr.compile(module, [], [((), I4, False)])([])[0]) == 7
    assert wr.compile("func.func @main() { return }", [], [])([]) == []


def test_bytes_are_a_module_too():
    x = put(1, 2, 3)
    f = wr.compile(DOUBLE.encode(), [x.spec], [((3,), F4, False)])
    assert f([x])[0].tolist() == [2, 4, 6]


def test_bytecode_and_portable_artifact():
    bytecode, stablehlo, module = parsed(DOUBLE)
    module.operation.write_bytecode(bytecode)
    x = put(1, 2, 3)
    artifact = stablehlo.serialize_portable_artifact(module, wr.stablehlo_version())
    for program in (bytecode.getvalue(), artifact):
        f = wr.compile(program, [x.spec], [((3,), F4, False)])
        assert f([x])[0].tolist() == [2, 4, 6]


def parsed(text):
    from jaxlib.mlir import ir
    from jaxlib.mlir.dialects import stablehlo

    from weft_runtime import pjrt

    with pjrt._mlir_context():
        return io.BytesIO(), stablehlo, ir.Module.parse(text)


def test_arguments_in_host_memory_give_results_in_device_memory():
    x = wr.move(put(1, 2, 3), wr.SingleDeviceSharding(wr.devices("cpu")[0], "pinned_host"))
    (y,) = wr.compile(DOUBLE, [x.spec], [((3,), F4, False)])([x])
    assert y.sharding is wr.SingleDeviceSharding(wr.devices("cpu")[0]) and y.tolist() == [2, 4, 6]


def test_flags_of_one_compilation():
    x = put(1, 2, 3)
    out = [((3,), F4, False)]
    f = wr.compile(DOUBLE, [x.spec], out, options={"xla_backend_optimization_level": 0})
    assert f([x])[0].tolist() == [2, 4, 6]
    with pytest.raises(wr.CompileError, match="xla_no_such_flag"):
        wr.compile(DOUBLE, [x.spec], out, options={"xla_no_such_flag": True})


def test_refused_program():
    with pytest.raises(wr.CompileError, match="XLA cannot compile step: "):
        wr.compile("func.func @main() { return %x : tensor<f32> }", [], [((), F4, False)], name="step")
    call = """func.func @main() {
      stablehlo.custom_call @no_such_target() {has_side_effect = true} : () -> ()
      return }"""
    with pytest.raises(wr.JaxRuntimeError, match="no_such_target"):
        wr.compile(call, [], [])


def test_inspection():
    x = put(1, 2, 3)
    f = wr.compile(DOUBLE, [x.spec], [((3,), F4, False)])
    assert f.cost_analysis()["flops"] == 3
    assert f.memory_analysis().argument_size_in_bytes == 12
    assert "ENTRY" in f.as_text()
    assert len(f.serialize()) > 100


class TestDonation:
    def compiled(self, x, y):
        return wr.compile(DONATES, [x.spec, y.spec], TWO, donate=(0,), name="step")

    def test_memory_is_used_again(self):
        x, y = put(3, 4), put(1, 1)
        where = x.unsafe_buffer_pointer()
        total, difference = self.compiled(x, y)([x, y])
        assert total.unsafe_buffer_pointer() == where
        assert x.is_deleted() and not y.is_deleted()
        assert (total.tolist(), difference.tolist()) == ([4, 5], [2, 3])

    def test_donated_array_cannot_be_used_again(self):
        x, y = put(3, 4), put(1, 1)
        f = self.compiled(x, y)
        f([x, y])
        with pytest.raises(
            RuntimeError, match=r"step: Array has been deleted with shape=float32\[2\].*argument 0"
        ):
            f([x, y])
        with pytest.raises(RuntimeError, match="donated to an earlier call"):
            f([y, x])
        with pytest.raises(RuntimeError, match="has been deleted"):
            np.asarray(x)

    def test_same_array_donated_and_used(self):
        x = put(3, 4)
        with pytest.raises(RuntimeError, match=r"argument 0 is donated.*also argument 1"):
            self.compiled(x, x)([x, x])
        assert not x.is_deleted()

    def test_array_that_numpy_still_looks_at_is_not_overwritten(self):
        x, y = put(3, 4), put(1, 1)
        view = np.asarray(x)
        self.compiled(x, y)([x, y])
        assert view.tolist() == [3, 4]


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        (list, TypeError, "takes 1 arguments, got 0"),
        (lambda: [np.zeros(3, "f4")], TypeError, "argument 0 must be an Array, got ndarray"),
        (lambda: [put(1, 2)], TypeError, r"argument 0 must be f32\[3\], got f32\[2\]"),
    ],
)
def test_misuse(arguments, error, text):
    f = wr.compile(DOUBLE, [put(1, 2, 3).spec], [((3,), F4, False)])
    with pytest.raises(error, match=text):
        f(arguments())


def test_out_of_memory_is_an_error_that_passes():
    module = """func.func @main(%x: tensor<f32>) -> tensor<1000000x1000000xf32> {
      %y = stablehlo.broadcast_in_dim %x, dims = [] : (tensor<f32>) -> tensor<1000000x1000000xf32>
      return %y : tensor<1000000x1000000xf32> }"""
    x = wr.device_put(1, F4)
    f = wr.compile(module, [x.spec], [((1000000, 1000000), F4, False)], use_cache=False)
    with pytest.raises(wr.JaxRuntimeError, match="RESOURCE_EXHAUSTED"):
        f([x])
    assert float(x) == 1


def test_lapack_is_ready_when_a_program_needs_it():
    module = """func.func @main(%a: tensor<2x2xf32>) -> tensor<2x2xf32> {
      %l = "stablehlo.cholesky"(%a) {lower = true} : (tensor<2x2xf32>) -> tensor<2x2xf32>
      return %l : tensor<2x2xf32> }"""
    a = np.array([[4.0, 2.0], [2.0, 5.0]], "f4")
    x = wr.device_put(a, F4)
    (lower,) = wr.compile(module, [x.spec], [((2, 2), F4, False)])([x])
    np.testing.assert_allclose(np.tril(lower), np.linalg.cholesky(a), rtol=1e-6)


def test_lapack_custom_call():
    module = """func.func @main(%a: tensor<3x3xf64>) -> (tensor<3x3xf64>, tensor<3xi32>, tensor<i32>) {
      %0:3 = stablehlo.custom_call @lapack_dgetrf_ffi(%a) {api_version = 4 : i32,
        operand_layouts = [dense<[0, 1]> : tensor<2xindex>],
        result_layouts = [dense<[0, 1]> : tensor<2xindex>, dense<0> : tensor<1xindex>,
                          dense<> : tensor<0xindex>]}
        : (tensor<3x3xf64>) -> (tensor<3x3xf64>, tensor<3xi32>, tensor<i32>)
      return %0#0, %0#1, %0#2 : tensor<3x3xf64>, tensor<3xi32>, tensor<i32> }"""
    scipy_linalg = pytest.importorskip("scipy.linalg")
    a = np.array([[1.0, 2, 3], [4, 5, 6], [7, 8, 10]])
    x = wr.device_put(a, np.dtype("f8"))
    out = [((3, 3), np.dtype("f8"), False), ((3,), I4, False), ((), I4, False)]
    lu, pivots, info = wr.compile(module, [x.spec], out)([x])
    expected, expected_pivots = scipy_linalg.lu_factor(a)
    np.testing.assert_allclose(lu, expected)
    assert (np.asarray(pivots) - 1).tolist() == expected_pivots.tolist() and int(info) == 0
