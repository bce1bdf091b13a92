// RUN: weft-opt %s --passes='weft-jvp{fn=f}' | weft-run --fn=f.jvp 0.0 1.0 | filecheck %s
// RUN: weft-run %s 0.5 --digits=4 | filecheck %s --check-prefix=ONLY

// A derived function is run straight from weft-opt; the results come one per line.
// CHECK:      {{^}}0.0
// CHECK-NEXT: {{^}}1.0

// The only public function needs no name, even when another is called main by nobody.
// ONLY:       {{^}}0.4794
func.func @f(%x: tensor<f32>) -> tensor<f32> {
  %y = func.call @helper(%x) : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

func.func private @helper(%x: tensor<f32>) -> tensor<f32> {
  %y = "weft.sin"(%x) : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}
