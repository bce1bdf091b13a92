// RUN: weft-opt %s | weft-opt | filecheck %s
// RUN: weft-run %s --fn=solved '[[2, 1], [4, 4]]' '[4, 12]' --digits=5 | filecheck %s --check-prefix=SOLVED
// RUN: weft-run %s --fn=inverse '[[2, 0], [0, 4], [0, 0]]' | filecheck %s --check-prefix=INVERSE
// RUN: weft-run %s --fn=pivoted '[[1, 3], [0, 4]]' --digits=5 | filecheck %s --check-prefix=PIVOTED

// By the factors of the matrix.
// CHECK-LABEL: func.func @solved
// CHECK:       "weft.lu_solve"
// SOLVED:      [1.0, 2.0]
func.func @solved(%a: tensor<2x2xf32>, %y: tensor<2xf32>) -> tensor<2xf32> {
  %f, %p, %o = "weft.lu"(%a) : (tensor<2x2xf32>) -> (tensor<2x2xf32>, tensor<2xi32>, tensor<2xi32>)
  %column = "weft.reshape"(%y) {shape = array<i64: 2, 1>} : (tensor<2xf32>) -> tensor<2x1xf32>
  %x = "weft.lu_solve"(%a, %f, %o, %column) : (tensor<2x2xf32>, tensor<2x2xf32>, tensor<2xi32>, tensor<2x1xf32>) -> tensor<2x1xf32>
  %flat = "weft.reshape"(%x) {shape = array<i64: 2>} : (tensor<2x1xf32>) -> tensor<2xf32>
  return %flat : tensor<2xf32>
}

// CHECK-LABEL: func.func @inverse
// CHECK:       "weft.pinv"
// INVERSE:     {{\[\[}}0.5, 0.0, 0.0], [0.0, 0.25, 0.0]]
func.func @inverse(%x: tensor<3x2xf32>) -> tensor<2x3xf32> {
  %rtol = "weft.constant"() {value = dense<1.0e-6> : tensor<f32>} : () -> tensor<f32>
  %y = "weft.pinv"(%x, %rtol) : (tensor<3x2xf32>, tensor<f32>) -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

// The longest column comes first. R times its own transpose does not know the signs of its rows.
// CHECK-LABEL:  func.func @pivoted
// CHECK:        "weft.geqp3"
// CHECK:        "weft.ormqr"
// PIVOTED:      [2, 1]
// PIVOTED-NEXT: {{\[\[}}3.0, 1.0], [4.0, 0.0]]
func.func @pivoted(%x: tensor<2x2xf32>) -> (tensor<2xi32>, tensor<2x2xf32>) {
  %free = "weft.constant"() {value = dense<0> : tensor<2xi32>} : () -> tensor<2xi32>
  %f, %order, %taus = "weft.geqp3"(%x, %free) : (tensor<2x2xf32>, tensor<2xi32>) -> (tensor<2x2xf32>, tensor<2xi32>, tensor<2xf32>)
  %row = "weft.iota"() {shape = array<i64: 2, 2>, dtype = i32, dimension = 0 : i64} : () -> tensor<2x2xi32>
  %column = "weft.iota"() {shape = array<i64: 2, 2>, dtype = i32, dimension = 1 : i64} : () -> tensor<2x2xi32>
  %upper = "weft.compare"(%row, %column) {direction = "LE"} : (tensor<2x2xi32>, tensor<2x2xi32>) -> tensor<2x2xi1>
  %zero = "weft.constant"() {value = dense<0.0> : tensor<2x2xf32>} : () -> tensor<2x2xf32>
  %r = "weft.select"(%upper, %f, %zero) : (tensor<2x2xi1>, tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
  %again = "weft.ormqr"(%f, %taus, %r) {left = true} : (tensor<2x2xf32>, tensor<2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
  return %order, %again : tensor<2xi32>, tensor<2x2xf32>
}
