// RUN: weft-opt %s | weft-opt | filecheck %s

// Each device calls @part on its half; over the axis all get the same.
// CHECK-LABEL: func.func @total
// CHECK:       "weftn.shard_map"({{.*}}) {axis_names = "i", axis_sizes = array<i64: 2>, callee = @part, in_layouts = "[i]", mesh = "mesh2", out_layouts = "[]"}
func.func @total(%x: tensor<4xf32>) -> tensor<2xf32> {
  %y = "weftn.shard_map"(%x) {axis_names = "i", axis_sizes = array<i64: 2>, callee = @part, in_layouts = "[i]", mesh = "mesh2", out_layouts = "[]"}
      : (tensor<4xf32>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}

func.func private @part(%x: tensor<2xf32>) -> tensor<2xf32> {
  %y = "weft.all_reduce_sum"(%x) {axis_name = "i", axis_size = 2 : i64, mesh_shape = array<i64: 2>} : (tensor<2xf32>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}
