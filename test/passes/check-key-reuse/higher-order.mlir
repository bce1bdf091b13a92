// RUN: weft-opt %s --passes=weft-check-key-reuse --split-input-file --verify-diagnostics
// RUN: weft-opt %s --passes=weft-expand-transforms,weft-check-key-reuse --split-input-file --verify-diagnostics

// A derivative computes a function once, with its keys; what a checkpoint computes again is no second use.
func.func private @noisy(%x: tensor<f32>, %k: tensor<!weft.key<"threefry2x32">>) -> tensor<f32> {
  %b = "weft.random_bits"(%k) {bit_width = 32 : i64, shape = array<i64>} : (tensor<!weft.key<"threefry2x32">>) -> tensor<ui32>
  %n = "weft.convert"(%b) {dtype = f32} : (tensor<ui32>) -> tensor<f32>
  %s = "weft.sin"(%x) : (tensor<f32>) -> tensor<f32>
  %y = "weft.mul"(%s, %n) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

func.func private @again(%x: tensor<f32>, %k: tensor<!weft.key<"threefry2x32">>) -> tensor<f32> {
  %y = "weftn.checkpoint"(%x, %k) {callee = @noisy} : (tensor<f32>, tensor<!weft.key<"threefry2x32">>) -> tensor<f32>
  return %y : tensor<f32>
}

func.func @slope(%x: tensor<f32>, %k: tensor<!weft.key<"threefry2x32">>) -> (tensor<f32>, tensor<f32>) {
  %one = "weft.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %y, %dx = "weftn.vjp"(%x, %k, %one) {callee = @again, wrt = array<i64: 0>, ct_of = array<i64: 0>} : (tensor<f32>, tensor<!weft.key<"threefry2x32">>, tensor<f32>) -> (tensor<f32>, tensor<f32>)
  return %y, %dx : tensor<f32>, tensor<f32>
}

// -----

// Under vmap a key for each element is used once, and so is one for all.
func.func private @draw(%k: tensor<!weft.key<"threefry2x32">>, %one: tensor<!weft.key<"threefry2x32">>) -> (tensor<ui32>, tensor<ui32>) {
  %x = "weft.random_bits"(%k) {bit_width = 32 : i64, shape = array<i64>} : (tensor<!weft.key<"threefry2x32">>) -> tensor<ui32>
  // expected-note@+1 {{first use}}
  %y = "weft.random_bits"(%one) {bit_width = 32 : i64, shape = array<i64>} : (tensor<!weft.key<"threefry2x32">>) -> tensor<ui32>
  return %x, %y : tensor<ui32>, tensor<ui32>
}

func.func @batched(%ks: tensor<3x!weft.key<"threefry2x32">>, %k: tensor<!weft.key<"threefry2x32">>) -> (tensor<3xui32>, tensor<ui32>, tensor<ui32>) {
  %0:2 = "weftn.vmap"(%ks, %k) {callee = @draw, in_axes = array<i64: 0, -1>, out_axes = array<i64: 0, -1>, size = 3 : i64} : (tensor<3x!weft.key<"threefry2x32">>, tensor<!weft.key<"threefry2x32">>) -> (tensor<3xui32>, tensor<ui32>)
  // expected-error@+1 {{already consumed by random_bits}}
  %z = "weft.random_bits"(%k) {bit_width = 32 : i64, shape = array<i64>} : (tensor<!weft.key<"threefry2x32">>) -> tensor<ui32>
  return %0#0, %0#1, %z : tensor<3xui32>, tensor<ui32>, tensor<ui32>
}
