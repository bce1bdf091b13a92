// RUN: weft-opt %s | weft-opt | filecheck %s
// RUN: weft-opt %s --passes=weft-to-stablehlo | filecheck %s --check-prefix=LOWERED
// RUN: weft-run %s --fn=doublings 100.0 3.0 | filecheck %s --check-prefix=VALUE
// RUN: weft-run %s --fn=doublings 1.0 3.0 | filecheck %s --check-prefix=NONE

func.func private @below(%limit: tensor<f32>, %n: tensor<i32>, %x: tensor<f32>) -> tensor<i1> {
  %p = "weft.compare"(%x, %limit) {direction = "LT"} : (tensor<f32>, tensor<f32>) -> tensor<i1>
  return %p : tensor<i1>
}

func.func private @doubled(%n: tensor<i32>, %x: tensor<f32>) -> (tensor<i32>, tensor<f32>) {
  %one = "weft.constant"() {value = dense<1> : tensor<i32>} : () -> tensor<i32>
  %m = "weft.add"(%n, %one) : (tensor<i32>, tensor<i32>) -> tensor<i32>
  %y = "weft.add"(%x, %x) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %m, %y : tensor<i32>, tensor<f32>
}

// How often x is doubled until it reaches the limit, which the loop hands round unchanged.
// CHECK-LABEL: func.func @doublings
// CHECK:       "weftn.while"({{.*}}) {body = @doubled, body_consts = 0 : i64, cond = @below, cond_consts = 1 : i64}
// LOWERED-LABEL: func.func @doublings
// LOWERED:       stablehlo.while
// LOWERED:         call @below
// LOWERED:         call @doubled
// LOWERED-NOT:   weft
// VALUE:      6
// VALUE-NEXT: 192.0
// NONE:      0
// NONE-NEXT: 3.0
func.func @doublings(%limit: tensor<f32>, %x: tensor<f32>) -> (tensor<i32>, tensor<f32>) {
  %zero = "weft.constant"() {value = dense<0> : tensor<i32>} : () -> tensor<i32>
  %n, %y = "weftn.while"(%limit, %zero, %x) {cond = @below, body = @doubled, cond_consts = 1, body_consts = 0}
      : (tensor<f32>, tensor<i32>, tensor<f32>) -> (tensor<i32>, tensor<f32>)
  return %n, %y : tensor<i32>, tensor<f32>
}
