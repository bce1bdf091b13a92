// RUN: weft-opt %s --passes='weft-transpose{fn=f}' | filecheck %s
// RUN: weft-opt %s --passes='weft-transpose{fn=f}' | weft-run --fn=f.transpose 5 2 3 | filecheck %s --check-prefix=VALUE
// RUN: weft-opt %s --passes='weft-transpose{fn=looped},weft-inline' | filecheck %s --check-prefix=LOOPED
// RUN: weft-opt %s --passes='weft-transpose{fn=looped}' \
// RUN:   | weft-run --fn=looped.transpose 1 '[1, 1, 1]' 0 '[2, 3, 4]' | filecheck %s --check-prefix=STEPS

// A function that is called twice is transposed once; the calls come in the other order.
// CHECK-LABEL: func.func @f.transpose
// CHECK-SAME:  (%[[CT:.*]]: tensor<f32>, %[[A:.*]]: tensor<f32>, %[[B:.*]]: tensor<f32>)
// CHECK:       %[[Y:.*]] = call @scaled.transpose(%[[CT]], %[[B]])
// CHECK:       call @scaled.transpose(%[[Y]], %[[A]])
// CHECK:       func.func private @scaled.transpose
// CHECK-NOT:   func.func private @scaled.transpose
// VALUE:       30.0
func.func @f(%x: tensor<f32>, %a: tensor<f32>, %b: tensor<f32>) -> tensor<f32> {
  %y = func.call @scaled(%x, %a) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %z = func.call @scaled(%y, %b) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %z : tensor<f32>
}

func.func private @scaled(%x: tensor<f32>, %a: tensor<f32>) -> tensor<f32> {
  %y = "weft.mul"(%x, %a) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

// A loop runs backwards, a choice is made again: each of three steps makes x a, or -x, of x; with i = 0
// the slope of the last is 24, those of the values before the steps are 1, 2 and 6.
// LOOPED-LABEL: func.func @looped.transpose
// LOOPED:       "weftn.scan"({{.*}}) {{.*}}reverse = true
// LOOPED:       "weftn.cond"({{.*}}) {branches = [@scaled.transpose, @minus.transpose]}
// STEPS:        33.0
func.func @looped(%x: tensor<f32>, %i: tensor<i32>, %a: tensor<3xf32>) -> (tensor<f32>, tensor<3xf32>) {
  %y:2 = "weftn.scan"(%i, %x, %a) {body = @step, consts = 1, carry = 1, length = 3}
      : (tensor<i32>, tensor<f32>, tensor<3xf32>) -> (tensor<f32>, tensor<3xf32>)
  return %y#0, %y#1 : tensor<f32>, tensor<3xf32>
}

func.func private @step(%i: tensor<i32>, %x: tensor<f32>, %a: tensor<f32>) -> (tensor<f32>, tensor<f32>) {
  %y = "weftn.cond"(%i, %x, %a) {branches = [@scaled, @minus]} : (tensor<i32>, tensor<f32>, tensor<f32>) -> tensor<f32>
  return %y, %x : tensor<f32>, tensor<f32>
}

func.func private @minus(%x: tensor<f32>, %a: tensor<f32>) -> tensor<f32> {
  %y = "weft.neg"(%x) : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}
