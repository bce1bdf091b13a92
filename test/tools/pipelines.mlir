// RUN: weft-opt %s --passes='weft-cse,func.func(canonicalize,cse),symbol-dce' | filecheck %s
// RUN: weft-opt %s --passes='builtin.module(weft-cse,func.func(canonicalize),symbol-dce)' | filecheck %s
// RUN: weft-opt %s --weft-cse --symbol-dce --canonicalize=max-iterations=2 | filecheck %s
// RUN: weft-opt %s --passes='weft-cse,symbol-dce' --print-ir-after=symbol-dce --print-ir-before=weft-cse \
// RUN:   2>&1 > %t | filecheck %s --check-prefix=PRINTED

// Passes of ours and of MLIR in one pipeline, in the order given.
// CHECK:       func.func @f
// CHECK-NEXT:    %[[S:.*]] = "weft.sin"
// CHECK-NEXT:    "weft.mul"(%[[S]], %[[S]])
// CHECK-NOT:   @unused

// PRINTED-LABEL: // IR before weft-cse
// PRINTED:         @unused
// PRINTED-LABEL: // IR after symbol-dce
// PRINTED:         @f
// PRINTED-NOT:     @unused
func.func @f(%x: tensor<f32>) -> tensor<f32> {
  %a = "weft.sin"(%x) : (tensor<f32>) -> tensor<f32>
  %b = "weft.sin"(%x) : (tensor<f32>) -> tensor<f32>
  %c = "weft.mul"(%a, %b) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %c : tensor<f32>
}

func.func private @unused(%x: tensor<f32>) -> tensor<f32> {
  return %x : tensor<f32>
}
