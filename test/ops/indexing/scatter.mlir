// RUN: weft-opt %s | weft-opt | filecheck %s
// RUN: weft-opt %s | weft-run --fn=replace '[1, 2, 3]' '[[0], [5]]' '[7, 8]' | filecheck %s --check-prefix=REPLACE
// RUN: weft-opt %s | weft-run --fn=add '[1, 2, 3]' '[[0], [5], [0]]' '[10, 20, 30]' | filecheck %s --check-prefix=ADD
// RUN: weft-opt %s | weft-run --fn=multiply '[1, 2, 3]' '[[2], [5]]' '[10, 20]' | filecheck %s --check-prefix=MULTIPLY
// RUN: weft-opt %s --passes='weft-jvp{fn=largest wrt=0}' | weft-run --fn=largest.jvp '[1, 2, 3]' '[[0], [2]]' '[9, 3]' '[1, 1, 1]' | filecheck %s --check-prefix=LARGEST

// An index out of bounds: with fill its update is left out.
// CHECK-LABEL: func.func @replace
// CHECK:       "weft.scatter"(%{{.*}}, %{{.*}}, %{{.*}})
// REPLACE:     [7.0, 2.0, 3.0]
func.func @replace(%x: tensor<3xf32>, %i: tensor<2x1xi32>, %u: tensor<2xf32>) -> tensor<3xf32> {
  %y = "weft.scatter"(%x, %i, %u) {inserted_window_dims = array<i64: 0>, mode = "fill",
      scatter_dims_to_operand_dims = array<i64: 0>, update_window_dims = array<i64>}
      : (tensor<3xf32>, tensor<2x1xi32>, tensor<2xf32>) -> tensor<3xf32>
  return %y : tensor<3xf32>
}

// With clip it goes to the last element; what goes to one place is added up.
// CHECK-LABEL: func.func @add
// CHECK:       "weft.scatter_add"
// ADD:         [41.0, 2.0, 23.0]
func.func @add(%x: tensor<3xf32>, %i: tensor<3x1xi8>, %u: tensor<3xf32>) -> tensor<3xf32> {
  %y = "weft.scatter_add"(%x, %i, %u) {inserted_window_dims = array<i64: 0>, mode = "clip",
      scatter_dims_to_operand_dims = array<i64: 0>, update_window_dims = array<i64>}
      : (tensor<3xf32>, tensor<3x1xi8>, tensor<3xf32>) -> tensor<3xf32>
  return %y : tensor<3xf32>
}

// CHECK-LABEL: func.func @multiply
// CHECK:       "weft.scatter_mul"({{.*}}unique_indices = true
// MULTIPLY:    [1.0, 2.0, 30.0]
func.func @multiply(%x: tensor<3xf32>, %i: tensor<2x1xi32>, %u: tensor<2xf32>) -> tensor<3xf32> {
  %y = "weft.scatter_mul"(%x, %i, %u) {inserted_window_dims = array<i64: 0>, mode = "fill",
      scatter_dims_to_operand_dims = array<i64: 0>, unique_indices = true, update_window_dims = array<i64>}
      : (tensor<3xf32>, tensor<2x1xi32>, tensor<2xf32>) -> tensor<3xf32>
  return %y : tensor<3xf32>
}

// The slope of a maximum in x: none where an update is larger, half where it is equal.
// CHECK-LABEL: func.func @largest
// CHECK:       "weft.scatter_max"
// LARGEST:     [9.0, 2.0, 3.0]
// LARGEST:     [0.0, 1.0, 0.5]
func.func @largest(%x: tensor<3xf32>, %i: tensor<2x1xi32>, %u: tensor<2xf32>) -> tensor<3xf32> {
  %y = "weft.scatter_max"(%x, %i, %u) {inserted_window_dims = array<i64: 0>, mode = "fill",
      scatter_dims_to_operand_dims = array<i64: 0>, update_window_dims = array<i64>}
      : (tensor<3xf32>, tensor<2x1xi32>, tensor<2xf32>) -> tensor<3xf32>
  return %y : tensor<3xf32>
}

// CHECK-LABEL: func.func @others
// CHECK:       "weft.scatter_sub"
// CHECK:       "weft.scatter_min"
func.func @others(%x: tensor<3xi32>, %i: tensor<2x1xui8>, %u: tensor<2xi32>) -> tensor<3xi32> {
  %y = "weft.scatter_sub"(%x, %i, %u) {inserted_window_dims = array<i64: 0>, mode = "promise_in_bounds",
      scatter_dims_to_operand_dims = array<i64: 0>, update_window_dims = array<i64>}
      : (tensor<3xi32>, tensor<2x1xui8>, tensor<2xi32>) -> tensor<3xi32>
  %z = "weft.scatter_min"(%y, %i, %u) {indices_are_sorted = true, inserted_window_dims = array<i64: 0>,
      mode = "fill", scatter_dims_to_operand_dims = array<i64: 0>, update_window_dims = array<i64>}
      : (tensor<3xi32>, tensor<2x1xui8>, tensor<2xi32>) -> tensor<3xi32>
  return %z : tensor<3xi32>
}
