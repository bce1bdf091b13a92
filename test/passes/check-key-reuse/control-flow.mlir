// RUN: weft-opt %s --passes=weft-check-key-reuse --split-input-file --verify-diagnostics

// A constant of a loop.
func.func private @body(%k: tensor<!weft.key<"threefry2x32">>, %c: tensor<ui32>) -> tensor<ui32> {
  // expected-error@+1 {{random_bits consumes the same key in each turn of a loop, so it gives the same numbers again: split it, or fold in the number of the turn}}
  %x = "weft.random_bits"(%k) {bit_width = 32 : i64, shape = array<i64>} : (tensor<!weft.key<"threefry2x32">>) -> tensor<ui32>
  %y = "weft.add"(%c, %x) : (tensor<ui32>, tensor<ui32>) -> tensor<ui32>
  return %y : tensor<ui32>
}

func.func @scan_constant(%k: tensor<!weft.key<"threefry2x32">>, %c: tensor<ui32>) -> tensor<ui32> {
  %y = "weftn.scan"(%k, %c) {body = @body, consts = 1 : i64, carry = 1 : i64, length = 3 : i64} : (tensor<!weft.key<"threefry2x32">>, tensor<ui32>) -> tensor<ui32>
  return %y : tensor<ui32>
}

// -----

// A carry that goes round as it is.
func.func private @more(%k: tensor<!weft.key<"threefry2x32">>, %c: tensor<ui32>) -> tensor<i1> {
  %y = "weft.compare"(%c, %c) {direction = "EQ"} : (tensor<ui32>, tensor<ui32>) -> tensor<i1>
  return %y : tensor<i1>
}

func.func private @step(%k: tensor<!weft.key<"threefry2x32">>, %c: tensor<ui32>) -> (tensor<!weft.key<"threefry2x32">>, tensor<ui32>) {
  // expected-error@+1 {{in each turn of a loop}}
  %x = "weft.random_bits"(%k) {bit_width = 32 : i64, shape = array<i64>} : (tensor<!weft.key<"threefry2x32">>) -> tensor<ui32>
  return %k, %x : tensor<!weft.key<"threefry2x32">>, tensor<ui32>
}

func.func @while_carry(%k: tensor<!weft.key<"threefry2x32">>, %c: tensor<ui32>) -> tensor<ui32> {
  %0:2 = "weftn.while"(%k, %c) {cond = @more, body = @step, cond_consts = 0 : i64, body_consts = 0 : i64} : (tensor<!weft.key<"threefry2x32">>, tensor<ui32>) -> (tensor<!weft.key<"threefry2x32">>, tensor<ui32>)
  return %0#1 : tensor<ui32>
}

// -----

// Each turn its own key: a slice, and a carry that is split.
func.func private @own(%k: tensor<!weft.key<"threefry2x32">>, %s: tensor<!weft.key<"threefry2x32">>) -> (tensor<!weft.key<"threefry2x32">>, tensor<ui32>) {
  %ks = "weft.random_split"(%k) {shape = array<i64: 1>} : (tensor<!weft.key<"threefry2x32">>) -> tensor<1x!weft.key<"threefry2x32">>
  %n = "weft.reshape"(%ks) {shape = array<i64>} : (tensor<1x!weft.key<"threefry2x32">>) -> tensor<!weft.key<"threefry2x32">>
  %x = "weft.random_bits"(%s) {bit_width = 32 : i64, shape = array<i64>} : (tensor<!weft.key<"threefry2x32">>) -> tensor<ui32>
  return %n, %x : tensor<!weft.key<"threefry2x32">>, tensor<ui32>
}

func.func @own_keys(%k: tensor<!weft.key<"threefry2x32">>, %ks: tensor<3x!weft.key<"threefry2x32">>) -> (tensor<3xui32>, tensor<3xui32>) {
  %0:2 = "weftn.scan"(%k, %ks) {body = @own, consts = 0 : i64, carry = 1 : i64, length = 3 : i64} : (tensor<!weft.key<"threefry2x32">>, tensor<3x!weft.key<"threefry2x32">>) -> (tensor<!weft.key<"threefry2x32">>, tensor<3xui32>)
  return %0#1, %0#1 : tensor<3xui32>, tensor<3xui32>
}

// -----

// One branch is taken, so both may use the key, and nobody after them.
func.func private @bits(%k: tensor<!weft.key<"threefry2x32">>) -> tensor<ui32> {
  // expected-note@+1 {{first use}}
  %x = "weft.random_bits"(%k) {bit_width = 32 : i64, shape = array<i64>} : (tensor<!weft.key<"threefry2x32">>) -> tensor<ui32>
  return %x : tensor<ui32>
}

func.func @branches(%i: tensor<i32>, %k: tensor<!weft.key<"threefry2x32">>) -> (tensor<ui32>, tensor<ui32>) {
  %x = "weftn.cond"(%i, %k) {branches = [@bits, @bits]} : (tensor<i32>, tensor<!weft.key<"threefry2x32">>) -> tensor<ui32>
  // expected-error@+1 {{already consumed by random_bits}}
  %y = "weft.random_bits"(%k) {bit_width = 32 : i64, shape = array<i64>} : (tensor<!weft.key<"threefry2x32">>) -> tensor<ui32>
  return %x, %y : tensor<ui32>, tensor<ui32>
}
