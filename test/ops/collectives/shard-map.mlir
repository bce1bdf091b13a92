// RUN: weft-opt %s | weft-opt | filecheck %s
// RUN: weft-opt %s --passes='weft-to-stablehlo' | filecheck %s --check-prefix=LOWERED
// RUN: weft-opt %s --passes='weft-linearize{fn=loss},weft-transpose{fn=loss.lin}' | filecheck %s --check-prefix=BACK
// RUN: weft-opt %s --passes='weft-batch{fn=loss size=5}' | filecheck %s --check-prefix=BATCH

// CHECK-LABEL: func.func @loss
// CHECK:       "weftn.shard_map"(%{{.*}}) {axis_names = "x,y", axis_sizes = array<i64: 4, 2>, callee = @part, in_layouts = "[x][]", mesh = "mesh0", out_layouts = "()"}

// Shardy is told of the mesh, and of how the parts lie. Devices 0, 2, 4, 6 are one line along x.
// LOWERED:       "sdy.mesh"() {mesh = #sdy.mesh<["x"=4, "y"=2]>, sym_name = "mesh0"}
// LOWERED-LABEL: func.func @loss
// LOWERED:       "sdy.manual_computation"
// LOWERED:       ^bb0(%{{.*}}: tensor<2x3xf32>):
// LOWERED:       stablehlo.sine
// LOWERED:       "stablehlo.all_reduce"
// LOWERED-SAME:  {{\[\[}}0, 2, 4, 6], [1, 3, 5, 7]]
// LOWERED:       "sdy.return"
// LOWERED:       in_shardings = #sdy.sharding_per_value<[<@mesh0, [{"x"}, {}]>]>

// The result is one value of which eight devices have a copy, so each gets an eighth of the cotangent. The operand
// has a copy on the two devices along y, whose cotangents are summed.
// BACK-LABEL: func.func @loss.fwd
// BACK:       "weftn.shard_map"({{.*}}) {{.*}}out_layouts = "()"
// BACK-LABEL: func.func @loss.lin.transpose
// BACK:       "weftn.shard_map"({{.*}}) {{.*}}in_layouts = "() [x,y][]", {{.*}}out_layouts = "[x][]"
// BACK:       dense<8.000000e+00>
// BACK:       "weft.all_reduce_sum"({{.*}}) {axis_name = "y"

// The batch axis is not split.
// BATCH-LABEL: func.func @loss.batch
// BATCH:       "weftn.shard_map"({{.*}}) {{.*}}in_layouts = "[][x][]", {{.*}}out_layouts = "[]"
func.func @loss(%x: tensor<8x3xf32>) -> tensor<f32> {
  %y = "weftn.shard_map"(%x) {callee = @part, mesh = "mesh0", axis_names = "x,y", axis_sizes = array<i64: 4, 2>, in_layouts = "[x][]", out_layouts = "()"}
      : (tensor<8x3xf32>) -> tensor<f32>
  return %y : tensor<f32>
}

func.func private @part(%x: tensor<2x3xf32>) -> tensor<f32> {
  %s = "weft.sin"(%x) : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %y = "weft.reduce_sum"(%s) {axes = array<i64: 0, 1>} : (tensor<2x3xf32>) -> tensor<f32>
  %z = "weft.all_reduce_sum"(%y) {axis_name = "x", axis_size = 4, mesh_shape = array<i64: 4, 2>, mesh_axis = 0} : (tensor<f32>) -> tensor<f32>
  return %z : tensor<f32>
}
