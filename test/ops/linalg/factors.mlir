// RUN: weft-opt %s | weft-opt | filecheck %s
// RUN: weft-opt %s | weft-run --fn=lu '[[1, 2], [4, 4]]' | filecheck %s --check-prefix=LU
// RUN: weft-opt %s | weft-run --fn=order '[2, 2, 2]' | filecheck %s --check-prefix=ORDER
// RUN: weft-opt %s | weft-run --fn=values '[[2, 0], [0, -3]]' | filecheck %s --check-prefix=VALUES
// RUN: weft-opt %s --passes='weft-batch{fn=values size=5 batched=0}' | filecheck %s --check-prefix=BATCH
// RUN: weft-opt %s --passes='weft-to-stablehlo' | filecheck %s --check-prefix=LOWERED

// The greater pivot comes first; results are factors, pivots and the permutation.
// CHECK-LABEL:   func.func @lu
// CHECK:         "weft.lu"(%{{.*}}) : (tensor<2x2xf32>) -> (tensor<2x2xf32>, tensor<2xi32>, tensor<2xi32>)
// LU:            {{\[\[}}4.0, 4.0], [0.25, 1.0]]
// LU:            [1, 1]
// LU:            [1, 0]
// LOWERED-LABEL: func.func @lu
// LOWERED:       stablehlo.custom_call @lapack_sgetrf_ffi
func.func @lu(%x: tensor<2x2xf32>) -> (tensor<2x2xf32>, tensor<2xi32>, tensor<2xi32>) {
  %f, %p, %o = "weft.lu"(%x) : (tensor<2x2xf32>) -> (tensor<2x2xf32>, tensor<2xi32>, tensor<2xi32>)
  return %f, %p, %o : tensor<2x2xf32>, tensor<2xi32>, tensor<2xi32>
}

// Exchanges one after the other: (2 1 0), (2 0 1), and 2 with itself.
// CHECK-LABEL: func.func @order
// ORDER:       [2, 0, 1]
func.func @order(%p: tensor<3xi32>) -> tensor<3xi32> {
  %o = "weft.lu_pivots_to_permutation"(%p) {permutation_size = 3 : i64} : (tensor<3xi32>) -> tensor<3xi32>
  return %o : tensor<3xi32>
}

// CHECK-LABEL: func.func @values
// CHECK:       "weftn.svd"
// VALUES:      [3.0, 2.0]
// BATCH-LABEL: func.func @values.batch
// BATCH:       "weftn.svd"({{.*}}) {compute_uv = false, full_matrices = false} : (tensor<5x2x2xf32>) -> tensor<5x2xf32>
func.func @values(%x: tensor<2x2xf32>) -> tensor<2xf32> {
  %s = "weftn.svd"(%x) {full_matrices = false, compute_uv = false} : (tensor<2x2xf32>) -> tensor<2xf32>
  return %s : tensor<2xf32>
}

// CHECK-LABEL: func.func @others
// CHECK:       "weftn.qr"
// CHECK:       "weft.eigh"
// CHECK:       "weftn.eig"
// CHECK:       "weftn.schur"
// CHECK:       "weft.hessenberg"
// CHECK:       "weft.tridiagonal"
// CHECK:       "weft.geqrf"
// CHECK:       "weft.householder_product"
func.func @others(%x: tensor<2x2xf32>) -> tensor<2x2xf32> {
  %q, %r = "weftn.qr"(%x) {full_matrices = false} : (tensor<2x2xf32>) -> (tensor<2x2xf32>, tensor<2x2xf32>)
  %v, %w = "weft.eigh"(%r) {is_lower = true} : (tensor<2x2xf32>) -> (tensor<2x2xf32>, tensor<2xf32>)
  %e = "weftn.eig"(%v) {left = false, right = false} : (tensor<2x2xf32>) -> tensor<2xcomplex<f32>>
  %t, %z = "weftn.schur"(%v) : (tensor<2x2xf32>) -> (tensor<2x2xf32>, tensor<2x2xf32>)
  %h, %s = "weft.hessenberg"(%z) : (tensor<2x2xf32>) -> (tensor<2x2xf32>, tensor<1xf32>)
  %a, %d, %o, %c = "weft.tridiagonal"(%h) {is_lower = true} : (tensor<2x2xf32>) -> (tensor<2x2xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>)
  %p, %g = "weft.geqrf"(%a) : (tensor<2x2xf32>) -> (tensor<2x2xf32>, tensor<2xf32>)
  %u = "weft.householder_product"(%p, %g) : (tensor<2x2xf32>, tensor<2xf32>) -> tensor<2x2xf32>
  return %u : tensor<2x2xf32>
}
