// RUN: weft-opt %s --passes=weft-cse | filecheck %s
// RUN: weft-opt %s --passes=weft-cse | weft-run --fn=f 2.0 3.0 | filecheck %s --check-prefix=VALUE
// RUN: weft-opt %s --passes=weft-cse > %t
// RUN: weft-opt %t --passes=weft-cse | cmp %t -

// Of equal ops the first stays; so ops on them are equal too. The other order of operands is another op.
// CHECK-LABEL: func.func @f(
// CHECK-SAME:  %[[X:.*]]: tensor<f32>, %[[Y:.*]]: tensor<f32>)
// CHECK-NEXT:  %[[A:.*]] = "weft.div"(%[[X]], %[[Y]])
// CHECK-NEXT:  %[[B:.*]] = "weft.sin"(%[[A]])
// CHECK-NEXT:  %[[C:.*]] = "weft.div"(%[[Y]], %[[X]])
// CHECK-NEXT:  "weft.sub"(%[[B]], %[[B]])
// CHECK-NEXT:  return
// VALUE:       0.0
// VALUE-NEXT:  1.5
func.func @f(%x: tensor<f32>, %y: tensor<f32>) -> (tensor<f32>, tensor<f32>) {
  %a = "weft.div"(%x, %y) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %b = "weft.sin"(%a) : (tensor<f32>) -> tensor<f32>
  %c = "weft.div"(%y, %x) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %d = "weft.div"(%x, %y) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %e = "weft.sin"(%d) : (tensor<f32>) -> tensor<f32>
  %r = "weft.sub"(%b, %e) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %r, %c : tensor<f32>, tensor<f32>
}

// Attributes count; those that say what is the default anyway are no difference.
// CHECK-LABEL: func.func @attributes
// CHECK-COUNT-2: "weft.cumsum"
// CHECK-NOT:     "weft.cumsum"
func.func @attributes(%x: tensor<2x3xf32>) -> (tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>) {
  %a = "weft.cumsum"(%x) {axis = 0} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %b = "weft.cumsum"(%x) {axis = 1} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %c = "weft.cumsum"(%x) {axis = 0, reverse = false} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return %a, %b, %c : tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>
}

// Constants are equal by their bits: 0 and -0 are two.
// CHECK-LABEL: func.func @constants
// CHECK-COUNT-2: "weft.constant"
// CHECK-NOT:     "weft.constant"
func.func @constants() -> (tensor<f32>, tensor<f32>, tensor<f32>) {
  %a = "weft.constant"() {value = dense<0.0> : tensor<f32>} : () -> tensor<f32>
  %b = "weft.constant"() {value = dense<-0.0> : tensor<f32>} : () -> tensor<f32>
  %c = "weft.constant"() {value = dense<0.0> : tensor<f32>} : () -> tensor<f32>
  return %a, %b, %c : tensor<f32>, tensor<f32>, tensor<f32>
}

// Two calls of one function are one, also of loops. Ops with several results are replaced result by result.
// CHECK-LABEL: func.func @calls
// CHECK:       %[[R:.*]]:2 = call @both(
// CHECK-NOT:   call
// CHECK:       %[[S:.*]] = "weftn.while"
// CHECK-NOT:   "weftn.while"
// CHECK:       return %[[R]]#0, %[[R]]#1, %[[S]], %[[S]]
func.func @calls(%x: tensor<f32>) -> (tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>) {
  %a:2 = func.call @both(%x) : (tensor<f32>) -> (tensor<f32>, tensor<f32>)
  %b:2 = func.call @both(%x) : (tensor<f32>) -> (tensor<f32>, tensor<f32>)
  %c = "weftn.while"(%x) {cond = @positive, body = @less, cond_consts = 0, body_consts = 0} : (tensor<f32>) -> tensor<f32>
  %d = "weftn.while"(%x) {cond = @positive, body = @less, cond_consts = 0, body_consts = 0} : (tensor<f32>) -> tensor<f32>
  return %a#0, %b#1, %c, %d : tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>
}

func.func private @both(%x: tensor<f32>) -> (tensor<f32>, tensor<f32>) {
  %y = "weft.neg"(%x) : (tensor<f32>) -> tensor<f32>
  return %x, %y : tensor<f32>, tensor<f32>
}

func.func private @positive(%x: tensor<f32>) -> tensor<i1> {
  %zero = "weft.constant"() {value = dense<0.0> : tensor<f32>} : () -> tensor<f32>
  %p = "weft.compare"(%x, %zero) {direction = "GT"} : (tensor<f32>, tensor<f32>) -> tensor<i1>
  return %p : tensor<i1>
}

func.func private @less(%x: tensor<f32>) -> tensor<f32> {
  %one = "weft.constant"() {value = dense<1.0> : tensor<f32>} : () -> tensor<f32>
  %y = "weft.sub"(%x, %one) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

// A function that is only declared may do anything: every call of it stays.
// CHECK-LABEL: func.func @effects
// CHECK-COUNT-2: call @declared
func.func @effects(%x: tensor<f32>) -> (tensor<f32>, tensor<f32>) {
  %a = func.call @declared(%x) : (tensor<f32>) -> tensor<f32>
  %b = func.call @declared(%x) : (tensor<f32>) -> tensor<f32>
  return %a, %b : tensor<f32>, tensor<f32>
}

func.func private @declared(%x: tensor<f32>) -> tensor<f32>
