// RUN: weft-opt %s | weft-opt | filecheck %s
// RUN: not weft-opt %s --passes='weft-jvp{fn=f}' 2>&1 | filecheck %s --check-prefix=JVP

// The code of an exported program is a text; what it computes is not looked at before lowering.
// CHECK-LABEL: func.func @f
// CHECK:       "weftn.call_exported"({{.*}}) {code = "TUzvUg==", fun = "sine", outputs = [tensor<3xf32>]}
// JVP:         call_exported
func.func @f(%x: tensor<3xf32>) -> tensor<3xf32> {
  %y = "weftn.call_exported"(%x) {code = "TUzvUg==", fun = "sine", outputs = [tensor<3xf32>]} : (tensor<3xf32>) -> tensor<3xf32>
  return %y : tensor<3xf32>
}
