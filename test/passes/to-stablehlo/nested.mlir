// RUN: weft-opt %s --passes=weft-to-stablehlo | filecheck %s
// RUN: weft-run %s --fn=f 3.0 | filecheck %s --check-prefix=VALUE

// Each function is lowered once, however often it is called; what a rule brings is not run, and a checkpoint is a call.
// CHECK-LABEL: func.func @f
// CHECK-COUNT-3: call @square
// CHECK-LABEL: func.func private @square
// CHECK:       stablehlo.multiply
// VALUE:       6561.0
func.func @f(%x: tensor<f32>) -> tensor<f32> {
  %a = call @square(%x) : (tensor<f32>) -> tensor<f32>
  %b = "weftn.checkpoint"(%a) {callee = @square} : (tensor<f32>) -> tensor<f32>
  %c = "weftn.custom_jvp_call"(%b) {callee = @square, jvp_callee = @rule} : (tensor<f32>) -> tensor<f32>
  return %c : tensor<f32>
}

func.func private @square(%x: tensor<f32>) -> tensor<f32> {
  %y = "weft.mul"(%x, %x) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

func.func private @rule(%x: tensor<f32>, %dx: tensor<f32>) -> (tensor<f32>, tensor<f32>) {
  %y = call @square(%x) : (tensor<f32>) -> tensor<f32>
  return %y, %dx : tensor<f32>, tensor<f32>
}
