// RUN: weft-opt %s --passes=weft-expand-transforms,weft-check-nan | filecheck %s
// RUN: weft-opt %s --passes=weft-expand-transforms,weft-check-nan | weft-run --fn=slope 4.0 | filecheck %s --check-prefix=VALUE
// RUN: weft-opt %s --passes=weft-expand-transforms,weft-check-nan | weft-run --fn=total '[1.0, 2.0, 3.0]' | filecheck %s --check-prefix=TOTAL

// The functions that a derivative is made of are looked into.
// CHECK-LABEL: func.func @slope
// CHECK:       weft.report_nan
// VALUE:       2.0
// VALUE-NEXT:  0.25
func.func @slope(%x: tensor<f32>) -> (tensor<f32>, tensor<f32>) {
  %one = "weft.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %y, %dx = "weftn.vjp"(%x, %one) {callee = @root, wrt = array<i64: 0>, ct_of = array<i64: 0>} : (tensor<f32>, tensor<f32>) -> (tensor<f32>, tensor<f32>)
  return %y, %dx : tensor<f32>, tensor<f32>
}

// It is not run as it is, but what was made of it is.
// CHECK-LABEL: func.func private @root
// CHECK-NOT:   report_nan
// CHECK:       return
func.func private @root(%x: tensor<f32>) -> tensor<f32> {
  %y = "weft.sqrt"(%x) : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

// What the backend runs on single elements is not looked into.
// CHECK-LABEL: func.func @total
// CHECK:       "weftn.reduce"
// CHECK:       weft.report_nan
// TOTAL:       6.0
func.func @total(%x: tensor<3xf32>) -> tensor<f32> {
  %zero = "weft.constant"() {value = dense<0.0> : tensor<f32>} : () -> tensor<f32>
  %y = "weftn.reduce"(%x, %zero) {computation = @sum, axes = array<i64: 0>} : (tensor<3xf32>, tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

// CHECK-LABEL: func.func private @sum
// CHECK-NOT:   report_nan
// CHECK:       return
func.func private @sum(%x: tensor<f32>, %y: tensor<f32>) -> tensor<f32> {
  %z = "weft.add"(%x, %y) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %z : tensor<f32>
}

// CHECK-LABEL: func.func private @root.vjp
// CHECK:       weft.report_nan
