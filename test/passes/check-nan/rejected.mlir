// RUN: weft-opt %s --passes=weft-verify --split-input-file --verify-diagnostics

func.func @not_a_float(%x: tensor<i32>) -> tensor<ui32> {
  // expected-error@+1 {{find_nan: x has dtype int32 (i32[]); it must be one of: float, complex}}
  %y = "weft.find_nan"(%x) : (tensor<i32>) -> tensor<ui32>
  return %y : tensor<ui32>
}

// -----

func.func @not_a_report(%x: tensor<i32>) {
  // expected-error@+1 {{report_nan: takes what find_nan gives, u32[], got i32[]}}
  "weft.report_nan"(%x) {function = 0 : i64} : (tensor<i32>) -> ()
  return
}
