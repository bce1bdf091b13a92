// RUN: weft-opt %s --passes=weft-verify --split-input-file --verify-diagnostics

func.func @one_axis_of_two(%x: tensor<4x5xf32>) -> tensor<3x5xf32> {
  // expected-error@+1 {{reduce_window_sum: window_dimensions [2] must have one entry for each of the 2 axes of f32[4,5]}}
  %y = "weft.reduce_window_sum"(%x) {window_dimensions = array<i64: 2>, window_strides = array<i64: 1, 1>,
      padding_low = array<i64: 0, 0>, padding_high = array<i64: 0, 0>, base_dilation = array<i64: 1, 1>,
      window_dilation = array<i64: 1, 1>} : (tensor<4x5xf32>) -> tensor<3x5xf32>
  return %y : tensor<3x5xf32>
}

// -----

func.func @no_stride(%x: tensor<4xf32>) -> tensor<3xf32> {
  // expected-error@+1 {{reduce_window_max: window_strides [0] must be positive}}
  %y = "weft.reduce_window_max"(%x) {window_dimensions = array<i64: 2>, window_strides = array<i64: 0>,
      padding_low = array<i64: 0>, padding_high = array<i64: 0>, base_dilation = array<i64: 1>,
      window_dilation = array<i64: 1>} : (tensor<4xf32>) -> tensor<3xf32>
  return %y : tensor<3xf32>
}

// -----

func.func @wrong_source(%v: tensor<4xf32>, %x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error@+1 {{select_and_scatter_add: source f32[4] must have the shape of the windows of f32[4], [3]}}
  %y = "weft.select_and_scatter_add"(%v, %x) {direction = "GE", window_dimensions = array<i64: 2>,
      window_strides = array<i64: 1>, padding_low = array<i64: 0>, padding_high = array<i64: 0>,
      base_dilation = array<i64: 1>, window_dilation = array<i64: 1>} : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

func.func @wrong_direction(%v: tensor<4xf32>, %x: tensor<4xf32>) -> tensor<3xf32> {
  // expected-error@+1 {{select_and_gather_add: direction is GT; it must be GE or LE}}
  %y = "weft.select_and_gather_add"(%v, %x) {direction = "GT", window_dimensions = array<i64: 2>,
      window_strides = array<i64: 1>, padding_low = array<i64: 0>, padding_high = array<i64: 0>,
      base_dilation = array<i64: 1>, window_dilation = array<i64: 1>} : (tensor<4xf32>, tensor<4xf32>) -> tensor<3xf32>
  return %y : tensor<3xf32>
}

// -----

func.func private @half(%x: tensor<f32>, %y: tensor<f32>) -> tensor<f16> {
  %z = "weft.convert"(%x) {dtype = f16} : (tensor<f32>) -> tensor<f16>
  return %z : tensor<f16>
}

func.func @other_dtype(%x: tensor<4xf32>, %i: tensor<f32>) -> tensor<f32> {
  // expected-error@+1 {{reduce: @half must map (f32[], f32[]) to (f32[]), it is (f32[], f32[]) -> (f16[])}}
  %y = "weftn.reduce"(%x, %i) {axes = array<i64: 0>, computation = @half} : (tensor<4xf32>, tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

// -----

func.func private @plus(%x: tensor<f32>, %y: tensor<f32>) -> tensor<f32> {
  %z = "weft.add"(%x, %y) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %z : tensor<f32>
}

func.func @other_start(%x: tensor<4xf32>, %i: tensor<i32>) -> tensor<f32> {
  // expected-error@+1 {{reduce: f32[4] must start with a f32[], got i32[]}}
  %y = "weftn.reduce"(%x, %i) {axes = array<i64: 0>, computation = @plus} : (tensor<4xf32>, tensor<i32>) -> tensor<f32>
  return %y : tensor<f32>
}
