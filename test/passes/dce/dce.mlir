// RUN: weft-opt %s --passes=weft-dce | filecheck %s
// RUN: weft-opt %s --passes=weft-dce | weft-run --fn=f 2.0 | filecheck %s --check-prefix=VALUE
// RUN: weft-opt %s --passes=weft-dce > %t
// RUN: weft-opt %t --passes=weft-dce | cmp %t -

// What no result needs goes, with what only that needed: chains, calls, loops.
// CHECK-LABEL: func.func @f(
// CHECK-NEXT:  "weft.neg"
// CHECK-NEXT:  return
// VALUE:       -2.0
func.func @f(%x: tensor<f32>) -> tensor<f32> {
  %a = "weft.sin"(%x) : (tensor<f32>) -> tensor<f32>
  %b = "weft.cos"(%a) : (tensor<f32>) -> tensor<f32>
  %y = "weft.neg"(%x) : (tensor<f32>) -> tensor<f32>
  %c = func.call @only_here(%b) : (tensor<f32>) -> tensor<f32>
  %d = "weftn.while"(%c) {cond = @positive, body = @only_in_a_loop, cond_consts = 0, body_consts = 0} : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

// One result that is used keeps the op, for this result alone.
// CHECK-LABEL: func.func @one_of_two
// CHECK-NEXT:  %[[R:.*]] = call @both_1(
// CHECK-NEXT:  return %[[R]]
func.func @one_of_two(%x: tensor<f32>) -> tensor<f32> {
  %r:2 = func.call @both(%x) : (tensor<f32>) -> (tensor<f32>, tensor<f32>)
  return %r#1 : tensor<f32>
}

func.func private @both(%x: tensor<f32>) -> (tensor<f32>, tensor<f32>) {
  %y = "weft.neg"(%x) : (tensor<f32>) -> tensor<f32>
  return %x, %y : tensor<f32>, tensor<f32>
}

// A call of what is only declared may do anything: it stays, and so does what it needs.
// CHECK-LABEL: func.func @effects
// CHECK-NEXT:  %[[Y:.*]] = "weft.neg"
// CHECK-NEXT:  call @declared(%[[Y]])
// CHECK-NEXT:  return
func.func @effects(%x: tensor<f32>) {
  %y = "weft.neg"(%x) : (tensor<f32>) -> tensor<f32>
  %z = func.call @declared(%y) : (tensor<f32>) -> tensor<f32>
  return
}

func.func private @declared(%x: tensor<f32>) -> tensor<f32>

// Ops of other dialects stay, and what they use, also inside of their regions; functions that they name stay too.
// CHECK-LABEL: func.func @another_dialect
// CHECK-NEXT:  %[[Y:.*]] = "weft.neg"
// CHECK:       stablehlo.if
// CHECK:         stablehlo.return %[[Y]]
// CHECK:       stablehlo.composite "test.named"
// CHECK:       func.func private @named(
func.func @another_dialect(%p: tensor<i1>, %x: tensor<f32>) {
  %y = "weft.neg"(%x) : (tensor<f32>) -> tensor<f32>
  %r = "stablehlo.if"(%p) ({
    stablehlo.return %y : tensor<f32>
  }, {
    stablehlo.return %x : tensor<f32>
  }) : (tensor<i1>) -> tensor<f32>
  %s = stablehlo.composite "test.named" %x {decomposition = @named} : (tensor<f32>) -> tensor<f32>
  return
}

func.func private @named(%x: tensor<f32>) -> tensor<f32> {
  return %x : tensor<f32>
}

// Private functions that nothing public needs go, though they need each other; public ones stay.
// CHECK-NOT: @only_here
// CHECK-NOT: @only_in_a_loop
// CHECK-NOT: @positive
// CHECK-NOT: @unused
// CHECK:     func.func @public
// CHECK-NOT: @unused
func.func private @only_here(%x: tensor<f32>) -> tensor<f32> {
  return %x : tensor<f32>
}

func.func private @only_in_a_loop(%x: tensor<f32>) -> tensor<f32> {
  %y = "weft.neg"(%x) : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

func.func private @positive(%x: tensor<f32>) -> tensor<i1> {
  %zero = "weft.constant"() {value = dense<0.0> : tensor<f32>} : () -> tensor<f32>
  %p = "weft.compare"(%x, %zero) {direction = "GT"} : (tensor<f32>, tensor<f32>) -> tensor<i1>
  return %p : tensor<i1>
}

func.func @public(%x: tensor<f32>) -> tensor<f32> {
  return %x : tensor<f32>
}

func.func private @unused(%x: tensor<f32>) -> tensor<f32> {
  %y = func.call @also_unused(%x) : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

func.func private @also_unused(%x: tensor<f32>) -> tensor<f32> {
  return %x : tensor<f32>
}
