// RUN: weft-opt %s --passes='weft-simplify,weft-dce' | filecheck %s

// Unwrapping what was just wrapped gives the words, and the reverse the key.
// CHECK-LABEL: func.func @words(
// CHECK-SAME:  %[[W:.*]]: tensor<3x2xui32>
// CHECK-NEXT:  return %[[W]]
func.func @words(%words: tensor<3x2xui32>) -> tensor<3x2xui32> {
  %keys = "weft.random_wrap"(%words) {impl = "threefry2x32"} : (tensor<3x2xui32>) -> tensor<3x!weft.key<"threefry2x32">>
  %again = "weft.random_unwrap"(%keys) : (tensor<3x!weft.key<"threefry2x32">>) -> tensor<3x2xui32>
  return %again : tensor<3x2xui32>
}

// CHECK-LABEL: func.func @keys(
// CHECK-SAME:  %[[K:.*]]: tensor<!weft.key<"rbg">>
// CHECK-NEXT:  return %[[K]]
func.func @keys(%key: tensor<!weft.key<"rbg">>) -> tensor<!weft.key<"rbg">> {
  %words = "weft.random_unwrap"(%key) : (tensor<!weft.key<"rbg">>) -> tensor<4xui32>
  %again = "weft.random_wrap"(%words) {impl = "rbg"} : (tensor<4xui32>) -> tensor<!weft.key<"rbg">>
  return %again : tensor<!weft.key<"rbg">>
}

// Words of one generator as keys of another are other keys.
// CHECK-LABEL: func.func @another_generator
// CHECK:       "weft.random_wrap"
func.func @another_generator(%key: tensor<!weft.key<"rbg">>) -> tensor<!weft.key<"unsafe_rbg">> {
  %words = "weft.random_unwrap"(%key) : (tensor<!weft.key<"rbg">>) -> tensor<4xui32>
  %again = "weft.random_wrap"(%words) {impl = "unsafe_rbg"} : (tensor<4xui32>) -> tensor<!weft.key<"unsafe_rbg">>
  return %again : tensor<!weft.key<"unsafe_rbg">>
}
