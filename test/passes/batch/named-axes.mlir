// RUN: weft-opt %s --passes='weft-batch{fn=centred size=3 axis-name=i}' | filecheck %s
// RUN: weft-opt %s --passes='weft-batch{fn=centred size=3 axis-name=i}' | weft-run --fn=centred.batch '[1, 2, 6]' | filecheck %s --check-prefix=VALUE
// RUN: weft-opt %s --passes='weft-batch{fn=centred size=3 axis-name=j}' | filecheck %s --check-prefix=OTHER
// RUN: weft-opt %s --passes='weft-batch{fn=numbered size=3 axis-name=i}' | filecheck %s --check-prefix=CALLS
// RUN: weft-opt %s --passes='weft-batch{fn=numbered size=3 axis-name=i}' | weft-run --fn=numbered.batch '[5, 5, 5]' | filecheck %s --check-prefix=NUMBERS
// RUN: weft-opt %s --passes='weft-expand-transforms' | weft-run --fn=nested '[[1, 2], [3, 4], [5, 6]]' | filecheck %s --check-prefix=NESTED

// The sum over the batch is the same for all its elements: it has no batch axis.
// CHECK-LABEL: func.func @centred.batch
// CHECK-SAME:  (%[[X:.*]]: tensor<3xf32>)
// CHECK:       %[[S:.*]] = "weft.reduce_sum"(%[[X]]) {{.*}} -> tensor<f32>
// CHECK-NOT:   all_reduce
// VALUE:       [-8.0, -7.0, -3.0]

// A batch of another name leaves the collective as it is.
// OTHER-LABEL: func.func @centred.batch
// OTHER:       "weft.all_reduce_sum"({{.*}}) {axis_name = "i", axis_size = 3 : i64} : (tensor<3xf32>) -> tensor<3xf32>
func.func @centred(%x: tensor<f32>) -> tensor<f32> {
  %s = "weft.all_reduce_sum"(%x) {axis_name = "i", axis_size = 3} : (tensor<f32>) -> tensor<f32>
  %y = "weft.sub"(%x, %s) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

// A function that speaks of the axis is batched also where none of its arguments is.
// CALLS-LABEL: func.func @numbered.batch
// CALLS:       call @position.batch() : () -> tensor<3xi32>
// CALLS:       func.func private @position.batch
// CALLS:       "weft.iota"
// NUMBERS:     [5.0, 6.0, 7.0]
func.func @numbered(%x: tensor<f32>) -> tensor<f32> {
  %i = func.call @position() : () -> tensor<i32>
  %f = "weft.convert"(%i) {dtype = f32} : (tensor<i32>) -> tensor<f32>
  %y = "weft.add"(%x, %f) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

func.func private @position() -> tensor<i32> {
  %i = "weft.axis_index"() {axis_name = "i", axis_size = 3} : () -> tensor<i32>
  return %i : tensor<i32>
}

// Of two batches, each resolves what speaks of its own axis; a result may be without either axis.
// NESTED:      21.0
func.func @nested(%x: tensor<3x2xf32>) -> tensor<f32> {
  %y = "weftn.vmap"(%x) {callee = @row, in_axes = array<i64: 0>, out_axes = array<i64: -1>, size = 3, axis_name = "i"}
      : (tensor<3x2xf32>) -> tensor<f32>
  return %y : tensor<f32>
}

func.func private @row(%x: tensor<2xf32>) -> tensor<f32> {
  %y = "weftn.vmap"(%x) {callee = @element, in_axes = array<i64: 0>, out_axes = array<i64: -1>, size = 2, axis_name = "j"}
      : (tensor<2xf32>) -> tensor<f32>
  return %y : tensor<f32>
}

func.func private @element(%x: tensor<f32>) -> tensor<f32> {
  %s = "weft.all_reduce_sum"(%x) {axis_name = "i", axis_size = 3} : (tensor<f32>) -> tensor<f32>
  %t = "weft.all_reduce_sum"(%s) {axis_name = "j", axis_size = 2} : (tensor<f32>) -> tensor<f32>
  return %t : tensor<f32>
}
