// RUN: not weft-opt %s 2>&1 | filecheck %s
// RUN: not weft-run %s 2>&1 | filecheck %s
// RUN: cat %s | not weft-opt 2>&1 | filecheck %s --check-prefix=PIPED

// The file, the line, the source and a caret, and no traceback.
// CHECK-NOT:  Traceback
// CHECK:      bad-syntax.mlir:12:8: error: custom op 'oops' is unknown
// CHECK-NEXT: {{^}}  %y = oops oops
// CHECK-NEXT: {{^}}       ^
// PIPED:      <stdin>:12:8: error
func.func @f(%x: i32) -> i32 {
  %y = oops oops
  return %x : i32
}
