// RUN: weft-opt %s | weft-opt | filecheck %s
// RUN: weft-run %s --fn=shifts '[-8, 6, 1]' '[1, 2, 40]' | filecheck %s --check-prefix=SHIFTS
// RUN: weft-run %s --fn=counts '[0, 1, 255]' | filecheck %s --check-prefix=COUNTS
// RUN: weft-run %s --fn=mulhi '[65536, 4294967295]' '[65537, 4294967295]' | filecheck %s --check-prefix=MULHI

// A shift by the width or more leaves no bit, or copies of the sign.
// CHECK-LABEL: func.func @shifts
// CHECK:       "weft.shift_left"
// CHECK:       "weft.shift_right_logical"
// CHECK:       "weft.shift_right_arithmetic"
// SHIFTS:      [-16, 24, 0]
// SHIFTS-NEXT: [2147483644, 1, 0]
// SHIFTS-NEXT: [-4, 1, 0]
func.func @shifts(%x: tensor<3xi32>, %y: tensor<3xi32>) -> (tensor<3xi32>, tensor<3xi32>, tensor<3xi32>) {
  %left = "weft.shift_left"(%x, %y) : (tensor<3xi32>, tensor<3xi32>) -> tensor<3xi32>
  %logical = "weft.shift_right_logical"(%x, %y) : (tensor<3xi32>, tensor<3xi32>) -> tensor<3xi32>
  %arithmetic = "weft.shift_right_arithmetic"(%x, %y) : (tensor<3xi32>, tensor<3xi32>) -> tensor<3xi32>
  return %left, %logical, %arithmetic : tensor<3xi32>, tensor<3xi32>, tensor<3xi32>
}

// CHECK-LABEL: func.func @counts
// CHECK:       "weft.population_count"
// CHECK:       "weft.clz"
// COUNTS:      [0, 1, 8]
// COUNTS-NEXT: [8, 7, 0]
func.func @counts(%x: tensor<3xui8>) -> (tensor<3xui8>, tensor<3xui8>) {
  %ones = "weft.population_count"(%x) : (tensor<3xui8>) -> tensor<3xui8>
  %zeros = "weft.clz"(%x) : (tensor<3xui8>) -> tensor<3xui8>
  return %ones, %zeros : tensor<3xui8>, tensor<3xui8>
}

// CHECK-LABEL: func.func @mulhi
// CHECK:       "weft.mulhi"
// MULHI:       [1, 4294967294]
func.func @mulhi(%x: tensor<2xui32>, %y: tensor<2xui32>) -> tensor<2xui32> {
  %high = "weft.mulhi"(%x, %y) : (tensor<2xui32>, tensor<2xui32>) -> tensor<2xui32>
  return %high : tensor<2xui32>
}
