// RUN: weft-opt %s --passes='weft-batch{fn=f size=2 batched=1}' --split-input-file --verify-diagnostics
// RUN: not weft-opt %s --passes='weft-batch{fn=f}' 2>&1 | filecheck %s --check-prefix=OPTION
// RUN: not weft-opt %s --passes='weft-batch{fn=f size=two}' 2>&1 | filecheck %s --check-prefix=KIND

// OPTION: weft-batch: option 'size' is missing; write weft-batch{size=...}
// KIND: weft-batch: option 'size' must be an integer, not 'two'

// expected-error@+1 {{batched 1 is out of range: @f takes 1 arguments}}
func.func @f(%x: tensor<f32>) -> tensor<f32> {
  %y = "weft.neg"(%x) : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

// -----

func.func @f(%x: tensor<f32>, %y: tensor<f32>) -> tensor<f32> {
  // expected-error@+1 {{vmap has no batch rule: a request is resolved before anything else is asked of it}}
  %z = "weftn.vmap"(%y) {callee = @g, in_axes = array<i64: -1>, out_axes = array<i64: -1>, size = 3} : (tensor<f32>) -> tensor<f32>
  return %z : tensor<f32>
}

func.func private @g(%x: tensor<f32>) -> tensor<f32> {
  return %x : tensor<f32>
}
