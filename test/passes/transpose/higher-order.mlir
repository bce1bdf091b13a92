// RUN: weft-opt %s --passes='weft-transpose{fn=f}' | filecheck %s
// RUN: weft-opt %s --passes='weft-transpose{fn=f}' | weft-run --fn=f.transpose 2.0 | filecheck %s --check-prefix=VALUE
// RUN: weft-opt %s --passes='weft-transpose{fn=f},weft-transpose{fn=f.transpose}' | weft-run --fn=f.transpose.transpose 2.0 | filecheck %s --check-prefix=BACK

// A linear function that brings its transpose is transposed to that; transposed twice it is itself again.
// CHECK-LABEL: func.func @f.transpose
// CHECK:       "weftn.linear_call"({{.*}}) {callee = @hundred, residuals = 0 : i64, transpose_callee = @seven}
// VALUE:       200.0
// BACK:        14.0
func.func @f(%x: tensor<f32>) -> tensor<f32> {
  %y = "weftn.linear_call"(%x) {callee = @seven, transpose_callee = @hundred, residuals = 0 : i64} : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

func.func private @seven(%x: tensor<f32>) -> tensor<f32> {
  %c = "weft.constant"() {value = dense<7.0> : tensor<f32>} : () -> tensor<f32>
  %y = "weft.mul"(%c, %x) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

func.func private @hundred(%x: tensor<f32>) -> tensor<f32> {
  %c = "weft.constant"() {value = dense<100.0> : tensor<f32>} : () -> tensor<f32>
  %y = "weft.mul"(%c, %x) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}
