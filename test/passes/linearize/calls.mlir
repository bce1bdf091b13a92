// RUN: weft-opt %s --passes='weft-linearize{fn=f}' | filecheck %s
// RUN: weft-opt %s --passes='weft-linearize{fn=f}' | weft-run --fn=f.fwd 0.5 --digits=5 | filecheck %s --check-prefix=NOW
// RUN: weft-opt %s --passes='weft-linearize{fn=gain}' | filecheck %s --check-prefix=PASSED
// RUN: weft-opt %s --passes='weft-linearize{fn=f},weft-jvp{fn=f.fwd}' | weft-run --fn=f.fwd.jvp 0.5 1.0 --digits=5 | filecheck %s --check-prefix=NESTED

// A function that is called twice is split once; each call hands over residuals of its own.
// CHECK-LABEL: func.func @f.fwd
// CHECK:       %[[A:.*]]:2 = call @wave.fwd(%{{.*}})
// CHECK:       %[[B:.*]]:2 = call @wave.fwd(%[[A]]#0)
// CHECK:       return %[[B]]#0, %[[A]]#1, %[[B]]#1
// CHECK-LABEL: func.func @f.lin
// CHECK-SAME:  (%[[DX:.*]]: tensor<f32>, %[[R:.*]]: tensor<f32>, %[[S:.*]]: tensor<f32>)
// CHECK:       %[[DY:.*]] = call @wave.lin(%[[DX]], %[[R]])
// CHECK:       call @wave.lin(%[[DY]], %[[S]])
// CHECK:       func.func private @wave.fwd
// CHECK-NOT:   func.func private @wave.fwd
// NOW:         0.46127
// NOW-NEXT:    0.87758
// NOW-NEXT:    0.88726

// The forward part has a derivative in its turn: results and residuals, then their tangents.
// NESTED:      0.46127
// NESTED-NEXT: 0.87758
// NESTED-NEXT: 0.88726
// NESTED-NEXT: 0.77864
// NESTED-NEXT: -0.47943
// NESTED-NEXT: -0.4048{{$}}
func.func @f(%x: tensor<f32>) -> tensor<f32> {
  %y = func.call @wave(%x) : (tensor<f32>) -> tensor<f32>
  %z = func.call @wave(%y) : (tensor<f32>) -> tensor<f32>
  return %z : tensor<f32>
}

func.func private @wave(%x: tensor<f32>) -> tensor<f32> {
  %y = "weft.sin"(%x) : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

// A residual that is an argument or a result of the call is taken from the caller: of exp(a x) these are a and the
// result.
// PASSED-LABEL: func.func @gain.fwd
// PASSED-SAME:  (%[[X:.*]]: tensor<f32>, %[[A:.*]]: tensor<f32>)
// PASSED:       %[[Y:.*]]:{{[0-9]+}} = call @scaled.fwd(%[[X]], %[[A]])
// PASSED:       return %[[Y]]#0, %[[A]], %[[Y]]#0
func.func @gain(%x: tensor<f32>, %a: tensor<f32>) -> tensor<f32> {
  %y = func.call @scaled(%x, %a) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

func.func private @scaled(%x: tensor<f32>, %a: tensor<f32>) -> tensor<f32> {
  %y = "weft.mul"(%a, %x) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %z = "weft.exp"(%y) : (tensor<f32>) -> tensor<f32>
  return %z : tensor<f32>
}
