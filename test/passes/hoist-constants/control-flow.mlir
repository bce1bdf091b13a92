// RUN: weft-opt %s --passes='weft-hoist-constants{min-bytes=12}' | filecheck %s
// RUN: weft-opt %s --passes='weft-hoist-constants{min-bytes=12}' | weft-run --fn=scan '[0.0, 0.0, 0.0]' '[1.0, 1.0]' '[1.0, 2.0, 3.0]' | filecheck %s --check-prefix=SCAN
// RUN: weft-opt %s --passes='weft-hoist-constants{min-bytes=12}' | weft-run --fn=while '[0.0, 0.0, 0.0]' 0 '[1.0, 2.0, 3.0]' | filecheck %s --check-prefix=WHILE
// RUN: weft-opt %s --passes='weft-hoist-constants{min-bytes=12}' | weft-run --fn=cond 1 '[1.0, 1.0, 1.0]' '[4.0, 5.0, 6.0]' '[7.0, 8.0, 9.0]' | filecheck %s --check-prefix=COND

// Among the constants of a loop.
// CHECK-LABEL: func.func @scan
// CHECK-SAME:  %[[C:[a-z0-9]+]]: tensor<3xf32>) -> tensor<3xf32> attributes
// CHECK:       "weftn.scan"(%[[C]], {{.*}}consts = 1
// SCAN:        [2.0, 4.0, 6.0]
func.func @scan(%c: tensor<3xf32>, %xs: tensor<2xf32>) -> tensor<3xf32> {
  %y = "weftn.scan"(%c, %xs) {body = @step, consts = 0 : i64, carry = 1 : i64, length = 2 : i64} : (tensor<3xf32>, tensor<2xf32>) -> tensor<3xf32>
  return %y : tensor<3xf32>
}

// CHECK-LABEL: func.func private @step
// CHECK-SAME:  (%[[K:.*]]: tensor<3xf32>, %[[C:.*]]: tensor<3xf32>, %{{.*}}: tensor<f32>)
// CHECK:       "weft.add"(%[[C]], %[[K]])
func.func private @step(%c: tensor<3xf32>, %x: tensor<f32>) -> tensor<3xf32> {
  %k = "weft.constant"() {value = dense<[1.0, 2.0, 3.0]> : tensor<3xf32>} : () -> tensor<3xf32>
  %y = "weft.add"(%c, %k) : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  return %y : tensor<3xf32>
}

// CHECK-LABEL: func.func @while
// CHECK:       "weftn.while"({{.*}}body_consts = 1
// WHILE:       [3.0, 6.0, 9.0]
// WHILE-NEXT:  3
func.func @while(%x: tensor<3xf32>, %i: tensor<i32>) -> (tensor<3xf32>, tensor<i32>) {
  %y:2 = "weftn.while"(%x, %i) {cond = @more, body = @turn, cond_consts = 0 : i64, body_consts = 0 : i64} : (tensor<3xf32>, tensor<i32>) -> (tensor<3xf32>, tensor<i32>)
  return %y#0, %y#1 : tensor<3xf32>, tensor<i32>
}

func.func private @more(%x: tensor<3xf32>, %i: tensor<i32>) -> tensor<i1> {
  %n = "weft.constant"() {value = dense<3> : tensor<i32>} : () -> tensor<i32>
  %p = "weft.compare"(%i, %n) {direction = "LT"} : (tensor<i32>, tensor<i32>) -> tensor<i1>
  return %p : tensor<i1>
}

func.func private @turn(%x: tensor<3xf32>, %i: tensor<i32>) -> (tensor<3xf32>, tensor<i32>) {
  %one = "weft.constant"() {value = dense<1> : tensor<i32>} : () -> tensor<i32>
  %j = "weft.add"(%i, %one) : (tensor<i32>, tensor<i32>) -> tensor<i32>
  %k = "weft.constant"() {value = dense<[1.0, 2.0, 3.0]> : tensor<3xf32>} : () -> tensor<3xf32>
  %y = "weft.add"(%x, %k) : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  return %y, %j : tensor<3xf32>, tensor<i32>
}

// Branches take the same operands, so each gets the constants of all.
// CHECK-LABEL: func.func @cond
// CHECK-SAME:  %[[A:[a-z0-9]+]]: tensor<3xf32>, %[[B:[a-z0-9]+]]: tensor<3xf32>) -> tensor<3xf32> attributes
// CHECK:       "weftn.cond"(%{{.*}}, %{{.*}}, %[[A]], %[[B]])
// COND:        [8.0, 9.0, 10.0]
func.func @cond(%i: tensor<i32>, %x: tensor<3xf32>) -> tensor<3xf32> {
  %y = "weftn.cond"(%i, %x) {branches = [@first, @second]} : (tensor<i32>, tensor<3xf32>) -> tensor<3xf32>
  return %y : tensor<3xf32>
}

func.func private @first(%x: tensor<3xf32>) -> tensor<3xf32> {
  %k = "weft.constant"() {value = dense<[4.0, 5.0, 6.0]> : tensor<3xf32>} : () -> tensor<3xf32>
  %y = "weft.add"(%x, %k) : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  return %y : tensor<3xf32>
}

func.func private @second(%x: tensor<3xf32>) -> tensor<3xf32> {
  %k = "weft.constant"() {value = dense<[7.0, 8.0, 9.0]> : tensor<3xf32>} : () -> tensor<3xf32>
  %y = "weft.add"(%x, %k) : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  return %y : tensor<3xf32>
}
