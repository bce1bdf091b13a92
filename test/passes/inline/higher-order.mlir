// RUN: weft-opt %s --passes=weft-inline | filecheck %s
// RUN: weft-opt %s --passes=weft-inline,weft-expand-transforms,weft-inline | weft-run --fn=f 3.0 | filecheck %s --check-prefix=VALUE

// What a request, a checkpoint or a rule names stays a function, though it is named only once.
// CHECK-LABEL: func.func @f
// CHECK:       "weftn.jvp"({{.*}}callee = @outer
// CHECK:       func.func private @outer
// CHECK:       "weftn.checkpoint"({{.*}}callee = @inner
// CHECK:       func.func private @inner
// CHECK-NOT:   call
// CHECK:       "weft.mul"
// VALUE:       9.0
// VALUE-NEXT:  6.0
func.func @f(%x: tensor<f32>) -> (tensor<f32>, tensor<f32>) {
  %one = "weft.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %y, %dy = "weftn.jvp"(%x, %one) {callee = @outer, wrt = array<i64: 0>} : (tensor<f32>, tensor<f32>) -> (tensor<f32>, tensor<f32>)
  return %y, %dy : tensor<f32>, tensor<f32>
}

func.func private @outer(%x: tensor<f32>) -> tensor<f32> {
  %y = "weftn.checkpoint"(%x) {callee = @inner} : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

func.func private @inner(%x: tensor<f32>) -> tensor<f32> {
  %y = call @square(%x) : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

func.func private @square(%x: tensor<f32>) -> tensor<f32> {
  %y = "weft.mul"(%x, %x) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}
