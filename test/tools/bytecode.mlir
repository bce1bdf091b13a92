// RUN: weft-opt %s --emit-bytecode -o %t
// RUN: weft-opt %t | filecheck %s
// RUN: weft-opt %s > %t.text
// RUN: weft-opt %t --print-generic | weft-opt | cmp %t.text -
// RUN: weft-opt %s --verify-roundtrip | filecheck %s
// RUN: weft-run %t 2.0 | filecheck %s --check-prefix=VALUE

// Bytecode is read wherever text is.
// CHECK: func.func @f
// CHECK: "weft.sin"
// VALUE: 0.90929
func.func @f(%x: tensor<f32>) -> tensor<f32> {
  %y = "weft.sin"(%x) : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}
