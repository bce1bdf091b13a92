// RUN: weft-opt %s | weft-opt | filecheck %s
// RUN: weft-run %s --fn=rounded '[-2.5, -0.4, 0.5, 1.7]' | filecheck %s --check-prefix=ROUNDED
// RUN: weft-run %s --fn=finite '[1.0, inf, nan]' | filecheck %s --check-prefix=FINITE
// RUN: weft-opt %s --passes='weft-jvp{fn=rounded}' | filecheck %s --check-prefix=JVP

// Nothing here has a tangent.
// CHECK-LABEL:   func.func @rounded
// CHECK:         "weft.floor"
// CHECK:         "weft.ceil"
// CHECK:         "weft.round_nearest_even"
// CHECK:         "weft.round_nearest_afz"
// CHECK:         "weft.round_toward_zero"
// ROUNDED:       [-3.0, -1.0, 0.0, 1.0]
// ROUNDED-NEXT:  [-2.0, -0.0, 1.0, 2.0]
// ROUNDED-NEXT:  [-2.0, -0.0, 0.0, 2.0]
// ROUNDED-NEXT:  [-3.0, -0.0, 1.0, 2.0]
// ROUNDED-NEXT:  [-2.0, -0.0, 0.0, 1.0]
// JVP-LABEL:     func.func @rounded.jvp
// JVP:           return %{{.*}} : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>{{$}}
func.func @rounded(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  %a = "weft.floor"(%x) : (tensor<4xf32>) -> tensor<4xf32>
  %b = "weft.ceil"(%x) : (tensor<4xf32>) -> tensor<4xf32>
  %c = "weft.round_nearest_even"(%x) : (tensor<4xf32>) -> tensor<4xf32>
  %d = "weft.round_nearest_afz"(%x) : (tensor<4xf32>) -> tensor<4xf32>
  %e = "weft.round_toward_zero"(%x) : (tensor<4xf32>) -> tensor<4xf32>
  return %a, %b, %c, %d, %e : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}

// CHECK-LABEL: func.func @finite
// CHECK:       "weft.is_finite"(%{{.*}}) : (tensor<3xf32>) -> tensor<3xi1>
// FINITE:      [true, false, false]
func.func @finite(%x: tensor<3xf32>) -> tensor<3xi1> {
  %y = "weft.is_finite"(%x) : (tensor<3xf32>) -> tensor<3xi1>
  return %y : tensor<3xi1>
}
