// RUN: weft-opt %s | weft-opt | filecheck %s
// RUN: weft-opt %s | weft-run --fn=sums '[1, 2, 3, 4, 5]' | filecheck %s --check-prefix=SUMS
// RUN: weft-opt %s | weft-run --fn=extrema '[2, 1, 3, nan, 5]' | filecheck %s --check-prefix=EXTREMA
// RUN: weft-opt %s | weft-run --fn=logs --digits=5 '[1000, 1000, -inf]' | filecheck %s --check-prefix=LOGS
// RUN: weft-opt %s --passes='weft-transpose{fn=sum}' | filecheck %s --check-prefix=BACK
// RUN: weft-opt %s --passes='weft-jvp{fn=product}' | weft-run --fn=product.jvp '[2, 0, 3]' '[1, 1, 1]' | filecheck %s --check-prefix=PRODUCT

// CHECK-LABEL: func.func @sums
// CHECK:       "weft.cumsum"({{.*}}) {axis = 0 : i64} :
// CHECK:       "weft.cumprod"({{.*}}) {axis = 0 : i64, reverse = true}
// SUMS:        [1.0, 3.0, 6.0, 10.0, 15.0]
// SUMS-NEXT:   [120.0, 120.0, 60.0, 20.0, 5.0]
func.func @sums(%x: tensor<5xf32>) -> (tensor<5xf32>, tensor<5xf32>) {
  %y = "weft.cumsum"(%x) {axis = 0 : i64} : (tensor<5xf32>) -> tensor<5xf32>
  %z = "weft.cumprod"(%x) {axis = 0 : i64, reverse = true} : (tensor<5xf32>) -> tensor<5xf32>
  return %y, %z : tensor<5xf32>, tensor<5xf32>
}

// From the first nan on there is only nan.
// CHECK-LABEL:  func.func @extrema
// EXTREMA:      [2.0, 2.0, 3.0, nan, nan]
// EXTREMA-NEXT: [nan, nan, nan, nan, 5.0]
func.func @extrema(%x: tensor<5xf32>) -> (tensor<5xf32>, tensor<5xf32>) {
  %y = "weft.cummax"(%x) {axis = 0 : i64} : (tensor<5xf32>) -> tensor<5xf32>
  %z = "weft.cummin"(%x) {axis = 0 : i64, reverse = true} : (tensor<5xf32>) -> tensor<5xf32>
  return %y, %z : tensor<5xf32>, tensor<5xf32>
}

// Nothing overflows, and exp(-inf) adds nothing.
// CHECK-LABEL: func.func @logs
// CHECK:       "weft.cumlogsumexp"
// CHECK:       "weft.logaddexp"
// LOGS:        [1000.0, 1000.7, 1000.7]
// LOGS-NEXT:   [1000.7, 1000.7, -inf]
func.func @logs(%x: tensor<3xf64>) -> (tensor<3xf64>, tensor<3xf64>) {
  %y = "weft.cumlogsumexp"(%x) {axis = 0 : i64} : (tensor<3xf64>) -> tensor<3xf64>
  %z = "weft.logaddexp"(%x, %x) : (tensor<3xf64>, tensor<3xf64>) -> tensor<3xf64>
  return %y, %z : tensor<3xf64>, tensor<3xf64>
}

// Backwards a sum runs from the other end.
// BACK-LABEL: func.func @sum.transpose
// BACK:       "weft.cumsum"({{.*}}) {axis = 0 : i64, reverse = true}
func.func @sum(%x: tensor<5xf32>) -> tensor<5xf32> {
  %y = "weft.cumsum"(%x) {axis = 0 : i64} : (tensor<5xf32>) -> tensor<5xf32>
  return %y : tensor<5xf32>
}

// The product rule divides by nothing, so it holds at a zero.
// PRODUCT:      [2.0, 0.0, 0.0]
// PRODUCT-NEXT: [1.0, 2.0, 6.0]
func.func @product(%x: tensor<3xf32>) -> tensor<3xf32> {
  %y = "weft.cumprod"(%x) {axis = 0 : i64} : (tensor<3xf32>) -> tensor<3xf32>
  return %y : tensor<3xf32>
}
