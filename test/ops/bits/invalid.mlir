// RUN: weft-opt %s --passes=weft-verify --split-input-file --verify-diagnostics

func.func @floats(%x: tensor<3xf32>) -> tensor<3xf32> {
  // expected-error@+1 {{population_count: x has dtype float32 (f32[3]); it must be one of: int, uint}}
  %y = "weft.population_count"(%x) : (tensor<3xf32>) -> tensor<3xf32>
  return %y : tensor<3xf32>
}

// -----

func.func @unequal_widths(%x: tensor<3xi32>, %y: tensor<3xui8>) -> tensor<3xi32> {
  // expected-error@+1 {{shift_left: dtypes differ: i32[3], u8[3]}}
  %z = "weft.shift_left"(%x, %y) : (tensor<3xi32>, tensor<3xui8>) -> tensor<3xi32>
  return %z : tensor<3xi32>
}

// -----

func.func @unequal_shapes(%x: tensor<3xi32>, %y: tensor<2xi32>) -> tensor<3xi32> {
  // expected-error@+1 {{mulhi: shapes differ: i32[3], i32[2]}}
  %z = "weft.mulhi"(%x, %y) : (tensor<3xi32>, tensor<2xi32>) -> tensor<3xi32>
  return %z : tensor<3xi32>
}
