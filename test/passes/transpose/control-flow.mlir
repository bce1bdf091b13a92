// RUN: weft-opt %s --passes='weft-transpose{fn=loop}' | filecheck %s --check-prefix=LOOP
// RUN: weft-opt %s --passes='weft-transpose{fn=loop}' | weft-run --fn=loop.transpose 1.0 '[1.0, 2.0, 3.0]' | filecheck %s --check-prefix=PRODUCT
// RUN: weft-opt %s --passes='weft-transpose{fn=choice linear=1}' | filecheck %s --check-prefix=BRANCH
// RUN: weft-opt %s --passes='weft-transpose{fn=choice linear=1}' | weft-run --fn=choice.transpose 1.0 1 | filecheck %s --check-prefix=SLOPE

// A loop runs backwards with the cotangent as its carry.
// LOOP-LABEL:   func.func @loop.transpose
// LOOP:         "weftn.scan"({{.*}}reverse = true
// PRODUCT:      6.0
func.func @loop(%c: tensor<f32>, %xs: tensor<3xf32>) -> tensor<f32> {
  %y = "weftn.scan"(%c, %xs) {body = @step, consts = 0 : i64, carry = 1 : i64, length = 3 : i64} : (tensor<f32>, tensor<3xf32>) -> tensor<f32>
  return %y : tensor<f32>
}

func.func private @step(%c: tensor<f32>, %x: tensor<f32>) -> tensor<f32> {
  %y = "weft.mul"(%c, %x) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

// The same branch runs backwards. One that does not look at its operand gives it zeros.
// BRANCH-LABEL: func.func @choice.transpose
// BRANCH:       "weftn.cond"
// SLOPE:        -1.0
func.func @choice(%i: tensor<i32>, %x: tensor<f32>) -> tensor<f32> {
  %y = "weftn.cond"(%i, %x) {branches = [@nothing, @minus]} : (tensor<i32>, tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

func.func private @nothing(%x: tensor<f32>) -> tensor<f32> {
  %y = "weft.constant"() {value = dense<0.0> : tensor<f32>} : () -> tensor<f32>
  return %y : tensor<f32>
}

func.func private @minus(%x: tensor<f32>) -> tensor<f32> {
  %y = "weft.neg"(%x) : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}
