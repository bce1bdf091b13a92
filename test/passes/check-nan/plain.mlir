// RUN: weft-opt %s --passes=weft-check-nan | filecheck %s
// RUN: weft-opt %s --passes='weft-check-nan{infs=true callback=5}' | filecheck %s --check-prefix=BOTH
// RUN: weft-opt %s --passes='weft-check-nan{callback=5},weft-lower' | filecheck %s --check-prefix=LOWERED
// RUN: weft-opt %s --passes=weft-lower-checked | weft-run --fn=f 1.0 2 | filecheck %s --check-prefix=VALUE
// RUN: weft-opt %s --passes=weft-check-nan | weft-run --fn=f 1.0 2 | filecheck %s --check-prefix=VALUE

// Every float value is looked at where it is made, arguments too, and what was found is told at the end.
// CHECK-LABEL: func.func @f
// CHECK-SAME:  (%[[X:.*]]: tensor<f32>, %{{.*}}: tensor<i32>)
// CHECK:       %[[A:.*]] = "weft.find_nan"(%[[X]])
// CHECK:       %[[Y:.*]] = "weft.log"
// CHECK:       %[[B:.*]] = "weft.find_nan"(%[[Y]])
// CHECK:       %[[Z:.*]] = "weft.convert"
// CHECK:       %[[C:.*]] = "weft.find_nan"(%[[Z]])
// CHECK:       %[[W:.*]] = "weft.add"
// CHECK:       %[[D:.*]] = "weft.find_nan"(%[[W]])
// CHECK:       "weft.report_nan"(%[[A]], %[[B]], %[[C]], %[[D]]) {function = 0 : i64}
// CHECK:       return %[[W]]
// BOTH:        "weft.find_nan"({{.*}}) {infs = true}
// BOTH:        "weft.report_nan"({{.*}}) {callback = 5 : i64, function = 0 : i64}
// The host is called only if something was found.
// LOWERED:     stablehlo.if
// LOWERED:     stablehlo.custom_call @xla_ffi_python_cpu_callback({{.*}}has_side_effect = true
// VALUE:       2.0
func.func @f(%x: tensor<f32>, %i: tensor<i32>) -> tensor<f32> {
  %y = "weft.log"(%x) : (tensor<f32>) -> tensor<f32>
  %z = "weft.convert"(%i) {dtype = f32} : (tensor<i32>) -> tensor<f32>
  %w = "weft.add"(%y, %z) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %w : tensor<f32>
}

// Without floats there is nothing to look at; a constant is what its user made it.
// CHECK-LABEL: func.func @integers
// CHECK-NOT:   find_nan
// CHECK-NOT:   report_nan
// CHECK:       return
func.func @integers(%i: tensor<i32>, %e: tensor<0xf32>) -> (tensor<i32>, tensor<f32>) {
  %j = "weft.add"(%i, %i) : (tensor<i32>, tensor<i32>) -> tensor<i32>
  %c = "weft.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  return %j, %c : tensor<i32>, tensor<f32>
}
