// RUN: weft-opt %s --passes='weft-jvp{fn=f}' | filecheck %s
// RUN: weft-opt %s --passes='weft-jvp{fn=f}' | weft-run --fn=f.jvp 0.0 1.0 | filecheck %s --check-prefix=VALUE
// RUN: weft-opt %s --passes='weft-jvp{fn=product wrt=1}' | filecheck %s --check-prefix=SECOND
// RUN: weft-opt %s --passes='weft-jvp{fn=product wrt=1,0}' | filecheck %s --check-prefix=BOTH
// RUN: weft-opt %s --passes='weft-jvp{fn=product wrt=0,1}' | weft-run --fn=product.jvp 3.0 5.0 1.0 0.5 | filecheck %s --check-prefix=RULE
// RUN: weft-opt %s --passes='weft-jvp{fn=product wrt=""}' | filecheck %s --check-prefix=NONE
// RUN: weft-opt %s --passes='weft-jvp{fn=zeros}' | filecheck %s --check-prefix=ZEROS
// RUN: weft-opt %s --passes='weft-jvp{fn=zeros}' | weft-run --fn=zeros.jvp 2.5 1.0 | filecheck %s --check-prefix=FLAT
// RUN: weft-opt %s --passes='weft-jvp{fn=passes_on}' | filecheck %s --check-prefix=AS-IS
// RUN: weft-opt %s --passes='weft-jvp{fn=f},weft-jvp{fn=f.jvp wrt=0,1}' | weft-run --fn=f.jvp.jvp 0.5 1.0 1.0 0.0 --digits=5 | filecheck %s --check-prefix=TWICE

// The tangent of sin is the incoming tangent times one cosine of the primal; @f itself stays.
// CHECK-LABEL: func.func @f(
// CHECK-NEXT:  "weft.sin"
// CHECK-NEXT:  return
// CHECK-LABEL: func.func @f.jvp
// CHECK-SAME:  (%[[X:.*]]: tensor<f32>, %[[DX:.*]]: tensor<f32>)
// CHECK:       %[[Y:.*]] = "weft.sin"(%[[X]])
// CHECK:       %[[C:.*]] = "weft.cos"(%[[X]])
// CHECK:       %[[DY:.*]] = "weft.mul"(%[[DX]], %[[C]])
// CHECK:       return %[[Y]], %[[DY]]
// VALUE:       0.0
// VALUE-NEXT:  1.0

// The derivative has a derivative: results, their tangents by the second direction, sin'' = -sin.
// TWICE:       0.47943
// TWICE-NEXT:  0.87758
// TWICE-NEXT:  0.87758
// TWICE-NEXT:  -0.47943
func.func @f(%x: tensor<f32>) -> tensor<f32> {
  %y = "weft.sin"(%x) : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

// Only inputs that are asked for carry a tangent; it stands behind the inputs, in the inputs' order.
// SECOND-LABEL: func.func @product.jvp
// SECOND-SAME:  (%[[X:.*]]: tensor<f32>, %[[Y:.*]]: tensor<f32>, %[[DY:.*]]: tensor<f32>)
// SECOND:       "weft.mul"(%[[X]], %[[DY]])
// SECOND-NOT:   "weft.add"
// SECOND:       return
// BOTH-LABEL: func.func @product.jvp
// BOTH-SAME:  (%[[X:.*]]: tensor<f32>, %[[Y:.*]]: tensor<f32>, %[[DX:.*]]: tensor<f32>, %[[DY:.*]]: tensor<f32>)
// BOTH-DAG:   "weft.mul"(%[[DX]], %[[Y]])
// BOTH-DAG:   "weft.mul"(%[[X]], %[[DY]])
// BOTH:       "weft.add"
// RULE:       15.0
// RULE-NEXT:  6.5

// Without any, the function is itself.
// NONE-LABEL: func.func @product.jvp
// NONE-SAME:  (%[[X:.*]]: tensor<f32>, %[[Y:.*]]: tensor<f32>) -> tensor<f32>
// NONE-NEXT:  "weft.mul"(%[[X]], %[[Y]])
// NONE-NEXT:  return
func.func @product(%x: tensor<f32>, %y: tensor<f32>) -> tensor<f32> {
  %z = "weft.mul"(%x, %y) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %z : tensor<f32>
}

// A tangent that is zero is no value: nothing multiplies it, no result holds it. That of an int is always zero.
// ZEROS-LABEL: func.func @zeros.jvp
// ZEROS-SAME:  (%{{.*}}: tensor<f32>, %[[DX:.*]]: tensor<f32>) -> (tensor<f32>, tensor<f32>, tensor<i32>, tensor<f32>)
// ZEROS:       "weft.floor"
// ZEROS:       "weft.convert"
// ZEROS-NOT:   dense<0
// ZEROS-NOT:   "weft.mul"
// ZEROS:       return %{{.*}}, %{{.*}}, %{{.*}}, %[[DX]]
// FLAT:        2.0
// FLAT-NEXT:   4.5
// FLAT-NEXT:   2
// FLAT-NEXT:   1.0
func.func @zeros(%x: tensor<f32>) -> (tensor<f32>, tensor<f32>, tensor<i32>) {
  %flat = "weft.floor"(%x) : (tensor<f32>) -> tensor<f32>
  %sum = "weft.add"(%x, %flat) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %int = "weft.convert"(%x) {dtype = i32} : (tensor<f32>) -> tensor<i32>
  return %flat, %sum, %int : tensor<f32>, tensor<f32>, tensor<i32>
}

// An input that is a result twice has its tangent twice.
// AS-IS-LABEL: func.func @passes_on.jvp
// AS-IS-SAME:  (%[[X:.*]]: tensor<f32>, %[[DX:.*]]: tensor<f32>)
// AS-IS-NEXT:  return %[[X]], %[[X]], %[[DX]], %[[DX]]
func.func @passes_on(%x: tensor<f32>) -> (tensor<f32>, tensor<f32>) {
  return %x, %x : tensor<f32>, tensor<f32>
}
