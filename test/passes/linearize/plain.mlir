// RUN: weft-opt %s --passes='weft-linearize{fn=f}' | filecheck %s
// RUN: weft-opt %s --passes='weft-linearize{fn=f}' | weft-run --fn=f.fwd 0.5 --digits=5 | filecheck %s --check-prefix=NOW
// RUN: weft-opt %s --passes='weft-linearize{fn=f}' | weft-run --fn=f.lin 1.0 0.87758 --digits=5 | filecheck %s --check-prefix=LATER
// RUN: weft-opt %s --passes='weft-linearize{fn=affine}' | filecheck %s --check-prefix=CHEAP
// RUN: weft-opt %s --passes='weft-linearize{fn=affine}' | weft-run --fn=affine.lin 2.0 3.0 | filecheck %s --check-prefix=SLOPE
// RUN: weft-opt %s --passes='weft-linearize{fn=product wrt=1}' | filecheck %s --check-prefix=SECOND
// RUN: weft-opt %s --passes='weft-linearize{fn=square}' | filecheck %s --check-prefix=ONCE
// RUN: weft-opt %s --passes='weft-linearize{fn=flat}' | filecheck %s --check-prefix=FLAT

// The cosine is computed with the sine; what is linear is one product. @f itself stays.
// CHECK-LABEL: func.func @f(
// CHECK-NEXT:  "weft.sin"
// CHECK-NEXT:  return
// CHECK-LABEL: func.func @f.fwd
// CHECK-SAME:  (%[[X:.*]]: tensor<f32>)
// CHECK:       %[[Y:.*]] = "weft.sin"(%[[X]])
// CHECK:       %[[C:.*]] = "weft.cos"(%[[X]])
// CHECK:       return %[[Y]], %[[C]]
// CHECK-LABEL: func.func @f.lin
// CHECK-SAME:  (%[[DX:.*]]: tensor<f32>, %[[R:.*]]: tensor<f32>)
// CHECK-NEXT:  %[[DY:.*]] = "weft.mul"(%[[DX]], %[[R]])
// CHECK-NEXT:  return %[[DY]]
// NOW:         0.47943
// NOW-NEXT:    0.87758
// LATER:       0.87758
func.func @f(%x: tensor<f32>) -> tensor<f32> {
  %y = "weft.sin"(%x) : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

// Constants, iotas and what is broadcast are made again: of a * [0, 1, 2, 3] * 2, only the scalar a is handed over.
// CHEAP-LABEL: func.func @affine.fwd
// CHEAP-SAME:  (%{{.*}}: tensor<f32>, %[[A:.*]]: tensor<f32>) -> (tensor<4xf32>, tensor<f32>)
// CHEAP:       return %{{.*}}, %[[A]]
// CHEAP-LABEL: func.func @affine.lin
// CHEAP-SAME:  (%[[DX:.*]]: tensor<f32>, %[[R:.*]]: tensor<f32>)
// CHEAP-DAG:   "weft.iota"
// CHEAP-DAG:   "weft.constant"
// CHEAP-DAG:   "weft.broadcast_in_dim"(%[[R]])
// CHEAP:       return
// SLOPE:       [0.0, 12.0, 24.0, 36.0]
func.func @affine(%x: tensor<f32>, %a: tensor<f32>) -> tensor<4xf32> {
  %xs = "weft.broadcast_in_dim"(%x) {shape = array<i64: 4>, dims = array<i64>} : (tensor<f32>) -> tensor<4xf32>
  %as = "weft.broadcast_in_dim"(%a) {shape = array<i64: 4>, dims = array<i64>} : (tensor<f32>) -> tensor<4xf32>
  %n = "weft.iota"() {shape = array<i64: 4>, dtype = f32, dimension = 0} : () -> tensor<4xf32>
  %two = "weft.constant"() {value = dense<2.0> : tensor<4xf32>} : () -> tensor<4xf32>
  %p = "weft.mul"(%xs, %as) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %q = "weft.mul"(%p, %n) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %y = "weft.mul"(%q, %two) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// With respect to y, the residual is x.
// SECOND-LABEL: func.func @product.fwd
// SECOND-SAME:  (%[[X:.*]]: tensor<f32>, %[[Y:.*]]: tensor<f32>)
// SECOND:       return %{{.*}}, %[[X]]
func.func @product(%x: tensor<f32>, %y: tensor<f32>) -> tensor<f32> {
  %z = "weft.mul"(%x, %y) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %z : tensor<f32>
}

// What the linear part needs twice is handed over once.
// ONCE-LABEL: func.func @square.fwd
// ONCE-SAME:  -> (tensor<f32>, tensor<f32>)
// ONCE-LABEL: func.func @square.lin
// ONCE-SAME:  (%[[DX:.*]]: tensor<f32>, %[[X:.*]]: tensor<f32>)
// ONCE:       "weft.mul"(%[[DX]], %[[X]])
// ONCE:       "weft.mul"(%[[X]], %[[DX]])
func.func @square(%x: tensor<f32>) -> tensor<f32> {
  %y = "weft.mul"(%x, %x) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

// A result that does not depend on the input has no tangent, also where the input is used.
// FLAT-LABEL: func.func @flat.fwd
// FLAT-SAME:  -> (tensor<f32>, tensor<f32>)
// FLAT-LABEL: func.func @flat.lin
// FLAT-SAME:  (%[[DX:.*]]: tensor<f32>) -> tensor<f32>
// FLAT-NEXT:  return %[[DX]]
func.func @flat(%x: tensor<f32>) -> (tensor<f32>, tensor<f32>) {
  %flat = "weft.floor"(%x) : (tensor<f32>) -> tensor<f32>
  return %flat, %x : tensor<f32>, tensor<f32>
}
