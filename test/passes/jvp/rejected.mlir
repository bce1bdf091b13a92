// RUN: weft-opt %s --passes='weft-jvp{fn=f wrt=0}' --split-input-file --verify-diagnostics
// RUN: not weft-opt %s --passes=weft-jvp 2>&1 | filecheck %s --check-prefix=OPTION

// OPTION: weft-jvp: option 'fn' is missing; write weft-jvp{fn=...}

// expected-error@+1 {{wrt 0 is out of range: @f takes 0 arguments}}
func.func @f() -> tensor<f32> {
  %y = "weft.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  return %y : tensor<f32>
}

// -----

// expected-error@+1 {{argument 0 of @f is i32[2]; only floats have derivatives}}
func.func @f(%x: tensor<2xi32>) -> tensor<2xi32> {
  %y = "weft.neg"(%x) : (tensor<2xi32>) -> tensor<2xi32>
  return %y : tensor<2xi32>
}

// -----

// expected-error@+1 {{no function @f; the module has @g}}
module {
  func.func @g(%x: tensor<f32>) -> tensor<f32> {
    return %x : tensor<f32>
  }
}

// -----

// An op whose derivative nobody knows says why, where it stands.
func.func @f(%a: tensor<f32>, %x: tensor<f32>) -> tensor<f32> {
  // expected-error@+1 {{igamma_grad_a has no jvp rule: its derivative has no closed form}}
  %y = "weft.igamma_grad_a"(%a, %x) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

// -----

func.func @f(%x: tensor<f32>) -> tensor<f32> {
  %y = func.call @g(%x) : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

// The same within a function that is called.
func.func private @g(%x: tensor<f32>) -> tensor<f32> {
  // expected-error@+1 {{jvp has no jvp rule: a request is resolved before anything else is asked of it}}
  %r:2 = "weftn.jvp"(%x, %x) {callee = @h, wrt = array<i64: 0>} : (tensor<f32>, tensor<f32>) -> (tensor<f32>, tensor<f32>)
  return %r#1 : tensor<f32>
}

func.func private @h(%x: tensor<f32>) -> tensor<f32> {
  return %x : tensor<f32>
}

// -----

func.func @f(%x: tensor<f32>) -> tensor<f32> {
  %z = "weft.neg"(%x) : (tensor<f32>) -> tensor<f32>
  %y = func.call @declared(%z) : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

// What is only declared cannot be differentiated.
// expected-error@+1 {{@declared is declared, but has no body}}
func.func private @declared(%x: tensor<f32>) -> tensor<f32>

// -----

// Functions are one block: what goes on between blocks is not weft's.
// expected-error@+1 {{@f has 2 blocks, weft's functions have one}}
func.func @f(%x: tensor<f32>) -> tensor<f32> {
  %y = "weft.neg"(%x) : (tensor<f32>) -> tensor<f32>
  cf.br ^end
^end:
  return %y : tensor<f32>
}

// -----

func.func @f(%x: tensor<f32>) -> tensor<f32> {
  %z = "weft.neg"(%x) : (tensor<f32>) -> tensor<f32>
  // expected-error@+1 {{'stablehlo.sine' is no op of the weft dialect}}
  %y = stablehlo.sine %z : tensor<f32>
  return %y : tensor<f32>
}
