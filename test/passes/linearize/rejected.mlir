// RUN: weft-opt %s --passes='weft-linearize{fn=f wrt=1}' --split-input-file --verify-diagnostics

// expected-error@+1 {{wrt 1 is out of range: @f takes 1 arguments}}
func.func @f(%x: tensor<f32>) -> tensor<f32> {
  %y = "weft.neg"(%x) : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

// -----

// expected-error@+1 {{argument 1 of @f is bool[]; only floats have derivatives}}
func.func @f(%x: tensor<f32>, %p: tensor<i1>) -> tensor<f32> {
  %y = "weft.select"(%p, %x, %x) : (tensor<i1>, tensor<f32>, tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

// -----

func.func @f(%a: tensor<f32>, %x: tensor<f32>) -> tensor<f32> {
  // expected-error@+1 {{igamma_grad_a has no jvp rule: its derivative has no closed form}}
  %y = "weft.igamma_grad_a"(%a, %x) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

// -----

// A derivative that is known in some operands only.
func.func @f(%x: tensor<f32>, %a: tensor<f32>) -> tensor<f32> {
  // expected-error@+1 {{betainc: gradient with respect to a and b is not supported}}
  %y = "weft.betainc"(%a, %x, %x) : (tensor<f32>, tensor<f32>, tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}
