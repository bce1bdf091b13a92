// RUN: weft-opt %s --passes='weft-batch{fn=f size=2}' | filecheck %s
// RUN: weft-opt %s --passes='weft-batch{fn=f size=2},weft-jvp{fn=f.batch}' | weft-run --fn=f.batch.jvp '[2.0, 3.0]' '[1.0, 1.0]' | filecheck %s --check-prefix=SLOPES

// A rule for derivatives is batched with the function that it belongs to, so it is used afterwards too.
// CHECK-LABEL: func.func @f.batch
// CHECK:       "weftn.custom_jvp_call"({{.*}}) {callee = @square.batch{{.*}}, jvp_callee = @rule.batch
// CHECK:       "weftn.checkpoint"({{.*}}) {callee = @square.batch
// SLOPES:      [20.0, 90.0]
// 100 by the rule for the inner function, times 1 + 2 y, where y is the square.
// SLOPES-NEXT: [900.0, 1900.0]
func.func @f(%x: tensor<f32>) -> tensor<f32> {
  %y = "weftn.custom_jvp_call"(%x) {callee = @square, jvp_callee = @rule} : (tensor<f32>) -> tensor<f32>
  %z = "weftn.checkpoint"(%y) {callee = @square} : (tensor<f32>) -> tensor<f32>
  %w = "weft.add"(%z, %y) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %w : tensor<f32>
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
