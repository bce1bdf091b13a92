// RUN: weft-opt %s | weft-opt | filecheck %s
// RUN: weft-opt %s | weft-run --fn=smooth '[[[1, 2, 3, 4]]]' '[[[1, 10]]]' | filecheck %s --check-prefix=SMOOTH
// RUN: weft-opt %s | weft-run --fn=depthwise '[[[1, 2, 3], [4, 5, 6]]]' '[[[1, 1]], [[1, -1]]]' | filecheck %s --check-prefix=DEPTHWISE
// RUN: weft-opt %s --passes='weft-transpose{fn=smooth linear=0}' | filecheck %s --check-prefix=INPUT
// RUN: weft-opt %s --passes='weft-transpose{fn=depthwise linear=1}' | filecheck %s --check-prefix=KERNEL
// RUN: weft-opt %s --passes='weft-batch{fn=smooth size=5 batched=0,1}' | filecheck %s --check-prefix=BATCH

// Strided by 2, one zero put before: 0*1 + 1*10, 2*1 + 3*10.
// CHECK-LABEL: func.func @smooth
// CHECK:       "weft.conv_general_dilated"
// SMOOTH:      {{\[\[\[}}10.0, 32.0]]]

// Backwards a stride is a dilation, and the kernel is turned round.
// INPUT-LABEL: func.func @smooth.transpose
// INPUT:       "weft.reverse"({{.*}}) {axes = array<i64: 2>}
// INPUT:       "weft.conv_general_dilated"{{.*}}lhs_dilation = array<i64: 2>

// With a batch of kernels, the batch is groups of features.
// BATCH-LABEL: func.func @smooth.batch
// BATCH:       "weft.conv_general_dilated"{{.*}}feature_group_count = 5 : i64
func.func @smooth(%x: tensor<1x1x4xf32>, %k: tensor<1x1x2xf32>) -> tensor<1x1x2xf32> {
  %y = "weft.conv_general_dilated"(%x, %k) {window_strides = array<i64: 2>, padding_low = array<i64: 1>,
      padding_high = array<i64: 0>, lhs_dilation = array<i64: 1>, rhs_dilation = array<i64: 1>,
      lhs_spec = array<i64: 0, 1, 2>, rhs_spec = array<i64: 0, 1, 2>, out_spec = array<i64: 0, 1, 2>}
      : (tensor<1x1x4xf32>, tensor<1x1x2xf32>) -> tensor<1x1x2xf32>
  return %y : tensor<1x1x2xf32>
}

// Each feature with its own kernel.
// CHECK-LABEL:  func.func @depthwise
// CHECK:        feature_group_count = 2 : i64
// DEPTHWISE:    {{\[\[\[}}3.0, 5.0], [-1.0, -1.0]]]

// Groups of features are groups of the batch, backwards; nothing is converted.
// KERNEL-LABEL: func.func @depthwise.transpose
// KERNEL-NOT:   convert
// KERNEL:       "weft.conv_general_dilated"{{.*}}batch_group_count = 2 : i64
func.func @depthwise(%x: tensor<1x2x3xf32>, %k: tensor<2x1x2xf32>) -> tensor<1x2x2xf32> {
  %y = "weft.conv_general_dilated"(%x, %k) {window_strides = array<i64: 1>, padding_low = array<i64: 0>,
      padding_high = array<i64: 0>, lhs_dilation = array<i64: 1>, rhs_dilation = array<i64: 1>,
      lhs_spec = array<i64: 0, 1, 2>, rhs_spec = array<i64: 0, 1, 2>, out_spec = array<i64: 0, 1, 2>,
      feature_group_count = 2 : i64} : (tensor<1x2x3xf32>, tensor<2x1x2xf32>) -> tensor<1x2x2xf32>
  return %y : tensor<1x2x2xf32>
}
