// RUN: weft-opt %s | weft-opt | filecheck %s
// RUN: weft-run %s --fn=least '[3, 1, 2, 5]' | filecheck %s --check-prefix=LEAST

// CHECK-LABEL: func.func @least
// CHECK:       "weft.reduce_window_min"
// LEAST:       [1, 1, 2]
func.func @least(%x: tensor<4xi32>) -> tensor<3xi32> {
  %y = "weft.reduce_window_min"(%x) {window_dimensions = array<i64: 2>, window_strides = array<i64: 1>,
      padding_low = array<i64: 0>, padding_high = array<i64: 0>, base_dilation = array<i64: 1>,
      window_dilation = array<i64: 1>} : (tensor<4xi32>) -> tensor<3xi32>
  return %y : tensor<3xi32>
}
