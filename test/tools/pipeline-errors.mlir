// RUN: not weft-opt %s --passes=weft-css 2>&1 | filecheck %s --check-prefix=TYPO
// RUN: not weft-opt %s --passes=no-such-pass 2>&1 | filecheck %s --check-prefix=UNKNOWN
// RUN: not weft-opt %s --no-such-flag 2>&1 | filecheck %s --check-prefix=FLAG
// RUN: not weft-opt %s --passes=weft-jvp 2>&1 | filecheck %s --check-prefix=MISSING
// RUN: not weft-opt %s --passes='weft-jvp{fn=f of=0}' 2>&1 | filecheck %s --check-prefix=OPTION
// RUN: not weft-opt %s --passes='weft-jvp{fn=f wrt=x}' 2>&1 | filecheck %s --check-prefix=KIND
// RUN: not weft-opt %s --passes='func.func(weft-cse)' 2>&1 | filecheck %s --check-prefix=NESTED
// RUN: not weft-opt %s --passes='func.func(cse' 2>&1 | filecheck %s --check-prefix=OPEN
// RUN: not weft-opt %s --passes='func.func(symbol-privatize{exclude=f},inline)' 2>&1 \
// RUN:   | filecheck %s --check-prefix=ANCHOR
// RUN: not weft-opt %s --passes=cse --canonicalize 2>&1 | filecheck %s --check-prefix=TWICE

// TYPO:    weft-opt: there is no pass 'weft-css'; did you mean 'weft-cse'
// UNKNOWN: weft-opt: there is no pass 'no-such-pass'
// FLAG:    there is no pass 'no-such-flag' (an option that weft-opt does not know is read as a pass)
// MISSING: weft-jvp: option 'fn' is missing; write weft-jvp{fn=...}
// OPTION:  weft-jvp: no option 'of'; it has 'fn', 'wrt'
// KIND:    weft-jvp: option 'wrt' must be integers separated by commas, not 'x'
// NESTED:  weft-cse works on a whole module; write it outside func.func(...)
// OPEN:    missing ')' at the end of 'func.func(cse'
// ANCHOR:  inline
// TWICE:   give passes either in --passes or as flags, not --canonicalize as well
func.func @f() {
  return
}
