// RUN: weft-opt %s --passes='weft-linearize{fn=f},weft-remat{fn=f policy=dots_saveable},weft-dce' | filecheck %s
// RUN: weft-opt %s --passes='weft-linearize{fn=f},weft-remat{fn=f policy=dots_saveable},weft-transpose{fn=f.lin linear=0}' | weft-run --fn=f.lin.transpose 1.0 2.0 0.5 '[1.0, 0.3808]' --digits=4 | filecheck %s --check-prefix=SLOPE

// A policy sees into functions that are called, and into loops that these run.
// CHECK-LABEL: func.func @f.fwd
// CHECK:       return {{.*}}tensor<2xf32>
// SLOPE:       0.0911
func.func @f(%x: tensor<f32>, %w: tensor<f32>) -> tensor<f32> {
  %y = call @inner(%x, %w) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

func.func private @inner(%x: tensor<f32>, %w: tensor<f32>) -> tensor<f32> {
  %y = "weftn.scan"(%w, %x) {body = @step, consts = 1 : i64, carry = 1 : i64, length = 2 : i64} : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

func.func private @step(%w: tensor<f32>, %c: tensor<f32>) -> tensor<f32> {
  %p = "weft.dot_general"(%c, %w) {lhs_batch = array<i64>, rhs_batch = array<i64>, lhs_contract = array<i64>, rhs_contract = array<i64>} : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %s = "weft.tanh"(%p) : (tensor<f32>) -> tensor<f32>
  return %s : tensor<f32>
}
