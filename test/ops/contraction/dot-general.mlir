// RUN: weft-opt %s | weft-opt | filecheck %s
// RUN: weft-opt %s | weft-run --fn=matmul '[[1, 2], [3, 4]]' '[[1, 0, 2], [0, 1, 3]]' | filecheck %s --check-prefix=MATMUL
// RUN: weft-opt %s | weft-run --fn=each '[[1, 2], [3, 4]]' '[[5, 6], [7, 8]]' | filecheck %s --check-prefix=EACH
// RUN: weft-opt %s --passes='weft-transpose{fn=matmul linear=0}' | filecheck %s --check-prefix=LEFT
// RUN: weft-opt %s --passes='weft-transpose{fn=matmul linear=1}' | filecheck %s --check-prefix=RIGHT
// RUN: weft-opt %s --passes='weft-batch{fn=matmul size=7 batched=0,1}' | filecheck %s --check-prefix=BOTH
// RUN: weft-opt %s --passes='weft-batch{fn=matmul size=7 batched=1}' | filecheck %s --check-prefix=ONE
// RUN: weft-opt %s --passes='weft-to-stablehlo' | filecheck %s --check-prefix=LOWERED

// CHECK-LABEL:  func.func @matmul
// CHECK:        "weft.dot_general"({{.*}}) {lhs_batch = array<i64>, lhs_contract = array<i64: 1>,
// MATMUL:       {{\[\[}}1.0, 2.0, 8.0], [3.0, 4.0, 18.0]]
// LEFT-LABEL:   func.func @matmul.transpose(%{{.*}}: tensor<2x3xf32>, %{{.*}}: tensor<2x3xf32>) -> tensor<2x2xf32>
// LEFT:         "weft.dot_general"({{.*}}) {lhs_batch = array<i64>, lhs_contract = array<i64: 1>,{{.*}} rhs_contract = array<i64: 1>}
// RIGHT-LABEL:  func.func @matmul.transpose(%{{.*}}: tensor<2x3xf32>, %{{.*}}: tensor<2x2xf32>) -> tensor<2x3xf32>
// RIGHT:        "weft.dot_general"
// BOTH-LABEL:   func.func @matmul.batch(
// BOTH:         "weft.dot_general"({{.*}}) {lhs_batch = array<i64: 0>, lhs_contract = array<i64: 2>, rhs_batch = array<i64: 0>, rhs_contract = array<i64: 1>}

// The batch axis of one operand is one of its free axes: nothing is repeated.
// ONE-LABEL:    func.func @matmul.batch(
// ONE-NOT:      broadcast_in_dim
// ONE:          "weft.dot_general"({{.*}}) {lhs_batch = array<i64>, {{.*}} rhs_contract = array<i64: 1>} : (tensor<2x2xf32>, tensor<7x2x3xf32>) -> tensor<2x7x3xf32>
// ONE:          "weft.transpose"({{.*}}) {permutation = array<i64: 1, 0, 2>}
func.func @matmul(%x: tensor<2x2xf32>, %y: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %z = "weft.dot_general"(%x, %y) {lhs_batch = array<i64>, rhs_batch = array<i64>, lhs_contract = array<i64: 1>,
      rhs_contract = array<i64: 0>} : (tensor<2x2xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  return %z : tensor<2x3xf32>
}

// A dot product of each row, and how precise it is.
// CHECK-LABEL:   func.func @each
// CHECK:         precision = "HIGHEST,DEFAULT"
// EACH:          [17.0, 53.0]
// LOWERED-LABEL: func.func @each
// LOWERED:       stablehlo.dot_general {{.*}} precision = [HIGHEST, DEFAULT]
func.func @each(%x: tensor<2x2xf32>, %y: tensor<2x2xf32>) -> tensor<2xf32> {
  %z = "weft.dot_general"(%x, %y) {lhs_batch = array<i64: 0>, rhs_batch = array<i64: 0>,
      lhs_contract = array<i64: 1>, rhs_contract = array<i64: 1>, precision = "HIGHEST,DEFAULT"}
      : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2xf32>
  return %z : tensor<2xf32>
}

// Accumulated in f32, which is the dtype of the result.
// CHECK-LABEL:   func.func @wider
// LOWERED-LABEL: func.func @wider
// LOWERED:       stablehlo.dot_general {{.*}} : (tensor<4xbf16>, tensor<4xbf16>) -> tensor<f32>
func.func @wider(%x: tensor<4xbf16>) -> tensor<f32> {
  %z = "weft.dot_general"(%x, %x) {lhs_batch = array<i64>, rhs_batch = array<i64>, lhs_contract = array<i64: 0>,
      rhs_contract = array<i64: 0>, preferred_dtype = "float32"} : (tensor<4xbf16>, tensor<4xbf16>) -> tensor<f32>
  return %z : tensor<f32>
}
