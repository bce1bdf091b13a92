// RUN: weft-opt %s | weft-opt | filecheck %s
// RUN: weft-opt %s | weft-run --fn=real '[1, 2, 3, 4]' | filecheck %s --check-prefix=REAL
// RUN: weft-opt %s --passes='weft-transpose{fn=real linear=0}' | filecheck %s --check-prefix=BACK
// RUN: weft-opt %s --passes='weft-transpose{fn=two linear=0}' | filecheck %s --check-prefix=SAME
// RUN: weft-opt %s --passes='weft-batch{fn=real size=5 batched=0}' | filecheck %s --check-prefix=BATCH
// RUN: weft-opt %s --passes='weft-to-stablehlo' | filecheck %s --check-prefix=LOWERED

// Frequencies 0 to n / 2 of a real signal, and back.
// CHECK-LABEL: func.func @real
// CHECK:       "weft.fft"(%{{.*}}) {fft_length = array<i64: 4>, fft_type = "RFFT"}
// CHECK:       "weft.fft"(%{{.*}}) {fft_length = array<i64: 4>, fft_type = "IRFFT"}
// REAL:        [1.0, 2.0, 3.0, 4.0]

// Backwards each is the other, but for factors and for the half of the frequencies that is not stored.
// BACK-LABEL:  func.func @real.transpose
// BACK:        "weft.fft"({{.*}}fft_type = "RFFT"
// BACK:        "weft.pad"
// BACK:        "weft.fft"({{.*}}fft_type = "FFT"

// A batch is one more axis before those transformed.
// BATCH-LABEL: func.func @real.batch
// BATCH:       "weft.fft"(%{{.*}}) {fft_length = array<i64: 4>, fft_type = "RFFT"} : (tensor<5x4xf32>) -> tensor<5x3xcomplex<f32>>
func.func @real(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = "weft.fft"(%x) {fft_type = "RFFT", fft_length = array<i64: 4>} : (tensor<4xf32>) -> tensor<3xcomplex<f32>>
  %z = "weft.fft"(%y) {fft_type = "IRFFT", fft_length = array<i64: 4>} : (tensor<3xcomplex<f32>>) -> tensor<4xf32>
  return %z : tensor<4xf32>
}

// The matrix of the full transform is symmetric.
// SAME-LABEL:    func.func @two.transpose
// SAME:          "weft.fft"(%{{.*}}) {fft_length = array<i64: 2, 3>, fft_type = "FFT"}
// LOWERED-LABEL: func.func @two
// LOWERED:       stablehlo.fft {{.*}}FFT{{.*}}[2, 3]
func.func @two(%x: tensor<2x3xcomplex<f32>>) -> tensor<2x3xcomplex<f32>> {
  %y = "weft.fft"(%x) {fft_type = "FFT", fft_length = array<i64: 2, 3>} : (tensor<2x3xcomplex<f32>>) -> tensor<2x3xcomplex<f32>>
  return %y : tensor<2x3xcomplex<f32>>
}
