// RUN: weft-opt %s --passes='weft-linearize{fn=f},weft-remat{fn=f},weft-dce' | filecheck %s --check-prefixes=CHECK,NOTHING
// RUN: weft-opt %s --passes='weft-linearize{fn=f},weft-remat{fn=f policy=everything_saveable}' | filecheck %s --check-prefixes=CHECK,EVERYTHING
// RUN: weft-opt %s --passes='weft-linearize{fn=f},weft-remat{fn=f policy=dots_saveable}' | filecheck %s --check-prefixes=CHECK,DOTS
// RUN: weft-opt %s --passes='weft-linearize{fn=f},weft-remat{fn=f policy=dots_with_no_batch_dims_saveable}' | filecheck %s --check-prefixes=CHECK,DOTS
// RUN: weft-opt %s --passes='weft-linearize{fn=f},weft-remat{fn=f policy=save_only_these_names:wave}' | filecheck %s --check-prefixes=CHECK,NAMED
// RUN: weft-opt %s --passes='weft-linearize{fn=f},weft-remat{fn=f policy=save_any_names_but_these:other}' | filecheck %s --check-prefixes=CHECK,NAMED
// RUN: weft-opt %s --passes='weft-linearize{fn=f},weft-remat{fn=f policy=save_anything_except_these_names:wave}' | filecheck %s --check-prefixes=CHECK,UNNAMED
// RUN: weft-opt %s --passes='weft-linearize{fn=f},weft-remat{fn=f policy=offload_only_these_names@device>pinned_host:wave}' | filecheck %s --check-prefixes=CHECK,AWAY
// RUN: weft-opt %s --passes='weft-linearize{fn=f},weft-remat{fn=f},weft-transpose{fn=f.lin linear=0},weft-to-stablehlo' | filecheck %s --check-prefix=BARRIER
// RUN: weft-opt %s --passes='weft-linearize{fn=f},weft-remat{fn=f}' | weft-run --fn=f.fwd 0.5 2.0 --digits=4 | filecheck %s --check-prefix=FORWARD
// RUN: weft-opt %s --passes='weft-linearize{fn=f},weft-remat{fn=f},weft-transpose{fn=f.lin linear=0}' | weft-run --fn=f.lin.transpose 1.0 0.5 2.0 --digits=4 | filecheck %s --check-prefix=SLOPE

// exp(sin(x * w)) by x. Without a policy the two arguments are all that is handed over.
// CHECK-LABEL:   func.func @f.fwd
// NOTHING:       return %{{.*}}, %arg0, %arg1 : tensor<f32>, tensor<f32>, tensor<f32>
// EVERYTHING:    return %{{.*}}, %arg1, %{{.*}}, %{{.*}} : tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>
// DOTS:          return %{{.*}}, %arg1, %{{.*}} : tensor<f32>, tensor<f32>, tensor<f32>
// NAMED:         return %{{.*}}, %arg0, %arg1, %{{.*}} : tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>
// UNNAMED:       return %{{.*}}, %arg1, %{{.*}} : tensor<f32>
// AWAY:          return %{{.*}}, %arg0, %arg1, %{{.*}} : tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>

// The linear part is a checkpointed call, which computes the rest again.
// CHECK-LABEL:   func.func @f.lin(
// CHECK:         "weftn.checkpoint"({{.*}}) {callee = @f.lin.again, differentiated = true}
// NOTHING-LABEL: func.func private @f.fwd.again
// NOTHING:       "weft.dot_general"
// DOTS-LABEL:    func.func private @f.fwd.again
// DOTS-NOT:      "weft.dot_general"
// DOTS:          return
// NAMED-LABEL:   func.func private @f.fwd.again
// NAMED-NOT:     "weft.sin"
// NAMED:         return
// AWAY-LABEL:    func.func private @f.fwd.save.away
// AWAY:          "weft.to_memory"({{.*}}) {kind = "pinned_host"}
// AWAY-LABEL:    func.func private @f.fwd.again.back
// AWAY:          "weft.to_memory"({{.*}}) {kind = "device"}

// What runs backwards waits for its cotangents.
// BARRIER-LABEL: func.func @f.lin.transpose
// BARRIER:       stablehlo.optimization_barrier

// FORWARD:       2.32
// FORWARD-NEXT:  0.5
// FORWARD-NEXT:  2.0
// SLOPE:         2.507
func.func @f(%x: tensor<f32>, %w: tensor<f32>) -> tensor<f32> {
  %p = "weft.dot_general"(%x, %w) {lhs_batch = array<i64>, rhs_batch = array<i64>, lhs_contract = array<i64>, rhs_contract = array<i64>} : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %s = "weft.sin"(%p) : (tensor<f32>) -> tensor<f32>
  %n = "weft.checkpoint_name"(%s) {label = "wave"} : (tensor<f32>) -> tensor<f32>
  %y = "weft.exp"(%n) : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}
