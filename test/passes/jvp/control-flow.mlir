// RUN: weft-opt %s --passes='weft-jvp{fn=f},weft-jvp{fn=f.jvp wrt=0,3}' | filecheck %s
// RUN: weft-opt %s --passes='weft-jvp{fn=f},weft-jvp{fn=f.jvp wrt=0,3}' \
// RUN:   | weft-run --fn=f.jvp.jvp 1.5 0 '[1, 2, 3]' 1.0 1.0 0.0 | filecheck %s --check-prefix=SCANNED
// RUN: weft-opt %s --passes='weft-jvp{fn=f},weft-jvp{fn=f.jvp wrt=0,3}' \
// RUN:   | weft-run --fn=f.jvp.jvp 1.5 1 '[1, 2, 3]' 1.0 1.0 0.0 | filecheck %s --check-prefix=LOOPED
// RUN: weft-opt %s --passes='weft-jvp{fn=f wrt=2}' | filecheck %s --check-prefix=SLICES

// A choice between two loops, differentiated twice: bodies and branches are transformed, the ops stay.
// CHECK-LABEL: func.func @f.jvp.jvp
// CHECK:       "weftn.cond"({{.*}}) {branches = [@{{.*}}, @{{.*}}]}
// CHECK:       func.func private @scanned.jvp.jvp
// CHECK:       "weftn.scan"({{.*}}) {{.*}}carry = 4 : i64
// CHECK:       func.func private @looped.jvp.jvp
// CHECK:       "weftn.while"

// 6 x^4 at 1.5: the value, 24 x^3 twice, and 72 x^2.
// SCANNED:      30.375
// SCANNED-NEXT: 81.0
// SCANNED-NEXT: 81.0
// SCANNED-NEXT: 162.0

// x^2 squared until it is over 20, from 1.5: x^8 = 25.6, 8 x^7, 56 x^6
// LOOPED:      25.62
// LOOPED-NEXT: 136.6
// LOOPED-NEXT: 136.6
// LOOPED-NEXT: 637.8

// A loop in which nothing carries a tangent stays the loop it is.
// SLICES-LABEL: func.func private @looped.jvp
// SLICES:       "weftn.while"({{.*}}) {{.*}}body = @square,
func.func @f(%x: tensor<f32>, %i: tensor<i32>, %xs: tensor<3xf32>) -> tensor<f32> {
  %y = "weftn.cond"(%i, %x, %xs) {branches = [@scanned, @looped]}
      : (tensor<i32>, tensor<f32>, tensor<3xf32>) -> tensor<f32>
  return %y : tensor<f32>
}

func.func private @scanned(%x: tensor<f32>, %xs: tensor<3xf32>) -> tensor<f32> {
  %y = "weftn.scan"(%x, %x, %xs) {body = @step, consts = 1, carry = 1, length = 3}
      : (tensor<f32>, tensor<f32>, tensor<3xf32>) -> tensor<f32>
  return %y : tensor<f32>
}

func.func private @step(%w: tensor<f32>, %c: tensor<f32>, %x: tensor<f32>) -> tensor<f32> {
  %a = "weft.mul"(%w, %c) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %b = "weft.mul"(%a, %x) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %b : tensor<f32>
}

func.func private @looped(%x: tensor<f32>, %xs: tensor<3xf32>) -> tensor<f32> {
  %y = "weftn.while"(%x) {cond = @small, body = @square, cond_consts = 0, body_consts = 0} : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

func.func private @small(%x: tensor<f32>) -> tensor<i1> {
  %limit = "weft.constant"() {value = dense<20.0> : tensor<f32>} : () -> tensor<f32>
  %p = "weft.compare"(%x, %limit) {direction = "LT"} : (tensor<f32>, tensor<f32>) -> tensor<i1>
  return %p : tensor<i1>
}

func.func private @square(%x: tensor<f32>) -> tensor<f32> {
  %y = "weft.mul"(%x, %x) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}
