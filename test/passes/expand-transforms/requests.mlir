// RUN: weft-opt %s --passes=weft-expand-transforms | filecheck %s
// RUN: weft-run %s --fn=jvp 0.5 1.0 --digits=5 | filecheck %s --check-prefix=JVP
// RUN: weft-run %s --fn=vjp 2.0 3.0 --digits=5 | filecheck %s --check-prefix=VJP
// RUN: weft-run %s --fn=vmap '[[1, 2, 3], [4, 5, 6]]' 10 | filecheck %s --check-prefix=VMAP
// RUN: weft-run %s --fn=twice 0.5 --digits=5 | filecheck %s --check-prefix=TWICE
// RUN: weft-run %s --fn=some_zero 2.5 3 | filecheck %s --check-prefix=ZERO

// A request becomes a call of the function that it asks for.
// CHECK-LABEL: func.func @jvp
// CHECK-SAME:  (%[[X:.*]]: tensor<f32>, %[[DX:.*]]: tensor<f32>)
// CHECK-NEXT:  %[[R:.*]]:2 = call @wave.jvp(%[[X]], %[[DX]])
// CHECK-NEXT:  return %[[R]]#0, %[[R]]#1
// JVP:         0.47943
// JVP-NEXT:    0.87758
func.func @jvp(%x: tensor<f32>, %dx: tensor<f32>) -> (tensor<f32>, tensor<f32>) {
  %r:2 = "weftn.jvp"(%x, %dx) {callee = @wave, wrt = array<i64: 0>} : (tensor<f32>, tensor<f32>) -> (tensor<f32>, tensor<f32>)
  return %r#0, %r#1 : tensor<f32>, tensor<f32>
}

// The reverse derivative is one function, forwards and back. Cotangents come in the order of wrt.
// CHECK-LABEL: func.func @vjp
// CHECK-SAME:  (%[[X:.*]]: tensor<f32>, %[[Y:.*]]: tensor<f32>)
// CHECK:       %[[R:.*]]:3 = call @product.vjp(%[[X]], %[[Y]], %
// CHECK:       return %[[R]]#0, %[[R]]#2, %[[R]]#1
// VJP:         6.0
// VJP-NEXT:    2.0
// VJP-NEXT:    3.0
func.func @vjp(%x: tensor<f32>, %y: tensor<f32>) -> (tensor<f32>, tensor<f32>, tensor<f32>) {
  %one = "weft.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %r:3 = "weftn.vjp"(%x, %y, %one) {callee = @product, wrt = array<i64: 1, 0>, ct_of = array<i64: 0>}
      : (tensor<f32>, tensor<f32>, tensor<f32>) -> (tensor<f32>, tensor<f32>, tensor<f32>)
  return %r#0, %r#1, %r#2 : tensor<f32>, tensor<f32>, tensor<f32>
}

// The batch axis is moved from where it is to where it shall be; an operand with the axis -1 has none.
// CHECK-LABEL: func.func @vmap
// CHECK-SAME:  (%[[X:.*]]: tensor<2x3xf32>, %[[Y:.*]]: tensor<f32>) -> tensor<3xf32>
// CHECK:       %[[M:.*]] = "weft.transpose"(%[[X]]) {permutation = array<i64: 1, 0>}
// CHECK:       call @first_times.batch(%[[M]], %[[Y]])
// VMAP:        [10.0, 20.0, 30.0]
func.func @vmap(%x: tensor<2x3xf32>, %y: tensor<f32>) -> tensor<3xf32> {
  %r = "weftn.vmap"(%x, %y) {callee = @first_times, in_axes = array<i64: 1, -1>, out_axes = array<i64: 0>, size = 3}
      : (tensor<2x3xf32>, tensor<f32>) -> tensor<3xf32>
  return %r : tensor<3xf32>
}

// One function, asked for twice in the same way, is made once.
// CHECK-LABEL: func.func @twice(
// CHECK-COUNT-2: call @wave.jvp(
// CHECK:       func.func private @wave.jvp(
// CHECK-NOT:   func.func private @wave.jvp
// TWICE:       0.47943
// TWICE-NEXT:  0.46127
// TWICE-NEXT:  0.77864
func.func @twice(%x: tensor<f32>) -> (tensor<f32>, tensor<f32>, tensor<f32>) {
  %one = "weft.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %r:2 = "weftn.jvp"(%x, %one) {callee = @wave, wrt = array<i64: 0>} : (tensor<f32>, tensor<f32>) -> (tensor<f32>, tensor<f32>)
  %s:2 = "weftn.jvp"(%r#0, %r#1) {callee = @wave, wrt = array<i64: 0>} : (tensor<f32>, tensor<f32>) -> (tensor<f32>, tensor<f32>)
  return %r#0, %s#0, %s#1 : tensor<f32>, tensor<f32>, tensor<f32>
}

// Tangents and cotangents that are zero are made where the request promises them; a cotangent that is not given is
// zero: of (floor x, x y) with respect to x and y, where only the first has a cotangent.
// ZERO:      2.0
// ZERO-NEXT: 7.5
// ZERO-NEXT: 0.0
// ZERO-NEXT: 3.0
// ZERO-NEXT: 2.0
// ZERO-NEXT: 7.5
// ZERO-NEXT: 0.0
// ZERO-NEXT: 0.0
func.func @some_zero(%x: tensor<f32>, %y: tensor<f32>)
    -> (tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>) {
  %one = "weft.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %r:4 = "weftn.jvp"(%x, %y, %one) {callee = @floor_and_product, wrt = array<i64: 0>}
      : (tensor<f32>, tensor<f32>, tensor<f32>) -> (tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>)
  %s:4 = "weftn.vjp"(%x, %y, %one) {callee = @floor_and_product, wrt = array<i64: 0, 1>, ct_of = array<i64: 0>}
      : (tensor<f32>, tensor<f32>, tensor<f32>) -> (tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>)
  return %r#0, %r#1, %r#2, %r#3, %s#0, %s#1, %s#2, %s#3
      : tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>
}

func.func private @wave(%x: tensor<f32>) -> tensor<f32> {
  %y = "weft.sin"(%x) : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

func.func private @product(%x: tensor<f32>, %y: tensor<f32>) -> tensor<f32> {
  %z = "weft.mul"(%x, %y) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %z : tensor<f32>
}

func.func private @first_times(%x: tensor<2xf32>, %y: tensor<f32>) -> tensor<f32> {
  %s = "weft.slice"(%x) {start = array<i64: 0>, limit = array<i64: 1>, strides = array<i64: 1>} : (tensor<2xf32>) -> tensor<1xf32>
  %a = "weft.reshape"(%s) {shape = array<i64>} : (tensor<1xf32>) -> tensor<f32>
  %z = "weft.mul"(%a, %y) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %z : tensor<f32>
}

func.func private @floor_and_product(%x: tensor<f32>, %y: tensor<f32>) -> (tensor<f32>, tensor<f32>) {
  %a = "weft.floor"(%x) : (tensor<f32>) -> tensor<f32>
  %b = "weft.mul"(%x, %y) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %a, %b : tensor<f32>, tensor<f32>
}
