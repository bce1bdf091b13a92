// RUN: weft-opt %s --passes='weft-simplify,weft-dce' | filecheck %s
// RUN: weft-run %s --fn=arithmetic 3.0 --passes=weft-to-stablehlo | filecheck %s --check-prefix=NUMBERS
// RUN: weft-opt %s --passes='weft-simplify' | weft-run --fn=arithmetic 3.0 --passes=weft-to-stablehlo | filecheck %s --check-prefix=NUMBERS
// RUN: weft-opt %s --passes='weft-simplify' | weft-run --fn=not_identities inf | filecheck %s --check-prefix=SPECIAL
// RUN: weft-opt %s --passes='weft-simplify' | weft-run --fn=arranged '[[1, 2, 3], [4, 5, 6]]' | filecheck %s --check-prefix=SAME

// Neutral elements go, signs cancel, constants are computed: all that is left is one negation.
// CHECK-LABEL: func.func @arithmetic
// CHECK-SAME:  (%[[X:.*]]: tensor<f32>)
// CHECK-NEXT:  %[[N:.*]] = "weft.neg"(%[[X]])
// CHECK-NEXT:  return %[[N]], %[[X]]
// NUMBERS:      -3.0
// NUMBERS-NEXT: 3.0
func.func @arithmetic(%x: tensor<f32>) -> (tensor<f32>, tensor<f32>) {
  %half = "weft.constant"() {value = dense<0.5> : tensor<f32>} : () -> tensor<f32>
  %zero = "weft.constant"() {value = dense<0.0> : tensor<f32>} : () -> tensor<f32>
  %one = "weft.add"(%half, %half) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %minus = "weft.sub"(%zero, %one) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %a = "weft.mul"(%x, %one) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %b = "weft.add"(%zero, %a) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %c = "weft.div"(%b, %one) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %d = "weft.mul"(%minus, %c) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %e = "weft.neg"(%d) : (tensor<f32>) -> tensor<f32>
  return %d, %e : tensor<f32>, tensor<f32>
}

// What is not the same for every float stays: 0 x is nan where x is infinite, x - x and x / x likewise. And 0 - x is
// not -x where x is 0.
// CHECK-LABEL: func.func @not_identities
// CHECK:       "weft.mul"
// CHECK:       "weft.sub"
// CHECK:       "weft.div"
// CHECK:       "weft.sub"
// SPECIAL:      nan
// SPECIAL-NEXT: nan
// SPECIAL-NEXT: nan
// SPECIAL-NEXT: -inf
func.func @not_identities(%x: tensor<f32>) -> (tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>) {
  %zero = "weft.constant"() {value = dense<0.0> : tensor<f32>} : () -> tensor<f32>
  %a = "weft.mul"(%x, %zero) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %b = "weft.sub"(%x, %x) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %c = "weft.div"(%x, %x) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %d = "weft.sub"(%zero, %x) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %a, %b, %c, %d : tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>
}

// Of integers it is the same.
// CHECK-LABEL: func.func @integers
// CHECK-NEXT:  %[[Z:.*]] = "weft.constant"() {value = dense<0> : tensor<2xi32>}
// CHECK-NEXT:  return %[[Z]]
func.func @integers(%n: tensor<2xi32>) -> tensor<2xi32> {
  %zero = "weft.constant"() {value = dense<0> : tensor<2xi32>} : () -> tensor<2xi32>
  %a = "weft.mul"(%n, %zero) : (tensor<2xi32>, tensor<2xi32>) -> tensor<2xi32>
  return %a : tensor<2xi32>
}

// Arrangements follow one on another as one, and one that changes nothing is none.
// CHECK-LABEL: func.func @arranged
// CHECK-SAME:  (%[[X:.*]]: tensor<2x3xf32>)
// CHECK-NEXT:  %[[R:.*]] = "weft.reshape"(%[[X]]) {shape = array<i64: 6>}
// CHECK-NEXT:  return %[[X]], %[[R]]
// SAME:        {{^\[\[}}1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
// SAME-NEXT:   [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
func.func @arranged(%x: tensor<2x3xf32>) -> (tensor<2x3xf32>, tensor<6xf32>) {
  %t = "weft.transpose"(%x) {permutation = array<i64: 1, 0>} : (tensor<2x3xf32>) -> tensor<3x2xf32>
  %u = "weft.transpose"(%t) {permutation = array<i64: 1, 0>} : (tensor<3x2xf32>) -> tensor<2x3xf32>
  %v = "weft.slice"(%u) {start = array<i64: 0, 0>, limit = array<i64: 2, 3>, strides = array<i64: 1, 1>} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %w = "weft.reshape"(%v) {shape = array<i64: 3, 2>} : (tensor<2x3xf32>) -> tensor<3x2xf32>
  %r = "weft.reshape"(%w) {shape = array<i64: 6>} : (tensor<3x2xf32>) -> tensor<6xf32>
  return %v, %r : tensor<2x3xf32>, tensor<6xf32>
}

// A constant of one value stays one, however it is arranged.
// CHECK-LABEL: func.func @splats
// CHECK-NEXT:  %[[C:.*]] = "weft.constant"() {value = dense<3.000000e+00> : tensor<3x2xf32>}
// CHECK-NEXT:  return %[[C]]
func.func @splats() -> tensor<3x2xf32> {
  %c = "weft.constant"() {value = dense<1.5> : tensor<f32>} : () -> tensor<f32>
  %b = "weft.broadcast_in_dim"(%c) {shape = array<i64: 2, 3>, dims = array<i64>} : (tensor<f32>) -> tensor<2x3xf32>
  %d = "weft.add"(%b, %b) : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  %t = "weft.transpose"(%d) {permutation = array<i64: 1, 0>} : (tensor<2x3xf32>) -> tensor<3x2xf32>
  return %t : tensor<3x2xf32>
}

// A choice that is known is made; an index out of range is the nearest.
// CHECK-LABEL: func.func @known_choice
// CHECK-NEXT:  call @second(
// CHECK-NEXT:  return
func.func @known_choice(%x: tensor<f32>) -> tensor<f32> {
  %i = "weft.constant"() {value = dense<7> : tensor<i32>} : () -> tensor<i32>
  %y = "weftn.cond"(%i, %x) {branches = [@first, @second]} : (tensor<i32>, tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

func.func private @first(%x: tensor<f32>) -> tensor<f32> {
  return %x : tensor<f32>
}

func.func private @second(%x: tensor<f32>) -> tensor<f32> {
  %y = "weft.sin"(%x) : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}
