// RUN: weft-opt %s --passes=weft-simplify,weft-dce | filecheck %s
// RUN: weft-opt %s --passes=weft-simplify,weft-dce | weft-run --fn=known 3.0 | filecheck %s --check-prefix=VALUE
// RUN: weft-opt %s --passes=weft-simplify,weft-dce | weft-run --fn=loop 1.0 | filecheck %s --check-prefix=LOOP

// A choice that is known is a call of the branch.
// CHECK-LABEL: func.func @known
// CHECK-NOT:   "weftn.cond"
// CHECK:       call @second
// VALUE:       9.0
func.func @known(%x: tensor<f32>) -> tensor<f32> {
  %i = "weft.constant"() {value = dense<1> : tensor<i32>} : () -> tensor<i32>
  %y = "weftn.cond"(%i, %x) {branches = [@first, @second]} : (tensor<i32>, tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

func.func private @first(%x: tensor<f32>) -> tensor<f32> {
  return %x : tensor<f32>
}

func.func private @second(%x: tensor<f32>) -> tensor<f32> {
  %y = "weft.mul"(%x, %x) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

// Bodies are simplified in their places.
// CHECK-LABEL: func.func private @twice
// CHECK-NOT:   "weft.mul"
// CHECK:       "weft.add"
// LOOP:        16.0
func.func @loop(%x: tensor<f32>) -> tensor<f32> {
  %y = "weftn.while"(%x) {cond = @more, body = @twice, cond_consts = 0 : i64, body_consts = 0 : i64} : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

func.func private @twice(%x: tensor<f32>) -> tensor<f32> {
  %one = "weft.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %a = "weft.mul"(%x, %one) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %y = "weft.add"(%a, %x) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

func.func private @more(%x: tensor<f32>) -> tensor<i1> {
  %n = "weft.constant"() {value = dense<10.0> : tensor<f32>} : () -> tensor<f32>
  %p = "weft.compare"(%x, %n) {direction = "LT"} : (tensor<f32>, tensor<f32>) -> tensor<i1>
  return %p : tensor<i1>
}
