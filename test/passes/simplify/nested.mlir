// RUN: weft-opt %s --passes=weft-simplify,weft-dce | filecheck %s
// RUN: weft-opt %s --passes=weft-simplify,weft-dce,weft-expand-transforms | weft-run --fn=f 3.0 | filecheck %s --check-prefix=VALUE

// Functions that are called, and those that a request names, are simplified; a derivative has less to do then.
// CHECK-LABEL: func.func @f
// CHECK:       call @plain
// CHECK:       "weftn.jvp"
// CHECK-LABEL: func.func private @plain
// CHECK-NEXT:    "weft.sin"
// CHECK-NEXT:    return
// VALUE:       0.1411
// VALUE-NEXT:  -0.98999
func.func @f(%x: tensor<f32>) -> (tensor<f32>, tensor<f32>) {
  %one = "weft.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %y = call @plain(%x) : (tensor<f32>) -> tensor<f32>
  %z, %dz = "weftn.jvp"(%x, %one) {callee = @plain, wrt = array<i64: 0>} : (tensor<f32>, tensor<f32>) -> (tensor<f32>, tensor<f32>)
  return %y, %dz : tensor<f32>, tensor<f32>
}

func.func private @plain(%x: tensor<f32>) -> tensor<f32> {
  %a = "weft.neg"(%x) : (tensor<f32>) -> tensor<f32>
  %b = "weft.neg"(%a) : (tensor<f32>) -> tensor<f32>
  %y = "weft.sin"(%b) : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}
