// RUN: weft-opt %s --passes=weft-to-stablehlo | filecheck %s
// RUN: weft-opt %s --passes=weft-to-stablehlo | weft-run --fn=f 2.0 1 '[1, 2, 3]' | filecheck %s --check-prefix=LOOPED
// RUN: weft-opt %s --passes=weft-to-stablehlo | weft-run --fn=f 2.0 0 '[1, 2, 3]' --backend=interpreter | filecheck %s --check-prefix=SCANNED
// RUN: weft-opt %s --passes=weft-to-stablehlo | weft-run --fn=by_bool true 8.0 | filecheck %s --check-prefix=HALF

// Loops and choices become regions, which call the bodies.
// CHECK-LABEL: func.func @f
// CHECK:       "stablehlo.case"
// CHECK:         call @scanned
// CHECK:         call @looped
// CHECK:       func.func private @scanned
// CHECK:       stablehlo.while
// CHECK:         call @step
// CHECK:       func.func private @looped
// CHECK:       stablehlo.while
// CHECK:         call @large
// CHECK:         call @half
// LOOPED:      0.5
// SCANNED:     12.0
func.func @f(%x: tensor<f32>, %i: tensor<i32>, %xs: tensor<3xf32>) -> tensor<f32> {
  %y = "weftn.cond"(%i, %x, %xs) {branches = [@scanned, @looped, @scanned]} : (tensor<i32>, tensor<f32>, tensor<3xf32>) -> tensor<f32>
  return %y : tensor<f32>
}

func.func private @scanned(%x: tensor<f32>, %xs: tensor<3xf32>) -> tensor<f32> {
  %y = "weftn.scan"(%x, %xs) {body = @step, consts = 0, carry = 1, length = 3} : (tensor<f32>, tensor<3xf32>) -> tensor<f32>
  return %y : tensor<f32>
}

func.func private @step(%c: tensor<f32>, %x: tensor<f32>) -> tensor<f32> {
  %y = "weft.mul"(%c, %x) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

func.func private @looped(%x: tensor<f32>, %xs: tensor<3xf32>) -> tensor<f32> {
  %y = "weftn.while"(%x) {cond = @large, body = @half, cond_consts = 0, body_consts = 0} : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

func.func private @large(%x: tensor<f32>) -> tensor<i1> {
  %one = "weft.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %p = "weft.compare"(%x, %one) {direction = "GE"} : (tensor<f32>, tensor<f32>) -> tensor<i1>
  return %p : tensor<i1>
}

func.func private @half(%x: tensor<f32>) -> tensor<f32> {
  %two = "weft.constant"() {value = dense<2.0> : tensor<f32>} : () -> tensor<f32>
  %y = "weft.div"(%x, %two) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

// A choice by a bool is an if, of which the branch for true is number 1.
// CHECK-LABEL: func.func @by_bool
// CHECK-SAME:  (%[[P:[a-z0-9]+]]: tensor<i1>
// CHECK:       "stablehlo.if"(%[[P]])
// CHECK:         call @half
// CHECK:         call @itself
// HALF: 4.0
func.func @by_bool(%p: tensor<i1>, %x: tensor<f32>) -> tensor<f32> {
  %i = "weft.convert"(%p) {dtype = i32} : (tensor<i1>) -> tensor<i32>
  %y = "weftn.cond"(%i, %x) {branches = [@itself, @half]} : (tensor<i32>, tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

func.func private @itself(%x: tensor<f32>) -> tensor<f32> {
  return %x : tensor<f32>
}
