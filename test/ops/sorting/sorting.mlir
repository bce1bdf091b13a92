// RUN: weft-opt %s | weft-opt | filecheck %s
// RUN: weft-opt %s | weft-run --fn=one '[3, nan, 1, -inf, 2]' | filecheck %s --check-prefix=ONE
// RUN: weft-opt %s | weft-run --fn=two '[2, 1, 2, 1]' '[10, 20, 30, 40]' | filecheck %s --check-prefix=TWO
// RUN: weft-opt %s | weft-run --fn=by_two '[2, 1, 2, 1]' '[0.5, 4, 0.25, 3]' | filecheck %s --check-prefix=BY-TWO
// RUN: weft-opt %s | weft-run --fn=best '[[1, 5, 3], [9, 7, 8]]' | filecheck %s --check-prefix=BEST
// RUN: weft-opt %s --passes='weft-jvp{fn=one}' | weft-run --fn=one.jvp '[3, 5, 1, 4, 2]' '[30, 50, 10, 40, 20]' | filecheck %s --check-prefix=SLOPE
// RUN: weft-opt %s --passes='weft-batch{fn=two size=3 batched=0}' | filecheck %s --check-prefix=BATCH
// RUN: weft-opt %s --passes='weft-to-stablehlo' | filecheck %s --check-prefix=LOWERED

// nan comes last.
// CHECK-LABEL: func.func @one
// ONE:         [-inf, 1.0, 2.0, 3.0, nan]

// Tangents go where their elements go.
// SLOPE:       [1.0, 2.0, 3.0, 4.0, 5.0]
// SLOPE-NEXT:  [10.0, 20.0, 30.0, 40.0, 50.0]

// Sorted as integers of the same order, which backends do by a plain comparison.
// LOWERED-LABEL: func.func @one
// LOWERED:       "stablehlo.sort"({{.*}})
// LOWERED:       stablehlo.compare  LT, {{.*}},  SIGNED : (tensor<i32>, tensor<i32>) -> tensor<i1>
// LOWERED-NEXT:  stablehlo.return
func.func @one(%x: tensor<5xf32>) -> tensor<5xf32> {
  %y = "weftn.sort"(%x) {axis = 0 : i64} : (tensor<5xf32>) -> tensor<5xf32>
  return %y : tensor<5xf32>
}

// What goes with equal keys stays in order.
// CHECK-LABEL: func.func @two
// CHECK:       "weftn.sort"({{.*}}) {axis = 0 : i64} : (tensor<4xi32>, tensor<4xf32>) -> (tensor<4xi32>, tensor<4xf32>)
// TWO:         [1, 1, 2, 2]
// TWO-NEXT:    [20.0, 40.0, 10.0, 30.0]

// An operand without a batch axis gets one.
// BATCH-LABEL: func.func @two.batch
// BATCH:       "weft.broadcast_in_dim"
// BATCH:       "weftn.sort"({{.*}}) {axis = 1 : i64}
func.func @two(%x: tensor<4xi32>, %y: tensor<4xf32>) -> (tensor<4xi32>, tensor<4xf32>) {
  %z:2 = "weftn.sort"(%x, %y) {axis = 0 : i64} : (tensor<4xi32>, tensor<4xf32>) -> (tensor<4xi32>, tensor<4xf32>)
  return %z#0, %z#1 : tensor<4xi32>, tensor<4xf32>
}

// CHECK-LABEL: func.func @by_two
// CHECK:       num_keys = 2 : i64
// BY-TWO:      [1, 1, 2, 2]
// BY-TWO-NEXT: [3.0, 4.0, 0.25, 0.5]
func.func @by_two(%x: tensor<4xi32>, %y: tensor<4xf32>) -> (tensor<4xi32>, tensor<4xf32>) {
  %z:2 = "weftn.sort"(%x, %y) {axis = 0 : i64, num_keys = 2 : i64}
      : (tensor<4xi32>, tensor<4xf32>) -> (tensor<4xi32>, tensor<4xf32>)
  return %z#0, %z#1 : tensor<4xi32>, tensor<4xf32>
}

// CHECK-LABEL: func.func @best
// CHECK:       "weft.top_k"({{.*}}) {k = 2 : i64} : (tensor<2x3xf32>) -> (tensor<2x2xf32>, tensor<2x2xi32>)
// BEST:        {{\[\[}}5.0, 3.0], [9.0, 8.0]]
// BEST-NEXT:   {{\[\[}}1, 2], [0, 2]]
func.func @best(%x: tensor<2x3xf32>) -> (tensor<2x2xf32>, tensor<2x2xi32>) {
  %y:2 = "weft.top_k"(%x) {k = 2 : i64} : (tensor<2x3xf32>) -> (tensor<2x2xf32>, tensor<2x2xi32>)
  return %y#0, %y#1 : tensor<2x2xf32>, tensor<2x2xi32>
}
