// RUN: weft-opt %s --passes='weft-jvp{fn=f}' | filecheck %s
// RUN: weft-opt %s --passes='weft-jvp{fn=f}' | weft-run --fn=f.jvp 2.0 1.0 | filecheck %s --check-prefix=VALUE

// A function that brings its rule: the derivative is what the rule says, here 100, not what the function is.
// CHECK-LABEL: func.func @f.jvp
// CHECK:       call @rule(
// VALUE:       4.0
// VALUE-NEXT:  100.0
func.func @f(%x: tensor<f32>) -> tensor<f32> {
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
