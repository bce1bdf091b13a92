// RUN: weft-opt %s | weft-opt | filecheck %s
// RUN: weft-run %s --fn=slope_of_scaled 3.0 | filecheck %s --check-prefix=SCALED
// RUN: weft-run %s --fn=solution 4.0 2.0 | filecheck %s --check-prefix=SOLUTION
// RUN: weft-run %s --fn=slope_of_solution 4.0 2.0 | filecheck %s --check-prefix=SLOPE
// RUN: weft-opt %s --passes='weft-linearize{fn=by_rule}' | filecheck %s --check-prefix=LIN

// A function that is linear in its last operand.
func.func private @scale(%a: tensor<f32>, %x: tensor<f32>) -> tensor<f32> {
  %y = "weft.mul"(%a, %x) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

// It claims to be transposed to ten times that, which shows that it is asked.
func.func private @scale.back(%a: tensor<f32>, %ct: tensor<f32>) -> tensor<f32> {
  %ten = "weft.constant"() {value = dense<10.0> : tensor<f32>} : () -> tensor<f32>
  %x = "weft.mul"(%a, %ten) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %x : tensor<f32>
}

// CHECK-LABEL: func.func private @scaled
// CHECK:       "weftn.linear_call"({{.*}}) {callee = @scale, residuals = 1 : i64, transpose_callee = @scale.back}
func.func private @scaled(%a: tensor<f32>, %x: tensor<f32>) -> tensor<f32> {
  %y = "weftn.linear_call"(%a, %x) {callee = @scale, transpose_callee = @scale.back, residuals = 1 : i64}
      : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

// SCALED:      9.0
// SCALED-NEXT: 30.0
func.func @slope_of_scaled(%a: tensor<f32>) -> (tensor<f32>, tensor<f32>) {
  %one = "weft.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %y, %dx = "weftn.vjp"(%a, %a, %one) {callee = @scaled, wrt = array<i64: 1>, ct_of = array<i64: 0>}
      : (tensor<f32>, tensor<f32>, tensor<f32>) -> (tensor<f32>, tensor<f32>)
  return %y, %dx : tensor<f32>, tensor<f32>
}

func.func private @divide(%a: tensor<f32>, %y: tensor<f32>) -> tensor<f32> {
  %x = "weft.div"(%y, %a) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %x : tensor<f32>
}

// The x of which a x is y.
// CHECK-LABEL: func.func @solution
// CHECK:       "weftn.linear_solve"({{.*}}) {consts = 1 : i64, matvec = @scale, solve = @divide, transposed = [@scale, @divide]}
// SOLUTION:    0.5
func.func @solution(%a: tensor<f32>, %y: tensor<f32>) -> tensor<f32> {
  %x = "weftn.linear_solve"(%a, %y) {matvec = @scale, solve = @divide, transposed = [@scale, @divide], consts = 1 : i64}
      : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %x : tensor<f32>
}

// By implicit differentiation: -x / a, and 1 / a.
// SLOPE:      0.5
// SLOPE-NEXT: -0.125
// SLOPE-NEXT: 0.25
func.func @slope_of_solution(%a: tensor<f32>, %y: tensor<f32>) -> (tensor<f32>, tensor<f32>, tensor<f32>) {
  %one = "weft.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %x, %da, %dy = "weftn.vjp"(%a, %y, %one) {callee = @solution, wrt = array<i64: 0, 1>, ct_of = array<i64: 0>}
      : (tensor<f32>, tensor<f32>, tensor<f32>) -> (tensor<f32>, tensor<f32>, tensor<f32>)
  return %x, %da, %dy : tensor<f32>, tensor<f32>, tensor<f32>
}

func.func private @sine(%x: tensor<f32>) -> tensor<f32> {
  %y = "weft.sin"(%x) : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

func.func private @sine.forward(%x: tensor<f32>) -> (tensor<f32>, tensor<f32>) {
  %y = "weft.sin"(%x) : (tensor<f32>) -> tensor<f32>
  return %y, %x : tensor<f32>, tensor<f32>
}

// What only a transpose is known of stands as custom_lin in the linear part.
// LIN-LABEL: func.func @by_rule.lin
// LIN:       "weftn.custom_lin"({{.*}}) {bwd = @scale.back, tangents = 1 : i64}
func.func @by_rule(%x: tensor<f32>) -> tensor<f32> {
  %y = "weftn.custom_vjp_call"(%x) {callee = @sine, fwd = @sine.forward, bwd = @scale.back} : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}
