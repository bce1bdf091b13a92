// RUN: weft-opt %s --passes=weft-check-nan | filecheck %s
// RUN: weft-opt %s --passes='weft-check-nan{callback=3},weft-lower' | filecheck %s --check-prefix=LOWERED
// RUN: weft-opt %s --passes=weft-check-nan | weft-run --fn=loop 8.0 | filecheck %s --check-prefix=VALUE

// Each turn of a loop tells what it found. The condition's values do not reach the result.
// CHECK-LABEL: func.func @loop
// CHECK:       "weft.report_nan"(%{{.*}}, %{{.*}}) {function = 0 : i64}
// LOWERED-LABEL: func.func @loop
// LOWERED:     stablehlo.while
// LOWERED:       stablehlo.custom_call
// VALUE:       0.5
func.func @loop(%x: tensor<f32>) -> tensor<f32> {
  %y = "weftn.while"(%x) {cond = @large, body = @halve, cond_consts = 0 : i64, body_consts = 0 : i64} : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

// CHECK-LABEL: func.func private @large
// CHECK-NOT:   report_nan
// CHECK:       return
func.func private @large(%x: tensor<f32>) -> tensor<i1> {
  %one = "weft.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %y = "weft.compare"(%x, %one) {direction = "GE"} : (tensor<f32>, tensor<f32>) -> tensor<i1>
  return %y : tensor<i1>
}

// CHECK-LABEL: func.func private @halve
// CHECK:       "weft.report_nan"({{.*}}) {function = [[NUMBER:[0-9]+]] : i64}
func.func private @halve(%x: tensor<f32>) -> tensor<f32> {
  %half = "weft.constant"() {value = dense<0.5> : tensor<f32>} : () -> tensor<f32>
  %y = "weft.mul"(%x, %half) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

// Both branches are looked into.
// CHECK-LABEL: func.func @choice
// CHECK:       "weftn.cond"
// CHECK:       weft.report_nan
func.func @choice(%i: tensor<i32>, %x: tensor<f32>) -> tensor<f32> {
  %y = "weftn.cond"(%i, %x) {branches = [@halve, @wave]} : (tensor<i32>, tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

// CHECK-LABEL: func.func private @wave
// CHECK:       weft.report_nan
func.func private @wave(%x: tensor<f32>) -> tensor<f32> {
  %y = "weft.sin"(%x) : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

// So is the body of a scan.
// CHECK-LABEL: func.func @sums
// CHECK:       weft.report_nan
func.func @sums(%c: tensor<f32>, %xs: tensor<3xf32>) -> tensor<f32> {
  %y = "weftn.scan"(%c, %xs) {body = @sum, consts = 0 : i64, carry = 1 : i64, length = 3 : i64} : (tensor<f32>, tensor<3xf32>) -> tensor<f32>
  return %y : tensor<f32>
}

// CHECK-LABEL: func.func private @sum
// CHECK:       weft.report_nan
func.func private @sum(%c: tensor<f32>, %x: tensor<f32>) -> tensor<f32> {
  %y = "weft.add"(%c, %x) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}
