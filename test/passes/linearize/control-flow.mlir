// RUN: weft-opt %s --passes='weft-linearize{fn=f},weft-inline' | filecheck %s
// RUN: weft-opt %s --passes='weft-linearize{fn=f}' | weft-run --fn=f.fwd 0.5 '[0, 1, 0]' --digits=4 | filecheck %s --check-prefix=NOW
// RUN: weft-opt %s --passes='weft-linearize{fn=f}' | weft-run --fn=f.lin 1.0 '[0, 1, 0]' '[0.5, 0.4794, 0.2298]' '[0.8776, 0, 0.9737]' --digits=3 | filecheck %s --check-prefix=LATER
// RUN: weft-opt %s --passes='weft-linearize{fn=counted}' | filecheck %s --check-prefix=INNER
// RUN: weft-run %s --fn=slope 1.0 | filecheck %s --check-prefix=SLOPE

// A choice in every step of a loop: what the branches need is stacked, their operand and what else one of them
// hands over (the cosine); the linear loop makes the same choices.
// CHECK-LABEL: func.func @f.fwd
// CHECK:       %[[Y:.*]]:3 = "weftn.scan"({{.*}}) {{.*}} -> (tensor<f32>, tensor<3xf32>, tensor<3xf32>)
// CHECK:       return %[[Y]]#0, %arg1, %[[Y]]#1, %[[Y]]#2
// CHECK-LABEL: func.func @f.lin
// CHECK:       "weftn.scan"({{.*}}) {{.*}} -> tensor<f32>
// CHECK:       func.func private @step.fwd.step
// CHECK:       "weftn.cond"({{.*}}) {{.*}} -> (tensor<f32>, tensor<f32>)
// CHECK:       func.func private @step.lin.step
// CHECK:       "weftn.cond"({{.*}}) {{.*}} -> tensor<f32>

// sin((sin 0.5)^2), and what its slope is made of.
// NOW:        0.2278
// NOW-NEXT:   [0, 1, 0]
// NOW-NEXT:   [0.5, 0.4794, 0.2298]
// NOW-NEXT:   [0.8776, 0.0, 0.9737]
// LATER:      0.819
func.func @f(%x: tensor<f32>, %which: tensor<3xi32>) -> tensor<f32> {
  %y = "weftn.scan"(%x, %which) {body = @step, consts = 0, carry = 1, length = 3}
      : (tensor<f32>, tensor<3xi32>) -> tensor<f32>
  return %y : tensor<f32>
}

func.func private @step(%x: tensor<f32>, %i: tensor<i32>) -> tensor<f32> {
  %y = "weftn.cond"(%i, %x) {branches = [@wave, @square]} : (tensor<i32>, tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

func.func private @wave(%x: tensor<f32>) -> tensor<f32> {
  %y = "weft.sin"(%x) : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

func.func private @square(%x: tensor<f32>) -> tensor<f32> {
  %y = "weft.mul"(%x, %x) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

// A loop in a loop, with a counter of its own: what the counter says is the same in every outer step, but the loop
// that says it is not. So it is stacked, and not computed before the outer loop.
// INNER-LABEL: func.func @counted.fwd
// INNER-NOT:   hoist
// INNER:       "weftn.scan"
// INNER:       return
// SLOPE:       64.0
func.func @counted(%x: tensor<f32>) -> tensor<f32> {
  %y = "weftn.scan"(%x) {body = @twice_doubled, consts = 0, carry = 1, length = 3} : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

func.func private @twice_doubled(%x: tensor<f32>) -> tensor<f32> {
  %zero = "weft.constant"() {value = dense<0> : tensor<i32>} : () -> tensor<i32>
  %r:2 = "weftn.while"(%zero, %x) {cond = @below_two, body = @double, cond_consts = 0, body_consts = 0, max_trips = 3}
      : (tensor<i32>, tensor<f32>) -> (tensor<i32>, tensor<f32>)
  return %r#1 : tensor<f32>
}

func.func private @below_two(%i: tensor<i32>, %x: tensor<f32>) -> tensor<i1> {
  %two = "weft.constant"() {value = dense<2> : tensor<i32>} : () -> tensor<i32>
  %p = "weft.compare"(%i, %two) {direction = "LT"} : (tensor<i32>, tensor<i32>) -> tensor<i1>
  return %p : tensor<i1>
}

func.func private @double(%i: tensor<i32>, %x: tensor<f32>) -> (tensor<i32>, tensor<f32>) {
  %one = "weft.constant"() {value = dense<1> : tensor<i32>} : () -> tensor<i32>
  %j = "weft.add"(%i, %one) : (tensor<i32>, tensor<i32>) -> tensor<i32>
  %y = "weft.add"(%x, %x) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %j, %y : tensor<i32>, tensor<f32>
}

func.func @slope(%x: tensor<f32>) -> tensor<f32> {
  %one = "weft.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %r:2 = "weftn.vjp"(%x, %one) {callee = @counted, wrt = array<i64: 0>, ct_of = array<i64: 0>} : (tensor<f32>, tensor<f32>) -> (tensor<f32>, tensor<f32>)
  return %r#1 : tensor<f32>
}
