// RUN: weft-opt %s --passes='weft-batch{fn=f size=3}' | filecheck %s
// RUN: weft-opt %s --passes='weft-batch{fn=f size=3}' | weft-run --fn=f.batch '[1, 2, 3]' 10 | filecheck %s --check-prefix=VALUE
// RUN: weft-opt %s --passes='weft-batch{fn=f size=3 batched=0,1}' | weft-run --fn=f.batch '[1, 2, 3]' '[10, 20, 30]' | filecheck %s --check-prefix=BOTH
// RUN: weft-opt %s --passes='weft-batch{fn=f size=3 batched=""}' | filecheck %s --check-prefix=NONE
// RUN: weft-opt %s --passes='weft-batch{fn=axes size=2}' | filecheck %s --check-prefix=AXES
// RUN: weft-opt %s --passes='weft-batch{fn=axes size=2}' | weft-run --fn=axes.batch '[[[1, 2, 3], [4, 5, 6]], [[0, 0, 1], [1, 1, 1]]]' | filecheck %s --check-prefix=ROWS
// RUN: weft-opt %s --passes='weft-batch{fn=axes size=2},weft-batch{fn=axes.batch size=1}' \
// RUN:   | weft-run --fn=axes.batch.batch 1 | filecheck %s --check-prefix=TWICE
// RUN: weft-opt %s --passes='weft-batch{fn=f size=0}' | weft-run --fn=f.batch 1 10 | filecheck %s --check-prefix=EMPTY

// What has the batch axis has it first. What does not depend on a batched input is computed once and stays without,
// also as a result. @f itself stays.
// CHECK-LABEL: func.func @f(
// CHECK:       func.func @f.batch
// CHECK-SAME:  (%[[X:.*]]: tensor<3xf32>, %[[Y:.*]]: tensor<f32>) -> (tensor<3xf32>, tensor<f32>)
// CHECK:       %[[D:.*]] = "weft.add"(%[[Y]], %[[Y]]) : (tensor<f32>, tensor<f32>)
// CHECK:       %[[S:.*]] = "weft.broadcast_in_dim"(%[[D]])
// CHECK:       %[[P:.*]] = "weft.mul"(%[[X]], %[[S]])
// CHECK:       return %[[P]], %[[D]]
// VALUE:       [20.0, 40.0, 60.0]
// VALUE-NEXT:  20.0
// BOTH:        [20.0, 80.0, 180.0]
// BOTH-NEXT:   [20.0, 40.0, 60.0]
// EMPTY:       []
// EMPTY-NEXT:  20.0

// NONE-LABEL: func.func @f.batch
// NONE-SAME:  (%{{.*}}: tensor<f32>, %{{.*}}: tensor<f32>) -> (tensor<f32>, tensor<f32>)
func.func @f(%x: tensor<f32>, %y: tensor<f32>) -> (tensor<f32>, tensor<f32>) {
  %d = "weft.add"(%y, %y) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %p = "weft.mul"(%x, %d) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %p, %d : tensor<f32>, tensor<f32>
}

// Axes that ops name are one higher behind the batch axis.
// AXES-LABEL: func.func @axes.batch
// AXES-SAME:  (%[[X:.*]]: tensor<2x2x3xf32>) -> tensor<2x3x2xf32>
// AXES:       %[[S:.*]] = "weft.cumsum"(%[[X]]) {axis = 2 : i64}
// AXES:       "weft.transpose"(%[[S]]) {permutation = array<i64: 0, 2, 1>}
// ROWS:       {{^\[\[}}[1.0, 4.0], [3.0, 9.0], [6.0, 15.0]], {{\[\[}}0.0, 1.0], [0.0, 2.0], [1.0, 3.0]]]
// TWICE:      {{^\[\[\[\[}}1.0, 1.0], [2.0, 2.0], [3.0, 3.0]],
func.func @axes(%x: tensor<2x3xf32>) -> tensor<3x2xf32> {
  %s = "weft.cumsum"(%x) {axis = 1} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %t = "weft.transpose"(%s) {permutation = array<i64: 1, 0>} : (tensor<2x3xf32>) -> tensor<3x2xf32>
  return %t : tensor<3x2xf32>
}
