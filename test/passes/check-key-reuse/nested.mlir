// RUN: weft-opt %s --passes=weft-check-key-reuse --split-input-file --verify-diagnostics

func.func private @draw(%k: tensor<!weft.key<"threefry2x32">>) -> tensor<ui32> {
  %x = "weft.random_bits"(%k) {bit_width = 32 : i64, shape = array<i64>} : (tensor<!weft.key<"threefry2x32">>) -> tensor<ui32>
  return %x : tensor<ui32>
}

func.func @called_twice(%k: tensor<!weft.key<"threefry2x32">>) -> (tensor<ui32>, tensor<ui32>) {
  // expected-note@+1 {{first use}}
  %x = call @draw(%k) : (tensor<!weft.key<"threefry2x32">>) -> tensor<ui32>
  // expected-error@+1 {{random_bits consumes a key that is already consumed by random_bits}}
  %y = call @draw(%k) : (tensor<!weft.key<"threefry2x32">>) -> tensor<ui32>
  return %x, %y : tensor<ui32>, tensor<ui32>
}

// -----

// A key that a function hands through is still the same.
func.func private @through(%k: tensor<!weft.key<"threefry2x32">>, %x: tensor<f32>) -> (tensor<f32>, tensor<!weft.key<"threefry2x32">>) {
  return %x, %k : tensor<f32>, tensor<!weft.key<"threefry2x32">>
}

func.func @handed_through(%k: tensor<!weft.key<"threefry2x32">>, %f: tensor<f32>) -> (tensor<ui32>, tensor<ui32>) {
  %g, %same = call @through(%k, %f) : (tensor<!weft.key<"threefry2x32">>, tensor<f32>) -> (tensor<f32>, tensor<!weft.key<"threefry2x32">>)
  // expected-note@+1 {{first use}}
  %x = "weft.random_bits"(%k) {bit_width = 32 : i64, shape = array<i64>} : (tensor<!weft.key<"threefry2x32">>) -> tensor<ui32>
  // expected-error@+1 {{already consumed by random_bits}}
  %y = "weft.random_bits"(%same) {bit_width = 32 : i64, shape = array<i64>} : (tensor<!weft.key<"threefry2x32">>) -> tensor<ui32>
  return %x, %y : tensor<ui32>, tensor<ui32>
}

// -----

// Keys that are used once each, also where a function does it.
func.func private @draw(%k: tensor<!weft.key<"threefry2x32">>) -> tensor<ui32> {
  %x = "weft.random_bits"(%k) {bit_width = 32 : i64, shape = array<i64>} : (tensor<!weft.key<"threefry2x32">>) -> tensor<ui32>
  return %x : tensor<ui32>
}

func.func @apart(%k: tensor<!weft.key<"threefry2x32">>) -> (tensor<ui32>, tensor<ui32>) {
  %ks = "weft.random_split"(%k) {shape = array<i64: 2>} : (tensor<!weft.key<"threefry2x32">>) -> tensor<2x!weft.key<"threefry2x32">>
  %a1 = "weft.slice"(%ks) {start = array<i64: 0>, limit = array<i64: 1>, strides = array<i64: 1>} : (tensor<2x!weft.key<"threefry2x32">>) -> tensor<1x!weft.key<"threefry2x32">>
  %b1 = "weft.slice"(%ks) {start = array<i64: 1>, limit = array<i64: 2>, strides = array<i64: 1>} : (tensor<2x!weft.key<"threefry2x32">>) -> tensor<1x!weft.key<"threefry2x32">>
  %a = "weft.reshape"(%a1) {shape = array<i64>} : (tensor<1x!weft.key<"threefry2x32">>) -> tensor<!weft.key<"threefry2x32">>
  %b = "weft.reshape"(%b1) {shape = array<i64>} : (tensor<1x!weft.key<"threefry2x32">>) -> tensor<!weft.key<"threefry2x32">>
  %x = call @draw(%a) : (tensor<!weft.key<"threefry2x32">>) -> tensor<ui32>
  %y = call @draw(%b) : (tensor<!weft.key<"threefry2x32">>) -> tensor<ui32>
  return %x, %y : tensor<ui32>, tensor<ui32>
}

// -----

// Folding in, unwrapping and comparing leave a key as it is; a clone is a key of its own.
func.func @kept(%k: tensor<!weft.key<"threefry2x32">>, %i: tensor<ui32>) -> (tensor<ui32>, tensor<ui32>, tensor<2xui32>, tensor<i1>) {
  %a = "weft.random_fold_in"(%k, %i) : (tensor<!weft.key<"threefry2x32">>, tensor<ui32>) -> tensor<!weft.key<"threefry2x32">>
  %w = "weft.random_unwrap"(%k) : (tensor<!weft.key<"threefry2x32">>) -> tensor<2xui32>
  %e = "weft.compare"(%k, %a) {direction = "EQ"} : (tensor<!weft.key<"threefry2x32">>, tensor<!weft.key<"threefry2x32">>) -> tensor<i1>
  %c = "weft.random_clone"(%k) : (tensor<!weft.key<"threefry2x32">>) -> tensor<!weft.key<"threefry2x32">>
  %x = "weft.random_bits"(%k) {bit_width = 32 : i64, shape = array<i64>} : (tensor<!weft.key<"threefry2x32">>) -> tensor<ui32>
  %y = "weft.random_bits"(%c) {bit_width = 32 : i64, shape = array<i64>} : (tensor<!weft.key<"threefry2x32">>) -> tensor<ui32>
  return %x, %y, %w, %e : tensor<ui32>, tensor<ui32>, tensor<2xui32>, tensor<i1>
}
