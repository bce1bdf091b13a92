// RUN: weft-opt %s --passes=weft-verify --split-input-file --verify-diagnostics

func.func @unequal_shapes(%x: tensor<4xf32>, %y: tensor<3xf32>) -> (tensor<4xf32>, tensor<3xf32>) {
  // expected-error@+1 {{sort: shapes differ: f32[4], f32[3]}}
  %z:2 = "weftn.sort"(%x, %y) {axis = 0 : i64} : (tensor<4xf32>, tensor<3xf32>) -> (tensor<4xf32>, tensor<3xf32>)
  return %z#0, %z#1 : tensor<4xf32>, tensor<3xf32>
}

// -----

func.func @too_many_keys(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error@+1 {{sort: num_keys 2 must be between 1 and 1, the number of operands}}
  %z = "weftn.sort"(%x) {axis = 0 : i64, num_keys = 2 : i64} : (tensor<4xf32>) -> tensor<4xf32>
  return %z : tensor<4xf32>
}

// -----

func.func @no_such_axis(%x: tensor<f32>) -> tensor<f32> {
  // expected-error@+1 {{sort: axis 0 is out of range for f32[]}}
  %z = "weftn.sort"(%x) {axis = 0 : i64} : (tensor<f32>) -> tensor<f32>
  return %z : tensor<f32>
}

// -----

func.func @more_than_there_are(%x: tensor<4xf32>) -> (tensor<5xf32>, tensor<5xi32>) {
  // expected-error@+1 {{top_k: k 5 must be between 0 and 4, the size of axis 0 of f32[4]}}
  %y:2 = "weft.top_k"(%x) {k = 5 : i64} : (tensor<4xf32>) -> (tensor<5xf32>, tensor<5xi32>)
  return %y#0, %y#1 : tensor<5xf32>, tensor<5xi32>
}
