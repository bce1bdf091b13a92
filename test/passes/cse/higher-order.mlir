// RUN: weft-opt %s --passes=weft-cse | filecheck %s
// RUN: weft-opt %s --passes=weft-cse,weft-expand-transforms | weft-run --fn=f 3.0 | filecheck %s --check-prefix=VALUE

// Equal requests are one; with respect to another argument they are two. Checkpoints are calls like others.
// CHECK-LABEL:   func.func @f
// CHECK-COUNT-2: "weftn.vjp"
// CHECK-NOT:     "weftn.vjp"
// CHECK:         "weftn.checkpoint"
// CHECK-NOT:     "weftn.checkpoint"
// CHECK:         return
// VALUE:         3.0
// VALUE-NEXT:    3.0
// VALUE-NEXT:    9.0
func.func @f(%x: tensor<f32>) -> (tensor<f32>, tensor<f32>, tensor<f32>) {
  %y, %dy = "weftn.vjp"(%x, %x, %x) {callee = @product, wrt = array<i64: 0>, ct_of = array<i64: 0>} : (tensor<f32>, tensor<f32>, tensor<f32>) -> (tensor<f32>, tensor<f32>)
  %z, %dz = "weftn.vjp"(%x, %x, %x) {callee = @product, wrt = array<i64: 0>, ct_of = array<i64: 0>} : (tensor<f32>, tensor<f32>, tensor<f32>) -> (tensor<f32>, tensor<f32>)
  %w, %dw = "weftn.vjp"(%x, %x, %x) {callee = @product, wrt = array<i64: 1>, ct_of = array<i64: 0>} : (tensor<f32>, tensor<f32>, tensor<f32>) -> (tensor<f32>, tensor<f32>)
  %p = "weftn.checkpoint"(%x, %x) {callee = @product} : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %q = "weftn.checkpoint"(%x, %x) {callee = @product} : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %a = "weft.div"(%dy, %x) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %b = "weft.div"(%q, %p) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %c = "weft.mul"(%b, %dz) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %d = "weft.div"(%c, %x) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %a, %d, %dw : tensor<f32>, tensor<f32>, tensor<f32>
}

func.func private @product(%x: tensor<f32>, %y: tensor<f32>) -> tensor<f32> {
  %z = "weft.mul"(%x, %y) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %z : tensor<f32>
}
