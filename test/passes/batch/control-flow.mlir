// RUN: weft-opt %s --passes='weft-batch{fn=loop size=2}' | filecheck %s --check-prefix=LOOP
// RUN: weft-opt %s --passes='weft-batch{fn=loop size=2}' | weft-run --fn=loop.batch '[1.0, 2.0]' '[1.0, 2.0, 3.0]' | filecheck %s --check-prefix=PRODUCTS
// RUN: weft-opt %s --passes='weft-batch{fn=choice size=2 batched=1}' | filecheck %s --check-prefix=BRANCH
// RUN: weft-opt %s --passes='weft-batch{fn=choice size=2 batched=1}' | weft-run --fn=choice.batch 1 '[2.0, 3.0]' | filecheck %s --check-prefix=SQUARES
// RUN: weft-opt %s --passes='weft-batch{fn=choice size=2 batched=0,1}' | filecheck %s --check-prefix=SELECT
// RUN: weft-opt %s --passes='weft-batch{fn=choice size=2 batched=0,1}' | weft-run --fn=choice.batch '[1, 0]' '[2.0, 0.0]' | filecheck %s --check-prefix=CHOSEN

// A loop stays one loop, over batches; what is the same for all has no batch axis inside.
// LOOP-LABEL: func.func @loop.batch
// LOOP:       "weftn.scan"({{.*}}) {body = @step.batch
// LOOP-LABEL: func.func private @step.batch
// LOOP-SAME:  (%{{.*}}: tensor<2xf32>, %{{.*}}: tensor<f32>)
// PRODUCTS:   [6.0, 12.0]
func.func @loop(%c: tensor<f32>, %xs: tensor<3xf32>) -> tensor<f32> {
  %y = "weftn.scan"(%c, %xs) {body = @step, consts = 0 : i64, carry = 1 : i64, length = 3 : i64} : (tensor<f32>, tensor<3xf32>) -> tensor<f32>
  return %y : tensor<f32>
}

// One index for all: one branch runs. An index for each element: all branches run, and results are chosen.
// BRANCH-LABEL: func.func @choice.batch
// BRANCH:       "weftn.cond"({{.*}}) {branches = [@first.batch{{.*}}, @second.batch
// SELECT-LABEL: func.func @choice.batch
// SELECT-NOT:   "weftn.cond"
// SELECT:       "weft.select"
// SQUARES:      [4.0, 9.0]
// CHOSEN:       [4.0, 0.0]
func.func @choice(%i: tensor<i32>, %x: tensor<f32>) -> tensor<f32> {
  %y = "weftn.cond"(%i, %x) {branches = [@first, @second]} : (tensor<i32>, tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

func.func private @step(%c: tensor<f32>, %x: tensor<f32>) -> tensor<f32> {
  %y = "weft.mul"(%c, %x) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

func.func private @first(%x: tensor<f32>) -> tensor<f32> {
  %y = "weft.sin"(%x) : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

func.func private @second(%x: tensor<f32>) -> tensor<f32> {
  %y = "weft.mul"(%x, %x) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}
