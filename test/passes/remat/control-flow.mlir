// RUN: weft-opt %s --passes='weft-linearize{fn=loop},weft-remat{fn=loop},weft-dce' | filecheck %s --check-prefix=NOTHING
// RUN: weft-opt %s --passes='weft-linearize{fn=loop},weft-remat{fn=loop policy=dots_saveable},weft-dce' | filecheck %s --check-prefix=DOTS
// RUN: weft-opt %s --passes='weft-linearize{fn=loop},weft-remat{fn=loop policy=save_only_these_names:h},weft-dce' | filecheck %s --check-prefix=NAMED
// RUN: weft-opt %s --passes='weft-linearize{fn=choice wrt=1},weft-remat{fn=choice policy=dots_saveable},weft-dce' | filecheck %s --check-prefix=COND
// RUN: weft-opt %s --passes='weft-linearize{fn=loop},weft-transpose{fn=loop.lin linear=0}' | weft-run --fn=loop.fwd 0.5 '[1.0, 2.0, 3.0]' --digits=4 | filecheck %s --check-prefix=VALUE
// RUN: weft-opt %s --passes='weft-linearize{fn=loop},weft-remat{fn=loop},weft-transpose{fn=loop.lin linear=0}' | weft-run --fn=loop.lin.transpose 1.0 0.5 '[1.0, 2.0, 3.0]' --digits=4 | filecheck %s --check-prefix=SLOPE
// RUN: weft-opt %s --passes='weft-linearize{fn=choice wrt=1},weft-remat{fn=choice},weft-transpose{fn=choice.lin linear=0}' | weft-run --fn=choice.lin.transpose 1.0 1 0.5 2.0 --digits=4 | filecheck %s --check-prefix=CHOSEN

// Of a loop nothing is kept but where it starts: it runs again.
// NOTHING-LABEL: func.func @loop.fwd
// NOTHING:       return %{{.*}}, %arg0, %arg1 : tensor<f32>, tensor<f32>, tensor<3xf32>
// NOTHING-LABEL: func.func private @loop.fwd.again
// NOTHING:       "weftn.scan"

// The products of all turns are kept, stacked; the loop that runs again takes them and has none of its own.
// DOTS-LABEL:    func.func @loop.fwd
// DOTS:          return %{{.*}}, %arg0, %arg1, %{{.*}} : tensor<f32>, tensor<f32>, tensor<3xf32>, tensor<3xf32>
// DOTS-LABEL:    func.func private @step.fwd.{{.*}}again
// DOTS-NOT:      "weft.dot_general"
// DOTS:          return
// So it is for what has a name.
// NAMED-LABEL:   func.func @loop.fwd
// NAMED:         return %{{.*}}, %arg0, %arg1, %{{.*}} : tensor<f32>, tensor<f32>, tensor<3xf32>, tensor<3xf32>
// NAMED-LABEL:   func.func private @step.fwd.{{.*}}again
// NAMED-NOT:     "weft.dot_general"
// NAMED:         return
// VALUE:         0.8198
// SLOPE:         0.06875
func.func @loop(%c: tensor<f32>, %ws: tensor<3xf32>) -> tensor<f32> {
  %y = "weftn.scan"(%c, %ws) {body = @step, consts = 0 : i64, carry = 1 : i64, length = 3 : i64} : (tensor<f32>, tensor<3xf32>) -> tensor<f32>
  return %y : tensor<f32>
}

func.func private @step(%c: tensor<f32>, %w: tensor<f32>) -> tensor<f32> {
  %p = "weft.dot_general"(%c, %w) {lhs_batch = array<i64>, rhs_batch = array<i64>, lhs_contract = array<i64>, rhs_contract = array<i64>} : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %h = "weft.checkpoint_name"(%p) {label = "h"} : (tensor<f32>) -> tensor<f32>
  %s = "weft.tanh"(%h) : (tensor<f32>) -> tensor<f32>
  %y = "weft.sin"(%s) : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

// What a branch keeps has a slot, which is filled with something where another branch runs.
// COND-LABEL:    func.func @choice.fwd
// COND:          return %{{.*}}, %arg0, %arg1, %arg2, %{{.*}} : tensor<f32>, tensor<i32>, tensor<f32>, tensor<f32>, tensor<f32>
// CHOSEN:        0.8776
func.func @choice(%i: tensor<i32>, %x: tensor<f32>, %w: tensor<f32>) -> tensor<f32> {
  %y = "weftn.cond"(%i, %x, %w) {branches = [@step, @wave]} : (tensor<i32>, tensor<f32>, tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

func.func private @wave(%x: tensor<f32>, %w: tensor<f32>) -> tensor<f32> {
  %y = "weft.sin"(%x) : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}
