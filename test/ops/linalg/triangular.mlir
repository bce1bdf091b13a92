// RUN: weft-opt %s | weft-opt | filecheck %s
// RUN: weft-opt %s | weft-run --fn=factor '[[4, 9], [2, 5]]' | filecheck %s --check-prefix=FACTOR
// RUN: weft-opt %s | weft-run --fn=factor '[[1, 0], [0, -1]]' | filecheck %s --check-prefix=FAILED
// RUN: weft-opt %s | weft-run --fn=solve '[[2, 9], [1, 4]]' '[[2], [5]]' | filecheck %s --check-prefix=SOLVE
// RUN: weft-opt %s --passes='weft-transpose{fn=solve linear=1}' | filecheck %s --check-prefix=BACK
// RUN: weft-opt %s --passes='weft-batch{fn=solve size=7 batched=1}' | filecheck %s --check-prefix=BATCH
// RUN: weft-opt %s --passes='weft-jvp{fn=factor}' | filecheck %s --check-prefix=JVP

// Only the lower triangle is read; what is not positive definite gives nan.
// CHECK-LABEL: func.func @factor
// CHECK:       "weft.cholesky"
// FACTOR:      {{\[\[}}2.0, 0.0], [1.0, 2.0]]
// FAILED:      nan
// JVP-LABEL:   func.func @factor.jvp
// JVP-COUNT-2: "weft.triangular_solve"
func.func @factor(%x: tensor<2x2xf32>) -> tensor<2x2xf32> {
  %y = "weft.cholesky"(%x) : (tensor<2x2xf32>) -> tensor<2x2xf32>
  return %y : tensor<2x2xf32>
}

// CHECK-LABEL: func.func @solve
// CHECK:       "weft.triangular_solve"({{.*}}) {is_lower = true, left_side = true}
// SOLVE:       {{\[\[}}1.0], [1.0]]
// BACK-LABEL:  func.func @solve.transpose
// BACK:        transpose_a = "TRANSPOSE"

// Right sides in a batch are more columns for the one matrix.
// BATCH-LABEL: func.func @solve.batch
// BATCH:       "weft.triangular_solve"({{.*}}(tensor<2x2xf32>, tensor<2x7xf32>) -> tensor<2x7xf32>
func.func @solve(%a: tensor<2x2xf32>, %y: tensor<2x1xf32>) -> tensor<2x1xf32> {
  %z = "weft.triangular_solve"(%a, %y) {left_side = true, is_lower = true} : (tensor<2x2xf32>, tensor<2x1xf32>) -> tensor<2x1xf32>
  return %z : tensor<2x1xf32>
}
