// RUN: weft-opt %s --passes='weft-linearize{fn=f}' | filecheck %s
// RUN: weft-opt %s --passes='weft-linearize{fn=named}' | filecheck %s --check-prefix=NAMED
// RUN: weft-opt %s --passes='weft-linearize{fn=f},weft-transpose{fn=f.lin},weft-expand-transforms,weft-to-stablehlo' | filecheck %s --check-prefix=BARRIER
// RUN: weft-run %s --fn=grad 0.5 --digits=4 | filecheck %s --check-prefix=VALUE

func.func private @block(%x: tensor<f32>) -> tensor<f32> {
  %s = "weft.sin"(%x) : (tensor<f32>) -> tensor<f32>
  %n = "weft.checkpoint_name"(%s) {label = "wave"} : (tensor<f32>) -> tensor<f32>
  %y = "weft.exp"(%n) : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

// The operand is the only residual; the linear part computes the others again.
// CHECK-LABEL: func.func @f.fwd
// CHECK:       %[[Y:.*]] = "weftn.checkpoint"(%[[X:.*]]) {callee = @block}
// CHECK:       return %[[Y]], %[[X]]
// CHECK-LABEL: func.func @f.lin
// CHECK:       "weftn.checkpoint"({{.*}}) {callee = @block.lin.again, differentiated = true}
// CHECK-LABEL: func.func private @block.lin.again
// CHECK:       call @block.fwd.again
// CHECK:       call @block.lin

// What runs backwards waits for its cotangents.
// BARRIER-LABEL: func.func @f.lin.transpose
// BARRIER:       stablehlo.optimization_barrier
// BARRIER:       call
func.func @f(%x: tensor<f32>) -> tensor<f32> {
  %y = "weftn.checkpoint"(%x) {callee = @block} : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

// A value that the policy names is kept as well.
// NAMED-LABEL: func.func @named.fwd
// NAMED:       "weftn.checkpoint"({{.*}}) {callee = @block.fwd.save, policy = "save_only_these_names:wave"} : (tensor<f32>) -> (tensor<f32>, tensor<f32>)
func.func @named(%x: tensor<f32>) -> tensor<f32> {
  %y = "weftn.checkpoint"(%x) {callee = @block, policy = "save_only_these_names:wave"} : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

// exp(sin 0.5) and its slope
// VALUE:      1.615
// VALUE-NEXT: 1.417
func.func @grad(%x: tensor<f32>) -> (tensor<f32>, tensor<f32>) {
  %one = "weft.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %y, %dx = "weftn.vjp"(%x, %one) {callee = @f, wrt = array<i64: 0>, ct_of = array<i64: 0>}
      : (tensor<f32>, tensor<f32>) -> (tensor<f32>, tensor<f32>)
  return %y, %dx : tensor<f32>, tensor<f32>
}
