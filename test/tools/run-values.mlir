// RUN: weft-run %s --fn=all '[[1, 2], [3.5, -4e0]]' '[true, 0]' -7 2-1j | filecheck %s
// RUN: weft-run %s --fn=all --backend=interpreter '[[1, 2], [3.5, -4e0]]' '[true, 0]' -7 2-1j | filecheck %s
// RUN: weft-run %s --fn=all 0.5 true 1 nan | filecheck %s --check-prefix=FILLED
// RUN: weft-run %s --fn=all --random=3 > %t
// RUN: weft-run %s --fn=all --random=3 --backend=interpreter | cmp %t -
// RUN: weft-run %s --fn=all 0.25 --random --digits=1 | filecheck %s --check-prefix=REST

// Every kind of number goes in and comes out; the two backends agree.
// CHECK:      {{^\[\[}}1.0, 2.0], [3.5, -4.0]]
// CHECK-NEXT: {{^}}[true, false]
// CHECK-NEXT: {{^}}-7
// CHECK-NEXT: {{^}}2.0-1.0j

// One number fills an array.
// FILLED:      {{^\[\[}}0.5, 0.5], [0.5, 0.5]]
// FILLED-NEXT: {{^}}[true, true]
// FILLED-NEXT: {{^}}1
// FILLED-NEXT: {{^}}nan+0.0j

// Values that are not given are made up.
// REST:      {{^\[\[}}0.2, 0.2], [0.2, 0.2]]
// REST-NEXT: {{^}}[{{true|false}}, {{true|false}}]
func.func @all(%m: tensor<2x2xbf16>, %p: tensor<2xi1>, %i: tensor<i8>, %z: tensor<complex<f64>>)
    -> (tensor<2x2xbf16>, tensor<2xi1>, tensor<i8>, tensor<complex<f64>>) {
  return %m, %p, %i, %z : tensor<2x2xbf16>, tensor<2xi1>, tensor<i8>, tensor<complex<f64>>
}

func.func @other() {
  return
}
