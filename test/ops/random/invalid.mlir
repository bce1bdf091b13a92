// RUN: weft-opt %s --passes=weft-verify --split-input-file --verify-diagnostics

func.func @unknown_generator(%seed: tensor<i32>) -> tensor<!weft.key<"threefry2x32">> {
  // expected-error@+1 {{random_seed: impl is 'fry'; it must be one of 'threefry2x32', 'rbg', 'unsafe_rbg'}}
  %key = "weft.random_seed"(%seed) {impl = "fry"} : (tensor<i32>) -> tensor<!weft.key<"threefry2x32">>
  return %key : tensor<!weft.key<"threefry2x32">>
}

// -----

func.func @wrong_width(%key: tensor<!weft.key<"threefry2x32">>) -> tensor<3xui32> {
  // expected-error@+1 {{random_bits: bit_width is 24; it must be 8, 16, 32 or 64}}
  %bits = "weft.random_bits"(%key) {bit_width = 24, shape = array<i64: 3>} : (tensor<!weft.key<"threefry2x32">>) -> tensor<3xui32>
  return %bits : tensor<3xui32>
}

// -----

func.func @words_of_another_generator(%words: tensor<2xui32>) -> tensor<!weft.key<"rbg">> {
  // expected-error@+1 {{random_wrap: keys of rbg are uint32 arrays whose last axis has 4 words, got u32[2]}}
  %key = "weft.random_wrap"(%words) {impl = "rbg"} : (tensor<2xui32>) -> tensor<!weft.key<"rbg">>
  return %key : tensor<!weft.key<"rbg">>
}

// -----

func.func @no_key(%words: tensor<2xui32>) -> tensor<3x2xui32> {
  // expected-error@+1 {{random_split: key has dtype uint32 (u32[2]); it must be one of: key}}
  %keys = "weft.random_split"(%words) {shape = array<i64: 3>} : (tensor<2xui32>) -> tensor<3x2xui32>
  return %keys : tensor<3x2xui32>
}

// -----

func.func @unequal_shapes(%keys: tensor<3x!weft.key<"threefry2x32">>, %data: tensor<2xi32>) -> tensor<3x!weft.key<"threefry2x32">> {
  // expected-error@+1 {{random_fold_in: the shapes of key<fry>[3] and i32[2] do not broadcast}}
  %made = "weft.random_fold_in"(%keys, %data) : (tensor<3x!weft.key<"threefry2x32">>, tensor<2xi32>) -> tensor<3x!weft.key<"threefry2x32">>
  return %made : tensor<3x!weft.key<"threefry2x32">>
}

// -----

func.func @words_of_two_shapes(%a: tensor<3xui32>, %b: tensor<2xui32>) -> (tensor<3xui32>, tensor<3xui32>) {
  // expected-error@+1 {{threefry2x32: takes four uint32 arrays of one shape, got u32[3], u32[2], u32[3], u32[3]}}
  %y:2 = "weft.threefry2x32"(%a, %b, %a, %a) : (tensor<3xui32>, tensor<2xui32>, tensor<3xui32>, tensor<3xui32>) -> (tensor<3xui32>, tensor<3xui32>)
  return %y#0, %y#1 : tensor<3xui32>, tensor<3xui32>
}

// -----

func.func @state_of_wrong_size(%state: tensor<3xui32>) -> (tensor<3xui32>, tensor<2xui32>) {
  // expected-error@+1 {{rng_bit_generator: the state must be u32[4] or u64[2], got u32[3]}}
  %made:2 = "weft.rng_bit_generator"(%state) {shape = array<i64: 2>, dtype = ui32} : (tensor<3xui32>) -> (tensor<3xui32>, tensor<2xui32>)
  return %made#0, %made#1 : tensor<3xui32>, tensor<2xui32>
}

// -----

func.func @floats(%state: tensor<4xui32>) -> (tensor<4xui32>, tensor<2xf32>) {
  // expected-error@+1 {{rng_bit_generator: unsupported dtype float32; it must be uint8, uint16, uint32 or uint64}}
  %made:2 = "weft.rng_bit_generator"(%state) {shape = array<i64: 2>, dtype = f32} : (tensor<4xui32>) -> (tensor<4xui32>, tensor<2xf32>)
  return %made#0, %made#1 : tensor<4xui32>, tensor<2xf32>
}
