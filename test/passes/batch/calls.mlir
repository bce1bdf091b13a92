// RUN: weft-opt %s --passes='weft-batch{fn=f size=2}' | filecheck %s
// RUN: weft-opt %s --passes='weft-batch{fn=f size=2}' | weft-run --fn=f.batch '[1, 2]' 10 | filecheck %s --check-prefix=VALUE
// RUN: weft-opt %s --passes='weft-batch{fn=looped size=2}' | filecheck %s --check-prefix=LOOPED
// RUN: weft-opt %s --passes='weft-batch{fn=looped size=2}' | weft-run --fn=looped.batch '[1, -1]' '[1, 2]' | filecheck %s --check-prefix=STEPS
// RUN: weft-opt %s --passes='weft-batch{fn=looped size=2},weft-jvp{fn=looped.batch}' \
// RUN:   | weft-run --fn=looped.batch.jvp '[1, -1]' '[1, 2]' '[1, 1]' | filecheck %s --check-prefix=SLOPES

// A function is batched once for each set of batched inputs; where none is, the function itself is called.
// CHECK-LABEL: func.func @f.batch
// CHECK-SAME:  (%[[X:.*]]: tensor<2xf32>, %[[Y:.*]]: tensor<f32>)
// CHECK:       %[[A:.*]] = call @product.batch(%[[X]], %[[Y]]) : (tensor<2xf32>, tensor<f32>)
// CHECK:       %[[B:.*]] = call @product.batch(%[[A]], %[[Y]])
// CHECK:       %[[C:.*]] = call @product(%[[Y]], %[[Y]])
// CHECK:       call @product.batch(%[[B]], %[[C]])
// CHECK:       func.func private @product.batch
// CHECK-NOT:   func.func private @product.batch
// VALUE:       [10000.0, 20000.0]
func.func @f(%x: tensor<f32>, %y: tensor<f32>) -> tensor<f32> {
  %a = func.call @product(%x, %y) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %b = func.call @product(%a, %y) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %c = func.call @product(%y, %y) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %d = func.call @product(%b, %c) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %d : tensor<f32>
}

func.func private @product(%x: tensor<f32>, %y: tensor<f32>) -> tensor<f32> {
  %z = "weft.mul"(%x, %y) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %z : tensor<f32>
}

// A carry that starts without the batch axis and gets it on the way has it from the start. An index that every
// element has for itself makes a choice between the results of all branches.
// LOOPED-LABEL: func.func @looped.batch
// LOOPED:       "weftn.scan"({{.*}}) {{.*}} : (tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
// LOOPED:       "weft.select"

// 0, then (0 + x) 1 if that is positive else its negative; then the same with 2.
// STEPS:        [4.0, 0.0]
// SLOPES:       [4.0, 0.0]
// SLOPES-NEXT:  [4.0, 0.0]
func.func @looped(%x: tensor<f32>, %xs: tensor<2xf32>) -> tensor<f32> {
  %zero = "weft.constant"() {value = dense<0.0> : tensor<f32>} : () -> tensor<f32>
  %y = "weftn.scan"(%x, %zero, %xs) {body = @step, consts = 1, carry = 1, length = 2}
      : (tensor<f32>, tensor<f32>, tensor<2xf32>) -> tensor<f32>
  return %y : tensor<f32>
}

func.func private @step(%x: tensor<f32>, %c: tensor<f32>, %a: tensor<f32>) -> tensor<f32> {
  %zero = "weft.constant"() {value = dense<0.0> : tensor<f32>} : () -> tensor<f32>
  %s = "weft.add"(%c, %x) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %p = "weft.compare"(%s, %zero) {direction = "LT"} : (tensor<f32>, tensor<f32>) -> tensor<i1>
  %i = "weft.convert"(%p) {dtype = i32} : (tensor<i1>) -> tensor<i32>
  %y = "weftn.cond"(%i, %s, %a) {branches = [@product, @minus]} : (tensor<i32>, tensor<f32>, tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

func.func private @minus(%x: tensor<f32>, %a: tensor<f32>) -> tensor<f32> {
  %y = "weft.neg"(%x) : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}
