// RUN: weft-opt %s | weft-opt | filecheck %s
// RUN: weft-run %s --fn=bools '[false, true, true]' '[false, false, true]' | filecheck %s --check-prefix=BOOLS
// RUN: weft-run %s --fn=bits 12 10 | filecheck %s --check-prefix=BITS

// CHECK-LABEL: func.func @bools
// CHECK:       "weft.and"
// CHECK:       "weft.or"
// CHECK:       "weft.xor"
// CHECK:       "weft.not"
// BOOLS:       [false, false, true]
// BOOLS-NEXT:  [false, true, true]
// BOOLS-NEXT:  [false, true, false]
// BOOLS-NEXT:  [true, false, false]
func.func @bools(%x: tensor<3xi1>, %y: tensor<3xi1>) -> (tensor<3xi1>, tensor<3xi1>, tensor<3xi1>, tensor<3xi1>) {
  %a = "weft.and"(%x, %y) : (tensor<3xi1>, tensor<3xi1>) -> tensor<3xi1>
  %b = "weft.or"(%x, %y) : (tensor<3xi1>, tensor<3xi1>) -> tensor<3xi1>
  %c = "weft.xor"(%x, %y) : (tensor<3xi1>, tensor<3xi1>) -> tensor<3xi1>
  %d = "weft.not"(%x) : (tensor<3xi1>) -> tensor<3xi1>
  return %a, %b, %c, %d : tensor<3xi1>, tensor<3xi1>, tensor<3xi1>, tensor<3xi1>
}

// CHECK-LABEL: func.func @bits
// BITS:        8
// BITS-NEXT:   14
// BITS-NEXT:   6
// BITS-NEXT:   -13
func.func @bits(%x: tensor<i32>, %y: tensor<i32>) -> (tensor<i32>, tensor<i32>, tensor<i32>, tensor<i32>) {
  %a = "weft.and"(%x, %y) : (tensor<i32>, tensor<i32>) -> tensor<i32>
  %b = "weft.or"(%x, %y) : (tensor<i32>, tensor<i32>) -> tensor<i32>
  %c = "weft.xor"(%x, %y) : (tensor<i32>, tensor<i32>) -> tensor<i32>
  %d = "weft.not"(%x) : (tensor<i32>) -> tensor<i32>
  return %a, %b, %c, %d : tensor<i32>, tensor<i32>, tensor<i32>, tensor<i32>
}
