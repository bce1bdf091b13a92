// RUN: weft-opt %s | weft-opt | filecheck %s
// RUN: weft-opt %s | weft-run --fn=sums '[1, 2, 3, 4, 5]' | filecheck %s --check-prefix=SUMS
// RUN: weft-opt %s | weft-run --fn=pool '[[1, 2, 5, 0], [4, 3, 6, 7]]' | filecheck %s --check-prefix=POOL
// RUN: weft-opt %s | weft-run --fn=choose '[10, 20, 30, 40]' '[5, 5, 1, 9]' | filecheck %s --check-prefix=CHOOSE
// RUN: weft-opt %s | weft-run --fn=back '[1, 10, 100]' '[5, 5, 1, 9]' | filecheck %s --check-prefix=BACK
// RUN: weft-opt %s | weft-run --fn=product '[[1, 2, 3], [4, 5, 6]]' | filecheck %s --check-prefix=PRODUCT
// RUN: weft-opt %s --passes='weft-transpose{fn=sums}' | filecheck %s --check-prefix=SUMS-BACK
// RUN: weft-opt %s --passes='weft-linearize{fn=pool},weft-transpose{fn=pool.lin}' | filecheck %s --check-prefix=POOL-BACK
// RUN: weft-opt %s --passes='weft-to-stablehlo' | filecheck %s --check-prefix=LOWERED

// Windows of 2, two apart, with a zero before.
// CHECK-LABEL:     func.func @sums
// CHECK:           "weft.reduce_window_sum"
// SUMS:            [1.0, 5.0, 9.0]

// Backwards strides are dilation.
// SUMS-BACK-LABEL: func.func @sums.transpose
// SUMS-BACK:       "weft.reduce_window_sum"({{.*}}) {base_dilation = array<i64: 2>{{.*}} window_strides = array<i64: 1>}

// A small window is lowered to slices.
// LOWERED-LABEL:   func.func @sums
// LOWERED-NOT:     reduce_window
// LOWERED:         stablehlo.slice
// LOWERED:         stablehlo.slice
// LOWERED:         stablehlo.add
func.func @sums(%x: tensor<5xf32>) -> tensor<3xf32> {
  %y = "weft.reduce_window_sum"(%x) {window_dimensions = array<i64: 2>, window_strides = array<i64: 2>,
      padding_low = array<i64: 1>, padding_high = array<i64: 0>, base_dilation = array<i64: 1>,
      window_dilation = array<i64: 1>} : (tensor<5xf32>) -> tensor<3xf32>
  return %y : tensor<3xf32>
}

// CHECK-LABEL:     func.func @pool
// POOL:            {{\[\[}}4.0, 7.0]]
// POOL-BACK-LABEL: func.func @pool.lin(
// POOL-BACK:       "weft.select_and_gather_add"({{.*}}direction = "GE"
// POOL-BACK-LABEL: func.func @pool.lin.transpose
// POOL-BACK:       "weft.select_and_scatter_add"({{.*}}direction = "GE"
func.func @pool(%x: tensor<2x4xf32>) -> tensor<1x2xf32> {
  %y = "weft.reduce_window_max"(%x) {window_dimensions = array<i64: 2, 2>, window_strides = array<i64: 2, 2>,
      padding_low = array<i64: 0, 0>, padding_high = array<i64: 0, 0>, base_dilation = array<i64: 1, 1>,
      window_dilation = array<i64: 1, 1>} : (tensor<2x4xf32>) -> tensor<1x2xf32>
  return %y : tensor<1x2xf32>
}

// Of equal keys the first.
// CHECK-LABEL: func.func @choose
// CHOOSE:      [10.0, 20.0, 40.0]
func.func @choose(%v: tensor<4xf32>, %x: tensor<4xi32>) -> tensor<3xf32> {
  %y = "weft.select_and_gather_add"(%v, %x) {direction = "GE", window_dimensions = array<i64: 2>,
      window_strides = array<i64: 1>, padding_low = array<i64: 0>, padding_high = array<i64: 0>,
      base_dilation = array<i64: 1>, window_dilation = array<i64: 1>} : (tensor<4xf32>, tensor<4xi32>) -> tensor<3xf32>
  return %y : tensor<3xf32>
}

// CHECK-LABEL: func.func @back
// BACK:        [1.0, 10.0, 0.0, 100.0]
func.func @back(%v: tensor<3xf32>, %x: tensor<4xf32>) -> tensor<4xf32> {
  %y = "weft.select_and_scatter_add"(%v, %x) {direction = "GE", window_dimensions = array<i64: 2>,
      window_strides = array<i64: 1>, padding_low = array<i64: 0>, padding_high = array<i64: 0>,
      base_dilation = array<i64: 1>, window_dilation = array<i64: 1>} : (tensor<3xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// A function of the user combines.
func.func private @times(%x: tensor<f32>, %y: tensor<f32>) -> tensor<f32> {
  %z = "weft.mul"(%x, %y) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %z : tensor<f32>
}

// CHECK-LABEL:  func.func @product
// CHECK:        "weftn.reduce"({{.*}}) {axes = array<i64: 0>, computation = @times}
// CHECK:        "weftn.reduce_window"({{.*}} computation = @times
// PRODUCT:      [4.0, 10.0, 18.0]
// PRODUCT-NEXT: {{\[\[}}2.0, 6.0], [20.0, 30.0]]
func.func @product(%x: tensor<2x3xf32>) -> (tensor<3xf32>, tensor<2x2xf32>) {
  %one = "weft.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %y = "weftn.reduce"(%x, %one) {axes = array<i64: 0>, computation = @times}
      : (tensor<2x3xf32>, tensor<f32>) -> tensor<3xf32>
  %z = "weftn.reduce_window"(%x, %one) {computation = @times, window_dimensions = array<i64: 1, 2>,
      window_strides = array<i64: 1, 1>, padding_low = array<i64: 0, 0>, padding_high = array<i64: 0, 0>,
      base_dilation = array<i64: 1, 1>, window_dilation = array<i64: 1, 1>}
      : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x2xf32>
  return %y, %z : tensor<3xf32>, tensor<2x2xf32>
}
