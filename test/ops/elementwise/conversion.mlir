// RUN: weft-opt %s | weft-opt | filecheck %s
// RUN: weft-run %s --fn=parts 3.0 4.0 | filecheck %s --check-prefix=PARTS
// RUN: weft-run %s --fn=bits 1.0 | filecheck %s --check-prefix=BITS

// CHECK-LABEL: func.func @parts
// CHECK:       "weft.complex"
// CHECK:       "weft.conj"
// CHECK:       "weft.real"
// CHECK:       "weft.imag"
// CHECK:       "weft.abs"(%{{.*}}) : (tensor<complex<f32>>) -> tensor<f32>
// PARTS:       3.0
// PARTS-NEXT:  -4.0
// PARTS-NEXT:  5.0
func.func @parts(%x: tensor<f32>, %y: tensor<f32>) -> (tensor<f32>, tensor<f32>, tensor<f32>) {
  %z = "weft.complex"(%x, %y) : (tensor<f32>, tensor<f32>) -> tensor<complex<f32>>
  %c = "weft.conj"(%z) : (tensor<complex<f32>>) -> tensor<complex<f32>>
  %r = "weft.real"(%c) : (tensor<complex<f32>>) -> tensor<f32>
  %i = "weft.imag"(%c) : (tensor<complex<f32>>) -> tensor<f32>
  %a = "weft.abs"(%c) : (tensor<complex<f32>>) -> tensor<f32>
  return %r, %i, %a : tensor<f32>, tensor<f32>, tensor<f32>
}

// Narrower elements come along a new last axis, the lowest bits first.
// CHECK-LABEL: func.func @bits
// CHECK:       "weft.bitcast_convert"(%{{.*}}) {dtype = i32}
// BITS:        1065353216
// BITS-NEXT:   [0, 0, 128, 63]
func.func @bits(%x: tensor<f32>) -> (tensor<i32>, tensor<4xui8>) {
  %a = "weft.bitcast_convert"(%x) {dtype = i32} : (tensor<f32>) -> tensor<i32>
  %b = "weft.bitcast_convert"(%x) {dtype = ui8} : (tensor<f32>) -> tensor<4xui8>
  return %a, %b : tensor<i32>, tensor<4xui8>
}
