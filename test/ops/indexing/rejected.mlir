// RUN: weft-opt %s --passes=weft-verify --split-input-file --verify-diagnostics

// One index for each axis.
func.func @f(%x: tensor<2x3xf32>, %i: tensor<i32>) -> tensor<1x1xf32> {
  // expected-error@+1 {{dynamic_slice: takes one index for each of the 2 axes of f32[2,3], got 1}}
  %y = "weft.dynamic_slice"(%x, %i) {sizes = array<i64: 1, 1>}
      : (tensor<2x3xf32>, tensor<i32>) -> tensor<1x1xf32>
  return %y : tensor<1x1xf32>
}

// -----

// An index is a scalar.
func.func @f(%x: tensor<5xf32>, %i: tensor<1xi32>) -> tensor<2xf32> {
  // expected-error@+1 {{dynamic_slice: indices must be scalars of one dtype, got i32[1]}}
  %y = "weft.dynamic_slice"(%x, %i) {sizes = array<i64: 2>}
      : (tensor<5xf32>, tensor<1xi32>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}

// -----

// The window is not larger than the array.
func.func @f(%x: tensor<5xf32>, %i: tensor<i32>) -> tensor<6xf32> {
  // expected-error@+1 {{dynamic_slice: size 6 of axis 0 does not lie within f32[5]}}
  %y = "weft.dynamic_slice"(%x, %i) {sizes = array<i64: 6>}
      : (tensor<5xf32>, tensor<i32>) -> tensor<6xf32>
  return %y : tensor<6xf32>
}

// -----

// The update neither.
func.func @f(%x: tensor<5xf32>, %u: tensor<6xf32>, %i: tensor<i32>) -> tensor<5xf32> {
  // expected-error@+1 {{dynamic_update_slice: update f32[6] does not fit into f32[5]}}
  %y = "weft.dynamic_update_slice"(%x, %u, %i)
      : (tensor<5xf32>, tensor<6xf32>, tensor<i32>) -> tensor<5xf32>
  return %y : tensor<5xf32>
}

// -----

// An index is an integer.
func.func @f(%x: tensor<5xf32>, %i: tensor<f32>) -> tensor<2xf32> {
  // expected-error@+1 {{dynamic_slice: indices has dtype float32 (f32[]); it must be one of: int, uint}}
  %y = "weft.dynamic_slice"(%x, %i) {sizes = array<i64: 2>}
      : (tensor<5xf32>, tensor<f32>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}

// -----

// Modes are three.
func.func @f(%x: tensor<3x2xf32>, %i: tensor<4x1xi32>) -> tensor<4x2xf32> {
  // expected-error@+1 {{gather: mode is 'wrap'; it must be one of clip, fill, promise_in_bounds}}
  %y = "weft.gather"(%x, %i) {collapsed_slice_dims = array<i64: 0>, mode = "wrap",
      offset_dims = array<i64: 1>, slice_sizes = array<i64: 1, 2>,
      start_index_map = array<i64: 0>}
      : (tensor<3x2xf32>, tensor<4x1xi32>) -> tensor<4x2xf32>
  return %y : tensor<4x2xf32>
}

// -----

// Indices hold index vectors.
func.func @f(%x: tensor<3x2xf32>, %i: tensor<i32>) -> tensor<2xf32> {
  // expected-error@+1 {{gather: indices i32[] must have an axis: the last one holds the index vectors}}
  %y = "weft.gather"(%x, %i) {collapsed_slice_dims = array<i64: 0>, mode = "fill",
      offset_dims = array<i64: 1>, slice_sizes = array<i64: 1, 2>,
      start_index_map = array<i64: 0>}
      : (tensor<3x2xf32>, tensor<i32>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}

// -----

// The axes of the result that run within a window increase.
func.func @f(%x: tensor<3x2xf32>, %i: tensor<4x1xi32>) -> tensor<2x1x4xf32> {
  // expected-error@+1 {{gather: offset_dims [1, 0] must increase}}
  %y = "weft.gather"(%x, %i) {collapsed_slice_dims = array<i64>, mode = "fill",
      offset_dims = array<i64: 1, 0>, slice_sizes = array<i64: 1, 2>,
      start_index_map = array<i64: 0>}
      : (tensor<3x2xf32>, tensor<4x1xi32>) -> tensor<2x1x4xf32>
  return %y : tensor<2x1x4xf32>
}

// -----

// They are axes of the result.
func.func @f(%x: tensor<3x2xf32>, %i: tensor<4x1xi32>) -> tensor<4x2xf32> {
  // expected-error@+1 {{gather: offset_dims [2]: axis 2 is out of range for the result (rank 2)}}
  %y = "weft.gather"(%x, %i) {collapsed_slice_dims = array<i64: 0>, mode = "fill",
      offset_dims = array<i64: 2>, slice_sizes = array<i64: 1, 2>,
      start_index_map = array<i64: 0>}
      : (tensor<3x2xf32>, tensor<4x1xi32>) -> tensor<4x2xf32>
  return %y : tensor<4x2xf32>
}

// -----

// A component for each entry of the map.
func.func @f(%x: tensor<3x2xf32>, %i: tensor<4x1xi32>) -> tensor<4x2xf32> {
  // expected-error@+1 {{gather: start_index_map [0, 1] must have as many entries as index vectors of i32[4,1] have components, 1}}
  %y = "weft.gather"(%x, %i) {collapsed_slice_dims = array<i64: 0>, mode = "fill",
      offset_dims = array<i64: 1>, slice_sizes = array<i64: 1, 2>,
      start_index_map = array<i64: 0, 1>}
      : (tensor<3x2xf32>, tensor<4x1xi32>) -> tensor<4x2xf32>
  return %y : tensor<4x2xf32>
}

// -----

// A window lies within the operand.
func.func @f(%x: tensor<3x2xf32>, %i: tensor<4x1xi32>) -> tensor<4x3xf32> {
  // expected-error@+1 {{gather: slice size 3 of axis 1 does not lie within f32[3,2]}}
  %y = "weft.gather"(%x, %i) {collapsed_slice_dims = array<i64: 0>, mode = "fill",
      offset_dims = array<i64: 1>, slice_sizes = array<i64: 1, 3>,
      start_index_map = array<i64: 0>}
      : (tensor<3x2xf32>, tensor<4x1xi32>) -> tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}

// -----

// Only an axis of size 1 can be dropped.
func.func @f(%x: tensor<3x2xf32>, %i: tensor<4x1xi32>) -> tensor<4x2xf32> {
  // expected-error@+1 {{gather: slice size 2 of axis 0, which collapsed_slice_dims drop, must be 1}}
  %y = "weft.gather"(%x, %i) {collapsed_slice_dims = array<i64: 0>, mode = "fill",
      offset_dims = array<i64: 1>, slice_sizes = array<i64: 2, 2>,
      start_index_map = array<i64: 0>}
      : (tensor<3x2xf32>, tensor<4x1xi32>) -> tensor<4x2xf32>
  return %y : tensor<4x2xf32>
}

// -----

// Every operand axis has a role.
func.func @f(%x: tensor<3x2xf32>, %i: tensor<4x1xi32>) -> tensor<4x2xf32> {
  // expected-error@+1 {{gather: offset_dims, collapsed_slice_dims and operand_batching_dims must have together as many entries as f32[3,2] has axes, 2; they have 1}}
  %y = "weft.gather"(%x, %i) {collapsed_slice_dims = array<i64>, mode = "fill",
      offset_dims = array<i64: 1>, slice_sizes = array<i64: 1, 2>,
      start_index_map = array<i64: 0>}
      : (tensor<3x2xf32>, tensor<4x1xi32>) -> tensor<4x2xf32>
  return %y : tensor<4x2xf32>
}

// -----

// Batching axes agree.
func.func @f(%x: tensor<3x2xf32>, %i: tensor<4x1xi32>) -> tensor<4xf32> {
  // expected-error@+1 {{gather: operand_batching_dims of f32[3,2] have sizes [3], start_indices_batching_dims of i32[4,1] have [4]}}
  %y = "weft.gather"(%x, %i) {collapsed_slice_dims = array<i64: 1>, mode = "fill",
      offset_dims = array<i64>, operand_batching_dims = array<i64: 0>,
      slice_sizes = array<i64: 1, 1>, start_index_map = array<i64: 1>,
      start_indices_batching_dims = array<i64: 0>}
      : (tensor<3x2xf32>, tensor<4x1xi32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

// An integer is never nan.
func.func @f(%x: tensor<3x2xi32>, %i: tensor<4x1xi32>) -> tensor<4x2xi32> {
  // expected-error@+1 {{gather: fill_value nan is no value of i32[3,2]}}
  %y = "weft.gather"(%x, %i) {collapsed_slice_dims = array<i64: 0>, fill_value = "nan", mode = "fill",
      offset_dims = array<i64: 1>, slice_sizes = array<i64: 1, 2>,
      start_index_map = array<i64: 0>}
      : (tensor<3x2xi32>, tensor<4x1xi32>) -> tensor<4x2xi32>
  return %y : tensor<4x2xi32>
}

// -----

// The result follows from the operands.
func.func @f(%x: tensor<3x2xf32>, %i: tensor<4x1xi32>) -> tensor<4x3xf32> {
  // expected-error@+1 {{gather: the result is f32[4,2], not f32[4,3]}}
  %y = "weft.gather"(%x, %i) {collapsed_slice_dims = array<i64: 0>, mode = "fill",
      offset_dims = array<i64: 1>, slice_sizes = array<i64: 1, 2>,
      start_index_map = array<i64: 0>}
      : (tensor<3x2xf32>, tensor<4x1xi32>) -> tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}

// -----

// Updates have the dtype of the operand.
func.func @f(%x: tensor<3x2xf32>, %i: tensor<4x1xi32>, %u: tensor<4x2xf16>) -> tensor<3x2xf32> {
  // expected-error@+1 {{scatter_add: dtypes of x and updates differ: f32[3,2] and f16[4,2]}}
  %y = "weft.scatter_add"(%x, %i, %u) {inserted_window_dims = array<i64: 0>, mode = "fill",
      scatter_dims_to_operand_dims = array<i64: 0>,
      update_window_dims = array<i64: 1>}
      : (tensor<3x2xf32>, tensor<4x1xi32>, tensor<4x2xf16>) -> tensor<3x2xf32>
  return %y : tensor<3x2xf32>
}

// -----

// One update for each index vector.
func.func @f(%x: tensor<3x2xf32>, %i: tensor<4x1xi32>, %u: tensor<5x2xf32>) -> tensor<3x2xf32> {
  // expected-error@+1 {{scatter_add: axis 0 of updates f32[5,2] must have size 4, as indices are i32[4,1]}}
  %y = "weft.scatter_add"(%x, %i, %u) {inserted_window_dims = array<i64: 0>, mode = "fill",
      scatter_dims_to_operand_dims = array<i64: 0>,
      update_window_dims = array<i64: 1>}
      : (tensor<3x2xf32>, tensor<4x1xi32>, tensor<5x2xf32>) -> tensor<3x2xf32>
  return %y : tensor<3x2xf32>
}

// -----

// A window of the updates fits into the operand.
func.func @f(%x: tensor<3x2xf32>, %i: tensor<4x1xi32>, %u: tensor<4x3xf32>) -> tensor<3x2xf32> {
  // expected-error@+1 {{scatter_add: axis 1 of updates f32[4,3] is longer than axis 1 of x f32[3,2]}}
  %y = "weft.scatter_add"(%x, %i, %u) {inserted_window_dims = array<i64: 0>, mode = "fill",
      scatter_dims_to_operand_dims = array<i64: 0>,
      update_window_dims = array<i64: 1>}
      : (tensor<3x2xf32>, tensor<4x1xi32>, tensor<4x3xf32>) -> tensor<3x2xf32>
  return %y : tensor<3x2xf32>
}

// -----

// Updates have the axes of windows and index vectors.
func.func @f(%x: tensor<3x2xf32>, %i: tensor<4x1xi32>, %u: tensor<4xf32>) -> tensor<3x2xf32> {
  // expected-error@+1 {{scatter_add: updates f32[4] must have the axes update_window_dims [1] and those of indices i32[4,1] but the last, 2 in all}}
  %y = "weft.scatter_add"(%x, %i, %u) {inserted_window_dims = array<i64: 0>, mode = "fill",
      scatter_dims_to_operand_dims = array<i64: 0>,
      update_window_dims = array<i64: 1>}
      : (tensor<3x2xf32>, tensor<4x1xi32>, tensor<4xf32>) -> tensor<3x2xf32>
  return %y : tensor<3x2xf32>
}

// -----

// An axis is placed by an index or by its batch, not by both.
func.func @f(%x: tensor<4x2xf32>, %i: tensor<4x1xi32>, %u: tensor<4x2xf32>) -> tensor<4x2xf32> {
  // expected-error@+1 {{scatter_add: axis 0 is both in scatter_dims_to_operand_dims and in operand_batching_dims}}
  %y = "weft.scatter_add"(%x, %i, %u) {inserted_window_dims = array<i64>, mode = "fill",
      operand_batching_dims = array<i64: 0>,
      scatter_dims_to_operand_dims = array<i64: 0>,
      scatter_indices_batching_dims = array<i64: 0>,
      update_window_dims = array<i64: 1>}
      : (tensor<4x2xf32>, tensor<4x1xi32>, tensor<4x2xf32>) -> tensor<4x2xf32>
  return %y : tensor<4x2xf32>
}
