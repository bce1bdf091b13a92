// RUN: weft-opt %s | weft-opt | filecheck %s
// RUN: weft-opt %s --passes=weft-cse,weft-dce | filecheck %s --check-prefix=CLEAN
// RUN: weft-opt %s --passes=weft-to-stablehlo,weft-order-effects | filecheck %s --check-prefix=LOWERED

// Equal pure calls are one, and one that nobody needs is none; calls with effects stay.
// CHECK-LABEL: func.func @calls
// CHECK:       "weftn.pure_callback"({{.*}}) {callback = 1 : i64, out_types = [tensor<2xf32>], vmap_method = "sequential"}
// CHECK:       "weftn.effect_callback"({{.*}}) {callback = 3 : i64, debug = true, ordered = true, out_types = []}
// CLEAN-LABEL: func.func @calls
// CLEAN:       weftn.pure_callback
// CLEAN-NOT:   weftn.pure_callback
// CLEAN:       weftn.effect_callback
// CLEAN:       weftn.effect_callback
// LOWERED-LABEL: func.func @calls
// LOWERED:       %[[T:.*]] = stablehlo.create_token
// LOWERED:       stablehlo.custom_call @xla_ffi_python_cpu_callback({{.*}}) {{.*}}index = 0
// LOWERED:       %[[U:.*]] = stablehlo.custom_call @xla_ffi_python_cpu_callback(%[[T]], {{.*}}) {{.*}}has_side_effect = true
// LOWERED:       stablehlo.custom_call @xla_ffi_python_cpu_callback(%[[U]], {{.*}}) {{.*}}has_side_effect = true
func.func @calls(%x: tensor<2xf32>) -> tensor<2xf32> {
  %y = "weftn.pure_callback"(%x) {callback = 1 : i64, out_types = [tensor<2xf32>], vmap_method = "sequential"} : (tensor<2xf32>) -> tensor<2xf32>
  %z = "weftn.pure_callback"(%x) {callback = 1 : i64, out_types = [tensor<2xf32>], vmap_method = "sequential"} : (tensor<2xf32>) -> tensor<2xf32>
  %0:2 = "weftn.pure_callback"(%x) {callback = 2 : i64, out_types = [tensor<i32>, tensor<f32>]} : (tensor<2xf32>) -> (tensor<i32>, tensor<f32>)
  "weftn.effect_callback"(%y) {callback = 3 : i64, out_types = [], ordered = true, debug = true} : (tensor<2xf32>) -> ()
  "weftn.effect_callback"(%y) {callback = 3 : i64, out_types = [], ordered = true, debug = true} : (tensor<2xf32>) -> ()
  return %z : tensor<2xf32>
}

// The token goes into a loop and out of it.
// LOWERED-LABEL: func.func @loop
// LOWERED:       %[[T:.*]] = stablehlo.create_token
// LOWERED:       %[[W:.*]]:2 = {{"?}}stablehlo.while{{"?}}(%{{.*}}%[[T]])
// LOWERED:         call @step({{.*}}) : (tensor<f32>, !stablehlo.token) -> (tensor<f32>, !stablehlo.token)
// LOWERED:       call @step(%[[W]]#0, %[[W]]#1)
// LOWERED-LABEL: func.func private @step
// LOWERED-SAME:  !stablehlo.token
func.func @loop(%x: tensor<f32>) -> tensor<f32> {
  %y = "weftn.while"(%x) {cond = @small, body = @step, cond_consts = 0 : i64, body_consts = 0 : i64} : (tensor<f32>) -> tensor<f32>
  %z = call @step(%y) : (tensor<f32>) -> tensor<f32>
  return %z : tensor<f32>
}

func.func private @small(%x: tensor<f32>) -> tensor<i1> {
  %one = "weft.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %y = "weft.compare"(%x, %one) {direction = "LT"} : (tensor<f32>, tensor<f32>) -> tensor<i1>
  return %y : tensor<i1>
}

func.func private @step(%x: tensor<f32>) -> tensor<f32> {
  "weftn.effect_callback"(%x) {callback = 4 : i64, out_types = [], ordered = true} : (tensor<f32>) -> ()
  %y = "weft.add"(%x, %x) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}
