// RUN: weft-opt %s | weft-opt | filecheck %s
// RUN: weft-run %s --fn=remainder -7.5 2.0 | filecheck %s --check-prefix=REMAINDER
// RUN: weft-run %s --fn=integers -7 2 | filecheck %s --check-prefix=INTEGERS
// RUN: weft-run %s --fn=extremes '[1.0, nan]' '[2.0, 0.0]' | filecheck %s --check-prefix=EXTREMES
// RUN: weft-run %s --fn=powers 2.0 3.0 | filecheck %s --check-prefix=POWERS
// RUN: weft-run %s --fn=signs '[-2.0, 0.0, 3.0]' | filecheck %s --check-prefix=SIGNS
// RUN: weft-run %s --fn=limited '[-2.0, 0.5, 3.0]' | filecheck %s --check-prefix=LIMITED
// RUN: weft-opt %s --passes='weft-jvp{fn=powers wrt=0},weft-simplify,weft-dce' | filecheck %s --check-prefix=JVP

// The remainder has the sign of the first operand.
// CHECK-LABEL: func.func @remainder
// CHECK:       "weft.rem"
// REMAINDER:   -1.5
func.func @remainder(%x: tensor<f32>, %y: tensor<f32>) -> tensor<f32> {
  %r = "weft.rem"(%x, %y) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %r : tensor<f32>
}

// On integers, quotients are rounded towards zero.
// CHECK-LABEL:   func.func @integers
// INTEGERS:      -3
// INTEGERS-NEXT: -1
func.func @integers(%x: tensor<i32>, %y: tensor<i32>) -> (tensor<i32>, tensor<i32>) {
  %q = "weft.div"(%x, %y) : (tensor<i32>, tensor<i32>) -> tensor<i32>
  %r = "weft.rem"(%x, %y) : (tensor<i32>, tensor<i32>) -> tensor<i32>
  return %q, %r : tensor<i32>, tensor<i32>
}

// nan wins.
// CHECK-LABEL:   func.func @extremes
// CHECK:         "weft.max"
// CHECK:         "weft.min"
// EXTREMES:      [2.0, nan]
// EXTREMES-NEXT: [1.0, nan]
func.func @extremes(%x: tensor<2xf32>, %y: tensor<2xf32>) -> (tensor<2xf32>, tensor<2xf32>) {
  %a = "weft.max"(%x, %y) : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  %b = "weft.min"(%x, %y) : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  return %a, %b : tensor<2xf32>, tensor<2xf32>
}

// The slope in x is y x^(y-1), with an exponent that is 1 where y is 0.
// CHECK-LABEL: func.func @powers
// CHECK:       "weft.pow"
// POWERS:      8.0
// JVP-LABEL:   func.func @powers.jvp
// JVP:         %[[E:.*]] = "weft.select"
// JVP:         "weft.pow"(%{{.*}}, %[[E]])
func.func @powers(%x: tensor<f32>, %y: tensor<f32>) -> tensor<f32> {
  %p = "weft.pow"(%x, %y) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %p : tensor<f32>
}

// CHECK-LABEL: func.func @signs
// CHECK:       "weft.sign"
// SIGNS:       [-1.0, 0.0, 1.0]
func.func @signs(%x: tensor<3xf32>) -> tensor<3xf32> {
  %s = "weft.sign"(%x) : (tensor<3xf32>) -> tensor<3xf32>
  return %s : tensor<3xf32>
}

// CHECK-LABEL: func.func @limited
// CHECK:       "weft.clamp"
// LIMITED:     [0.0, 0.5, 1.0]
func.func @limited(%x: tensor<3xf32>) -> tensor<3xf32> {
  %low = "weft.constant"() {value = dense<0.0> : tensor<f32>} : () -> tensor<f32>
  %high = "weft.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %y = "weft.clamp"(%low, %x, %high) : (tensor<f32>, tensor<3xf32>, tensor<f32>) -> tensor<3xf32>
  return %y : tensor<3xf32>
}
