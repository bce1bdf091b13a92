// RUN: weft-opt %s | weft-opt | filecheck %s
// RUN: weft-opt %s --passes='weft-batch{fn=exchanged size=2 axis-name=i}' | weft-run --fn=exchanged.batch '[[1, 2], [3, 4]]' | filecheck %s --check-prefix=EXCHANGED
// RUN: weft-opt %s --passes='weft-batch{fn=combined size=4 axis-name=i}' | weft-run --fn=combined.batch '[1, 5, 2, 3]' | filecheck %s --check-prefix=COMBINED

// Every position has a row; it gives one element to each of the others, and hands the row on.
// CHECK-LABEL: func.func @exchanged
// CHECK:       "weft.all_to_all"(%{{.*}}) {axis_name = "i", axis_size = 2 : i64, concat = 0 : i64, split = 0 : i64}
// CHECK:       "weft.collective_permute"(%{{.*}}) {axis_name = "i", axis_size = 2 : i64, sources = array<i64: 0>, targets = array<i64: 1>}
// EXCHANGED:      {{\[\[}}1.0, 3.0], [2.0, 4.0]]
// EXCHANGED-NEXT: {{\[\[}}0.0, 0.0], [1.0, 2.0]]
func.func @exchanged(%x: tensor<2xf32>) -> (tensor<2xf32>, tensor<2xf32>) {
  %y = "weft.all_to_all"(%x) {axis_name = "i", axis_size = 2, split = 0, concat = 0} : (tensor<2xf32>) -> tensor<2xf32>
  %z = "weft.collective_permute"(%x) {axis_name = "i", axis_size = 2, sources = array<i64: 0>, targets = array<i64: 1>}
      : (tensor<2xf32>) -> tensor<2xf32>
  return %y, %z : tensor<2xf32>, tensor<2xf32>
}

// In groups {0, 2} and {1, 3}: sums, the greatest, all values; over all positions the value at position 1.
// CHECK-LABEL: func.func @combined
// CHECK:       "weft.all_reduce_sum"(%{{.*}}) {axis_name = "i", axis_size = 4 : i64, group_size = 2 : i64, groups = array<i64: 0, 2, 1, 3>}
// CHECK:       "weft.all_reduce_max"
// CHECK:       "weft.all_gather"
// CHECK:       "weft.reduce_scatter"
// CHECK:       "weft.collective_broadcast"
// COMBINED:      [3.0, 8.0, 3.0, 8.0]
// COMBINED-NEXT: [2.0, 5.0, 2.0, 5.0]
// COMBINED-NEXT: [2.0, 10.0, 4.0, 6.0]
// COMBINED-NEXT: 5.0
func.func @combined(%x: tensor<f32>) -> (tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>) {
  %s = "weft.all_reduce_sum"(%x) {axis_name = "i", axis_size = 4, groups = array<i64: 0, 2, 1, 3>, group_size = 2}
      : (tensor<f32>) -> tensor<f32>
  %m = "weft.all_reduce_max"(%x) {axis_name = "i", axis_size = 4, groups = array<i64: 0, 2, 1, 3>, group_size = 2}
      : (tensor<f32>) -> tensor<f32>
  %g = "weft.all_gather"(%x) {axis_name = "i", axis_size = 4, groups = array<i64: 0, 2, 1, 3>, group_size = 2, dim = 0}
      : (tensor<f32>) -> tensor<2xf32>
  %r = "weft.reduce_scatter"(%g) {axis_name = "i", axis_size = 4, groups = array<i64: 0, 2, 1, 3>, group_size = 2, dim = 0}
      : (tensor<2xf32>) -> tensor<f32>
  %b = "weft.collective_broadcast"(%x) {axis_name = "i", axis_size = 4, source = 1} : (tensor<f32>) -> tensor<f32>
  return %s, %m, %r, %b : tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>
}
