// RUN: weft-opt %s --passes=weft-to-stablehlo --split-input-file --verify-diagnostics
// RUN: not weft-opt %s --passes='weft-to-stablehlo{simplify=often}' 2>&1 | filecheck %s --check-prefix=OPTION

// OPTION: weft-to-stablehlo: option 'simplify' must be true or false, not 'often'

func.func @f(%x: tensor<f32>) -> tensor<f32> {
  // expected-error@+1 {{jvp has no lower rule: a request is resolved before anything else is asked of it}}
  %r:2 = "weftn.jvp"(%x, %x) {callee = @g, wrt = array<i64: 0>} : (tensor<f32>, tensor<f32>) -> (tensor<f32>, tensor<f32>)
  return %r#1 : tensor<f32>
}

func.func private @g(%x: tensor<f32>) -> tensor<f32> {
  return %x : tensor<f32>
}

// -----

func.func @f(%x: tensor<f32>) -> tensor<f32> {
  %y = "weft.neg"(%x) : (tensor<f32>) -> tensor<f32>
  // expected-error@+1 {{'stablehlo.sine' is no op of the weft dialect}}
  %z = stablehlo.sine %y : tensor<f32>
  return %z : tensor<f32>
}
