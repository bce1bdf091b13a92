// RUN: weft-opt %s --passes=weft-verify --split-input-file --verify-diagnostics

func.func @unknown(%x: tensor<4xcomplex<f32>>) -> tensor<4xcomplex<f32>> {
  // expected-error@+1 {{fft: fft_type is DCT; it must be one of FFT, IFFT, RFFT, IRFFT}}
  %y = "weft.fft"(%x) {fft_type = "DCT", fft_length = array<i64: 4>} : (tensor<4xcomplex<f32>>) -> tensor<4xcomplex<f32>>
  return %y : tensor<4xcomplex<f32>>
}

// -----

func.func @sizes(%x: tensor<2x4xcomplex<f32>>) -> tensor<2x4xcomplex<f32>> {
  // expected-error@+1 {{fft: fft_length [5] wants the last axes of x to be [5], got c64[2,4]}}
  %y = "weft.fft"(%x) {fft_type = "FFT", fft_length = array<i64: 5>} : (tensor<2x4xcomplex<f32>>) -> tensor<2x4xcomplex<f32>>
  return %y : tensor<2x4xcomplex<f32>>
}

// -----

func.func @half(%x: tensor<4xcomplex<f32>>) -> tensor<4xf32> {
  // expected-error@+1 {{fft: fft_length [4] wants the last axes of x to be [3], got c64[4]}}
  %y = "weft.fft"(%x) {fft_type = "IRFFT", fft_length = array<i64: 4>} : (tensor<4xcomplex<f32>>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

func.func @not_real(%x: tensor<4xcomplex<f32>>) -> tensor<3xcomplex<f32>> {
  // expected-error@+1 {{fft: RFFT takes f32 or f64, got c64[4]}}
  %y = "weft.fft"(%x) {fft_type = "RFFT", fft_length = array<i64: 4>} : (tensor<4xcomplex<f32>>) -> tensor<3xcomplex<f32>>
  return %y : tensor<3xcomplex<f32>>
}
