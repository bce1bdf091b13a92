// RUN: weft-opt %s | weft-opt | filecheck %s
// RUN: weft-opt %s --passes=weft-to-stablehlo | filecheck %s --check-prefix=LOWERED
// RUN: weft-run %s --fn=choose 1 2.0 | filecheck %s --check-prefix=ONE
// RUN: weft-run %s --fn=choose -5 2.0 | filecheck %s --check-prefix=LOW
// RUN: weft-run %s --fn=choose 9 2.0 | filecheck %s --check-prefix=HIGH
// RUN: weft-opt %s --passes=weft-simplify | filecheck %s --check-prefix=FOLDED

func.func private @negated(%x: tensor<f32>) -> tensor<f32> {
  %y = "weft.neg"(%x) : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

func.func private @squared(%x: tensor<f32>) -> tensor<f32> {
  %y = "weft.mul"(%x, %x) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

func.func private @same(%x: tensor<f32>) -> tensor<f32> {
  return %x : tensor<f32>
}

// The index is limited to the branches that there are.
// CHECK-LABEL: func.func @choose
// CHECK:       "weftn.cond"({{.*}}) {branches = [@negated, @squared, @same]}
// LOWERED-LABEL: func.func @choose
// LOWERED:       %[[I:.*]] = stablehlo.clamp
// LOWERED:       "stablehlo.case"(%[[I]])
// LOWERED:         call @negated
// LOWERED:         call @squared
// LOWERED:         call @same
// ONE:  4.0
// LOW:  -2.0
// HIGH: 2.0
func.func @choose(%i: tensor<i32>, %x: tensor<f32>) -> tensor<f32> {
  %y = "weftn.cond"(%i, %x) {branches = [@negated, @squared, @same]} : (tensor<i32>, tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

// With a known index there is nothing to choose.
// FOLDED-LABEL: func.func @known
// FOLDED-NOT:   weftn.cond
// FOLDED:       call @squared
func.func @known(%x: tensor<f32>) -> tensor<f32> {
  %i = "weft.constant"() {value = dense<1> : tensor<i32>} : () -> tensor<i32>
  %y = "weftn.cond"(%i, %x) {branches = [@negated, @squared]} : (tensor<i32>, tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

// A predicate that was made an index becomes a predicate again: the second branch is the true one.
// LOWERED-LABEL: func.func @predicate
// LOWERED:       "stablehlo.if"
// LOWERED:         call @squared
// LOWERED:         call @negated
func.func @predicate(%p: tensor<i1>, %x: tensor<f32>) -> tensor<f32> {
  %i = "weft.convert"(%p) {dtype = i32} : (tensor<i1>) -> tensor<i32>
  %y = "weftn.cond"(%i, %x) {branches = [@negated, @squared]} : (tensor<i32>, tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}
