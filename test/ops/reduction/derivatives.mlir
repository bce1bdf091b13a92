// RUN: weft-opt %s --passes='weft-jvp{fn=largest}' | weft-run --fn=largest.jvp '[3, 1, 3]' '[1, 10, 2]' | filecheck %s --check-prefix=LARGEST
// RUN: weft-opt %s --passes='weft-jvp{fn=product}' | weft-run --fn=product.jvp '[2, 0, 3, 5]' '[1, 1, 1, 1]' | filecheck %s --check-prefix=PRODUCT
// RUN: weft-opt %s --passes='weft-jvp{fn=product}' | filecheck %s --check-prefix=PRODUCT-IR
// RUN: weft-opt %s --passes='weft-transpose{fn=total}' | filecheck %s --check-prefix=TOTAL
// RUN: weft-opt %s --passes='weft-batch{fn=total size=4}' | filecheck %s --check-prefix=BATCH

// Elements that tie share the slope: (1 + 2) / 2.
// LARGEST:      3.0
// LARGEST-NEXT: 1.5
func.func @largest(%x: tensor<3xf32>) -> tensor<f32> {
  %y = "weft.reduce_max"(%x) {axes = array<i64: 0>} : (tensor<3xf32>) -> tensor<f32>
  return %y : tensor<f32>
}

// The slope of a product is right at a zero, as nothing is divided: 2 * 3 * 5.
// PRODUCT:           0.0
// PRODUCT-NEXT:      30.0
// PRODUCT-IR-LABEL:  func.func @product.jvp
// PRODUCT-IR-NOT:    "weft.div"
// PRODUCT-IR:        return
func.func @product(%x: tensor<4xf32>) -> tensor<f32> {
  %y = "weft.reduce_prod"(%x) {axes = array<i64: 0>} : (tensor<4xf32>) -> tensor<f32>
  return %y : tensor<f32>
}

// TOTAL-LABEL: func.func @total.transpose(%{{.*}}: tensor<2xf32>) -> tensor<2x3xf32>
// TOTAL:       "weft.broadcast_in_dim"({{.*}}) {dims = array<i64: 0>, shape = array<i64: 2, 3>}
// BATCH-LABEL: func.func @total.batch(%{{.*}}: tensor<4x2x3xf32>) -> tensor<4x2xf32>
// BATCH:       "weft.reduce_sum"({{.*}}) {axes = array<i64: 2>}
func.func @total(%x: tensor<2x3xf32>) -> tensor<2xf32> {
  %y = "weft.reduce_sum"(%x) {axes = array<i64: 1>} : (tensor<2x3xf32>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}
