// RUN: weft-opt %s --passes='weft-hoist-constants{min-bytes=12}' | filecheck %s
// RUN: weft-opt %s --passes=weft-hoist-constants | filecheck %s --check-prefix=SMALL
// RUN: weft-opt %s --passes='weft-hoist-constants{min-bytes=12}' | weft-run --fn=f '[1.0, 1.0, 1.0]' '[1.0, 2.0, 3.0]' | filecheck %s --check-prefix=VALUE

// A constant becomes an argument behind the others; equal ones are one, and its value is told.
// CHECK-LABEL: func.func @f
// CHECK-SAME:  (%[[X:.*]]: tensor<3xf32>, %[[C:.*]]: tensor<3xf32>)
// CHECK-SAME:  weft.hoisted = [dense<[1.000000e+00, 2.000000e+00, 3.000000e+00]> : tensor<3xf32>]
// CHECK-NOT:   dense<[1.0
// CHECK:       "weft.add"(%[[X]], %[[C]])
// CHECK:       "weft.mul"(%{{.*}}, %[[C]])
// By default only what is large is hoisted.
// SMALL-LABEL: func.func @f
// SMALL-NOT:   weft.hoisted
// SMALL:       "weft.constant"() {value = dense<[1.0
// VALUE:       [2.0, 6.0, 12.0]
func.func @f(%x: tensor<3xf32>) -> tensor<3xf32> {
  %c = "weft.constant"() {value = dense<[1.0, 2.0, 3.0]> : tensor<3xf32>} : () -> tensor<3xf32>
  %y = "weft.add"(%x, %c) : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  %d = "weft.constant"() {value = dense<[1.0, 2.0, 3.0]> : tensor<3xf32>} : () -> tensor<3xf32>
  %z = "weft.mul"(%y, %d) : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  return %z : tensor<3xf32>
}

// What is too small stays, and one value throughout takes no room.
// CHECK-LABEL: func.func @stays
// CHECK-NOT:   weft.hoisted
// CHECK:       dense<[1.0{{.*}}, 2.0
// CHECK:       dense<7.0
func.func @stays(%x: tensor<2xf32>) -> (tensor<2xf32>, tensor<100xf32>) {
  %c = "weft.constant"() {value = dense<[1.0, 2.0]> : tensor<2xf32>} : () -> tensor<2xf32>
  %d = "weft.constant"() {value = dense<7.0> : tensor<100xf32>} : () -> tensor<100xf32>
  %y = "weft.add"(%x, %c) : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  return %y, %d : tensor<2xf32>, tensor<100xf32>
}
