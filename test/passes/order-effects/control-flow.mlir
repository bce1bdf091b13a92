// RUN: weft-opt %s --passes=weft-to-stablehlo,weft-order-effects | filecheck %s

// The token goes round a loop beside the carry.
// CHECK-LABEL: func.func @loop
// CHECK:       %[[T:.*]] = stablehlo.create_token
// CHECK:       stablehlo.while{{.*}}%[[T]]
// CHECK:       call @turn({{.*}}) : ({{.*}}!stablehlo.token) -> (tensor<f32>, !stablehlo.token)
func.func @loop(%x: tensor<f32>) -> tensor<f32> {
  %y = "weftn.while"(%x) {cond = @small, body = @turn, cond_consts = 0 : i64, body_consts = 0 : i64} : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

func.func private @small(%x: tensor<f32>) -> tensor<i1> {
  %one = "weft.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %y = "weft.compare"(%x, %one) {direction = "LT"} : (tensor<f32>, tensor<f32>) -> tensor<i1>
  return %y : tensor<i1>
}

func.func private @turn(%x: tensor<f32>) -> tensor<f32> {
  "weftn.effect_callback"(%x) {callback = 4 : i64, out_types = [], ordered = true} : (tensor<f32>) -> ()
  %y = "weft.add"(%x, %x) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

// Each branch gives a token, the one that makes no call the one it got.
// CHECK-LABEL: func.func @choice
// CHECK:       %[[T:.*]] = stablehlo.create_token
// CHECK:       %[[R:.*]]:2 = "stablehlo.case"
// CHECK:         stablehlo.return %{{.*}}, %{{.*}} : tensor<f32>, !stablehlo.token
// CHECK:         stablehlo.return %{{.*}}, %[[T]] : tensor<f32>, !stablehlo.token
// CHECK:       stablehlo.custom_call @xla_ffi_python_cpu_callback(%[[R]]#1
func.func @choice(%i: tensor<i32>, %x: tensor<f32>) -> tensor<f32> {
  %y = "weftn.cond"(%i, %x) {branches = [@turn, @wave]} : (tensor<i32>, tensor<f32>) -> tensor<f32>
  "weftn.effect_callback"(%y) {callback = 5 : i64, out_types = [], ordered = true} : (tensor<f32>) -> ()
  return %y : tensor<f32>
}

func.func private @wave(%x: tensor<f32>) -> tensor<f32> {
  %y = "weft.sin"(%x) : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}
