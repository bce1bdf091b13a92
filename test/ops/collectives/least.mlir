// RUN: weft-opt %s | weft-opt | filecheck %s
// RUN: weft-opt %s --passes='weft-batch{fn=least size=3 axis-name=i}' | weft-run --fn=least.batch '[4, 1, 2]' | filecheck %s --check-prefix=LEAST

// The least of the values at all positions is one value.
// CHECK-LABEL: func.func @least
// CHECK:       "weft.all_reduce_min"(%{{.*}}) {axis_name = "i", axis_size = 3 : i64}
// LEAST:       1.0
func.func @least(%x: tensor<f32>) -> tensor<f32> {
  %y = "weft.all_reduce_min"(%x) {axis_name = "i", axis_size = 3} : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}
