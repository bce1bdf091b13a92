// RUN: weft-opt %s --passes='weft-jvp{fn=f}' | filecheck %s
// RUN: weft-opt %s --passes='weft-jvp{fn=f}' | weft-run --fn=f.jvp 0.5 1.0 --digits=5 | filecheck %s --check-prefix=VALUE
// RUN: weft-opt %s --passes='weft-jvp{fn=kinds}' | filecheck %s --check-prefix=KINDS
// RUN: weft-opt %s --passes='weft-jvp{fn=kinds}' | weft-run --fn=kinds.jvp 2.0 3.0 1.0 | filecheck %s --check-prefix=PRODUCTS

// A function that is called twice is differentiated once.
// CHECK-LABEL: func.func @f.jvp
// CHECK-SAME:  (%[[X:.*]]: tensor<f32>, %[[DX:.*]]: tensor<f32>)
// CHECK:       %[[A:.*]]:2 = call @wave.jvp(%[[X]], %[[DX]])
// CHECK:       %[[B:.*]]:2 = call @wave.jvp(%[[A]]#0, %[[A]]#1)
// CHECK:       return %[[B]]#0, %[[B]]#1
// CHECK:       func.func private @wave.jvp
// CHECK-NOT:   func.func private @wave.jvp
// VALUE:       0.46127
// VALUE-NEXT:  0.77864
func.func @f(%x: tensor<f32>) -> tensor<f32> {
  %y = func.call @wave(%x) : (tensor<f32>) -> tensor<f32>
  %z = func.call @wave(%y) : (tensor<f32>) -> tensor<f32>
  return %z : tensor<f32>
}

func.func private @wave(%x: tensor<f32>) -> tensor<f32> {
  %y = "weft.sin"(%x) : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

// Once for each set of inputs that carry tangents; where none does, the function itself is called.
// KINDS-LABEL: func.func @kinds.jvp
// KINDS:       call @product.jvp({{.*}}) : (tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>)
// KINDS:       call @product.jvp_1({{.*}}) : (tensor<f32>, tensor<f32>, tensor<f32>)
// KINDS:       call @product(
// KINDS:       return
// PRODUCTS:      4.0
// PRODUCTS-NEXT: 6.0
// PRODUCTS-NEXT: 9.0
// PRODUCTS-NEXT: 4.0
// PRODUCTS-NEXT: 3.0
func.func @kinds(%x: tensor<f32>, %y: tensor<f32>) -> (tensor<f32>, tensor<f32>, tensor<f32>) {
  %a = func.call @product(%x, %x) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %b = func.call @product(%x, %y) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %c = func.call @product(%y, %y) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %a, %b, %c : tensor<f32>, tensor<f32>, tensor<f32>
}

func.func private @product(%x: tensor<f32>, %y: tensor<f32>) -> tensor<f32> {
  %z = "weft.mul"(%x, %y) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %z : tensor<f32>
}
