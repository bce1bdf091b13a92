// RUN: weft-opt %s --passes=weft-cut-fusions | filecheck %s
// RUN: weft-opt %s --passes=weft-cut-fusions > %t
// RUN: weft-opt %t --passes=weft-cut-fusions | cmp %t -

// The sum of three is read by two products, each with a kernel of its own: it is computed once.
// CHECK-LABEL: func.func @shared
// CHECK:       %[[S:.*]] = stablehlo.add
// CHECK-NEXT:  %[[T:.*]] = stablehlo.add %[[S]]
// CHECK-NEXT:  %[[B:.*]] = stablehlo.optimization_barrier %[[T]]
// CHECK-NEXT:  stablehlo.multiply %[[B]]
// CHECK-NEXT:  stablehlo.subtract %[[B]]
func.func @shared(%x: tensor<128xf32>, %y: tensor<128xf32>, %z: tensor<128xf32>, %w: tensor<128xf32>)
    -> (tensor<128xf32>, tensor<128xf32>, tensor<128xf32>) {
  %s = stablehlo.add %x, %y : tensor<128xf32>
  %t = stablehlo.add %s, %z : tensor<128xf32>
  %a = stablehlo.multiply %t, %w : tensor<128xf32>
  %b = stablehlo.subtract %t, %w : tensor<128xf32>
  return %a, %b, %t : tensor<128xf32>, tensor<128xf32>, tensor<128xf32>
}

// All uses are in one kernel: there is nothing to save.
// CHECK-LABEL: func.func @together
// CHECK-NOT:   optimization_barrier
func.func @together(%x: tensor<128xf32>, %y: tensor<128xf32>, %z: tensor<128xf32>) -> tensor<128xf32> {
  %s = stablehlo.add %x, %y : tensor<128xf32>
  %t = stablehlo.add %s, %z : tensor<128xf32>
  %a = stablehlo.multiply %t, %t : tensor<128xf32>
  %b = stablehlo.subtract %t, %a : tensor<128xf32>
  return %b : tensor<128xf32>
}

// Reading two operands again is no more than reading their sum from memory; small values are never kept.
// CHECK-LABEL: func.func @cheap
// CHECK-NOT:   optimization_barrier
func.func @cheap(%x: tensor<128xf32>, %y: tensor<128xf32>, %u: tensor<4xf32>, %v: tensor<4xf32>, %w: tensor<4xf32>)
    -> (tensor<128xf32>, tensor<128xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  %s = stablehlo.add %x, %y : tensor<128xf32>
  %a = stablehlo.multiply %s, %x : tensor<128xf32>
  %b = stablehlo.subtract %s, %y : tensor<128xf32>
  %t = stablehlo.add %u, %v : tensor<4xf32>
  %t1 = stablehlo.add %t, %w : tensor<4xf32>
  %c = stablehlo.multiply %t1, %u : tensor<4xf32>
  %d = stablehlo.subtract %t1, %v : tensor<4xf32>
  return %a, %b, %c, %d, %t1 : tensor<128xf32>, tensor<128xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}

// XLA sets the body of a function in the place of its call, so kernels reach across.
// CHECK-LABEL: func.func @caller
// CHECK:       %[[R:.*]] = call @callee
// CHECK-NEXT:  %[[S:.*]] = stablehlo.add %[[R]]
// CHECK-NEXT:  %[[B:.*]] = stablehlo.optimization_barrier %[[S]]
func.func @caller(%x: tensor<128xf32>, %y: tensor<128xf32>, %z: tensor<128xf32>)
    -> (tensor<128xf32>, tensor<128xf32>, tensor<128xf32>) {
  %r = func.call @callee(%x, %y, %z) : (tensor<128xf32>, tensor<128xf32>, tensor<128xf32>) -> tensor<128xf32>
  %s = stablehlo.add %r, %x : tensor<128xf32>
  %a = stablehlo.multiply %s, %y : tensor<128xf32>
  %b = stablehlo.subtract %s, %z : tensor<128xf32>
  return %a, %b, %s : tensor<128xf32>, tensor<128xf32>, tensor<128xf32>
}
// CHECK-LABEL: func.func private @callee
// CHECK-NOT:   optimization_barrier
func.func private @callee(%x: tensor<128xf32>, %y: tensor<128xf32>, %z: tensor<128xf32>) -> tensor<128xf32> {
  %s = stablehlo.multiply %x, %y : tensor<128xf32>
  %t = stablehlo.multiply %s, %z : tensor<128xf32>
  return %t : tensor<128xf32>
}

// Blocks inside of a loop are done too, where values are large, and functions that only they call.
// CHECK-LABEL: func.func @loop
// CHECK:       do {
// CHECK:         func.call @body
// CHECK:         stablehlo.optimization_barrier
func.func @loop(%x: tensor<2048xf32>, %n: tensor<i32>) -> (tensor<2048xf32>, tensor<2048xf32>) {
  %zero = stablehlo.constant dense<0> : tensor<i32>
  %one = stablehlo.constant dense<1> : tensor<i32>
  %r:3 = stablehlo.while(%i = %zero, %a = %x, %b = %x) : tensor<i32>, tensor<2048xf32>, tensor<2048xf32>
  cond {
    %go = stablehlo.compare LT, %i, %n : (tensor<i32>, tensor<i32>) -> tensor<i1>
    stablehlo.return %go : tensor<i1>
  } do {
    %j = stablehlo.add %i, %one : tensor<i32>
    %c = func.call @body(%a, %b, %x) : (tensor<2048xf32>, tensor<2048xf32>, tensor<2048xf32>) -> tensor<2048xf32>
    %d = stablehlo.add %c, %a : tensor<2048xf32>
    %e = stablehlo.multiply %d, %b : tensor<2048xf32>
    stablehlo.return %j, %d, %e : tensor<i32>, tensor<2048xf32>, tensor<2048xf32>
  }
  return %r#1, %r#2 : tensor<2048xf32>, tensor<2048xf32>
}
func.func private @body(%x: tensor<2048xf32>, %y: tensor<2048xf32>, %z: tensor<2048xf32>) -> tensor<2048xf32> {
  %s = stablehlo.multiply %x, %y : tensor<2048xf32>
  %t = stablehlo.multiply %s, %z : tensor<2048xf32>
  return %t : tensor<2048xf32>
}
