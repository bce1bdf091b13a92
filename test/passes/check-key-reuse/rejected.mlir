// RUN: weft-opt %s --passes=weft-check-key-reuse --split-input-file --verify-diagnostics

func.func @twice(%k: tensor<!weft.key<"threefry2x32">>) -> (tensor<ui32>, tensor<ui32>) {
  // expected-note@+1 {{first use}}
  %x = "weft.random_bits"(%k) {bit_width = 32 : i64, shape = array<i64>} : (tensor<!weft.key<"threefry2x32">>) -> tensor<ui32>
  // expected-error@+1 {{random_bits consumes a key that is already consumed by random_bits}}
  %y = "weft.random_bits"(%k) {bit_width = 32 : i64, shape = array<i64>} : (tensor<!weft.key<"threefry2x32">>) -> tensor<ui32>
  return %x, %y : tensor<ui32>, tensor<ui32>
}

// -----

func.func @split_and_used(%k: tensor<!weft.key<"threefry2x32">>) -> (tensor<2x!weft.key<"threefry2x32">>, tensor<ui32>) {
  // expected-note@+1 {{first use}}
  %x = "weft.random_split"(%k) {shape = array<i64: 2>} : (tensor<!weft.key<"threefry2x32">>) -> tensor<2x!weft.key<"threefry2x32">>
  // expected-error@+1 {{random_bits consumes a key that is already consumed by random_split}}
  %y = "weft.random_bits"(%k) {bit_width = 32 : i64, shape = array<i64>} : (tensor<!weft.key<"threefry2x32">>) -> tensor<ui32>
  return %x, %y : tensor<2x!weft.key<"threefry2x32">>, tensor<ui32>
}

// -----

// A part of an array of keys, then all of it.
func.func @part_and_all(%k: tensor<2x!weft.key<"threefry2x32">>) -> (tensor<1xui32>, tensor<2xui32>) {
  %a = "weft.slice"(%k) {start = array<i64: 1>, limit = array<i64: 2>, strides = array<i64: 1>} : (tensor<2x!weft.key<"threefry2x32">>) -> tensor<1x!weft.key<"threefry2x32">>
  // expected-note@+1 {{first use}}
  %x = "weft.random_bits"(%a) {bit_width = 32 : i64, shape = array<i64>} : (tensor<1x!weft.key<"threefry2x32">>) -> tensor<1xui32>
  // expected-error@+1 {{already consumed by random_bits}}
  %y = "weft.random_bits"(%k) {bit_width = 32 : i64, shape = array<i64>} : (tensor<2x!weft.key<"threefry2x32">>) -> tensor<2xui32>
  return %x, %y : tensor<1xui32>, tensor<2xui32>
}

// -----

// The same element by an index that nobody knows, computed twice.
func.func @same_index(%k: tensor<4x!weft.key<"threefry2x32">>, %i: tensor<i32>) -> (tensor<1xui32>, tensor<1xui32>) {
  %i1 = "weft.add"(%i, %i) : (tensor<i32>, tensor<i32>) -> tensor<i32>
  %i2 = "weft.add"(%i, %i) : (tensor<i32>, tensor<i32>) -> tensor<i32>
  %a = "weft.dynamic_slice"(%k, %i1) {sizes = array<i64: 1>} : (tensor<4x!weft.key<"threefry2x32">>, tensor<i32>) -> tensor<1x!weft.key<"threefry2x32">>
  %b = "weft.dynamic_slice"(%k, %i2) {sizes = array<i64: 1>} : (tensor<4x!weft.key<"threefry2x32">>, tensor<i32>) -> tensor<1x!weft.key<"threefry2x32">>
  // expected-note@+1 {{first use}}
  %x = "weft.random_bits"(%a) {bit_width = 32 : i64, shape = array<i64>} : (tensor<1x!weft.key<"threefry2x32">>) -> tensor<1xui32>
  // expected-error@+1 {{already consumed by random_bits}}
  %y = "weft.random_bits"(%b) {bit_width = 32 : i64, shape = array<i64>} : (tensor<1x!weft.key<"threefry2x32">>) -> tensor<1xui32>
  return %x, %y : tensor<1xui32>, tensor<1xui32>
}

// -----

// Equal data folded into one key makes one key.
func.func @folded_twice(%k: tensor<!weft.key<"threefry2x32">>, %i: tensor<ui32>) -> (tensor<ui32>, tensor<ui32>) {
  %a = "weft.random_fold_in"(%k, %i) : (tensor<!weft.key<"threefry2x32">>, tensor<ui32>) -> tensor<!weft.key<"threefry2x32">>
  %b = "weft.random_fold_in"(%k, %i) : (tensor<!weft.key<"threefry2x32">>, tensor<ui32>) -> tensor<!weft.key<"threefry2x32">>
  // expected-note@+1 {{first use}}
  %x = "weft.random_bits"(%a) {bit_width = 32 : i64, shape = array<i64>} : (tensor<!weft.key<"threefry2x32">>) -> tensor<ui32>
  // expected-error@+1 {{already consumed by random_bits}}
  %y = "weft.random_bits"(%b) {bit_width = 32 : i64, shape = array<i64>} : (tensor<!weft.key<"threefry2x32">>) -> tensor<ui32>
  return %x, %y : tensor<ui32>, tensor<ui32>
}

// -----

// Put together with itself.
func.func @joined(%k: tensor<1x!weft.key<"threefry2x32">>) -> tensor<2x!weft.key<"threefry2x32">> {
  // expected-error@+1 {{concatenate takes the same key twice}}
  %x = "weftn.concatenate"(%k, %k) {axis = 0 : i64} : (tensor<1x!weft.key<"threefry2x32">>, tensor<1x!weft.key<"threefry2x32">>) -> tensor<2x!weft.key<"threefry2x32">>
  return %x : tensor<2x!weft.key<"threefry2x32">>
}
