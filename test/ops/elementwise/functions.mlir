// RUN: weft-opt %s | weft-opt | filecheck %s
// RUN: weft-run %s --fn=exponentials 0.5 --digits=5 | filecheck %s --check-prefix=EXPONENTIALS
// RUN: weft-run %s --fn=roots 8.0 --digits=5 | filecheck %s --check-prefix=ROOTS
// RUN: weft-run %s --fn=angles 0.5 --digits=5 | filecheck %s --check-prefix=ANGLES
// RUN: weft-run %s --fn=hyperbolic 0.5 --digits=5 | filecheck %s --check-prefix=HYPERBOLIC
// RUN: weft-opt %s --passes='weft-to-stablehlo' | filecheck %s --check-prefix=LOWERED

// CHECK-LABEL:        func.func @exponentials
// CHECK:              "weft.expm1"
// CHECK:              "weft.log1p"
// CHECK:              "weft.logistic"
// EXPONENTIALS:       0.64872
// EXPONENTIALS-NEXT:  0.40547
// EXPONENTIALS-NEXT:  0.62246
// LOWERED-LABEL:      func.func @exponentials
// LOWERED:            stablehlo.exponential_minus_one
// LOWERED:            stablehlo.log_plus_one
// LOWERED:            stablehlo.logistic
func.func @exponentials(%x: tensor<f32>) -> (tensor<f32>, tensor<f32>, tensor<f32>) {
  %a = "weft.expm1"(%x) : (tensor<f32>) -> tensor<f32>
  %b = "weft.log1p"(%x) : (tensor<f32>) -> tensor<f32>
  %c = "weft.logistic"(%x) : (tensor<f32>) -> tensor<f32>
  return %a, %b, %c : tensor<f32>, tensor<f32>, tensor<f32>
}

// CHECK-LABEL:   func.func @roots
// CHECK:         "weft.rsqrt"
// CHECK:         "weft.cbrt"
// ROOTS:         0.35355
// ROOTS-NEXT:    2.0
// LOWERED-LABEL: func.func @roots
// LOWERED:       stablehlo.rsqrt
// LOWERED:       stablehlo.cbrt
func.func @roots(%x: tensor<f32>) -> (tensor<f32>, tensor<f32>) {
  %a = "weft.rsqrt"(%x) : (tensor<f32>) -> tensor<f32>
  %b = "weft.cbrt"(%x) : (tensor<f32>) -> tensor<f32>
  return %a, %b : tensor<f32>, tensor<f32>
}

// The ordinate comes first in atan2.
// CHECK-LABEL:   func.func @angles
// CHECK:         "weft.tan"
// CHECK:         "weft.asin"
// CHECK:         "weft.acos"
// CHECK:         "weft.atan"
// CHECK:         "weft.atan2"
// ANGLES:        0.5463
// ANGLES-NEXT:   0.5236
// ANGLES-NEXT:   1.0472
// ANGLES-NEXT:   0.46365
// ANGLES-NEXT:   1.1071
// LOWERED-LABEL: func.func @angles
// LOWERED:       stablehlo.tan
// LOWERED:       chlo.asin
// LOWERED:       stablehlo.atan2
func.func @angles(%x: tensor<f32>) -> (tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>) {
  %one = "weft.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %a = "weft.tan"(%x) : (tensor<f32>) -> tensor<f32>
  %b = "weft.asin"(%x) : (tensor<f32>) -> tensor<f32>
  %c = "weft.acos"(%x) : (tensor<f32>) -> tensor<f32>
  %d = "weft.atan"(%x) : (tensor<f32>) -> tensor<f32>
  %e = "weft.atan2"(%one, %x) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %a, %b, %c, %d, %e : tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>
}

// acosh is that of 1 + x, as it has no values below 1.
// CHECK-LABEL:      func.func @hyperbolic
// CHECK:            "weft.sinh"
// CHECK:            "weft.cosh"
// CHECK:            "weft.asinh"
// CHECK:            "weft.acosh"
// CHECK:            "weft.atanh"
// CHECK:            "weft.bessel_i1e"
// HYPERBOLIC:       0.5211
// HYPERBOLIC-NEXT:  1.1276
// HYPERBOLIC-NEXT:  0.48121
// HYPERBOLIC-NEXT:  0.96242
// HYPERBOLIC-NEXT:  0.54931
// HYPERBOLIC-NEXT:  0.15642
func.func @hyperbolic(%x: tensor<f32>) -> (tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>) {
  %one = "weft.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %more = "weft.add"(%x, %one) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %a = "weft.sinh"(%x) : (tensor<f32>) -> tensor<f32>
  %b = "weft.cosh"(%x) : (tensor<f32>) -> tensor<f32>
  %c = "weft.asinh"(%x) : (tensor<f32>) -> tensor<f32>
  %d = "weft.acosh"(%more) : (tensor<f32>) -> tensor<f32>
  %e = "weft.atanh"(%x) : (tensor<f32>) -> tensor<f32>
  %f = "weft.bessel_i1e"(%x) : (tensor<f32>) -> tensor<f32>
  return %a, %b, %c, %d, %e, %f : tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>
}
