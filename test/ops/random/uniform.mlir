// RUN: weft-opt %s --passes=weft-cse | filecheck %s
// RUN: weft-opt %s --passes=weft-to-stablehlo | filecheck %s --check-prefix=LOWERED

// Equal ops draw different numbers: none stands for the other.
// CHECK-LABEL:   func.func @f
// CHECK-COUNT-2: "weft.rng_uniform"
// LOWERED-LABEL: func.func @f
// LOWERED:       stablehlo.rng
func.func @f(%low: tensor<f32>, %high: tensor<f32>) -> tensor<3xf32> {
  %a = "weft.rng_uniform"(%low, %high) {shape = array<i64: 3>} : (tensor<f32>, tensor<f32>) -> tensor<3xf32>
  %b = "weft.rng_uniform"(%low, %high) {shape = array<i64: 3>} : (tensor<f32>, tensor<f32>) -> tensor<3xf32>
  %c = "weft.add"(%a, %b) : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  return %c : tensor<3xf32>
}
