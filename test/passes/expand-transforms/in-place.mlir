// RUN: weft-opt %s --passes=weft-expand-transforms | filecheck %s
// RUN: weft-opt %s --passes=weft-expand-transforms > %t
// RUN: weft-opt %t --passes=weft-expand-transforms | cmp %t -
// RUN: weft-opt %s --passes='weft-expand-transforms,weft-jvp{fn=main}' | weft-run --fn=main.jvp 0.5 1.0 --digits=5 | filecheck %s --check-prefix=VALUE

// What has no request, and is only declared, stays; what has one keeps its name, its place, its visibility and the
// attributes of its arguments. So who calls it stays too.
// CHECK-LABEL: func.func @main(%{{.*}}: tensor<f32> {weft.donated})
// CHECK-NEXT:  call @slope(
// CHECK:       func.func private @slope(
// CHECK-NEXT:  "weft.constant"
// CHECK-NEXT:  call @wave.jvp(
// CHECK:       func.func private @declared(
// CHECK:       func.func private @wave(

// Passes that follow find the functions under their names: slope and curvature of sin.
// VALUE:      0.87758
// VALUE-NEXT: -0.47943
func.func @main(%x: tensor<f32> {weft.donated}) -> tensor<f32> {
  %y = func.call @slope(%x) : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

func.func private @slope(%x: tensor<f32>) -> tensor<f32> {
  %one = "weft.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %r:2 = "weftn.jvp"(%x, %one) {callee = @wave, wrt = array<i64: 0>} : (tensor<f32>, tensor<f32>) -> (tensor<f32>, tensor<f32>)
  return %r#1 : tensor<f32>
}

func.func private @declared(%x: tensor<f32>) -> tensor<f32>

func.func private @wave(%x: tensor<f32>) -> tensor<f32> {
  %y = "weft.sin"(%x) : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}
