// RUN: weft-opt %s --passes='weft-jvp{fn=f wrt=1}' | filecheck %s --check-prefix=JVP
// RUN: weft-opt %s --passes='weft-batch{fn=f size=2 batched=1}' | filecheck %s --check-prefix=ENDS
// RUN: weft-opt %s --passes='weft-batch{fn=f size=2 batched=1}' | weft-run --fn=f.batch 10.0 '[1, 6]' | filecheck %s --check-prefix=EACH
// RUN: weft-opt %s --passes='weft-jvp{fn=f wrt=1}' | weft-run --fn=f.jvp 10.0 1.0 1.0 | filecheck %s --check-prefix=VALUE
// RUN: weft-opt %s --passes='weft-linearize{fn=bounded wrt=1}' | filecheck %s --check-prefix=BOUNDED

func.func private @below(%limit: tensor<f32>, %x: tensor<f32>) -> tensor<i1> {
  %p = "weft.compare"(%x, %limit) {direction = "LT"} : (tensor<f32>, tensor<f32>) -> tensor<i1>
  return %p : tensor<i1>
}

func.func private @doubled(%x: tensor<f32>) -> tensor<f32> {
  %y = "weft.add"(%x, %x) : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

// JVP-LABEL: func.func @f.jvp
// JVP:       "weftn.while"({{.*}}) {{.*}} : (tensor<f32>, tensor<f32>, tensor<f32>) -> (tensor<f32>, tensor<f32>)
// VALUE:      16.0
// VALUE-NEXT: 16.0

// Elements end at different steps: the loop runs until all have, and who has ended stays.
// ENDS-LABEL: func.func @f.batch
// ENDS:       call @below.batch
// ENDS:       "weftn.while"({{.*}}) {{.*}} -> (tensor<2xi1>, tensor<2xf32>)
// ENDS:       "weft.reduce_or"
// ENDS:       "weft.select"
// EACH:       [16.0, 12.0]
func.func @f(%limit: tensor<f32>, %x: tensor<f32>) -> tensor<f32> {
  %y = "weftn.while"(%limit, %x) {cond = @below, body = @doubled, cond_consts = 1, body_consts = 0}
      : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

// With a bound it is linearized as a scan of so many steps.
// BOUNDED-LABEL: func.func @bounded.fwd
// BOUNDED:       "weftn.scan"({{.*}}) {{.*}}length = 5
// BOUNDED-LABEL: func.func @bounded.lin
// BOUNDED:       "weftn.scan"({{.*}}) {{.*}}length = 5
func.func @bounded(%limit: tensor<f32>, %x: tensor<f32>) -> tensor<f32> {
  %y = "weftn.while"(%limit, %x) {cond = @below, body = @doubled, cond_consts = 1, body_consts = 0, max_trips = 5}
      : (tensor<f32>, tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}
