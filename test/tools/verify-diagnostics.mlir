// RUN: weft-opt %s --split-input-file --verify-diagnostics

// The parser's own error, on its line.
func.func @unknown_value() -> i32 {
  // expected-error@+1 {{use of undeclared SSA value name}}
  return %missing : i32
}

// -----

// The verifier's error; a note that is not asked for is no mistake.
func.func @wrong_type(%x: i32) -> f32 {
  return %x : i32  // expected-error {{type of return operand 0 ('i32') doesn't match}}
}

// -----

// A rule of the weft dialect, and the designators that skip other expectations.
func.func @wrong_result(%x: tensor<2xf32>) -> tensor<3xf32> {
  // expected-error@below {{the result is f32[2], not f32[3]}}
  %y = "weft.sin"(%x) : (tensor<2xf32>) -> tensor<3xf32>
  return %y : tensor<3xf32>
}

// -----

// Several errors of one run.
func.func @f() { return }
// expected-note@above {{see existing symbol definition here}}
// expected-error@+1 {{redefinition of symbol named 'f'}}
func.func @f() { return }
