// RUN: weft-opt %s | weft-opt | filecheck %s
// RUN: weft-run %s --fn=calls 0.5 --digits=5 | filecheck %s --check-prefix=CALLS
// RUN: not weft-opt %s --passes='weft-jvp{fn=calls}' 2>&1 | filecheck %s --check-prefix=UNKNOWN
// RUN: not weft-opt %s --passes='weft-jvp{fn=guarded}' 2>&1 | filecheck %s --check-prefix=GUARDED

func.func private @f(%x: tensor<f32>) -> tensor<f32> {
  %y = "weft.sin"(%x) : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

// A rule is Python code of the process that traced the program: what was read from a file can be run, and batched
// or differentiated no more.
// CHECK-LABEL: func.func @calls
// CHECK:       "weftn.python_jvp_call"({{.*}}) {callee = @f, rule_number = 100001 : i64}
// CHECK:       "weftn.python_vjp_call"({{.*}}) {callee = @f, rule_number = 100002 : i64}
// CHECK:       "weftn.python_vmap_call"({{.*}}) {callee = @f, rule_number = 100003 : i64}
// CALLS:       0.44509
// UNKNOWN:     rule 100001 is Python code of the process that wrote this module
func.func @calls(%x: tensor<f32>) -> tensor<f32> {
  %a = "weftn.python_jvp_call"(%x) {callee = @f, rule_number = 100001 : i64} : (tensor<f32>) -> tensor<f32>
  %b = "weftn.python_vjp_call"(%a) {callee = @f, rule_number = 100002 : i64} : (tensor<f32>) -> tensor<f32>
  %c = "weftn.python_vmap_call"(%b) {callee = @f, rule_number = 100003 : i64} : (tensor<f32>) -> tensor<f32>
  return %c : tensor<f32>
}

// In linear parts, what will be transposed by such a rule.
// CHECK-LABEL: func.func @linear
// CHECK:       "weftn.python_lin"({{.*}}) {like = @f, rule_number = 100004 : i64, tangents = 1 : i64}
func.func @linear(%dx: tensor<f32>, %kept: tensor<f32>) -> tensor<f32> {
  %dy = "weftn.python_lin"(%dx, %kept) {like = @f, tangents = 1 : i64, rule_number = 100004 : i64}
      : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %dy : tensor<f32>
}

// CHECK-LABEL: func.func @guarded
// CHECK:       "weft.undifferentiable"
// GUARDED:     this has no slope
func.func @guarded(%x: tensor<f32>) -> tensor<f32> {
  %y = "weft.undifferentiable"(%x) {message = "this has no slope"} : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}
