// RUN: weft-opt %s --passes='weft-transpose{fn=scaled}' | filecheck %s
// RUN: weft-opt %s --passes='weft-transpose{fn=scaled}' | weft-run --fn=scaled.transpose '[1, 2, 3]' 10 | filecheck %s --check-prefix=VALUE
// RUN: weft-opt %s --passes='weft-transpose{fn=sums linear=0,2}' | filecheck %s --check-prefix=SUMS
// RUN: weft-opt %s --passes='weft-transpose{fn=sums linear=0,2}' | weft-run --fn=sums.transpose 1 10 5 | filecheck %s --check-prefix=ADDED
// RUN: weft-opt %s --passes='weft-transpose{fn=unused linear=0,1}' | filecheck %s --check-prefix=UNUSED
// RUN: weft-opt %s --passes='weft-transpose{fn=scaled},weft-transpose{fn=scaled.transpose}' \
// RUN:   | weft-run --fn=scaled.transpose.transpose 2 10 | filecheck %s --check-prefix=TWICE

// From the cotangent of the result, and the inputs in which @scaled is not linear, to that of x: a broadcast
// becomes a sum. What does not depend on x is computed as before.
// CHECK-LABEL: func.func @scaled(
// CHECK:       func.func @scaled.transpose
// CHECK-SAME:  (%[[CT:.*]]: tensor<3xf32>, %[[A:.*]]: tensor<f32>) -> tensor<f32>
// CHECK:       %[[AS:.*]] = "weft.broadcast_in_dim"(%[[A]])
// CHECK:       %[[P:.*]] = "weft.mul"(%[[CT]], %[[AS]])
// CHECK:       "weft.reduce_sum"(%[[P]]) {axes = array<i64: 0>}
// VALUE:       60.0

// Twice transposed it does what it did.
// TWICE:       [20.0, 20.0, 20.0]
func.func @scaled(%x: tensor<f32>, %a: tensor<f32>) -> tensor<3xf32> {
  %xs = "weft.broadcast_in_dim"(%x) {shape = array<i64: 3>, dims = array<i64>} : (tensor<f32>) -> tensor<3xf32>
  %as = "weft.broadcast_in_dim"(%a) {shape = array<i64: 3>, dims = array<i64>} : (tensor<f32>) -> tensor<3xf32>
  %y = "weft.mul"(%xs, %as) : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  return %y : tensor<3xf32>
}

// A value that is used in several places gets the sum of what comes back from each, also from being a result.
// SUMS-LABEL: func.func @sums.transpose
// SUMS-SAME:  (%[[P:.*]]: tensor<f32>, %[[Q:.*]]: tensor<f32>, %[[A:.*]]: tensor<f32>) -> (tensor<f32>, tensor<f32>)
// SUMS:       "weft.add"
// SUMS:       return
// ADDED:      -9.0
// ADDED-NEXT: 50.0
func.func @sums(%x: tensor<f32>, %a: tensor<f32>, %y: tensor<f32>) -> (tensor<f32>, tensor<f32>) {
  %z = "weft.mul"(%a, %y) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %d = "weft.sub"(%z, %x) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %x, %d : tensor<f32>, tensor<f32>
}

// An input that no result depends on has a cotangent that is always zero: it is no result.
// UNUSED-LABEL: func.func @unused.transpose
// UNUSED-SAME:  (%[[CT:.*]]: tensor<f32>) -> tensor<f32>
// UNUSED-NEXT:  %[[R:.*]] = "weft.neg"(%[[CT]])
// UNUSED-NEXT:  return %[[R]]
func.func @unused(%x: tensor<f32>, %y: tensor<f32>) -> tensor<f32> {
  %z = "weft.neg"(%y) : (tensor<f32>) -> tensor<f32>
  return %z : tensor<f32>
}
