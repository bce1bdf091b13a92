// RUN: weft-opt %s --passes=weft-to-stablehlo,weft-order-effects | filecheck %s

// A function that makes ordered calls, itself or through another, takes a token and gives one; others are left.
// CHECK-LABEL: func.func @f
// CHECK:       %[[T:.*]] = stablehlo.create_token
// CHECK:       %[[A:.*]]:2 = call @outer(%{{.*}}, %[[T]])
// CHECK:       %[[B:.*]] = call @quiet(%[[A]]#0) : (tensor<f32>) -> tensor<f32>
// CHECK:       call @outer(%[[B]], %[[A]]#1)
func.func @f(%x: tensor<f32>) -> tensor<f32> {
  %a = call @outer(%x) : (tensor<f32>) -> tensor<f32>
  %b = call @quiet(%a) : (tensor<f32>) -> tensor<f32>
  %c = call @outer(%b) : (tensor<f32>) -> tensor<f32>
  return %c : tensor<f32>
}

// CHECK-LABEL: func.func private @outer
// CHECK-SAME:  !stablehlo.token
// CHECK:       call @inner(%{{.*}}, %{{.*}}) : (tensor<f32>, !stablehlo.token)
func.func private @outer(%x: tensor<f32>) -> tensor<f32> {
  %y = call @inner(%x) : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

// CHECK-LABEL: func.func private @inner
// CHECK-SAME:  %[[T:[a-z0-9]+]]: !stablehlo.token) -> (tensor<f32>, !stablehlo.token)
// CHECK:       %[[U:.*]] = stablehlo.custom_call @xla_ffi_python_cpu_callback(%[[T]]
// CHECK:       return %{{.*}}, %[[U]]
func.func private @inner(%x: tensor<f32>) -> tensor<f32> {
  "weftn.effect_callback"(%x) {callback = 1 : i64, out_types = [], ordered = true} : (tensor<f32>) -> ()
  return %x : tensor<f32>
}

// CHECK-LABEL: func.func private @quiet
// CHECK-NOT:   token
// CHECK:       return
func.func private @quiet(%x: tensor<f32>) -> tensor<f32> {
  %y = "weft.sin"(%x) : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}
