// RUN: weft-opt %s > %t
// RUN: weft-opt %s --passes=weft-verify | cmp %t -
// RUN: weft-opt %s --passes=weft-verify | weft-run --fn=f 2.0 | filecheck %s

// What is right passes, and the text stays as it was.
// CHECK: 6.0
func.func @f(%x: tensor<f32>) -> tensor<f32> {
  %y = func.call @twice(%x) : (tensor<f32>) -> tensor<f32>
  %z = "weft.add"(%x, %y) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %z : tensor<f32>
}

func.func private @twice(%x: tensor<f32>) -> tensor<f32> {
  %y = "weft.add"(%x, %x) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

// An attribute whose name has a dot belongs to another dialect, which says what it means.
func.func @note_of_another_dialect(%x: tensor<f32>) -> tensor<f32> {
  %y = "weft.sin"(%x) {mhlo.frontend = "note"} : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

// Ops of other dialects are left to their own verifiers.
func.func @another_dialect(%x: tensor<f32>) -> tensor<f32> {
  %y = stablehlo.sine %x : tensor<f32>
  return %y : tensor<f32>
}

// A function that is only declared has nothing to check; a call of it is checked against its type.
func.func private @declared(%x: tensor<f32>) -> tensor<f32>

func.func @calls_declared(%x: tensor<f32>) -> tensor<f32> {
  %y = func.call @declared(%x) : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}
