// RUN: weft-opt %s --passes=weft-expand-transforms | filecheck %s
// RUN: weft-run %s --fn=jvp_of_vjp 2.0 1.0 | filecheck %s --check-prefix=CURVE
// RUN: weft-run %s --fn=vmap_of_vjp '[1, 2, 3]' | filecheck %s --check-prefix=GRADS
// RUN: weft-run %s --fn=vjp_of_vmap '[1, 2, 3]' '[1, 0, 10]' | filecheck %s --check-prefix=BACK
// RUN: weft-run %s --fn=vmap_of_jvp_of_vmap_of_vjp '[[1, 2], [3, 4]]' | filecheck %s --check-prefix=DEEP

// No request is left, at any depth, and no name that was used for a while.
// CHECK-NOT: {{"weftn\.(jvp|vjp|vmap)"}}
// CHECK-NOT: expanded

// y = x^3 and a request for its slope 3 x^2.
func.func private @cube(%x: tensor<f32>) -> tensor<f32> {
  %a = "weft.mul"(%x, %x) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %b = "weft.mul"(%a, %x) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %b : tensor<f32>
}

func.func private @slope(%x: tensor<f32>) -> tensor<f32> {
  %one = "weft.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %r:2 = "weftn.vjp"(%x, %one) {callee = @cube, wrt = array<i64: 0>, ct_of = array<i64: 0>}
      : (tensor<f32>, tensor<f32>) -> (tensor<f32>, tensor<f32>)
  return %r#1 : tensor<f32>
}

// Forward over reverse: the slope 3 x^2 and its tangent 6 x.
// CURVE:      12.0
// CURVE-NEXT: 12.0
func.func @jvp_of_vjp(%x: tensor<f32>, %dx: tensor<f32>) -> (tensor<f32>, tensor<f32>) {
  %r:2 = "weftn.jvp"(%x, %dx) {callee = @slope, wrt = array<i64: 0>} : (tensor<f32>, tensor<f32>) -> (tensor<f32>, tensor<f32>)
  return %r#0, %r#1 : tensor<f32>, tensor<f32>
}

// A slope for each element.
// GRADS: [3.0, 12.0, 27.0]
func.func @vmap_of_vjp(%x: tensor<3xf32>) -> tensor<3xf32> {
  %r = "weftn.vmap"(%x) {callee = @slope, in_axes = array<i64: 0>, out_axes = array<i64: 0>, size = 3} : (tensor<3xf32>) -> tensor<3xf32>
  return %r : tensor<3xf32>
}

// The other way round: the cotangents of all elements at once.
// BACK:      [1.0, 8.0, 27.0]
// BACK-NEXT: [3.0, 0.0, 270.0]
func.func @vjp_of_vmap(%x: tensor<3xf32>, %ct: tensor<3xf32>) -> (tensor<3xf32>, tensor<3xf32>) {
  %r:2 = "weftn.vjp"(%x, %ct) {callee = @cubes, wrt = array<i64: 0>, ct_of = array<i64: 0>}
      : (tensor<3xf32>, tensor<3xf32>) -> (tensor<3xf32>, tensor<3xf32>)
  return %r#0, %r#1 : tensor<3xf32>, tensor<3xf32>
}

func.func private @cubes(%x: tensor<3xf32>) -> tensor<3xf32> {
  %r = "weftn.vmap"(%x) {callee = @cube, in_axes = array<i64: 0>, out_axes = array<i64: 0>, size = 3} : (tensor<3xf32>) -> tensor<3xf32>
  return %r : tensor<3xf32>
}

// Four deep: for each row the derivative 6 x of the slopes of its elements.
// DEEP: {{^\[\[}}6.0, 12.0], [18.0, 24.0]]
func.func @vmap_of_jvp_of_vmap_of_vjp(%x: tensor<2x2xf32>) -> tensor<2x2xf32> {
  %r = "weftn.vmap"(%x) {callee = @curves, in_axes = array<i64: 0>, out_axes = array<i64: 0>, size = 2} : (tensor<2x2xf32>) -> tensor<2x2xf32>
  return %r : tensor<2x2xf32>
}

func.func private @curves(%x: tensor<2xf32>) -> tensor<2xf32> {
  %ones = "weft.constant"() {value = dense<1.0> : tensor<2xf32>} : () -> tensor<2xf32>
  %r:2 = "weftn.jvp"(%x, %ones) {callee = @slopes, wrt = array<i64: 0>} : (tensor<2xf32>, tensor<2xf32>) -> (tensor<2xf32>, tensor<2xf32>)
  return %r#1 : tensor<2xf32>
}

func.func private @slopes(%x: tensor<2xf32>) -> tensor<2xf32> {
  %r = "weftn.vmap"(%x) {callee = @slope, in_axes = array<i64: 0>, out_axes = array<i64: 0>, size = 2} : (tensor<2xf32>) -> tensor<2xf32>
  return %r : tensor<2xf32>
}
