// RUN: weft-opt %s --passes='weft-jvp{fn=f wrt=1}' | filecheck %s --check-prefix=JVP
// RUN: weft-opt %s --passes='weft-linearize{fn=f wrt=0,1},weft-inline,weft-simplify,weft-cse,weft-dce' | filecheck %s --check-prefix=LIN
// RUN: weft-opt %s --passes='weft-linearize{fn=f wrt=0,1},weft-transpose{fn=f.lin linear=0,1}' | filecheck %s --check-prefix=BACK
// RUN: weft-opt %s --passes='weft-batch{fn=f size=2 batched=2}' | filecheck %s --check-prefix=BATCH
// RUN: weft-run %s --fn=grad 2.0 1.5 '[1, 2, 3]' | filecheck %s --check-prefix=VALUE

// h <- h * sin(w) * x
func.func private @step(%w: tensor<f32>, %h: tensor<f32>, %x: tensor<f32>) -> tensor<f32> {
  %s = "weft.sin"(%w) : (tensor<f32>) -> tensor<f32>
  %p = "weft.mul"(%h, %s) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %y = "weft.mul"(%p, %x) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

// The tangent of the carry is carried beside it.
// JVP-LABEL: func.func @f.jvp
// JVP-SAME:  (%[[W:.*]]: tensor<f32>, %[[H:.*]]: tensor<f32>, %[[XS:.*]]: tensor<3xf32>, %[[DH:.*]]: tensor<f32>)
// JVP:       "weftn.scan"(%[[W]], %[[H]], %[[DH]], %[[XS]]) {{.*}}carry = 2 : i64, consts = 1 : i64

// What depends on constants only is computed once, before the loop; only h is stacked.
// LIN-LABEL: func.func @f.fwd
// LIN-DAG:   %[[S:.*]] = "weft.sin"(%arg0)
// LIN-DAG:   %[[C:.*]] = "weft.cos"(%arg0)
// LIN:       %[[R:.*]]:2 = "weftn.scan"({{.*}}) {{.*}} -> (tensor<f32>, tensor<3xf32>)
// LIN-LABEL: func.func @f.lin
// LIN:       "weftn.scan"({{.*}}) {{.*}} -> tensor<f32>
// LIN-LABEL: func.func private @step.fwd.step
// LIN-NOT:   weft.sin
// LIN:       return

// The other way round, with the sum of the constant's cotangents in the carry.
// BACK-LABEL: func.func @f.lin.transpose
// BACK:       "weftn.scan"({{.*}}) {body = @step.lin.step.transpose.step, carry = 2 : i64, {{.*}}reverse = true}

// The batch axis stands behind the scanned one.
// BATCH-LABEL: func.func @f.batch
// BATCH:       "weft.transpose"({{.*}}) {permutation = array<i64: 1, 0>} : (tensor<2x3xf32>) -> tensor<3x2xf32>
// BATCH:       "weftn.scan"({{.*}}) {{.*}} : (tensor<f32>, tensor<2xf32>, tensor<3x2xf32>) -> tensor<2xf32>
func.func @f(%w: tensor<f32>, %h: tensor<f32>, %xs: tensor<3xf32>) -> tensor<f32> {
  %y = "weftn.scan"(%w, %h, %xs) {body = @step, consts = 1, carry = 1, length = 3}
      : (tensor<f32>, tensor<f32>, tensor<3xf32>) -> tensor<f32>
  return %y : tensor<f32>
}

// y = 6 h sin(w)^3, its slopes 18 h sin(w)^2 cos(w) and 6 sin(w)^3
// VALUE:      6.76
// VALUE-NEXT: -9.29
// VALUE-NEXT: 4.51
func.func @grad(%w: tensor<f32>, %h: tensor<f32>, %xs: tensor<3xf32>) -> (tensor<f32>, tensor<f32>, tensor<f32>) {
  %one = "weft.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %r:3 = "weftn.vjp"(%w, %h, %xs, %one) {callee = @f, wrt = array<i64: 0, 1>, ct_of = array<i64: 0>}
      : (tensor<f32>, tensor<f32>, tensor<3xf32>, tensor<f32>) -> (tensor<f32>, tensor<f32>, tensor<f32>)
  return %r#0, %r#1, %r#2 : tensor<f32>, tensor<f32>, tensor<f32>
}
