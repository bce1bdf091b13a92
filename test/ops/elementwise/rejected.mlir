// RUN: weft-opt %s --split-input-file --verify-diagnostics

func.func @abs_of_unsigned(%x: tensor<3xui8>) -> tensor<3xui8> {
  // expected-error@+1 {{abs: u8[3] is its own absolute value}}
  %y = "weft.abs"(%x) : (tensor<3xui8>) -> tensor<3xui8>
  return %y : tensor<3xui8>
}

// -----

func.func @cube_root_of_complex(%x: tensor<complex<f32>>) -> tensor<complex<f32>> {
  // expected-error@+1 {{cbrt: x has dtype complex64 (c64[]); it must be one of: float}}
  %y = "weft.cbrt"(%x) : (tensor<complex<f32>>) -> tensor<complex<f32>>
  return %y : tensor<complex<f32>>
}

// -----

func.func @floor_of_complex(%x: tensor<complex<f32>>) -> tensor<complex<f32>> {
  // expected-error@+1 {{floor: x has dtype complex64 (c64[]); it must be one of: float}}
  %y = "weft.floor"(%x) : (tensor<complex<f32>>) -> tensor<complex<f32>>
  return %y : tensor<complex<f32>>
}

// -----

func.func @bits_of_complex(%x: tensor<complex<f32>>) -> tensor<2xf32> {
  // expected-error@+1 {{bitcast_convert: bits of complex numbers are read as complex numbers only: c64[] to float32}}
  %y = "weft.bitcast_convert"(%x) {dtype = f32} : (tensor<complex<f32>>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}

// -----

func.func @parts_of_a_byte(%x: tensor<3xui2>) -> tensor<i8> {
  // expected-error@+1 {{bitcast_convert: the last axis of u2[3] must be 4 to make int8}}
  %y = "weft.bitcast_convert"(%x) {dtype = i8} : (tensor<3xui2>) -> tensor<i8>
  return %y : tensor<i8>
}
