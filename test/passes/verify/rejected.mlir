// RUN: weft-opt %s --passes=weft-verify --split-input-file --verify-diagnostics

func.func @wrong_result(%x: tensor<2x3xf32>) -> tensor<3xf32> {
  // expected-error@+1 {{reduce_sum: the result is f32[2], not f32[3]}}
  %y = "weft.reduce_sum"(%x) {axes = array<i64: 1>} : (tensor<2x3xf32>) -> tensor<3xf32>
  return %y : tensor<3xf32>
}

// -----

func.func @wrong_dtype(%x: tensor<2xi32>) -> tensor<2xi32> {
  // expected-error@+1 {{sin: x has dtype int32 (i32[2]); it must be one of: float, complex}}
  %y = "weft.sin"(%x) : (tensor<2xi32>) -> tensor<2xi32>
  return %y : tensor<2xi32>
}

// -----

func.func @unknown_op(%x: tensor<f32>) -> tensor<f32> {
  // expected-error@+1 {{'weftn.sine' is no op of the weft dialect}}
  %y = "weftn.sine"(%x) : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

// -----

func.func @missing_attribute(%x: tensor<3xf32>) -> tensor<3xf32> {
  // expected-error@+1 {{concatenate: attribute axis is missing}}
  %y = "weftn.concatenate"(%x) : (tensor<3xf32>) -> tensor<3xf32>
  return %y : tensor<3xf32>
}

// -----

func.func @attribute_of_another_kind(%x: tensor<3xf32>) -> tensor<3xf32> {
  // expected-error@+1 {{concatenate: attribute axis must be an integer, not "first"}}
  %y = "weftn.concatenate"(%x) {axis = "first"} : (tensor<3xf32>) -> tensor<3xf32>
  return %y : tensor<3xf32>
}

// -----

// An optional attribute that is misspelled would go unnoticed.
func.func @misspelled_attribute(%x: tensor<f32>, %xs: tensor<3xf32>) -> tensor<f32> {
  // expected-error@+1 {{scan: there is no attribute reversed; its attributes are body, consts, carry, length, reverse, unroll}}
  %y = "weftn.scan"(%x, %xs) {body = @step, consts = 0, carry = 1, length = 3, reversed = true}
      : (tensor<f32>, tensor<3xf32>) -> tensor<f32>
  return %y : tensor<f32>
}

func.func private @step(%c: tensor<f32>, %x: tensor<f32>) -> tensor<f32> {
  %y = "weft.add"(%c, %x) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

// -----

func.func @no_attributes(%x: tensor<f32>) -> tensor<f32> {
  // expected-error@+1 {{sin: there is no attribute axis; it has none}}
  %y = "weft.sin"(%x) {axis = 0} : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

// -----

func.func @unknown_function(%x: tensor<f32>, %xs: tensor<3xf32>) -> tensor<f32> {
  // expected-error@+1 {{no function @step; the module has @unknown_function}}
  %y = "weftn.scan"(%x, %xs) {body = @step, consts = 0, carry = 1, length = 3}
      : (tensor<f32>, tensor<3xf32>) -> tensor<f32>
  return %y : tensor<f32>
}

// -----

// The operands of a call agree with the function it names.
func.func @wrong_body(%x: tensor<f32>, %xs: tensor<3xf32>) -> tensor<f32> {
  // expected-error@+1 {{scan: @step takes (f32[2]) -> (f32[2]), a step gives it (f32[], f32[])}}
  %y = "weftn.scan"(%x, %xs) {body = @step, consts = 0, carry = 1, length = 3}
      : (tensor<f32>, tensor<3xf32>) -> tensor<f32>
  return %y : tensor<f32>
}

func.func private @step(%c: tensor<2xf32>) -> tensor<2xf32> {
  return %c : tensor<2xf32>
}

// -----

// Functions are transformed callees first, so none may need itself, in any way.
func.func private @even(%n: tensor<i32>) -> tensor<i32> {
  %m = "weft.neg"(%n) : (tensor<i32>) -> tensor<i32>
  %y = func.call @odd(%m) : (tensor<i32>) -> tensor<i32>
  return %y : tensor<i32>
}

func.func private @odd(%n: tensor<i32>) -> tensor<i32> {
  // expected-error@+1 {{@even calls itself: @even > @odd > @even; loops are weft.while and weft.scan}}
  %y = "weftn.cond"(%n, %n) {branches = [@even, @stop]} : (tensor<i32>, tensor<i32>) -> tensor<i32>
  return %y : tensor<i32>
}

func.func private @stop(%n: tensor<i32>) -> tensor<i32> {
  return %n : tensor<i32>
}

// -----

// A type that weft has no name for.
func.func @unknown_type(%x: tensor<?xf32>) -> tensor<?xf32> {
  // expected-error@+1 {{sin: tensor<?xf32> is not a tensor of known shape}}
  %y = "weft.sin"(%x) : (tensor<?xf32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}
