// RUN: weft-opt %s --passes=canonicalize | weft-run --fn=f 0.5 | filecheck %s
// RUN: not weft-opt %s --passes=nothing 2>&1 | filecheck %s --check-prefix=ERROR
// RUN: weft-opt --help | filecheck %s --check-prefix=HELP

// The tools as processes: standard input and output, exit status, help.
// CHECK: 0.47942555
// ERROR: weft-opt: there is no pass 'nothing'
// HELP:  weft-opt model.mlir --passes='weft-cse,weft-dce'
func.func @f(%x: tensor<f32>) -> tensor<f32> {
  %y = "weft.sin"(%x) : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}
