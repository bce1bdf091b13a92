// RUN: weft-opt %s | weft-opt | filecheck %s
// RUN: weft-run %s --fn=keys 43 | filecheck %s --check-prefix=VALUE

// A key is made from a seed, split, folded with data and drawn from.
// CHECK-LABEL: func.func @keys
// CHECK:       %[[KEY:.*]] = "weft.random_seed"(%{{.*}}) {impl = "threefry2x32"} : (tensor<i32>) -> tensor<!weft.key<"threefry2x32">>
// CHECK:       %[[SPLIT:.*]] = "weft.random_split"(%[[KEY]]) {shape = array<i64: 2>}
// CHECK:       "weft.random_fold_in"(%[[SPLIT]], %{{.*}})
// CHECK:       "weft.random_bits"(%{{.*}}) {bit_width = 16 : i64, shape = array<i64: 3>}
// VALUE:       [0, 43]
// VALUE-NEXT:  {{\[\[.*\], \[.*\]\]}}
func.func @keys(%seed: tensor<i32>) -> (tensor<2xui32>, tensor<2x3xui16>) {
  %key = "weft.random_seed"(%seed) {impl = "threefry2x32"} : (tensor<i32>) -> tensor<!weft.key<"threefry2x32">>
  %words = "weft.random_unwrap"(%key) : (tensor<!weft.key<"threefry2x32">>) -> tensor<2xui32>
  %two = "weft.random_split"(%key) {shape = array<i64: 2>} : (tensor<!weft.key<"threefry2x32">>) -> tensor<2x!weft.key<"threefry2x32">>
  %folded = "weft.random_fold_in"(%two, %seed) : (tensor<2x!weft.key<"threefry2x32">>, tensor<i32>) -> tensor<2x!weft.key<"threefry2x32">>
  %bits = "weft.random_bits"(%folded) {bit_width = 16, shape = array<i64: 3>} : (tensor<2x!weft.key<"threefry2x32">>) -> tensor<2x3xui16>
  return %words, %bits : tensor<2xui32>, tensor<2x3xui16>
}

// The older way to number blocks is an attribute; the newer one is what its absence means.
// CHECK-LABEL: func.func @older
// CHECK:       "weft.random_bits"(%{{.*}}) {bit_width = 8 : i64, partitionable = false, shape = array<i64: 5>}
func.func @older(%words: tensor<2xui32>) -> tensor<5xui8> {
  %key = "weft.random_wrap"(%words) {impl = "threefry2x32"} : (tensor<2xui32>) -> tensor<!weft.key<"threefry2x32">>
  %bits = "weft.random_bits"(%key) {bit_width = 8, shape = array<i64: 5>, partitionable = false} : (tensor<!weft.key<"threefry2x32">>) -> tensor<5xui8>
  return %bits : tensor<5xui8>
}

// XLA's generator has two results, the new state first.
// CHECK-LABEL: func.func @generator
// CHECK:       %{{.*}}:2 = "weft.rng_bit_generator"(%{{.*}}) {algorithm = "PHILOX", dtype = ui8, shape = array<i64: 2>}
func.func @generator(%state: tensor<4xui32>) -> (tensor<4xui32>, tensor<2xui8>) {
  %made:2 = "weft.rng_bit_generator"(%state) {shape = array<i64: 2>, dtype = ui8, algorithm = "PHILOX"} : (tensor<4xui32>) -> (tensor<4xui32>, tensor<2xui8>)
  return %made#0, %made#1 : tensor<4xui32>, tensor<2xui8>
}

// The hash itself, on words.
// CHECK-LABEL: func.func @hash
// CHECK:       %{{.*}}:2 = "weft.threefry2x32"
func.func @hash(%a: tensor<3xui32>, %b: tensor<3xui32>) -> (tensor<3xui32>, tensor<3xui32>) {
  %y:2 = "weft.threefry2x32"(%a, %b, %a, %b) : (tensor<3xui32>, tensor<3xui32>, tensor<3xui32>, tensor<3xui32>) -> (tensor<3xui32>, tensor<3xui32>)
  return %y#0, %y#1 : tensor<3xui32>, tensor<3xui32>
}
