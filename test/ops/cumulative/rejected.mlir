// RUN: weft-opt %s --passes=weft-verify --split-input-file --verify-diagnostics

func.func @no_such_axis(%x: tensor<3xf32>) -> tensor<3xf32> {
  // expected-error@+1 {{cumsum: axis 1 is out of range for f32[3]}}
  %y = "weft.cumsum"(%x) {axis = 1 : i64} : (tensor<3xf32>) -> tensor<3xf32>
  return %y : tensor<3xf32>
}

// -----

func.func @complex_order(%x: tensor<3xcomplex<f32>>) -> tensor<3xcomplex<f32>> {
  // expected-error@+1 {{cummax: x has dtype complex64 (c64[3])}}
  %y = "weft.cummax"(%x) {axis = 0 : i64} : (tensor<3xcomplex<f32>>) -> tensor<3xcomplex<f32>>
  return %y : tensor<3xcomplex<f32>>
}

// -----

func.func @integers(%x: tensor<3xi32>) -> tensor<3xi32> {
  // expected-error@+1 {{cumlogsumexp: x has dtype int32 (i32[3])}}
  %y = "weft.cumlogsumexp"(%x) {axis = 0 : i64} : (tensor<3xi32>) -> tensor<3xi32>
  return %y : tensor<3xi32>
}
