// RUN: weft-opt %s --passes=weft-to-stablehlo,weft-order-effects | filecheck %s
// RUN: weft-opt %s --passes=weft-to-stablehlo | filecheck %s --check-prefix=MARKED

// A token goes from each ordered call to the next; others have none. The marks are gone.
// MARKED-LABEL:   func.func @f
// MARKED-COUNT-2: weft.ordered
// CHECK-LABEL:    func.func @f
// CHECK-NOT:      weft.ordered
// CHECK:          %[[T:.*]] = stablehlo.create_token
// CHECK:          %[[U:.*]] = stablehlo.custom_call @xla_ffi_python_cpu_callback(%[[T]], %{{.*}})
// CHECK:          stablehlo.custom_call @xla_ffi_python_cpu_callback(%{{[a-z0-9]+}}) {
// CHECK:          stablehlo.custom_call @xla_ffi_python_cpu_callback(%[[U]], %{{.*}})
func.func @f(%x: tensor<f32>) -> tensor<f32> {
  "weftn.effect_callback"(%x) {callback = 1 : i64, out_types = [], ordered = true} : (tensor<f32>) -> ()
  "weftn.effect_callback"(%x) {callback = 2 : i64, out_types = []} : (tensor<f32>) -> ()
  "weftn.effect_callback"(%x) {callback = 3 : i64, out_types = [], ordered = true} : (tensor<f32>) -> ()
  return %x : tensor<f32>
}

// Without ordered calls there is no token.
// CHECK-LABEL:    func.func @none
// CHECK-NOT:      token
// CHECK:          return
func.func @none(%x: tensor<f32>) -> tensor<f32> {
  "weftn.effect_callback"(%x) {callback = 2 : i64, out_types = []} : (tensor<f32>) -> ()
  return %x : tensor<f32>
}
