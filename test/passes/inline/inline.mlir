// RUN: weft-opt %s --passes=weft-inline | filecheck %s
// RUN: weft-opt %s --passes=weft-inline | weft-run --fn=f 2.0 | filecheck %s --check-prefix=VALUE
// RUN: weft-opt %s --passes=weft-inline > %t
// RUN: weft-opt %t --passes=weft-inline | cmp %t -
// RUN: weft-opt %s --passes='weft-inline,weft-jvp{fn=f}' | weft-run --fn=f.jvp 2.0 1.0 | filecheck %s --check-prefix=THEN
// RUN: weft-opt %s --passes='weft-jvp{fn=f},weft-inline,weft-jvp{fn=f.jvp}' | weft-run --fn=f.jvp.jvp 2.0 1.0 1.0 | filecheck %s --check-prefix=BETWEEN

// A private function with one call goes into its caller, and those that it calls with it. One with two calls stays,
// and what that calls once goes into it.
// CHECK-LABEL: func.func @f(
// CHECK-SAME:  %[[X:.*]]: tensor<f32>)
// CHECK-NEXT:  %[[A:.*]] = "weft.mul"(%[[X]], %[[X]])
// CHECK-NEXT:  %[[B:.*]] = "weft.neg"(%[[A]])
// CHECK-NEXT:  %[[C:.*]] = "weft.add"(%[[B]], %[[X]])
// CHECK-NEXT:  %[[D:.*]] = call @twice(%[[C]])
// CHECK-NEXT:  %[[E:.*]] = call @twice(%[[D]])
// CHECK-NEXT:  return %[[E]], %[[A]]
// CHECK-NOT:   @outer
// CHECK-NOT:   @inner
// CHECK:       func.func private @twice
// CHECK-NEXT:  "weft.exp"
// VALUE:       1.1449
// VALUE-NEXT:  4.0

// What follows sees the functions as they are now: y = exp(exp(x - x^2)), so y' = y exp(x - x^2) (1 - 2 x).
// THEN:         1.1449
// THEN-NEXT:    4.0
// THEN-NEXT:    -0.464
// THEN-NEXT:    4.0
// BETWEEN:      1.1449
// BETWEEN-NEXT: 4.0
// BETWEEN-NEXT: -0.464
// BETWEEN-NEXT: 4.0
// BETWEEN-NEXT: -0.464
// BETWEEN-NEXT: 4.0
func.func @f(%x: tensor<f32>) -> (tensor<f32>, tensor<f32>) {
  %r:2 = func.call @outer(%x) : (tensor<f32>) -> (tensor<f32>, tensor<f32>)
  %d = func.call @twice(%r#0) : (tensor<f32>) -> tensor<f32>
  %e = func.call @twice(%d) : (tensor<f32>) -> tensor<f32>
  return %e, %r#1 : tensor<f32>, tensor<f32>
}

func.func private @outer(%x: tensor<f32>) -> (tensor<f32>, tensor<f32>) {
  %a = "weft.mul"(%x, %x) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %b = func.call @inner(%a, %x) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %b, %a : tensor<f32>, tensor<f32>
}

func.func private @inner(%a: tensor<f32>, %x: tensor<f32>) -> tensor<f32> {
  %b = "weft.neg"(%a) : (tensor<f32>) -> tensor<f32>
  %c = "weft.add"(%b, %x) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %c : tensor<f32>
}

func.func private @twice(%x: tensor<f32>) -> tensor<f32> {
  %y = func.call @once_in_twice(%x) : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

func.func private @once_in_twice(%x: tensor<f32>) -> tensor<f32> {
  %y = "weft.exp"(%x) : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

// A public function, a loop's body and a branch stay; what these call goes into them.
// CHECK-LABEL: func.func @kept
// CHECK:       call @public
// CHECK:       "weftn.scan"({{.*}}) {body = @step,
// CHECK:       "weftn.cond"({{.*}}) {branches = [@step_of_branch, @step_of_branch]}
// CHECK:       func.func @public
// CHECK:       func.func private @step(
// CHECK-NEXT:  "weft.sin"
// CHECK:       func.func private @step_of_branch
// CHECK-NOT:   @once
func.func @kept(%x: tensor<f32>, %i: tensor<i32>) -> tensor<f32> {
  %a = func.call @public(%x) : (tensor<f32>) -> tensor<f32>
  %b = "weftn.scan"(%a) {body = @step, consts = 0, carry = 1, length = 3} : (tensor<f32>) -> tensor<f32>
  %c = "weftn.cond"(%i, %b) {branches = [@step_of_branch, @step_of_branch]} : (tensor<i32>, tensor<f32>) -> tensor<f32>
  return %c : tensor<f32>
}

func.func @public(%x: tensor<f32>) -> tensor<f32> {
  %y = "weft.neg"(%x) : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

func.func private @step(%x: tensor<f32>) -> tensor<f32> {
  %y = func.call @once(%x) : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

func.func private @once(%x: tensor<f32>) -> tensor<f32> {
  %y = "weft.sin"(%x) : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

func.func private @step_of_branch(%x: tensor<f32>) -> tensor<f32> {
  %y = "weft.neg"(%x) : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

// What is only declared has no body to be moved. A function that returns its argument leaves nothing behind.
// CHECK-LABEL: func.func @nothing_to_move
// CHECK-SAME:  (%[[X:.*]]: tensor<f32>)
// CHECK-NEXT:  %[[Y:.*]] = call @declared(%[[X]])
// CHECK-NEXT:  return %[[X]], %[[Y]]
func.func @nothing_to_move(%x: tensor<f32>) -> (tensor<f32>, tensor<f32>) {
  %a = func.call @itself(%x) : (tensor<f32>) -> tensor<f32>
  %b = func.call @declared(%a) : (tensor<f32>) -> tensor<f32>
  return %a, %b : tensor<f32>, tensor<f32>
}

func.func private @itself(%x: tensor<f32>) -> tensor<f32> {
  return %x : tensor<f32>
}

func.func private @declared(%x: tensor<f32>) -> tensor<f32>
