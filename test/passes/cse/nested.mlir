// RUN: weft-opt %s --passes=weft-cse | filecheck %s
// RUN: weft-opt %s --passes=weft-cse | weft-run --fn=loop 1.0 | filecheck %s --check-prefix=VALUE

// The bodies of loops and branches are looked into like any function, and equal loops are one.
// CHECK-LABEL:   func.func @loop
// CHECK:         %[[Y:.*]] = "weftn.while"
// CHECK-NOT:     "weftn.while"
// CHECK:         "weft.add"(%[[Y]], %[[Y]])
// VALUE:         32.0
func.func @loop(%x: tensor<f32>) -> tensor<f32> {
  %y = "weftn.while"(%x) {cond = @more, body = @twice, cond_consts = 0 : i64, body_consts = 0 : i64} : (tensor<f32>) -> tensor<f32>
  %z = "weftn.while"(%x) {cond = @more, body = @twice, cond_consts = 0 : i64, body_consts = 0 : i64} : (tensor<f32>) -> tensor<f32>
  %s = "weft.add"(%y, %z) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %s : tensor<f32>
}

// CHECK-LABEL:   func.func private @twice
// CHECK-COUNT-1: "weft.abs"
// CHECK-NOT:     "weft.abs"
// CHECK:         return
func.func private @twice(%x: tensor<f32>) -> tensor<f32> {
  %a = "weft.abs"(%x) : (tensor<f32>) -> tensor<f32>
  %b = "weft.abs"(%x) : (tensor<f32>) -> tensor<f32>
  %y = "weft.add"(%a, %b) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

func.func private @more(%x: tensor<f32>) -> tensor<i1> {
  %n = "weft.constant"() {value = dense<10.0> : tensor<f32>} : () -> tensor<f32>
  %p = "weft.compare"(%x, %n) {direction = "LT"} : (tensor<f32>, tensor<f32>) -> tensor<i1>
  return %p : tensor<i1>
}

// A loop whose body has an effect is run as often as it is written.
// CHECK-LABEL:   func.func @noisy
// CHECK-COUNT-2: "weftn.scan"
func.func @noisy(%x: tensor<f32>) -> (tensor<f32>, tensor<f32>) {
  %y = "weftn.scan"(%x) {body = @told, consts = 0 : i64, carry = 1 : i64, length = 2 : i64} : (tensor<f32>) -> tensor<f32>
  %z = "weftn.scan"(%x) {body = @told, consts = 0 : i64, carry = 1 : i64, length = 2 : i64} : (tensor<f32>) -> tensor<f32>
  return %y, %z : tensor<f32>, tensor<f32>
}

// CHECK-LABEL:   func.func private @told
// CHECK-COUNT-2: "weftn.effect_callback"
func.func private @told(%x: tensor<f32>) -> tensor<f32> {
  "weftn.effect_callback"(%x) {callback = 1 : i64, out_types = []} : (tensor<f32>) -> ()
  "weftn.effect_callback"(%x) {callback = 1 : i64, out_types = []} : (tensor<f32>) -> ()
  return %x : tensor<f32>
}
