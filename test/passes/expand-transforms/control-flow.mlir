// RUN: weft-opt %s --passes=weft-expand-transforms | filecheck %s
// RUN: weft-run %s --fn=f 1.5 0 '[1, 2, 3]' | filecheck %s --check-prefix=SCANNED
// RUN: weft-run %s --fn=f 1.5 1 '[1, 2, 3]' | filecheck %s --check-prefix=PLAIN
// RUN: weft-run %s --fn=each '[1.5, 1.5]' '[0, 1]' '[1, 2, 3]' | filecheck %s --check-prefix=EACH
// RUN: weft-run %s --fn=descent 4.0 --digits=5 | filecheck %s --check-prefix=DESCENT

// The reverse derivative of a choice between a loop and none: value and slope of 6 x^4, or of x^2.
// CHECK-LABEL: func.func @f(
// CHECK:       call @chosen.vjp
// SCANNED:      30.375
// SCANNED-NEXT: 81.0
// PLAIN:        2.25
// PLAIN-NEXT:   3.0
func.func @f(%x: tensor<f32>, %i: tensor<i32>, %xs: tensor<3xf32>) -> (tensor<f32>, tensor<f32>) {
  %one = "weft.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %r:2 = "weftn.vjp"(%x, %i, %xs, %one) {callee = @chosen, wrt = array<i64: 0>, ct_of = array<i64: 0>}
      : (tensor<f32>, tensor<i32>, tensor<3xf32>, tensor<f32>) -> (tensor<f32>, tensor<f32>)
  return %r#0, %r#1 : tensor<f32>, tensor<f32>
}

// The same for a batch in which every element makes its own choice.
// EACH:      [30.375, 2.25]
// EACH-NEXT: [81.0, 3.0]
func.func @each(%x: tensor<2xf32>, %i: tensor<2xi32>, %xs: tensor<3xf32>) -> (tensor<2xf32>, tensor<2xf32>) {
  %r:2 = "weftn.vmap"(%x, %i, %xs) {callee = @f, in_axes = array<i64: 0, 0, -1>, out_axes = array<i64: 0, 0>, size = 2}
      : (tensor<2xf32>, tensor<2xi32>, tensor<3xf32>) -> (tensor<2xf32>, tensor<2xf32>)
  return %r#0, %r#1 : tensor<2xf32>, tensor<2xf32>
}

func.func private @chosen(%x: tensor<f32>, %i: tensor<i32>, %xs: tensor<3xf32>) -> tensor<f32> {
  %y = "weftn.cond"(%i, %x, %xs) {branches = [@scanned, @plain]}
      : (tensor<i32>, tensor<f32>, tensor<3xf32>) -> tensor<f32>
  return %y : tensor<f32>
}

func.func private @scanned(%x: tensor<f32>, %xs: tensor<3xf32>) -> tensor<f32> {
  %y = "weftn.scan"(%x, %x, %xs) {body = @step, consts = 1, carry = 1, length = 3}
      : (tensor<f32>, tensor<f32>, tensor<3xf32>) -> tensor<f32>
  return %y : tensor<f32>
}

func.func private @step(%w: tensor<f32>, %c: tensor<f32>, %x: tensor<f32>) -> tensor<f32> {
  %a = "weft.mul"(%w, %c) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %b = "weft.mul"(%a, %x) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %b : tensor<f32>
}

func.func private @plain(%x: tensor<f32>, %xs: tensor<3xf32>) -> tensor<f32> {
  %y = "weft.mul"(%x, %x) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

// A request in the body of a loop: the body keeps its name, so the loop stays as it is. Newton's steps to sqrt(2).
// CHECK-LABEL: func.func @descent(
// CHECK:       "weftn.while"(%{{.*}}) {body = @newton,
// CHECK:       func.func private @newton(
// CHECK:       call @square_minus_two.jvp(
// DESCENT:     1.4142
func.func @descent(%x: tensor<f32>) -> tensor<f32> {
  %y = "weftn.while"(%x) {cond = @is_far, body = @newton, cond_consts = 0, body_consts = 0} : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

func.func private @is_far(%x: tensor<f32>) -> tensor<i1> {
  %y = func.call @square_minus_two(%x) : (tensor<f32>) -> tensor<f32>
  %small = "weft.constant"() {value = dense<1.0e-5> : tensor<f32>} : () -> tensor<f32>
  %a = "weft.abs"(%y) : (tensor<f32>) -> tensor<f32>
  %p = "weft.compare"(%a, %small) {direction = "GT"} : (tensor<f32>, tensor<f32>) -> tensor<i1>
  return %p : tensor<i1>
}

func.func private @newton(%x: tensor<f32>) -> tensor<f32> {
  %one = "weft.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %r:2 = "weftn.jvp"(%x, %one) {callee = @square_minus_two, wrt = array<i64: 0>} : (tensor<f32>, tensor<f32>) -> (tensor<f32>, tensor<f32>)
  %step = "weft.div"(%r#0, %r#1) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %y = "weft.sub"(%x, %step) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

func.func private @square_minus_two(%x: tensor<f32>) -> tensor<f32> {
  %two = "weft.constant"() {value = dense<2.0> : tensor<f32>} : () -> tensor<f32>
  %s = "weft.mul"(%x, %x) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %y = "weft.sub"(%s, %two) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}
