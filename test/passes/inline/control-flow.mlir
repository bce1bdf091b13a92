// RUN: weft-opt %s --passes=weft-inline | filecheck %s
// RUN: weft-opt %s --passes=weft-inline | weft-run --fn=loop 1.0 | filecheck %s --check-prefix=VALUE

// A body stays a function, but calls inside of it are inlined into it.
// CHECK-LABEL: func.func @loop
// CHECK:       "weftn.while"({{.*}}body = @twice
// CHECK:       func.func private @twice
// CHECK-NOT:   call
// CHECK:       "weft.add"
// CHECK:       return
// CHECK-NOT:   func.func private @sum
// VALUE:       16.0
func.func @loop(%x: tensor<f32>) -> tensor<f32> {
  %y = "weftn.while"(%x) {cond = @more, body = @twice, cond_consts = 0 : i64, body_consts = 0 : i64} : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

func.func private @twice(%x: tensor<f32>) -> tensor<f32> {
  %y = call @sum(%x, %x) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

func.func private @sum(%x: tensor<f32>, %y: tensor<f32>) -> tensor<f32> {
  %z = "weft.add"(%x, %y) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %z : tensor<f32>
}

func.func private @more(%x: tensor<f32>) -> tensor<i1> {
  %n = "weft.constant"() {value = dense<10.0> : tensor<f32>} : () -> tensor<f32>
  %p = "weft.compare"(%x, %n) {direction = "LT"} : (tensor<f32>, tensor<f32>) -> tensor<i1>
  return %p : tensor<i1>
}
