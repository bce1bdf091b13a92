// RUN: weft-opt %s --passes=weft-expand-transforms --split-input-file --verify-diagnostics

func.func @f(%x: tensor<f32>) -> tensor<f32> {
  // expected-error@+1 {{jvp: wrt 1 is out of range: @g takes 1 arguments}}
  %r:2 = "weftn.jvp"(%x, %x) {callee = @g, wrt = array<i64: 1>} : (tensor<f32>, tensor<f32>) -> (tensor<f32>, tensor<f32>)
  return %r#1 : tensor<f32>
}

func.func private @g(%x: tensor<f32>) -> tensor<f32> {
  return %x : tensor<f32>
}

// -----

func.func @f(%x: tensor<f32>) -> tensor<f32> {
  // expected-error@+1 {{jvp: wrt [0, 0] names an argument twice}}
  %r:2 = "weftn.jvp"(%x, %x, %x) {callee = @g, wrt = array<i64: 0, 0>} : (tensor<f32>, tensor<f32>, tensor<f32>) -> (tensor<f32>, tensor<f32>)
  return %r#1 : tensor<f32>
}

func.func private @g(%x: tensor<f32>) -> tensor<f32> {
  return %x : tensor<f32>
}

// -----

func.func @f(%n: tensor<i32>) -> tensor<i32> {
  // expected-error@+1 {{vjp: argument 0 of @g is i32[]; only floats have derivatives}}
  %r:2 = "weftn.vjp"(%n, %n) {callee = @g, wrt = array<i64: 0>, ct_of = array<i64: 0>} : (tensor<i32>, tensor<i32>) -> (tensor<i32>, tensor<i32>)
  return %r#1 : tensor<i32>
}

func.func private @g(%n: tensor<i32>) -> tensor<i32> {
  return %n : tensor<i32>
}

// -----

func.func @f(%x: tensor<f32>, %n: tensor<i32>) -> tensor<f32> {
  // expected-error@+1 {{vjp: result 1 of @g is i32[]; only floats have cotangents}}
  %r:3 = "weftn.vjp"(%x, %n, %n) {callee = @g, wrt = array<i64: 0>, ct_of = array<i64: 1>}
      : (tensor<f32>, tensor<i32>, tensor<i32>) -> (tensor<f32>, tensor<i32>, tensor<f32>)
  return %r#2 : tensor<f32>
}

func.func private @g(%x: tensor<f32>, %n: tensor<i32>) -> (tensor<f32>, tensor<i32>) {
  return %x, %n : tensor<f32>, tensor<i32>
}

// -----

func.func @f(%x: tensor<f32>) -> tensor<f32> {
  // expected-error@+1 {{jvp: operands must be (f32[], f32[]), got (f32[])}}
  %r:2 = "weftn.jvp"(%x) {callee = @g, wrt = array<i64: 0>} : (tensor<f32>) -> (tensor<f32>, tensor<f32>)
  return %r#1 : tensor<f32>
}

func.func private @g(%x: tensor<f32>) -> tensor<f32> {
  return %x : tensor<f32>
}

// -----

func.func @f(%x: tensor<2xf32>) -> tensor<3xf32> {
  // expected-error@+1 {{vmap: axis 0 of operand 0, f32[2], does not have the size 3}}
  %r = "weftn.vmap"(%x) {callee = @g, in_axes = array<i64: 0>, out_axes = array<i64: 0>, size = 3} : (tensor<2xf32>) -> tensor<3xf32>
  return %r : tensor<3xf32>
}

func.func private @g(%x: tensor<f32>) -> tensor<f32> {
  return %x : tensor<f32>
}

// -----

// Only the expansion sees that the result varies.
func.func @f(%x: tensor<3xf32>) -> tensor<f32> {
  // expected-error@+1 {{vmap: result 0 of @g depends on a batched operand, so its out axis cannot be -1}}
  %r = "weftn.vmap"(%x) {callee = @g, in_axes = array<i64: 0>, out_axes = array<i64: -1>, size = 3} : (tensor<3xf32>) -> tensor<f32>
  return %r : tensor<f32>
}

func.func private @g(%x: tensor<f32>) -> tensor<f32> {
  return %x : tensor<f32>
}

// -----

// What goes wrong within the function that is transformed is told at its own op.
func.func @f(%x: tensor<f32>) -> tensor<f32> {
  %r:2 = "weftn.vjp"(%x, %x) {callee = @g, wrt = array<i64: 0>, ct_of = array<i64: 0>} : (tensor<f32>, tensor<f32>) -> (tensor<f32>, tensor<f32>)
  return %r#1 : tensor<f32>
}

func.func private @g(%x: tensor<f32>) -> tensor<f32> {
  // expected-error@+1 {{igamma_grad_a has no jvp rule: its derivative has no closed form}}
  %y = "weft.igamma_grad_a"(%x, %x) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}
