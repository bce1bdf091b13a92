// RUN: weft-opt %s | weft-opt | filecheck %s
// RUN: weft-run %s --fn=gammas 2.0 0.5 --digits=5 | filecheck %s --check-prefix=GAMMAS
// RUN: weft-run %s --fn=errors 0.5 --digits=5 | filecheck %s --check-prefix=ERRORS
// RUN: weft-run %s --fn=incomplete 2.0 3.0 0.25 --digits=5 | filecheck %s --check-prefix=INCOMPLETE
// RUN: weft-run %s --fn=powers 1.5 --digits=5 | filecheck %s --check-prefix=POWERS
// RUN: weft-run %s --fn=barriers 1.5 7 | filecheck %s --check-prefix=BARRIERS

// CHECK-LABEL: func.func @gammas
// CHECK:       "weft.lgamma"
// CHECK:       "weft.digamma"
// CHECK:       "weft.polygamma"
// CHECK:       "weft.zeta"
// CHECK:       "weft.bessel_i0e"
// GAMMAS:      0.57236
// GAMMAS-NEXT: -1.9635
// GAMMAS-NEXT: -16.829
// GAMMAS-NEXT: 4.9348
// GAMMAS-NEXT: 0.64504
func.func @gammas(%m: tensor<f32>, %x: tensor<f32>) -> (tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>) {
  %lgamma = "weft.lgamma"(%x) : (tensor<f32>) -> tensor<f32>
  %digamma = "weft.digamma"(%x) : (tensor<f32>) -> tensor<f32>
  %polygamma = "weft.polygamma"(%m, %x) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %zeta = "weft.zeta"(%m, %x) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %bessel = "weft.bessel_i0e"(%x) : (tensor<f32>) -> tensor<f32>
  return %lgamma, %digamma, %polygamma, %zeta, %bessel : tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>
}

// erf_inv undoes erf.
// CHECK-LABEL: func.func @errors
// CHECK:       "weft.erf"
// CHECK:       "weft.erfc"
// CHECK:       "weft.erf_inv"
// ERRORS:      0.5205
// ERRORS-NEXT: 0.4795
// ERRORS-NEXT: 0.5
func.func @errors(%x: tensor<f32>) -> (tensor<f32>, tensor<f32>, tensor<f32>) {
  %erf = "weft.erf"(%x) : (tensor<f32>) -> tensor<f32>
  %erfc = "weft.erfc"(%x) : (tensor<f32>) -> tensor<f32>
  %inverse = "weft.erf_inv"(%erf) : (tensor<f32>) -> tensor<f32>
  return %erf, %erfc, %inverse : tensor<f32>, tensor<f32>, tensor<f32>
}

// For whole parameters these are sums: 1 - exp(-3)(1 + 3), and 6 (1/4)^2 (3/4)^2 + 4 (1/4)^3 (3/4) + (1/4)^4.
// CHECK-LABEL: func.func @incomplete
// CHECK:       "weft.igamma"
// CHECK:       "weft.igammac"
// CHECK:       "weft.betainc"
// INCOMPLETE:      0.80085
// INCOMPLETE-NEXT: 0.19915
// INCOMPLETE-NEXT: 0.26172
func.func @incomplete(%a: tensor<f32>, %c: tensor<f32>, %x: tensor<f32>) -> (tensor<f32>, tensor<f32>, tensor<f32>) {
  %lower = "weft.igamma"(%a, %c) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %upper = "weft.igammac"(%a, %c) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %beta = "weft.betainc"(%a, %c, %x) : (tensor<f32>, tensor<f32>, tensor<f32>) -> tensor<f32>
  return %lower, %upper, %beta : tensor<f32>, tensor<f32>, tensor<f32>
}

// CHECK-LABEL: func.func @powers
// CHECK:       "weft.integer_pow"(%{{.*}}) {y = -2 : i64}
// CHECK:       "weft.exp2"
// CHECK:       "weft.reduce_precision"(%{{.*}}) {exponent_bits = 5 : i64, mantissa_bits = 0 : i64}
// POWERS:      0.44444
// POWERS-NEXT: 2.8284
// POWERS-NEXT: 2
func.func @powers(%x: tensor<f32>) -> (tensor<f32>, tensor<f32>, tensor<f32>) {
  %inverse_square = "weft.integer_pow"(%x) {y = -2} : (tensor<f32>) -> tensor<f32>
  %power = "weft.exp2"(%x) : (tensor<f32>) -> tensor<f32>
  %coarse = "weft.reduce_precision"(%x) {exponent_bits = 5, mantissa_bits = 0} : (tensor<f32>) -> tensor<f32>
  return %inverse_square, %power, %coarse : tensor<f32>, tensor<f32>, tensor<f32>
}

// CHECK-LABEL: func.func @barriers
// CHECK:       "weft.stop_gradient"
// CHECK:       %{{.*}}:2 = "weftn.optimization_barrier"
// BARRIERS:      1.5
// BARRIERS-NEXT: 7
func.func @barriers(%x: tensor<f32>, %n: tensor<i32>) -> (tensor<f32>, tensor<i32>) {
  %y = "weft.stop_gradient"(%x) : (tensor<f32>) -> tensor<f32>
  %both:2 = "weftn.optimization_barrier"(%y, %n) : (tensor<f32>, tensor<i32>) -> (tensor<f32>, tensor<i32>)
  return %both#0, %both#1 : tensor<f32>, tensor<i32>
}
