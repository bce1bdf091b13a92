// RUN: weft-opt %s --passes=weft-dce | filecheck %s
// RUN: weft-opt %s --passes=weft-dce > %t
// RUN: weft-opt %t --passes=weft-dce | cmp %t -
// RUN: weft-run %t --fn=call 1.0 2.0 | filecheck %s --check-prefix=CALL
// RUN: weft-run %t --fn=scan 2.0 3.0 1.0 1.0 '[1.0, 2.0, 3.0]' | filecheck %s --check-prefix=SCAN
// RUN: weft-run %t --fn=stacked 3.0 1.0 1.0 '[1.0, 2.0, 3.0]' | filecheck %s --check-prefix=STACKED
// RUN: weft-run %t --fn=while 1.0 2.0 3.0 | filecheck %s --check-prefix=WHILE
// RUN: weft-run %t --fn=cond 0 1.0 2.0 | filecheck %s --check-prefix=COND
// RUN: weft-run %t --fn=nested 1.0 2.0 | filecheck %s --check-prefix=NESTED

// Of a function that is called, what the used results need is left, and the arguments for that.
// CHECK-LABEL: func.func @call
// CHECK-SAME:  (%[[X:[^:]*]]: tensor<f32>
// CHECK-NEXT:  %[[R:.*]] = call @[[NEG:.*]](%[[X]]) : (tensor<f32>) -> tensor<f32>
// CHECK-NEXT:  return %[[R]]
// CALL:        -1.0
func.func @call(%x: tensor<f32>, %y: tensor<f32>) -> tensor<f32> {
  %r:2 = func.call @both(%x, %y) : (tensor<f32>, tensor<f32>) -> (tensor<f32>, tensor<f32>)
  return %r#1 : tensor<f32>
}

// Calls that use the same results call the same copy.
// CHECK-LABEL: func.func @again(
// CHECK-NEXT:  call @[[NEG]](
func.func @again(%x: tensor<f32>, %y: tensor<f32>) -> tensor<f32> {
  %r:2 = func.call @both(%y, %x) : (tensor<f32>, tensor<f32>) -> (tensor<f32>, tensor<f32>)
  return %r#1 : tensor<f32>
}

// A loop carries what the used results need: not %d, nor what is stacked, nor the slices.
// CHECK-LABEL: func.func @scan
// CHECK-SAME:  (%[[W:[^:]*]]: tensor<f32>, %{{[^:]*}}: tensor<f32>, %[[X:[^:]*]]: tensor<f32>
// CHECK-NEXT:  "weftn.scan"(%[[W]], %[[X]]) {{.*}}carry = 1 : i64, consts = 1 : i64
// SCAN:        8.0
func.func @scan(%w: tensor<f32>, %v: tensor<f32>, %c: tensor<f32>, %d: tensor<f32>, %xs: tensor<3xf32>) -> tensor<f32> {
  %r:3 = "weftn.scan"(%w, %v, %c, %d, %xs) {body = @step, consts = 2, carry = 2, length = 3}
      : (tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<3xf32>) -> (tensor<f32>, tensor<f32>, tensor<3xf32>)
  return %r#0 : tensor<f32>
}

// What is stacked needs %d from step to step, though its last value is not used.
// CHECK-LABEL: func.func @stacked
// CHECK-SAME:  (%[[V:[^:]*]]: tensor<f32>, %{{[^:]*}}: tensor<f32>, %[[D:[^:]*]]: tensor<f32>, %[[XS:[^:]*]]: tensor<3xf32>
// CHECK-NEXT:  %[[R:.*]]:2 = "weftn.scan"(%[[V]], %[[D]], %[[XS]]) {{.*}}carry = 1 : i64, consts = 1 : i64
// CHECK-NEXT:  return %[[R]]#1
// STACKED:     [1.0, 6.0, 27.0]
func.func @stacked(%v: tensor<f32>, %c: tensor<f32>, %d: tensor<f32>, %xs: tensor<3xf32>) -> tensor<3xf32> {
  %r:3 = "weftn.scan"(%v, %v, %c, %d, %xs) {body = @step, consts = 2, carry = 2, length = 3}
      : (tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<3xf32>) -> (tensor<f32>, tensor<f32>, tensor<3xf32>)
  return %r#2 : tensor<3xf32>
}

// The condition needs %x; nothing needs %z.
// CHECK-LABEL: func.func @while
// CHECK-SAME:  (%[[X:[^:]*]]: tensor<f32>, %[[Y:[^:]*]]: tensor<f32>
// CHECK-NEXT:  %[[R:.*]]:2 = "weftn.while"(%[[X]], %[[Y]])
// CHECK-NEXT:  return %[[R]]#1
// WHILE:       9.0
func.func @while(%x: tensor<f32>, %y: tensor<f32>, %z: tensor<f32>) -> tensor<f32> {
  %r:3 = "weftn.while"(%x, %y, %z) {cond = @small, body = @grow, cond_consts = 0, body_consts = 0}
      : (tensor<f32>, tensor<f32>, tensor<f32>) -> (tensor<f32>, tensor<f32>, tensor<f32>)
  return %r#1 : tensor<f32>
}

// Branches take the same operands: those that one of them needs.
// CHECK-LABEL: func.func @cond
// CHECK-SAME:  (%[[I:[^:]*]]: tensor<i32>, %[[X:[^:]*]]: tensor<f32>
// CHECK-NEXT:  "weftn.cond"(%[[I]], %[[X]])
// COND:        -1.0
func.func @cond(%i: tensor<i32>, %x: tensor<f32>, %y: tensor<f32>) -> tensor<f32> {
  %r:2 = "weftn.cond"(%i, %x, %y) {branches = [@both, @first]}
      : (tensor<i32>, tensor<f32>, tensor<f32>) -> (tensor<f32>, tensor<f32>)
  return %r#1 : tensor<f32>
}

// What the copy of a function calls is looked at in its turn.
// CHECK-LABEL: func.func @nested(
// CHECK-NEXT:  call @{{.*}} : (tensor<f32>) -> tensor<f32>
// NESTED:      -1.0
func.func @nested(%x: tensor<f32>, %y: tensor<f32>) -> tensor<f32> {
  %r:2 = func.call @swapped(%x, %y) : (tensor<f32>, tensor<f32>) -> (tensor<f32>, tensor<f32>)
  return %r#0 : tensor<f32>
}

// CHECK-NOT: "weft.sin"

func.func private @both(%x: tensor<f32>, %y: tensor<f32>) -> (tensor<f32>, tensor<f32>) {
  %a = "weft.sin"(%y) : (tensor<f32>) -> tensor<f32>
  %b = "weft.neg"(%x) : (tensor<f32>) -> tensor<f32>
  return %a, %b : tensor<f32>, tensor<f32>
}

func.func private @first(%x: tensor<f32>, %y: tensor<f32>) -> (tensor<f32>, tensor<f32>) {
  return %y, %x : tensor<f32>, tensor<f32>
}

func.func private @swapped(%x: tensor<f32>, %y: tensor<f32>) -> (tensor<f32>, tensor<f32>) {
  %r:2 = func.call @both(%x, %y) : (tensor<f32>, tensor<f32>) -> (tensor<f32>, tensor<f32>)
  return %r#1, %r#0 : tensor<f32>, tensor<f32>
}

func.func private @step(%w: tensor<f32>, %v: tensor<f32>, %c: tensor<f32>, %d: tensor<f32>, %x: tensor<f32>) -> (tensor<f32>, tensor<f32>, tensor<f32>) {
  %a = "weft.mul"(%w, %c) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %b = "weft.mul"(%v, %d) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %e = "weft.mul"(%d, %x) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %a, %b, %e : tensor<f32>, tensor<f32>, tensor<f32>
}

func.func private @small(%x: tensor<f32>, %y: tensor<f32>, %z: tensor<f32>) -> tensor<i1> {
  %c = "weft.constant"() {value = dense<5.0> : tensor<f32>} : () -> tensor<f32>
  %p = "weft.compare"(%x, %c) {direction = "LT"} : (tensor<f32>, tensor<f32>) -> tensor<i1>
  return %p : tensor<i1>
}

func.func private @grow(%x: tensor<f32>, %y: tensor<f32>, %z: tensor<f32>) -> (tensor<f32>, tensor<f32>, tensor<f32>) {
  %a = "weft.add"(%x, %x) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %b = "weft.add"(%y, %x) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %c = "weft.mul"(%z, %y) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %a, %b, %c : tensor<f32>, tensor<f32>, tensor<f32>
}
