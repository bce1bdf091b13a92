// RUN: weft-opt %s --passes=weft-verify --split-input-file --verify-diagnostics --no-verify

func.func @outer(%x: tensor<f32>) -> tensor<f32> {
  // expected-error@+1 {{checkpoint: @inner takes (f32[3]) -> (f32[3]), got (f32[])}}
  %y = "weftn.checkpoint"(%x) {callee = @inner} : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

func.func private @inner(%x: tensor<3xf32>) -> tensor<3xf32> {
  return %x : tensor<3xf32>
}

// -----

func.func @loop(%x: tensor<f32>) -> tensor<f32> {
  // expected-error@+1 {{while: @more must give one bool[], it is (f32[]) -> (f32[])}}
  %y = "weftn.while"(%x) {cond = @more, body = @more, cond_consts = 0 : i64, body_consts = 0 : i64} : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

func.func private @more(%x: tensor<f32>) -> tensor<f32> {
  return %x : tensor<f32>
}

// -----

func.func @f(%x: tensor<f32>) -> tensor<f32> {
  %y = "weftn.checkpoint"(%x) {callee = @g} : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

func.func private @g(%x: tensor<f32>) -> tensor<f32> {
  // expected-error@+1 {{@f calls itself: @f > @g > @f; loops are weft.while and weft.scan}}
  %y = "weftn.checkpoint"(%x) {callee = @f} : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

// -----

// expected-error@+1 {{'weft.constant' stands outside of functions}}
%c = "weft.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>

// -----

// expected-error@+1 {{@f has 2 blocks, weft's functions have one}}
func.func @f(%x: tensor<f32>) -> tensor<f32> {
  cf.br ^next(%x : tensor<f32>)
^next(%y: tensor<f32>):
  %z = "weft.sin"(%y) : (tensor<f32>) -> tensor<f32>
  return %z : tensor<f32>
}
