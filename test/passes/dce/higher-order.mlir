// RUN: weft-opt %s --passes=weft-dce | filecheck %s
// RUN: weft-opt %s --passes=weft-dce,weft-expand-transforms,weft-dce | weft-run --fn=f 3.0 | filecheck %s --check-prefix=VALUE

// A request that nobody needs goes, with the functions that it alone names; one that is needed keeps its rules.
// CHECK-LABEL: func.func @f
// CHECK-NOT:   "weftn.vmap"
// CHECK:       "weftn.jvp"
// CHECK-NOT:   func.func private @unused
// CHECK:       func.func private @square
// CHECK:       func.func private @rule
// VALUE:       9.0
// VALUE-NEXT:  100.0
func.func @f(%x: tensor<f32>) -> (tensor<f32>, tensor<f32>) {
  %one = "weft.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %u = "weftn.vmap"(%x) {callee = @unused, in_axes = array<i64: -1>, out_axes = array<i64: -1>, size = 2 : i64} : (tensor<f32>) -> tensor<f32>
  %y, %dy = "weftn.jvp"(%x, %one) {callee = @ruled, wrt = array<i64: 0>} : (tensor<f32>, tensor<f32>) -> (tensor<f32>, tensor<f32>)
  return %y, %dy : tensor<f32>, tensor<f32>
}

func.func private @unused(%x: tensor<f32>) -> tensor<f32> {
  return %x : tensor<f32>
}

func.func private @ruled(%x: tensor<f32>) -> tensor<f32> {
  %y = "weftn.custom_jvp_call"(%x) {callee = @square, jvp_callee = @rule} : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

func.func private @square(%x: tensor<f32>) -> tensor<f32> {
  %y = "weft.mul"(%x, %x) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

func.func private @rule(%x: tensor<f32>, %dx: tensor<f32>) -> (tensor<f32>, tensor<f32>) {
  %y = call @square(%x) : (tensor<f32>) -> tensor<f32>
  %c = "weft.constant"() {value = dense<100.0> : tensor<f32>} : () -> tensor<f32>
  %dy = "weft.mul"(%c, %dx) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %y, %dy : tensor<f32>, tensor<f32>
}
