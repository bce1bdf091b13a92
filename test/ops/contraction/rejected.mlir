// RUN: weft-opt %s --passes=weft-verify --split-input-file --verify-diagnostics

func.func @inner_sizes(%x: tensor<8x4xf32>, %y: tensor<3x2xf32>) -> tensor<8x2xf32> {
  // expected-error@+1 {{dot_general: contracted sizes differ, 4 and 3: axis 1 of f32[8,4], axis 0 of f32[3,2]}}
  %z = "weft.dot_general"(%x, %y) {lhs_batch = array<i64>, rhs_batch = array<i64>, lhs_contract = array<i64: 1>,
      rhs_contract = array<i64: 0>} : (tensor<8x4xf32>, tensor<3x2xf32>) -> tensor<8x2xf32>
  return %z : tensor<8x2xf32>
}

// -----

func.func @axis_twice(%x: tensor<4x4xf32>) -> tensor<4xf32> {
  // expected-error@+1 {{dot_general: lhs batch axes [1] and contracted axes [1] name one twice}}
  %z = "weft.dot_general"(%x, %x) {lhs_batch = array<i64: 1>, rhs_batch = array<i64: 0>,
      lhs_contract = array<i64: 1>, rhs_contract = array<i64: 1>} : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4xf32>
  return %z : tensor<4xf32>
}

// -----

func.func @mixed(%x: tensor<4xf16>, %y: tensor<4xf32>, %i: tensor<4xi32>) -> (tensor<f32>, tensor<f32>) {
  // The wider of two floats, or a float over an int.
  %z = "weft.dot_general"(%x, %y) {lhs_batch = array<i64>, rhs_batch = array<i64>, lhs_contract = array<i64: 0>,
      rhs_contract = array<i64: 0>} : (tensor<4xf16>, tensor<4xf32>) -> tensor<f32>
  %w = "weft.dot_general"(%i, %y) {lhs_batch = array<i64>, rhs_batch = array<i64>, lhs_contract = array<i64: 0>,
      rhs_contract = array<i64: 0>} : (tensor<4xi32>, tensor<4xf32>) -> tensor<f32>
  return %z, %w : tensor<f32>, tensor<f32>
}

// -----

func.func @narrower(%x: tensor<4xi32>) -> tensor<i8> {
  // expected-error@+1 {{dot_general: preferred_dtype int8 is narrower than int32, the dtype of the operands}}
  %z = "weft.dot_general"(%x, %x) {lhs_batch = array<i64>, rhs_batch = array<i64>, lhs_contract = array<i64: 0>,
      rhs_contract = array<i64: 0>, preferred_dtype = "int8"} : (tensor<4xi32>, tensor<4xi32>) -> tensor<i8>
  return %z : tensor<i8>
}

// -----

func.func @precision(%x: tensor<4xf32>) -> tensor<f32> {
  // expected-error@+1 {{dot_general: precision is BEST; it must be one or two of DEFAULT, HIGH, HIGHEST}}
  %z = "weft.dot_general"(%x, %x) {lhs_batch = array<i64>, rhs_batch = array<i64>, lhs_contract = array<i64: 0>,
      rhs_contract = array<i64: 0>, precision = "BEST"} : (tensor<4xf32>, tensor<4xf32>) -> tensor<f32>
  return %z : tensor<f32>
}

// -----

func.func @features(%x: tensor<1x3x4xf32>, %k: tensor<1x2x2xf32>) -> tensor<1x1x3xf32> {
  // expected-error@+1 {{conv_general_dilated: x has 3 features, the kernel takes 2: f32[1,3,4] and f32[1,2,2]}}
  %y = "weft.conv_general_dilated"(%x, %k) {window_strides = array<i64: 1>, padding_low = array<i64: 0>,
      padding_high = array<i64: 0>, lhs_dilation = array<i64: 1>, rhs_dilation = array<i64: 1>,
      lhs_spec = array<i64: 0, 1, 2>, rhs_spec = array<i64: 0, 1, 2>, out_spec = array<i64: 0, 1, 2>}
      : (tensor<1x3x4xf32>, tensor<1x2x2xf32>) -> tensor<1x1x3xf32>
  return %y : tensor<1x1x3xf32>
}

// -----

func.func @spec(%x: tensor<1x2x4xf32>, %k: tensor<1x2x2xf32>) -> tensor<1x1x3xf32> {
  // expected-error@+1 {{conv_general_dilated: out_spec [0, 1, 1] must name each of the 3 axes once}}
  %y = "weft.conv_general_dilated"(%x, %k) {window_strides = array<i64: 1>, padding_low = array<i64: 0>,
      padding_high = array<i64: 0>, lhs_dilation = array<i64: 1>, rhs_dilation = array<i64: 1>,
      lhs_spec = array<i64: 0, 1, 2>, rhs_spec = array<i64: 0, 1, 2>, out_spec = array<i64: 0, 1, 1>}
      : (tensor<1x2x4xf32>, tensor<1x2x2xf32>) -> tensor<1x1x3xf32>
  return %y : tensor<1x1x3xf32>
}

// -----

func.func @strides(%x: tensor<1x2x4xf32>, %k: tensor<1x2x2xf32>) -> tensor<1x1x3xf32> {
  // expected-error@+1 {{conv_general_dilated: window_strides [0] must be positive}}
  %y = "weft.conv_general_dilated"(%x, %k) {window_strides = array<i64: 0>, padding_low = array<i64: 0>,
      padding_high = array<i64: 0>, lhs_dilation = array<i64: 1>, rhs_dilation = array<i64: 1>,
      lhs_spec = array<i64: 0, 1, 2>, rhs_spec = array<i64: 0, 1, 2>, out_spec = array<i64: 0, 1, 2>}
      : (tensor<1x2x4xf32>, tensor<1x2x2xf32>) -> tensor<1x1x3xf32>
  return %y : tensor<1x1x3xf32>
}
