// RUN: weft-opt %s --passes='weft-hoist-constants{min-bytes=12}' | filecheck %s
// RUN: weft-opt %s --passes='weft-expand-transforms,weft-hoist-constants{min-bytes=12}' | filecheck %s --check-prefix=EXPANDED

// The signature of what a request names is fixed, until the request has been expanded.
// CHECK-LABEL: func.func @batched
// CHECK-NOT:   weft.hoisted
// EXPANDED-LABEL: func.func @batched
// EXPANDED-SAME:  weft.hoisted
// EXPANDED:       call @f.batch
func.func @batched(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %y = "weftn.vmap"(%x) {callee = @f, in_axes = array<i64: 0>, out_axes = array<i64: 0>, size = 2 : i64} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

// CHECK-LABEL: func.func private @f
// CHECK:       "weft.constant"() {value = dense<[1.0
func.func private @f(%x: tensor<3xf32>) -> tensor<3xf32> {
  %c = "weft.constant"() {value = dense<[1.0, 2.0, 3.0]> : tensor<3xf32>} : () -> tensor<3xf32>
  %y = "weft.add"(%x, %c) : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  return %y : tensor<3xf32>
}

// A checkpoint hands them on as a call does.
// CHECK-LABEL: func.func @again
// CHECK-SAME:  %[[C:[a-z0-9]+]]: tensor<3xf32>) -> tensor<3xf32> attributes
// CHECK:       "weftn.checkpoint"(%{{.*}}, %[[C]])
func.func @again(%x: tensor<3xf32>) -> tensor<3xf32> {
  %y = "weftn.checkpoint"(%x) {callee = @g} : (tensor<3xf32>) -> tensor<3xf32>
  return %y : tensor<3xf32>
}

func.func private @g(%x: tensor<3xf32>) -> tensor<3xf32> {
  %c = "weft.constant"() {value = dense<[1.0, 2.0, 4.0]> : tensor<3xf32>} : () -> tensor<3xf32>
  %y = "weft.add"(%x, %c) : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  return %y : tensor<3xf32>
}
