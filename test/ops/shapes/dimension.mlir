// RUN: weft-opt %s | weft-opt | filecheck %s
// RUN: weft-run %s --fn=f | filecheck %s --check-prefix=VALUE

// CHECK-LABEL: func.func @f
// CHECK:       "weft.dimension"() {dtype = f32, size = 3 : i64}
// VALUE:       3.0
func.func @f() -> tensor<f32> {
  %n = "weft.dimension"() {dtype = f32, size = 3 : i64} : () -> tensor<f32>
  return %n : tensor<f32>
}
