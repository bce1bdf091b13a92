// RUN: weft-opt %s --split-input-file --verify-diagnostics

func.func private @f(%x: tensor<f32>) -> tensor<f32> {
  return %x : tensor<f32>
}
func.func private @wide(%x: tensor<f32>) -> tensor<2xf32> {
  %y = "weft.broadcast_in_dim"(%x) {shape = array<i64: 2>, dims = array<i64>} : (tensor<f32>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}
func.func @branches_differ(%i: tensor<i32>, %x: tensor<f32>) -> tensor<f32> {
  // expected-error@+1 {{cond: branches differ: @f is (f32[]) -> (f32[]), @wide is (f32[]) -> (f32[2])}}
  %y = "weftn.cond"(%i, %x) {branches = [@f, @wide]} : (tensor<i32>, tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

// -----

func.func private @f(%x: tensor<f32>) -> tensor<f32> {
  return %x : tensor<f32>
}
func.func @index(%i: tensor<2xi32>, %x: tensor<f32>) -> tensor<f32> {
  // expected-error@+1 {{cond: index must be i32[], got i32[2]}}
  %y = "weftn.cond"(%i, %x) {branches = [@f]} : (tensor<2xi32>, tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

// -----

func.func private @cond(%x: tensor<f32>) -> tensor<f32> {
  return %x : tensor<f32>
}
func.func @no_predicate(%x: tensor<f32>) -> tensor<f32> {
  // expected-error@+1 {{while: @cond must give one bool[], it is (f32[]) -> (f32[])}}
  %y = "weftn.while"(%x) {cond = @cond, body = @cond, cond_consts = 0, body_consts = 0} : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

// -----

func.func private @step(%c: tensor<f32>, %x: tensor<f32>) -> tensor<2xf32> {
  %y = "weft.broadcast_in_dim"(%x) {shape = array<i64: 2>, dims = array<i64>} : (tensor<f32>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}
func.func @carry_grows(%c: tensor<f32>, %xs: tensor<3xf32>) -> tensor<f32> {
  // expected-error@+1 {{scan: @step must give the next carry as it takes it: (f32[]), not (f32[2])}}
  %y = "weftn.scan"(%c, %xs) {body = @step, consts = 0, carry = 1, length = 3} : (tensor<f32>, tensor<3xf32>) -> tensor<f32>
  return %y : tensor<f32>
}

// -----

func.func private @step(%c: tensor<f32>, %x: tensor<f32>) -> tensor<f32> {
  return %c : tensor<f32>
}
func.func @lengths(%c: tensor<f32>, %xs: tensor<3xf32>) -> tensor<f32> {
  // expected-error@+1 {{scan: the first axis of f32[3] does not have the length 4}}
  %y = "weftn.scan"(%c, %xs) {body = @step, consts = 0, carry = 1, length = 4} : (tensor<f32>, tensor<3xf32>) -> tensor<f32>
  return %y : tensor<f32>
}

// -----

func.func private @f(%x: tensor<f32>) -> tensor<f32> {
  return %x : tensor<f32>
}
func.func @policy(%x: tensor<f32>) -> tensor<f32> {
  // expected-error@+1 {{checkpoint: there is no policy 'all'}}
  %y = "weftn.checkpoint"(%x) {callee = @f, policy = "all"} : (tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}
