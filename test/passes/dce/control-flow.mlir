// RUN: weft-opt %s --passes=weft-dce | filecheck %s
// RUN: weft-opt %s --passes=weft-dce | weft-run --fn=loop 1.0 | filecheck %s --check-prefix=VALUE

// What a body does not need goes; the functions that a loop names stay, those that nobody names any more go.
// CHECK-LABEL: func.func @loop
// CHECK-NOT:   @unused
// CHECK:       "weftn.while"
// VALUE:       16.0
func.func @loop(%x: tensor<f32>) -> tensor<f32> {
  %u = "weftn.while"(%x) {cond = @more, body = @unused, cond_consts = 0 : i64, body_consts = 0 : i64} : (tensor<f32>) -> tensor<f32>
  %y = "weftn.while"(%x) {cond = @more, body = @twice, cond_consts = 0 : i64, body_consts = 0 : i64} : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

// CHECK-LABEL: func.func private @twice
// CHECK-NOT:   weft.sin
// CHECK:       return
func.func private @twice(%x: tensor<f32>) -> tensor<f32> {
  %s = "weft.sin"(%x) : (tensor<f32>) -> tensor<f32>
  %y = "weft.add"(%x, %x) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

// CHECK-NOT:   func.func private @unused
func.func private @unused(%x: tensor<f32>) -> tensor<f32> {
  %y = "weft.add"(%x, %x) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

func.func private @more(%x: tensor<f32>) -> tensor<i1> {
  %n = "weft.constant"() {value = dense<10.0> : tensor<f32>} : () -> tensor<f32>
  %p = "weft.compare"(%x, %n) {direction = "LT"} : (tensor<f32>, tensor<f32>) -> tensor<i1>
  return %p : tensor<i1>
}

// A branch with an effect keeps the choice, though nothing needs its result.
// CHECK-LABEL: func.func @told
// CHECK:       "weftn.cond"
func.func @told(%i: tensor<i32>, %x: tensor<f32>) -> tensor<f32> {
  %y = "weftn.cond"(%i, %x) {branches = [@tells, @quiet]} : (tensor<i32>, tensor<f32>) -> tensor<f32>
  return %x : tensor<f32>
}

// CHECK:       func.func private @tells
func.func private @tells(%x: tensor<f32>) -> tensor<f32> {
  "weftn.effect_callback"(%x) {callback = 1 : i64, out_types = []} : (tensor<f32>) -> ()
  return %x : tensor<f32>
}

func.func private @quiet(%x: tensor<f32>) -> tensor<f32> {
  return %x : tensor<f32>
}
