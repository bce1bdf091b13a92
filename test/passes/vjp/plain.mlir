// RUN: weft-opt %s --passes='weft-vjp{fn=f}' | filecheck %s
// RUN: weft-opt %s --passes='weft-vjp{fn=f}' | weft-run --fn=f.vjp 0.5 2.0 --digits=5 | filecheck %s --check-prefix=VALUE
// RUN: weft-opt %s --passes='weft-vjp{fn=two wrt=0,1 ct_of=1}' | filecheck %s --check-prefix=TWO
// RUN: weft-opt %s --passes='weft-vjp{fn=two wrt=0,1 ct_of=1}' | weft-run --fn=two.vjp 3.0 5.0 1.0 | filecheck %s --check-prefix=TWO-VALUE
// RUN: weft-opt %s --passes='weft-vjp{fn=calls}' | filecheck %s --check-prefix=CALLS
// RUN: weft-opt %s --passes='weft-vjp{fn=calls}' | weft-run --fn=calls.vjp 0.5 1.0 --digits=5 | filecheck %s --check-prefix=CALLS-VALUE
// RUN: weft-opt %s --passes='weft-vjp{fn=scaled}' | filecheck %s --check-prefix=SCALED

// What is needed backwards, the cosine, is computed forwards. @f itself stays.
// CHECK-LABEL: func.func @f(
// CHECK-NEXT:  "weft.sin"
// CHECK-NEXT:  return
// CHECK-LABEL: func.func @f.vjp
// CHECK-SAME:  (%[[X:.*]]: tensor<f32>, %[[CT:.*]]: tensor<f32>)
// CHECK-NEXT:  %[[Y:.*]] = "weft.sin"(%[[X]])
// CHECK-NEXT:  %[[C:.*]] = "weft.cos"(%[[X]])
// CHECK-NEXT:  %[[DX:.*]] = "weft.mul"(%[[CT]], %[[C]])
// CHECK-NEXT:  return %[[Y]], %[[DX]]
// VALUE:       0.47943
// VALUE-NEXT:  1.7552
func.func @f(%x: tensor<f32>) -> tensor<f32> {
  %y = "weft.sin"(%x) : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

// Only the second result has a cotangent, and only the first argument reaches it: there is one cotangent.
// TWO-LABEL: func.func @two.vjp
// TWO-SAME:  (%[[X:[^:]*]]: tensor<f32>, %{{[^:]*}}: tensor<f32>, %[[CT:[^:]*]]: tensor<f32>) -> (tensor<f32>, tensor<f32>, tensor<f32>)
// TWO-VALUE:      15.0
// TWO-VALUE-NEXT: 9.0
// TWO-VALUE-NEXT: 6.0
func.func @two(%x: tensor<f32>, %y: tensor<f32>) -> (tensor<f32>, tensor<f32>) {
  %p = "weft.mul"(%x, %y) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %s = "weft.mul"(%x, %x) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %p, %s : tensor<f32>, tensor<f32>
}

// A function that is called, here twice, is split once, and its linear part transposed once.
// CALLS-LABEL: func.func @calls.vjp
// CALLS-COUNT-2: call @f.fwd
// CALLS-COUNT-2: call @f.lin.transpose
// CALLS-COUNT-1: func.func private @f.fwd
// CALLS-COUNT-1: func.func private @f.lin.transpose
// CALLS-VALUE:      0.46127
// CALLS-VALUE-NEXT: 0.77864
func.func @calls(%x: tensor<f32>) -> tensor<f32> {
  %y = func.call @f(%x) : (tensor<f32>) -> tensor<f32>
  %z = func.call @f(%y) : (tensor<f32>) -> tensor<f32>
  return %z : tensor<f32>
}

// What is linear is not split again: forwards and backwards are one product each.
// SCALED-LABEL: func.func @scaled.vjp
// SCALED-SAME:  (%[[X:[^:]*]]: tensor<f32>, %[[A:[^:]*]]: tensor<f32>, %[[CT:[^:]*]]: tensor<f32>)
// SCALED-NEXT:  %[[Y:.*]] = "weft.mul"(%[[X]], %[[A]])
// SCALED-NEXT:  %[[DX:.*]] = "weft.mul"(%[[CT]], %[[A]])
// SCALED-NEXT:  return %[[Y]], %[[DX]]
func.func @scaled(%x: tensor<f32>, %a: tensor<f32>) -> tensor<f32> {
  %y = "weft.mul"(%x, %a) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}
