// RUN: not weft-opt %s --split-input-file --verify-diagnostics 2>&1 | filecheck %s

// What was expected and did not come is named with the line of the comment.
// CHECK: mismatch.mlir:6: error "no such thing" was expected and did not come
func.func @fine() {
  return  // expected-error {{no such thing}}
}

// -----

// What came and was not expected is shown as it would be without the flag.
// CHECK: unexpected {{.*}}mismatch.mlir:15:10: error: use of undeclared SSA value name
// CHECK-NEXT: return %missing : i32
func.func @broken() -> i32 {
  return %missing : i32
}

// -----

// The right message on another line: it says on which.
// CHECK: error "undeclared" was expected and did not come on line 23; it came on line 24
func.func @elsewhere() -> i32 {
  // expected-error {{undeclared}}
  return %missing : i32
}
