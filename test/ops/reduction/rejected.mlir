// RUN: weft-opt %s --passes=weft-verify --split-input-file --verify-diagnostics

func.func @axis_too_large(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  // expected-error@+1 {{reduce_sum: axis 2 is out of range for f32[2,3]}}
  %y = "weft.reduce_sum"(%x) {axes = array<i64: 2>} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

// -----

func.func @axes_out_of_order(%x: tensor<2x3xf32>) -> tensor<f32> {
  // expected-error@+1 {{reduce_max: axes [1, 0] must increase}}
  %y = "weft.reduce_max"(%x) {axes = array<i64: 1, 0>} : (tensor<2x3xf32>) -> tensor<f32>
  return %y : tensor<f32>
}

// -----

func.func @sum_of_bools(%x: tensor<3xi1>) -> tensor<i1> {
  // expected-error@+1 {{reduce_sum: x has dtype bool (bool[3])}}
  %y = "weft.reduce_sum"(%x) {axes = array<i64: 0>} : (tensor<3xi1>) -> tensor<i1>
  return %y : tensor<i1>
}

// -----

func.func @logic_of_floats(%x: tensor<3xf32>) -> tensor<f32> {
  // expected-error@+1 {{reduce_or: x has dtype float32 (f32[3])}}
  %y = "weft.reduce_or"(%x) {axes = array<i64: 0>} : (tensor<3xf32>) -> tensor<f32>
  return %y : tensor<f32>
}

// -----

func.func @wrong_result(%x: tensor<2x3xf32>) -> tensor<2xf32> {
  // expected-error@+1 {{reduce_sum: the result is f32[3], not f32[2]}}
  %y = "weft.reduce_sum"(%x) {axes = array<i64: 0>} : (tensor<2x3xf32>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}

// -----

func.func @no_elements(%x: tensor<2x0xf32>) -> tensor<2xi32> {
  // expected-error@+1 {{argmax: axis 1 of f32[2,0] has no elements, so none has an index}}
  %y = "weft.argmax"(%x) {axis = 1 : i64, index_dtype = i32} : (tensor<2x0xf32>) -> tensor<2xi32>
  return %y : tensor<2xi32>
}

// -----

func.func @float_index(%x: tensor<2xf32>) -> tensor<f32> {
  // expected-error@+1 {{argmin: index_dtype must be an integer dtype, got float32}}
  %y = "weft.argmin"(%x) {axis = 0 : i64, index_dtype = f32} : (tensor<2xf32>) -> tensor<f32>
  return %y : tensor<f32>
}

// -----

func.func @complex_order(%x: tensor<2xcomplex<f32>>) -> tensor<i32> {
  // expected-error@+1 {{argmax: c64[2] has no order}}
  %y = "weft.argmax"(%x) {axis = 0 : i64, index_dtype = i32} : (tensor<2xcomplex<f32>>) -> tensor<i32>
  return %y : tensor<i32>
}
