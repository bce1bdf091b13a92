// RUN: weft-opt %s --passes='weft-transpose{fn=f linear=0}' --split-input-file --verify-diagnostics

func.func @f(%x: tensor<f32>) -> tensor<f32> {
  // expected-error@+1 {{sin has no transpose rule: not linear in any operand}}
  %y = "weft.sin"(%x) : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

// -----

// A product of two linear values is not linear.
func.func @f(%x: tensor<f32>) -> tensor<f32> {
  // expected-error@+1 {{mul: not linear in x and y at once, so it cannot be transposed in both}}
  %y = "weft.mul"(%x, %x) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

// -----

func.func @f(%x: tensor<f32>, %a: tensor<f32>) -> tensor<f32> {
  // expected-error@+1 {{div: not linear in y, so it cannot be transposed in it}}
  %y = "weft.div"(%a, %x) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

// -----

// In a function that is called the op is named, not the call.
func.func @f(%x: tensor<f32>) -> tensor<f32> {
  %y = func.call @g(%x) : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

func.func private @g(%x: tensor<f32>) -> tensor<f32> {
  // expected-error@+1 {{exp has no transpose rule: not linear in any operand}}
  %y = "weft.exp"(%x) : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

// -----

// Nobody knows how many steps a while loop took, so it cannot be run backwards.
func.func @f(%x: tensor<f32>) -> tensor<f32> {
  // expected-error@+1 {{Reverse-mode differentiation does not work for lax.while_loop}}
  %y = "weftn.while"(%x) {cond = @always, body = @half, cond_consts = 0, body_consts = 0} : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

func.func private @always(%x: tensor<f32>) -> tensor<i1> {
  %p = "weft.constant"() {value = dense<true> : tensor<i1>} : () -> tensor<i1>
  return %p : tensor<i1>
}

func.func private @half(%x: tensor<f32>) -> tensor<f32> {
  %two = "weft.constant"() {value = dense<2.0> : tensor<f32>} : () -> tensor<f32>
  %y = "weft.div"(%x, %two) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

// -----

// expected-error@+1 {{linear 0 is out of range: @f takes 0 arguments}}
func.func @f() -> tensor<f32> {
  %y = "weft.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  return %y : tensor<f32>
}
