// RUN: weft-opt %s | weft-opt | filecheck %s
// RUN: weft-opt %s | weft-run --fn=fill '[[1, 2], [3, 4], [5, 6]]' '[[2], [3], [-1]]' | filecheck %s --check-prefix=FILL
// RUN: weft-opt %s | weft-run --fn=clip '[[1, 2], [3, 4], [5, 6]]' '[[2], [3], [-1]]' | filecheck %s --check-prefix=CLIP
// RUN: weft-opt %s --passes='weft-linearize{fn=each},weft-transpose{fn=each.lin}' | filecheck %s --check-prefix=BACK

// Rows of a matrix; those that are not there are -1.5.
// CHECK-LABEL: func.func @fill
// CHECK:       "weft.gather"({{.*}}) {collapsed_slice_dims = array<i64: 0>, fill_value = "-1.5", mode = "fill",
// FILL:        {{\[\[}}5.0, 6.0], [-1.5, -1.5], [-1.5, -1.5]]
func.func @fill(%x: tensor<3x2xf32>, %i: tensor<3x1xi32>) -> tensor<3x2xf32> {
  %y = "weft.gather"(%x, %i) {collapsed_slice_dims = array<i64: 0>, fill_value = "-1.5", mode = "fill",
      offset_dims = array<i64: 1>, slice_sizes = array<i64: 1, 2>, start_index_map = array<i64: 0>}
      : (tensor<3x2xf32>, tensor<3x1xi32>) -> tensor<3x2xf32>
  return %y : tensor<3x2xf32>
}

// The same with indices moved into bounds.
// CHECK-LABEL: func.func @clip
// CLIP:        {{\[\[}}5.0, 6.0], [5.0, 6.0], [1.0, 2.0]]
func.func @clip(%x: tensor<3x2xf32>, %i: tensor<3x1xi32>) -> tensor<3x2xf32> {
  %y = "weft.gather"(%x, %i) {collapsed_slice_dims = array<i64: 0>, mode = "clip",
      offset_dims = array<i64: 1>, slice_sizes = array<i64: 1, 2>, start_index_map = array<i64: 0>}
      : (tensor<3x2xf32>, tensor<3x1xi32>) -> tensor<3x2xf32>
  return %y : tensor<3x2xf32>
}

// One element of each row; backwards it is a scatter_add of the same form.
// CHECK-LABEL: func.func @each
// BACK-LABEL:  func.func @each.lin.transpose
// BACK:        "weft.scatter_add"
// BACK-SAME:   operand_batching_dims = array<i64: 0>
// BACK-SAME:   scatter_indices_batching_dims = array<i64: 0>
func.func @each(%x: tensor<3x4xf32>, %i: tensor<3x1xi32>) -> tensor<3xf32> {
  %y = "weft.gather"(%x, %i) {collapsed_slice_dims = array<i64: 1>, mode = "clip", offset_dims = array<i64>,
      operand_batching_dims = array<i64: 0>, slice_sizes = array<i64: 1, 1>, start_index_map = array<i64: 1>,
      start_indices_batching_dims = array<i64: 0>} : (tensor<3x4xf32>, tensor<3x1xi32>) -> tensor<3xf32>
  return %y : tensor<3xf32>
}
