// RUN: weft-opt %s --passes=weft-check-key-reuse > %t
// RUN: weft-opt %s | cmp %t -
// RUN: weft-opt %s --passes=weft-check | cmp %t -

// Nothing is found, and nothing is changed: keys are used once each, as arrays and element by element.
func.func @f(%k: tensor<!weft.key<"threefry2x32">>) -> (tensor<2xui32>, tensor<1xui32>) {
  %ks = "weft.random_split"(%k) {shape = array<i64: 3>} : (tensor<!weft.key<"threefry2x32">>) -> tensor<3x!weft.key<"threefry2x32">>
  %a = "weft.slice"(%ks) {start = array<i64: 0>, limit = array<i64: 2>, strides = array<i64: 1>} : (tensor<3x!weft.key<"threefry2x32">>) -> tensor<2x!weft.key<"threefry2x32">>
  %b = "weft.slice"(%ks) {start = array<i64: 2>, limit = array<i64: 3>, strides = array<i64: 1>} : (tensor<3x!weft.key<"threefry2x32">>) -> tensor<1x!weft.key<"threefry2x32">>
  %r = "weft.reverse"(%a) {axes = array<i64: 0>} : (tensor<2x!weft.key<"threefry2x32">>) -> tensor<2x!weft.key<"threefry2x32">>
  %x = "weft.random_bits"(%r) {bit_width = 32 : i64, shape = array<i64>} : (tensor<2x!weft.key<"threefry2x32">>) -> tensor<2xui32>
  %y = "weft.random_bits"(%b) {bit_width = 32 : i64, shape = array<i64>} : (tensor<1x!weft.key<"threefry2x32">>) -> tensor<1xui32>
  return %x, %y : tensor<2xui32>, tensor<1xui32>
}
