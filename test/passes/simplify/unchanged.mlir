// RUN: weft-opt %s > %t
// RUN: weft-opt %s --passes=weft-simplify | cmp %t -
// RUN: weft-run %s --fn=f 2.0 1.0 | filecheck %s

// With nothing to fold, the text stays as it was: also what is not used, and what another pass would merge.
// CHECK: 5.0
func.func @f(%x: tensor<f32>, %y: tensor<f32>) -> tensor<f32> {
  %unused = "weft.constant"() {value = dense<3.0> : tensor<f32>} : () -> tensor<f32>
  %a = "weft.mul"(%x, %y) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %b = "weft.mul"(%x, %y) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %c = "weft.add"(%a, %b) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %d = func.call @g(%c) : (tensor<f32>) -> tensor<f32>
  return %d : tensor<f32>
}

func.func private @g(%x: tensor<f32>) -> tensor<f32> {
  %one = "weft.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %y = "weft.add"(%x, %one) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

func.func private @declared(%x: tensor<f32>) -> tensor<f32>
