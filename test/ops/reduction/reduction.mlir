// RUN: weft-opt %s | weft-opt | filecheck %s
// RUN: weft-opt %s | weft-run --fn=sums '[[1, 2, 3], [4, 5, 6]]' | filecheck %s --check-prefix=SUMS
// RUN: weft-opt %s | weft-run --fn=extrema '[[1, 5, 3], [nan, 2, 6]]' | filecheck %s --check-prefix=EXTREMA
// RUN: weft-opt %s | weft-run --fn=bits '[12, 10]' | filecheck %s --check-prefix=BITS
// RUN: weft-opt %s | weft-run --fn=places '[3, 7, 7, -1, -1]' | filecheck %s --check-prefix=PLACES
// RUN: weft-opt %s | weft-run --fn=nothing '[]' | filecheck %s --check-prefix=NOTHING
// RUN: weft-opt %s --passes='weft-simplify' | filecheck %s --check-prefix=SIMPLE

// CHECK-LABEL: func.func @sums
// CHECK:       "weft.reduce_sum"({{.*}}) {axes = array<i64: 0>} : (tensor<2x3xf32>) -> tensor<3xf32>
// CHECK:       "weft.reduce_prod"
// SUMS:        [5.0, 7.0, 9.0]
// SUMS-NEXT:   720.0
func.func @sums(%x: tensor<2x3xf32>) -> (tensor<3xf32>, tensor<f32>) {
  %y = "weft.reduce_sum"(%x) {axes = array<i64: 0>} : (tensor<2x3xf32>) -> tensor<3xf32>
  %z = "weft.reduce_prod"(%x) {axes = array<i64: 0, 1>} : (tensor<2x3xf32>) -> tensor<f32>
  return %y, %z : tensor<3xf32>, tensor<f32>
}

// A nan is the extremum of what it is in.
// CHECK-LABEL: func.func @extrema
// CHECK:       "weft.reduce_max"
// CHECK:       "weft.reduce_min"
// EXTREMA:     [5.0, nan]
// EXTREMA-NEXT: [nan, 2.0, 3.0]
func.func @extrema(%x: tensor<2x3xf32>) -> (tensor<2xf32>, tensor<3xf32>) {
  %y = "weft.reduce_max"(%x) {axes = array<i64: 1>} : (tensor<2x3xf32>) -> tensor<2xf32>
  %z = "weft.reduce_min"(%x) {axes = array<i64: 0>} : (tensor<2x3xf32>) -> tensor<3xf32>
  return %y, %z : tensor<2xf32>, tensor<3xf32>
}

// CHECK-LABEL: func.func @bits
// BITS:        8
// BITS-NEXT:   14
// BITS-NEXT:   6
func.func @bits(%x: tensor<2xi32>) -> (tensor<i32>, tensor<i32>, tensor<i32>) {
  %y = "weft.reduce_and"(%x) {axes = array<i64: 0>} : (tensor<2xi32>) -> tensor<i32>
  %z = "weft.reduce_or"(%x) {axes = array<i64: 0>} : (tensor<2xi32>) -> tensor<i32>
  %w = "weft.reduce_xor"(%x) {axes = array<i64: 0>} : (tensor<2xi32>) -> tensor<i32>
  return %y, %z, %w : tensor<i32>, tensor<i32>, tensor<i32>
}

// Of equal elements the first.
// CHECK-LABEL: func.func @places
// CHECK:       "weft.argmax"({{.*}}) {axis = 0 : i64, index_dtype = i32}
// CHECK:       "weft.argmin"({{.*}}) {axis = 0 : i64, index_dtype = ui8}
// PLACES:      1
// PLACES-NEXT: 3
func.func @places(%x: tensor<5xf32>) -> (tensor<i32>, tensor<ui8>) {
  %y = "weft.argmax"(%x) {axis = 0 : i64, index_dtype = i32} : (tensor<5xf32>) -> tensor<i32>
  %z = "weft.argmin"(%x) {axis = 0 : i64, index_dtype = ui8} : (tensor<5xf32>) -> tensor<ui8>
  return %y, %z : tensor<i32>, tensor<ui8>
}

// Of nothing, the neutral element.
// CHECK-LABEL: func.func @nothing
// NOTHING:      0
// NOTHING-NEXT: 1
// NOTHING-NEXT: -128
// NOTHING-NEXT: 127
// NOTHING-NEXT: -1
func.func @nothing(%x: tensor<0xi8>) -> (tensor<i8>, tensor<i8>, tensor<i8>, tensor<i8>, tensor<i8>) {
  %a = "weft.reduce_sum"(%x) {axes = array<i64: 0>} : (tensor<0xi8>) -> tensor<i8>
  %b = "weft.reduce_prod"(%x) {axes = array<i64: 0>} : (tensor<0xi8>) -> tensor<i8>
  %c = "weft.reduce_max"(%x) {axes = array<i64: 0>} : (tensor<0xi8>) -> tensor<i8>
  %d = "weft.reduce_min"(%x) {axes = array<i64: 0>} : (tensor<0xi8>) -> tensor<i8>
  %e = "weft.reduce_and"(%x) {axes = array<i64: 0>} : (tensor<0xi8>) -> tensor<i8>
  return %a, %b, %c, %d, %e : tensor<i8>, tensor<i8>, tensor<i8>, tensor<i8>, tensor<i8>
}

// What there is one of stays, in another shape.
// SIMPLE-LABEL: func.func @one
// SIMPLE-NOT:   "weft.reduce
// SIMPLE-NOT:   "weft.argmax
// SIMPLE:       return
func.func @one(%x: tensor<3x1xf32>) -> (tensor<3xf32>, tensor<3xi32>) {
  %y = "weft.reduce_max"(%x) {axes = array<i64: 1>} : (tensor<3x1xf32>) -> tensor<3xf32>
  %z = "weft.argmax"(%x) {axis = 1 : i64, index_dtype = i32} : (tensor<3x1xf32>) -> tensor<3xi32>
  return %y, %z : tensor<3xf32>, tensor<3xi32>
}
