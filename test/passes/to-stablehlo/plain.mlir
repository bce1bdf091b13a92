// RUN: weft-opt %s --passes=weft-to-stablehlo | filecheck %s
// RUN: weft-opt %s --passes='weft-to-stablehlo{simplify}' | filecheck %s --check-prefix=FOLDED
// RUN: weft-opt %s --passes=weft-to-stablehlo | weft-run --fn=f 0.5 3.0 --digits=5 | filecheck %s --check-prefix=VALUE
// RUN: weft-opt %s --passes='weft-to-stablehlo{simplify}' | weft-run --fn=f 0.5 3.0 --digits=5 | filecheck %s --check-prefix=VALUE
// RUN: weft-opt %s --passes=weft-to-stablehlo | weft-run --fn=drawn '[1, 2]' --backend=interpreter | filecheck %s --check-prefix=DRAWN
// RUN: weft-opt %s --passes=weft-to-stablehlo > %t
// RUN: weft-opt %t --passes=weft-to-stablehlo | cmp %t -

// No op and no type of weft is left; functions keep names, visibility and the attributes of their arguments.
// CHECK-NOT:   weft.{{[a-ce-z]}}
// CHECK:       func.func @f(%[[X:.*]]: tensor<f32> {weft.donated}, %[[Y:.*]]: tensor<f32>) -> tensor<f32>
// CHECK:       stablehlo.sine %[[X]]
// CHECK:       call @scaled(
// CHECK:       func.func private @scaled(
// CHECK-NEXT:  stablehlo.constant
// CHECK-NEXT:  stablehlo.multiply

// With `simplify`, ops are folded on the way: nothing is multiplied by 1.
// FOLDED:      func.func private @scaled(
// FOLDED-NOT:  stablehlo.multiply
// FOLDED:      return %arg0
// VALUE:       3.4794
func.func @f(%x: tensor<f32> {weft.donated}, %y: tensor<f32>) -> tensor<f32> {
  %s = "weft.sin"(%x) : (tensor<f32>) -> tensor<f32>
  %a = func.call @scaled(%s) : (tensor<f32>) -> tensor<f32>
  %b = "weft.add"(%a, %y) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %b : tensor<f32>
}

func.func private @scaled(%x: tensor<f32>) -> tensor<f32> {
  %one = "weft.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %y = "weft.mul"(%x, %one) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

// PRNG keys are their words, along a last axis, also in functions that do nothing but pass them on.
// CHECK:       func.func @drawn(%{{.*}}: tensor<2xui32>) -> tensor<3x2xui32>
// CHECK:       call @passed_on({{.*}}) : (tensor<3x2xui32>) -> tensor<3x2xui32>
// CHECK:       func.func private @passed_on(%{{.*}}: tensor<3x2xui32>) -> tensor<3x2xui32>
// DRAWN:       {{^\[\[}}{{[0-9]+}}, {{[0-9]+}}], [{{[0-9]+}}, {{[0-9]+}}], [{{[0-9]+}}, {{[0-9]+}}]]
func.func @drawn(%key: tensor<!weft.key<"threefry2x32">>) -> tensor<3x!weft.key<"threefry2x32">> {
  %keys = "weft.random_split"(%key) {shape = array<i64: 3>} : (tensor<!weft.key<"threefry2x32">>) -> tensor<3x!weft.key<"threefry2x32">>
  %same = func.call @passed_on(%keys) : (tensor<3x!weft.key<"threefry2x32">>) -> tensor<3x!weft.key<"threefry2x32">>
  return %same : tensor<3x!weft.key<"threefry2x32">>
}

func.func private @passed_on(%keys: tensor<3x!weft.key<"threefry2x32">>) -> tensor<3x!weft.key<"threefry2x32">> {
  return %keys : tensor<3x!weft.key<"threefry2x32">>
}

// A declaration is one in the types of StableHLO.
// CHECK:       func.func private @declared(tensor<2xui32>) -> tensor<f32>
func.func private @declared(%key: tensor<!weft.key<"threefry2x32">>) -> tensor<f32>

func.func @calls_declared(%key: tensor<!weft.key<"threefry2x32">>) -> tensor<f32> {
  %x = func.call @declared(%key) : (tensor<!weft.key<"threefry2x32">>) -> tensor<f32>
  return %x : tensor<f32>
}

// A function in which there is nothing of weft stays as it is.
// CHECK:       func.func @lowered_already(%[[X:.*]]: tensor<f32>)
// CHECK-NEXT:  %[[Y:.*]] = stablehlo.sine %[[X]]
// CHECK-NEXT:  return %[[Y]]
func.func @lowered_already(%x: tensor<f32>) -> tensor<f32> {
  %y = stablehlo.sine %x : tensor<f32>
  return %y : tensor<f32>
}
