// RUN: weft-opt %s --passes='weft-hoist-constants{min-bytes=12}' | filecheck %s
// RUN: weft-opt %s --passes='weft-hoist-constants{min-bytes=12}' | weft-run --fn=f '[1.0, 1.0, 1.0]' '[1.0, 2.0, 3.0]' | filecheck %s --check-prefix=VALUE

// Whoever calls a function hands its constants on.
// CHECK-LABEL: func.func @f
// CHECK-SAME:  (%[[X:.*]]: tensor<3xf32>, %[[C:.*]]: tensor<3xf32>) {{.*}}weft.hoisted
// CHECK:       call @outer(%[[X]], %[[C]])
// VALUE:       [2.0, 3.0, 4.0]
func.func @f(%x: tensor<3xf32>) -> tensor<3xf32> {
  %y = call @outer(%x) : (tensor<3xf32>) -> tensor<3xf32>
  return %y : tensor<3xf32>
}

// CHECK-LABEL: func.func private @outer
// CHECK-SAME:  (%[[X:.*]]: tensor<3xf32>, %[[C:.*]]: tensor<3xf32>)
// CHECK:       call @inner(%[[X]], %[[C]])
func.func private @outer(%x: tensor<3xf32>) -> tensor<3xf32> {
  %y = call @inner(%x) : (tensor<3xf32>) -> tensor<3xf32>
  return %y : tensor<3xf32>
}

// CHECK-LABEL: func.func private @inner
// CHECK-NOT:   weft.constant
// CHECK:       return
func.func private @inner(%x: tensor<3xf32>) -> tensor<3xf32> {
  %c = "weft.constant"() {value = dense<[1.0, 2.0, 3.0]> : tensor<3xf32>} : () -> tensor<3xf32>
  %y = "weft.add"(%x, %c) : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  return %y : tensor<3xf32>
}
