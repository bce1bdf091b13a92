// RUN: weft-opt %s --passes=weft-verify --split-input-file --verify-diagnostics

func.func @complex(%x: tensor<complex<f32>>) -> tensor<complex<f32>> {
  // expected-error@+1 {{erf: x has dtype complex64 (c64[]); it must be one of: float}}
  %y = "weft.erf"(%x) : (tensor<complex<f32>>) -> tensor<complex<f32>>
  return %y : tensor<complex<f32>>
}

// -----

func.func @unequal_shapes(%a: tensor<2xf32>, %x: tensor<3xf32>) -> tensor<3xf32> {
  // expected-error@+1 {{igamma: shapes differ: f32[2], f32[3]}}
  %y = "weft.igamma"(%a, %x) : (tensor<2xf32>, tensor<3xf32>) -> tensor<3xf32>
  return %y : tensor<3xf32>
}

// -----

func.func @negative_power(%x: tensor<2xi32>) -> tensor<2xi32> {
  // expected-error@+1 {{integer_pow: integers cannot be raised to negative powers, got i32[2] to the power -1}}
  %y = "weft.integer_pow"(%x) {y = -1} : (tensor<2xi32>) -> tensor<2xi32>
  return %y : tensor<2xi32>
}

// -----

func.func @no_exponent(%x: tensor<2xf32>) -> tensor<2xf32> {
  // expected-error@+1 {{reduce_precision: exponent_bits must be positive; got 0}}
  %y = "weft.reduce_precision"(%x) {exponent_bits = 0, mantissa_bits = 3} : (tensor<2xf32>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}

// -----

func.func @integers(%x: tensor<2xi32>) -> tensor<2xi32> {
  // expected-error@+1 {{nextafter: x has dtype int32 (i32[2]); it must be one of: float}}
  %y = "weft.nextafter"(%x, %x) : (tensor<2xi32>, tensor<2xi32>) -> tensor<2xi32>
  return %y : tensor<2xi32>
}

// -----

func.func @other_result(%x: tensor<2xf32>) -> tensor<3xf32> {
  // expected-error@+1 {{optimization_barrier: the result is f32[2], not f32[3]}}
  %y = "weftn.optimization_barrier"(%x) : (tensor<2xf32>) -> tensor<3xf32>
  return %y : tensor<3xf32>
}
