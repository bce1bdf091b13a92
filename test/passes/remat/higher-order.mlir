// RUN: weft-opt %s --passes='weft-linearize{fn=f},weft-remat{fn=f policy=save_only_these_names:kept},weft-dce' | filecheck %s
// RUN: weft-opt %s --passes='weft-linearize{fn=f},weft-remat{fn=f},weft-transpose{fn=f.lin}' | weft-run --fn=f.lin.transpose 1.0 0.5 --digits=4 | filecheck %s --check-prefix=SLOPE

// A checkpoint inside stays one, with its own policy; a rule for the derivative is used.
// CHECK-LABEL: func.func @f.fwd
// CHECK:       return %{{.*}}, %arg0, %{{.*}} : tensor<f32>, tensor<f32>, tensor<f32>
// 100 by the rule times 2 cos(0.25), behind the square of 0.5, whose slope is 1.
// SLOPE:       193.8
func.func @f(%x: tensor<f32>) -> tensor<f32> {
  %y = "weftn.checkpoint"(%x) {callee = @square} : (tensor<f32>) -> tensor<f32>
  %n = "weft.checkpoint_name"(%y) {label = "kept"} : (tensor<f32>) -> tensor<f32>
  %s = "weft.sin"(%n) : (tensor<f32>) -> tensor<f32>
  %d = "weft.add"(%s, %s) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %z = "weftn.custom_jvp_call"(%d) {callee = @square, jvp_callee = @rule} : (tensor<f32>) -> tensor<f32>
  return %z : tensor<f32>
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
