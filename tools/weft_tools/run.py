"""weft-run: runs a function of an MLIR file on values from the command line and prints its results."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from weft_compiler.avals import Aval
from weft_compiler.bindings import context, ir
from weft_compiler.diagnostics import DiagnosticError
from weft_compiler.module import Module
from weft_compiler.passes.driver import PassFault, check_structure, has_weft_ops, run_pipeline
from weft_compiler.passes.options import PipelineError
from weft_tools import command
from weft_tools.command import Exit, Streams
from weft_tools.source import Source, read_source
from weft_tools.values import ValueTextError, numpy_dtype, random_value, read_value, write_value

_LOWERING = "weft-lower"
_WITH_VALUE = ("--fn", "--backend", "--passes", "--digits")
_IR_SUFFIXES = (".mlir", ".mlirbc", ".bc")

_EXAMPLES = """\
values:
  1.5  [1, 2, 3]  [[1, 2], [3, 4]]  true  1+2j  nan  data.npy  random  random:7
  a number fills an array argument; PRNG keys are their words: [0, 42]

examples:
  weft-run model.mlir --fn=f 0.5 '[1, 2, 3]'
  weft-opt model.mlir --passes='weft-jvp{fn=f}' | weft-run --fn=f.jvp 0.0 1.0
  weft-run model.mlir --random=7 --backend=interpreter
"""


def main(argv: Sequence[str], streams: Streams) -> int:
    flags, words = _separate(argv)
    options = _arguments(streams).parse_args(flags)
    if options.help:
        streams.write(_arguments(streams).format_help())
        return 0
    path, texts = (words[0], words[1:]) if words and _names_ir(words[0]) else ("-", words)
    source = read_source(path, streams, "weft-run")
    try:
        module = _lowered(source, options)
        results = _results(module, _values(_inputs(module), texts, options), options)
    except DiagnosticError as error:
        raise Exit(1, error.render(source.sources)) from None
    except (PassFault, PipelineError, ValueTextError) as error:
        raise Exit(1, f"weft-run: {error}") from None
    for value in results:
        streams.write(write_value(value, options.digits) + "\n")
    return 0


def _arguments(streams: Streams) -> command.Arguments:
    parser = command.Arguments(
        streams,
        prog="weft-run",
        usage="weft-run [options] [file] [value ...]",
        description="Runs a function of MLIR text or bytecode and prints its results, one per line.\n"
        "The file may be - for standard input, which is also read where there is none.",
        epilog=_EXAMPLES,
    )
    add = parser.add_argument
    add("-h", "--help", action="store_true", help="show this help")
    add("--fn", metavar="NAME", help="the function; by default @main, or the only public one")
    add(
        "--random",
        metavar="=SEED",
        nargs="?",
        type=int,
        const=0,
        help="make up the values that are not given",
    )
    add(
        "--backend", choices=("pjrt", "interpreter"), default="pjrt", help="XLA, or the reference interpreter"
    )
    add("--passes", metavar="PASSES", help=f"how weft ops are lowered ({_LOWERING})")
    add("--digits", metavar="N", type=int, help="round to N significant digits")
    return parser


def _separate(argv: Sequence[str]) -> tuple[list[str], list[str]]:
    """Options and values; a value may begin with a minus, and `--fn f` is `--fn=f`."""
    flags: list[str] = []
    words: list[str] = []
    for argument in argv:
        if flags and flags[-1] in _WITH_VALUE:
            flags[-1] += f"={argument}"
        else:
            (flags if argument.startswith("--") or argument == "-h" else words).append(argument)
    return flags, words


def _names_ir(word: str) -> bool:
    path = Path(word)
    return word == "-" or path.suffix in _IR_SUFFIXES or (path.is_file() and path.suffix != ".npy")


def _lowered(source: Source, options: argparse.Namespace) -> Module:
    """The module in StableHLO, with the function to run as `@main` and nothing that it does not use."""
    module = source.parse()
    if has_weft_ops(module):
        run_pipeline(module, "weft-verify")
    _make_entry(module, _function_name(module, options.fn))
    run_pipeline(module, "symbol-dce")
    lowering = _LOWERING if options.passes is None and has_weft_ops(module) else options.passes
    run_pipeline(module, lowering or "", checks=[check_structure])
    return module


def _function_name(module: Module, asked: str | None) -> str:
    functions = module.functions
    public = [f.name for f in module if f.is_public]
    if asked is None and ("main" in functions or len(public) == 1):
        return "main" if "main" in functions else public[0]
    listed = ", ".join(f"@{name}" for name in functions) or "none"
    if asked is None:
        raise Exit(1, f"weft-run: say which function with --fn=; there are {listed}")
    if asked.removeprefix("@") not in functions:
        raise Exit(1, f"weft-run: there is no function @{asked.removeprefix('@')}; there are {listed}")
    return asked.removeprefix("@")


def _make_entry(module: Module, name: str) -> None:
    """Renames the function to `@main` and makes every other one private."""
    with context():
        if name != "main":
            if "main" in module.functions:
                _rename(module, "main", module.unique_name("main"))
            _rename(module, name, "main")
        for function in module:
            if function.name == "main":
                function.publish()
            else:
                function.hide()
    module.invalidate()


def _rename(module: Module, old: str, new: str) -> None:
    ir.SymbolTable.replace_all_symbol_uses(old, new, module.ir.operation)
    ir.SymbolTable.set_symbol_name(module.function(old).op, new)
    module.invalidate()


def _inputs(module: Module) -> tuple[Aval, ...]:
    try:
        return module.signature("main").inputs
    except TypeError as error:
        raise Exit(1, f"weft-run: {error}, and only such can be given and printed") from None


def _values(avals: Sequence[Aval], texts: Sequence[str], options: argparse.Namespace) -> list[np.ndarray]:
    """One array for each input; raises Exit if there are too few values or too many."""
    if len(texts) > len(avals) or (len(texts) < len(avals) and options.random is None):
        takes = f"({', '.join(map(str, avals))})"
        made_up = "" if options.random is not None else "; --random makes up what is not given"
        raise Exit(1, f"weft-run: the function takes {takes}, but there are {len(texts)} values{made_up}")
    values = []
    for position, (text, aval) in enumerate(zip(texts, avals, strict=False)):
        try:
            values.append(read_value(text, aval.shape, numpy_dtype(aval)))
        except ValueTextError as error:
            raise ValueTextError(f"value {position} for {aval}: {error}") from None
    for position in range(len(texts), len(avals)):
        aval = avals[position]
        values.append(random_value(options.random + position, aval.shape, numpy_dtype(aval)))
    return values


def _results(module: Module, values: list[np.ndarray], options: argparse.Namespace) -> list[np.ndarray]:
    # Imported here: a mistake in the input is told before jaxlib has loaded.
    from weft_tools import backends

    execute = backends.run_interpreter if options.backend == "interpreter" else backends.run_pjrt
    try:
        return execute(module, values)
    except ir.MLIRError as error:
        raise DiagnosticError.from_mlir(error) from None
    except (RuntimeError, ValueError) as error:  # what XLA cannot compile or run
        raise Exit(1, f"weft-run: {error}") from None


def console() -> None:
    command.console(main)


if __name__ == "__main__":
    console()
