// RUN: weft-opt %s --passes='weft-jvp{fn=f wrt=1}' | filecheck %s --check-prefix=JVP
// RUN: weft-opt %s --passes='weft-linearize{fn=f wrt=1}' | filecheck %s --check-prefix=LIN
// RUN: weft-opt %s --passes='weft-batch{fn=f size=3 batched=1}' | filecheck %s --check-prefix=OPERAND
// RUN: weft-opt %s --passes='weft-batch{fn=f size=3 batched=0}' | filecheck %s --check-prefix=INDEX
// RUN: weft-opt %s --passes='weft-jvp{fn=f wrt=1}' | weft-run --fn=f.jvp 0 2.0 1.0 | filecheck %s --check-prefix=SQUARE
// RUN: weft-opt %s --passes='weft-jvp{fn=f wrt=1}' | weft-run --fn=f.jvp 1 2.0 1.0 | filecheck %s --check-prefix=CONSTANT
// RUN: weft-opt %s --passes='weft-batch{fn=f size=3 batched=0}' | weft-run --fn=f.batch '[0, 1, 0]' 3.0 | filecheck %s --check-prefix=EACH

func.func private @square(%x: tensor<f32>) -> tensor<f32> {
  %y = "weft.mul"(%x, %x) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

func.func private @constant(%x: tensor<f32>) -> tensor<f32> {
  %y = "weft.constant"() {value = dense<7.0> : tensor<f32>} : () -> tensor<f32>
  return %y : tensor<f32>
}

// A branch whose results have no tangent gives zeros, so that both give the same.
// JVP-LABEL: func.func @f.jvp
// JVP-SAME:  (%[[I:.*]]: tensor<i32>, %[[X:.*]]: tensor<f32>, %[[DX:.*]]: tensor<f32>)
// JVP:       "weftn.cond"(%[[I]], %[[X]], %[[DX]]) {branches = [@square.jvp, @constant.jvp.filled]}
// SQUARE:      4.0
// SQUARE-NEXT: 4.0
// CONSTANT:      7.0
// CONSTANT-NEXT: 0.0

// The linear part chooses by the same index. The square's residual is its operand: nothing is handed over.
// LIN-LABEL: func.func @f.fwd
// LIN:       %[[Y:.*]] = "weftn.cond"({{.*}}) {branches = [@square.fwd.slots, @constant.fwd.slots]} : (tensor<i32>, tensor<f32>) -> tensor<f32>
// LIN:       return %[[Y]], %arg0, %arg1
// LIN-LABEL: func.func @f.lin
// LIN-SAME:  (%[[DX:.*]]: tensor<f32>, %[[I:.*]]: tensor<i32>, %[[X:.*]]: tensor<f32>)
// LIN:       "weftn.cond"(%[[I]], %[[DX]], %[[X]])

// One index for all stays one cond; an index for each element makes a choice between results.
// OPERAND-LABEL: func.func @f.batch
// OPERAND:       "weftn.cond"({{.*}}) {{.*}} : (tensor<i32>, tensor<3xf32>) -> tensor<3xf32>
// INDEX-LABEL: func.func @f.batch
// INDEX-NOT:   weftn.cond
// INDEX:       call @square
// INDEX:       call @constant
// INDEX:       "weft.select"
// EACH:        [9.0, 7.0, 9.0]
func.func @f(%i: tensor<i32>, %x: tensor<f32>) -> tensor<f32> {
  %y = "weftn.cond"(%i, %x) {branches = [@square, @constant]} : (tensor<i32>, tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}
