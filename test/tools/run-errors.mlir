// RUN: not weft-run %s 2>&1 | filecheck %s --check-prefix=WHICH
// RUN: not weft-run %s --fn=z 2>&1 | filecheck %s --check-prefix=NAME
// RUN: not weft-run %s --fn=f 2>&1 | filecheck %s --check-prefix=FEW
// RUN: not weft-run %s --fn=f '[1, 2]' 3 2>&1 | filecheck %s --check-prefix=MANY
// RUN: not weft-run %s --fn=f '[1, 2, 3]' 2>&1 | filecheck %s --check-prefix=SHAPE
// RUN: not weft-run %s --fn=f '[1, 2' 2>&1 | filecheck %s --check-prefix=OPEN
// RUN: not weft-run %s --fn=f one 2>&1 | filecheck %s --check-prefix=WORD
// RUN: not weft-run %s --fn=f 1.5 2>&1 | filecheck %s --check-prefix=KIND
// RUN: not weft-run %s --fn=f 300 2>&1 | filecheck %s --check-prefix=RANGE
// RUN: not weft-run %s --fn=f missing.npy 2>&1 | filecheck %s --check-prefix=FILE
// RUN: not weft-run %s --fn=g 1 --backend=interpreter 2>&1 | filecheck %s --check-prefix=ABORT
// RUN: not weft-run %s --fn=h 1 2>&1 | filecheck %s --check-prefix=TYPE

// WHICH: say which function with --fn=; there are @f, @g, @h
// NAME:  there is no function @z; there are @f, @g, @h
// FEW:   the function takes (u8[2]), but there are 0 values; --random makes up what is not given
// MANY:  the function takes (u8[2]), but there are 2 values
// SHAPE: '[1, 2, 3]' has the shape [3], the argument has [2]
// OPEN:  ] is missing at the end
// WORD:  'one' is not a number, a list, random or a .npy file
// KIND:  1.5 is not a value of uint8
// RANGE: 300 does not fit into uint8
// FILE:  cannot read missing.npy
func.func @f(%x: tensor<2xui8>) -> tensor<2xui8> {
  return %x : tensor<2xui8>
}

// What would abort the interpreter, and the process with it, is refused.
// ABORT: error: the reference interpreter cannot run stablehlo.custom_call; use --backend=pjrt
func.func @g(%x: tensor<2xf32>) -> tensor<2xf32> {
  %y = stablehlo.custom_call @somewhere(%x) : (tensor<2xf32>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}

// TYPE: weft-run: f32 is not a tensor of known shape, and only such can be given and printed
func.func @h(%x: f32) -> f32 {
  return %x : f32
}
