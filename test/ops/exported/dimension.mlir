// RUN: weft-opt %s | weft-opt | filecheck %s
// RUN: weft-opt %s --passes=weft-to-stablehlo | filecheck %s --check-prefix=LOWERED
// RUN: weft-opt %s | weft-run | filecheck %s --check-prefix=VALUE

// The value of a size: an integer of 64 bits that says what it is, as the dtype that is asked for.
// CHECK:   "weft.dimension"() {dtype = f32, size = 3 : i64}
// LOWERED: stablehlo.constant {weft.size = "float32"} dense<3> : tensor<i64>
// LOWERED: stablehlo.convert {{.*}} -> tensor<f32>
// VALUE:   3.0
func.func @main() -> tensor<f32> {
  %0 = "weft.dimension"() {dtype = f32, size = 3 : i64} : () -> tensor<f32>
  return %0 : tensor<f32>
}
