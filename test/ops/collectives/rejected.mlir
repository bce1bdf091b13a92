// RUN: weft-opt %s --split-input-file --verify-diagnostics
// RUN: not weft-opt %s --split-input-file --passes='weft-to-stablehlo' 2>&1 | filecheck %s --check-prefix=LOWER

// LOWER: all_reduce_sum: axis i is not bound
func.func @unbound(%x: tensor<f32>) -> tensor<f32> {
  %y = "weft.all_reduce_sum"(%x) {axis_name = "i", axis_size = 3} : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

// -----

func.func @groups(%x: tensor<f32>) -> tensor<f32> {
  // expected-error@+1 {{all_reduce_sum: groups [0, 1, 1] must name each of 3 positions once}}
  %y = "weft.all_reduce_sum"(%x) {axis_name = "i", axis_size = 3, groups = array<i64: 0, 1, 1>, group_size = 1} : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

// -----

func.func @group_size(%x: tensor<f32>) -> tensor<f32> {
  // expected-error@+1 {{all_reduce_max: groups of 2 do not cover 3 positions}}
  %y = "weft.all_reduce_max"(%x) {axis_name = "i", axis_size = 3, groups = array<i64: 0, 1, 2>, group_size = 2} : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

// -----

func.func @split(%x: tensor<4x2xf32>) -> tensor<2x3xf32> {
  // expected-error@+1 {{all_to_all: axis 0 of f32[4,2] must have one slice for each of 3 positions}}
  %y = "weft.all_to_all"(%x) {axis_name = "i", axis_size = 3, split = 0, concat = 1} : (tensor<4x2xf32>) -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

// -----

func.func @scatter(%x: tensor<4xf32>) -> tensor<f32> {
  // expected-error@+1 {{reduce_scatter: axis 0 of f32[4] must have one element for each of 3 positions}}
  %y = "weft.reduce_scatter"(%x) {axis_name = "i", axis_size = 3, dim = 0} : (tensor<4xf32>) -> tensor<f32>
  return %y : tensor<f32>
}

// -----

func.func @gather(%x: tensor<4xf32>) -> tensor<4x3xf32> {
  // expected-error@+1 {{all_gather: axis 2 is out of range for f32[4]}}
  %y = "weft.all_gather"(%x) {axis_name = "i", axis_size = 3, dim = 2} : (tensor<4xf32>) -> tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}

// -----

func.func @permute(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error@+1 {{collective_permute: targets [1, 1] name a position twice}}
  %y = "weft.collective_permute"(%x) {axis_name = "i", axis_size = 3, sources = array<i64: 0, 2>, targets = array<i64: 1, 1>} : (tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

func.func @source(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error@+1 {{collective_broadcast: source 3 is no position of an axis of size 3}}
  %y = "weft.collective_broadcast"(%x) {axis_name = "i", axis_size = 3, source = 3} : (tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

func.func @part(%x: tensor<7xf32>) -> tensor<7xf32> {
  // expected-error@+1 {{shard_map: f32[7] cannot be split as [x]}}
  %y = "weftn.shard_map"(%x) {callee = @same, mesh = "mesh0", axis_names = "x", axis_sizes = array<i64: 4>, in_layouts = "[x]", out_layouts = "[x]"} : (tensor<7xf32>) -> tensor<7xf32>
  return %y : tensor<7xf32>
}

func.func private @same(%x: tensor<1xf32>) -> tensor<1xf32> {
  return %x : tensor<1xf32>
}

// -----

func.func @callee(%x: tensor<8xf32>) -> tensor<4xf32> {
  // expected-error@+1 {{shard_map: @same takes (f32[1]) -> (f32[1]), a device has (f32[2])}}
  %y = "weftn.shard_map"(%x) {callee = @same, mesh = "mesh0", axis_names = "x", axis_sizes = array<i64: 4>, in_layouts = "[x]", out_layouts = "[x]"} : (tensor<8xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

func.func private @same(%x: tensor<1xf32>) -> tensor<1xf32> {
  return %x : tensor<1xf32>
}
