// RUN: not weft-opt %s --passes='weft-remat{fn=f}' 2>&1 | filecheck %s --check-prefix=MISSING
// RUN: not weft-opt %s --passes='weft-linearize{fn=f},weft-remat{fn=f policy=some}' 2>&1 | filecheck %s --check-prefix=POLICY
// RUN: not weft-opt %s --passes='weft-remat{fn=g}' 2>&1 | filecheck %s --check-prefix=PAIR

// MISSING: error: no function @f.fwd
// POLICY:  rejected.mlir:[[LINE:[0-9]+]]:{{[0-9]+}}: error: there is no policy 'some'; there are nothing_saveable
// PAIR:    error: @g.fwd and @g.lin do not go together
func.func @f(%x: tensor<f32>) -> tensor<f32> {
  %y = "weft.sin"(%x) : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

func.func @g(%x: tensor<f32>) -> tensor<f32> {
  return %x : tensor<f32>
}

func.func @g.fwd(%x: tensor<f32>) -> (tensor<f32>, tensor<2xf32>, tensor<f32>) {
  %y = "weft.constant"() {value = dense<1.0> : tensor<2xf32>} : () -> tensor<2xf32>
  return %x, %y, %x : tensor<f32>, tensor<2xf32>, tensor<f32>
}

func.func @g.lin(%x: tensor<f32>) -> tensor<f32> {
  return %x : tensor<f32>
}
