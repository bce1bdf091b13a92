// RUN: weft-opt %s | weft-opt | filecheck %s
// RUN: weft-run %s --fn=sine 0.5 | filecheck %s --check-prefix=SINE
// RUN: weft-run %s --fn=slope 0.5 | filecheck %s --check-prefix=SLOPE
// RUN: weft-run %s --fn=pull 0.5 | filecheck %s --check-prefix=PULL

func.func private @f(%x: tensor<f32>) -> tensor<f32> {
  %y = "weft.sin"(%x) : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

// A rule that claims a slope of 3 everywhere, which shows that it is asked.
func.func private @f.rule(%x: tensor<f32>, %dx: tensor<f32>) -> (tensor<f32>, tensor<f32>) {
  %three = "weft.constant"() {value = dense<3.0> : tensor<f32>} : () -> tensor<f32>
  %y = "weft.sin"(%x) : (tensor<f32>) -> tensor<f32>
  %dy = "weft.mul"(%dx, %three) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %y, %dy : tensor<f32>, tensor<f32>
}

// CHECK-LABEL: func.func @sine
// CHECK:       "weftn.custom_jvp_call"({{.*}}) {callee = @f, jvp_callee = @f.rule}
// SINE:        0.479
func.func @sine(%x: tensor<f32>) -> tensor<f32> {
  %y = "weftn.custom_jvp_call"(%x) {callee = @f, jvp_callee = @f.rule} : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

// SLOPE:      0.479
// SLOPE-NEXT: 3.0
func.func @slope(%x: tensor<f32>) -> (tensor<f32>, tensor<f32>) {
  %one = "weft.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %y, %dx = "weftn.vjp"(%x, %one) {callee = @sine, wrt = array<i64: 0>, ct_of = array<i64: 0>}
      : (tensor<f32>, tensor<f32>) -> (tensor<f32>, tensor<f32>)
  return %y, %dx : tensor<f32>, tensor<f32>
}

func.func private @f.forward(%x: tensor<f32>) -> (tensor<f32>, tensor<f32>) {
  %y = "weft.sin"(%x) : (tensor<f32>) -> tensor<f32>
  return %y, %x : tensor<f32>, tensor<f32>
}

// Ten times the residual.
func.func private @f.backward(%x: tensor<f32>, %ct: tensor<f32>) -> tensor<f32> {
  %ten = "weft.constant"() {value = dense<10.0> : tensor<f32>} : () -> tensor<f32>
  %y = "weft.mul"(%x, %ten) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

func.func private @sine_by_pair(%x: tensor<f32>) -> tensor<f32> {
  %y = "weftn.custom_vjp_call"(%x) {callee = @f, fwd = @f.forward, bwd = @f.backward} : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

// PULL:      0.479
// PULL-NEXT: 5.0
func.func @pull(%x: tensor<f32>) -> (tensor<f32>, tensor<f32>) {
  %one = "weft.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %y, %dx = "weftn.vjp"(%x, %one) {callee = @sine_by_pair, wrt = array<i64: 0>, ct_of = array<i64: 0>}
      : (tensor<f32>, tensor<f32>) -> (tensor<f32>, tensor<f32>)
  return %y, %dx : tensor<f32>, tensor<f32>
}
