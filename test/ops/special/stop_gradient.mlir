// RUN: weft-opt %s --passes='weft-jvp{fn=f},weft-simplify,weft-dce' | filecheck %s
// RUN: weft-opt %s --passes='weft-jvp{fn=f}' | weft-run --fn=f.jvp 3.0 1.0 | filecheck %s --check-prefix=VALUE

// Only the factor that is not held back has a tangent: the slope of x * stop_gradient(x) at 3 is 3.
// CHECK-LABEL: func.func @f.jvp
// CHECK:       %[[HELD:.*]] = "weft.stop_gradient"
// CHECK:       "weft.mul"(%{{.*}}, %[[HELD]])
// CHECK:       "weft.mul"(%{{.*}}, %[[HELD]])
// CHECK-NOT:   "weft.add"
// VALUE:       9
// VALUE-NEXT:  3
func.func @f(%x: tensor<f32>) -> tensor<f32> {
  %held = "weft.stop_gradient"(%x) : (tensor<f32>) -> tensor<f32>
  %y = "weft.mul"(%x, %held) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}
