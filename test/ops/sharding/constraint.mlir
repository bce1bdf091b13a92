// RUN: weft-opt %s | weft-opt | filecheck %s
// RUN: weft-opt %s --passes='weft-jvp{fn=placed}' | filecheck %s --check-prefix=JVP
// RUN: weft-opt %s --passes='weft-batch{fn=placed size=3}' | filecheck %s --check-prefix=BATCH
// RUN: weft-opt %s --passes=weft-to-stablehlo | filecheck %s --check-prefix=LOWERED

// The tangent is split as its primal; what a batch adds is left to the backend.
// CHECK-LABEL:   func.func @placed
// CHECK:         "weft.sharding_constraint"(%{{.*}}) {layout = "[i][]", mesh = "mesh2", mesh_axes = {{.*}}}
// JVP-LABEL:     func.func @placed.jvp
// JVP-COUNT-2:   "weft.sharding_constraint"
// BATCH-LABEL:   func.func @placed.batch
// BATCH:         layout = "[?][i][]"
// LOWERED-LABEL: func.func @placed
// LOWERED:       sdy.sharding
func.func @placed(%x: tensor<4x2xf32>) -> tensor<4x2xf32> {
  %y = "weft.sharding_constraint"(%x) {layout = "[i][]", mesh = "mesh2", mesh_axes = "[\22i\22=2]"} : (tensor<4x2xf32>) -> tensor<4x2xf32>
  return %y : tensor<4x2xf32>
}
