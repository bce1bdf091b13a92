// RUN: weft-opt %s | weft-opt | filecheck %s
// RUN: weft-opt %s | weft-run --fn=slice '[1, 2, 3, 4, 5]' 9 | filecheck %s --check-prefix=SLICE
// RUN: weft-opt %s | weft-run --fn=update '[[1, 2, 3], [4, 5, 6]]' '[[7, 8]]' 1 1 | filecheck %s --check-prefix=UPDATE

// A start outside moves the window inside: 9 is too far for two of five elements.
// CHECK-LABEL: func.func @slice
// CHECK:       "weft.dynamic_slice"({{.*}}) {sizes = array<i64: 2>}
// SLICE:       [4.0, 5.0]
func.func @slice(%x: tensor<5xf32>, %i: tensor<i8>) -> tensor<2xf32> {
  %y = "weft.dynamic_slice"(%x, %i) {sizes = array<i64: 2>} : (tensor<5xf32>, tensor<i8>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}

// CHECK-LABEL: func.func @update
// CHECK:       "weft.dynamic_update_slice"
// UPDATE:      {{\[\[}}1.0, 2.0, 3.0], [4.0, 7.0, 8.0]]
func.func @update(%x: tensor<2x3xf32>, %u: tensor<1x2xf32>, %i: tensor<i32>, %j: tensor<i32>) -> tensor<2x3xf32> {
  %y = "weft.dynamic_update_slice"(%x, %u, %i, %j)
      : (tensor<2x3xf32>, tensor<1x2xf32>, tensor<i32>, tensor<i32>) -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}
