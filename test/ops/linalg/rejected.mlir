// RUN: weft-opt %s --passes=weft-verify --split-input-file --verify-diagnostics

func.func @not_square(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  // expected-error@+1 {{cholesky: takes square matrices, got f32[2,3]}}
  %y = "weft.cholesky"(%x) : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

// -----

func.func @half_precision(%x: tensor<2x2xbf16>) -> tensor<2x2xbf16> {
  // expected-error@+1 {{cholesky: takes f32, f64, c64 or c128, got bf16[2,2]}}
  %y = "weft.cholesky"(%x) : (tensor<2x2xbf16>) -> tensor<2x2xbf16>
  return %y : tensor<2x2xbf16>
}

// -----

func.func @right_side(%a: tensor<2x2xf32>, %y: tensor<3x1xf32>) -> tensor<3x1xf32> {
  // expected-error@+1 {{triangular_solve: f32[2,2] does not fit the rows of f32[3,1]}}
  %z = "weft.triangular_solve"(%a, %y) {left_side = true, is_lower = true} : (tensor<2x2xf32>, tensor<3x1xf32>) -> tensor<3x1xf32>
  return %z : tensor<3x1xf32>
}

// -----

func.func @turn(%a: tensor<2x2xf32>) -> tensor<2x2xf32> {
  // expected-error@+1 {{triangular_solve: transpose_a is CONJ; it must be one of NO_TRANSPOSE, TRANSPOSE, ADJOINT}}
  %z = "weft.triangular_solve"(%a, %a) {left_side = true, is_lower = true, transpose_a = "CONJ"} : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
  return %z : tensor<2x2xf32>
}

// -----

func.func @wide_reflections(%x: tensor<2x3xf32>, %t: tensor<2xf32>) -> tensor<2x3xf32> {
  // expected-error@+1 {{householder_product: takes at least as many rows as columns, got f32[2,3]}}
  %y = "weft.householder_product"(%x, %t) : (tensor<2x3xf32>, tensor<2xf32>) -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

// -----

func.func @too_few_places(%p: tensor<3xi32>) -> tensor<2xi32> {
  // expected-error@+1 {{lu_pivots_to_permutation: permutation_size 2 is less than the 3 pivots}}
  %o = "weft.lu_pivots_to_permutation"(%p) {permutation_size = 2 : i64} : (tensor<3xi32>) -> tensor<2xi32>
  return %o : tensor<2xi32>
}

// -----

func.func @routine(%x: tensor<2x2xf32>) -> tensor<2xf32> {
  // expected-error@+1 {{svd: algorithm is jacobi; it must be one of gesdd, gesvd}}
  %s = "weftn.svd"(%x) {full_matrices = false, compute_uv = false, algorithm = "jacobi"} : (tensor<2x2xf32>) -> tensor<2xf32>
  return %s : tensor<2xf32>
}

// -----

func.func @diagonals(%d: tensor<3xf32>, %e: tensor<2xf32>, %y: tensor<3x1xf32>) -> tensor<3x1xf32> {
  // expected-error@+1 {{tridiagonal_solve: the diagonals differ: f32[2], f32[3] and f32[2]}}
  %z = "weft.tridiagonal_solve"(%e, %d, %e, %y) : (tensor<2xf32>, tensor<3xf32>, tensor<2xf32>, tensor<3x1xf32>) -> tensor<3x1xf32>
  return %z : tensor<3x1xf32>
}
