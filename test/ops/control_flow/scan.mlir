// RUN: weft-opt %s | weft-opt | filecheck %s
// RUN: weft-opt %s --passes=weft-to-stablehlo | filecheck %s --check-prefix=LOWERED
// RUN: weft-run %s --fn=sums 10.0 '[1, 2, 3, 4, 5]' | filecheck %s --check-prefix=SUMS
// RUN: weft-run %s --fn=backwards 10.0 '[1, 2, 3, 4, 5]' | filecheck %s --check-prefix=BACKWARDS
// RUN: weft-run %s --fn=none 10.0 '[]' | filecheck %s --check-prefix=NONE

func.func private @step(%total: tensor<f32>, %x: tensor<f32>) -> (tensor<f32>, tensor<f32>) {
  %y = "weft.add"(%total, %x) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %y, %y : tensor<f32>, tensor<f32>
}

// Running sums. The loop counts to a known number; each turn reads one slice and writes one.
// CHECK-LABEL: func.func @sums
// CHECK:       "weftn.scan"({{.*}}) {body = @step, carry = 1 : i64, consts = 0 : i64, length = 5 : i64}
// LOWERED-LABEL: func.func @sums
// LOWERED:       stablehlo.while
// LOWERED:         stablehlo.compare LT
// LOWERED:         stablehlo.dynamic_slice
// LOWERED:         call @step
// LOWERED:         stablehlo.dynamic_update_slice
// SUMS:      25.0
// SUMS-NEXT: [11.0, 13.0, 16.0, 20.0, 25.0]
func.func @sums(%x: tensor<f32>, %xs: tensor<5xf32>) -> (tensor<f32>, tensor<5xf32>) {
  %last, %ys = "weftn.scan"(%x, %xs) {body = @step, consts = 0, carry = 1, length = 5}
      : (tensor<f32>, tensor<5xf32>) -> (tensor<f32>, tensor<5xf32>)
  return %last, %ys : tensor<f32>, tensor<5xf32>
}

// From the last to the first, two steps a turn: the fifth step stands behind the loop.
// LOWERED-LABEL: func.func @backwards
// LOWERED:       stablehlo.while
// LOWERED-COUNT-3: call @step
// LOWERED-NOT:   call @step
// LOWERED:       return
// BACKWARDS:      25.0
// BACKWARDS-NEXT: [25.0, 24.0, 22.0, 19.0, 15.0]
func.func @backwards(%x: tensor<f32>, %xs: tensor<5xf32>) -> (tensor<f32>, tensor<5xf32>) {
  %last, %ys = "weftn.scan"(%x, %xs) {body = @step, consts = 0, carry = 1, length = 5, reverse = true, unroll = 2}
      : (tensor<f32>, tensor<5xf32>) -> (tensor<f32>, tensor<5xf32>)
  return %last, %ys : tensor<f32>, tensor<5xf32>
}

// Over nothing there is no loop, and the carry stays.
// LOWERED-LABEL: func.func @none
// LOWERED-NOT:   stablehlo.while
// LOWERED:       return
// NONE:      10.0
// NONE-NEXT: []
func.func @none(%x: tensor<f32>, %xs: tensor<0xf32>) -> (tensor<f32>, tensor<0xf32>) {
  %last, %ys = "weftn.scan"(%x, %xs) {body = @step, consts = 0, carry = 1, length = 0}
      : (tensor<f32>, tensor<0xf32>) -> (tensor<f32>, tensor<0xf32>)
  return %last, %ys : tensor<f32>, tensor<0xf32>
}
