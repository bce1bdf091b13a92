// RUN: weft-opt %s --passes=weft-check-nan | filecheck %s
// RUN: weft-opt %s --passes=weft-check-nan,weft-inline,weft-cse,weft-dce | weft-run --fn=f 4.0 | filecheck %s --check-prefix=VALUE

// A function that is called tells what it found by itself, under its own number.
// CHECK-LABEL: func.func @f
// CHECK:       call @root
// CHECK:       "weft.report_nan"({{.*}}) {function = 0 : i64}
// VALUE:       2.0
func.func @f(%x: tensor<f32>) -> tensor<f32> {
  %y = call @root(%x) : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

// CHECK-LABEL: func.func private @root
// CHECK:       "weft.sqrt"
// CHECK:       "weft.report_nan"({{.*}}) {function = 1 : i64}
func.func private @root(%x: tensor<f32>) -> tensor<f32> {
  %y = "weft.sqrt"(%x) : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

// What nothing runs is left alone.
// CHECK-LABEL: func.func private @unused
// CHECK-NOT:   find_nan
// CHECK:       return
func.func private @unused(%x: tensor<f32>) -> tensor<f32> {
  %y = "weft.sqrt"(%x) : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}
