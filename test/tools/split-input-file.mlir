// RUN: weft-opt %s --split-input-file --passes=canonicalize | filecheck %s
// RUN: not weft-opt %s --passes=canonicalize 2>&1 | filecheck %s --check-prefix=WHOLE

// Each part is a module of its own, so the name may come twice.
// CHECK:       module
// CHECK:         func.func @f() -> i32
// CHECK-NEXT:      arith.constant 3
// CHECK:       // -----
// WHOLE:       split-input-file.mlir:19:1: error: redefinition of symbol named 'f'
func.func @f() -> i32 {
  %one = arith.constant 1 : i32
  %two = arith.constant 2 : i32
  %sum = arith.addi %one, %two : i32
  return %sum : i32
}

// -----

func.func @f() {
  return
}
// CHECK:         func.func @f() {
// CHECK-NEXT:      return
