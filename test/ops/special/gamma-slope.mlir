// RUN: weft-opt %s | weft-opt | filecheck %s
// RUN: weft-run %s --fn=slope 2.0 1.5 --digits=4 | filecheck %s --check-prefix=SLOPE

// How a gamma variate x of shape a moves with a, while its quantile stays: of igamma(a, x) the slope in a over that in x.
// CHECK-LABEL: func.func @slope
// CHECK:       "weft.random_gamma_grad"
// SLOPE:       0.9366
func.func @slope(%a: tensor<f32>, %x: tensor<f32>) -> tensor<f32> {
  %dx = "weft.random_gamma_grad"(%a, %x) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %dx : tensor<f32>
}
