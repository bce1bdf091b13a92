"""weft-opt: reads MLIR, runs passes over it, prints it."""

from __future__ import annotations

import argparse
import io
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from weft_compiler.bindings import context, ir
from weft_compiler.diagnostics import Diagnostic, DiagnosticError, diagnostic_of
from weft_compiler.module import Module
from weft_compiler.passes.driver import (
    PassFault,
    PrintIR,
    Timing,
    Watcher,
    check_rules,
    check_structure,
    has_weft_ops,
    run_pipeline,
)
from weft_compiler.passes.options import PipelineError
from weft_compiler.passes.pipeline import Step, parse_pipeline
from weft_tools import catalogue, command
from weft_tools.command import Exit, Streams
from weft_tools.expected import Expectation, expectations, mismatches
from weft_tools.source import SEPARATOR, Source, read_source

_EXAMPLES = """\
examples:
  weft-opt model.mlir --passes='weft-cse,weft-dce'
  weft-opt model.mlir --weft-cse --weft-dce                     the same
  weft-opt model.mlir --passes='weft-jvp{fn=f wrt=0,1},canonicalize' --print-ir-after-all
  weft-opt model.mlir --passes='func.func(cse)' --timing -o out.mlir
  weft-opt errors.mlir --split-input-file --verify-diagnostics
  weft-opt --list-passes
  weft-opt --describe=weft-jvp
"""


def main(argv: Sequence[str], streams: Streams) -> int:
    flags, passes = _separate(argv)
    options = _arguments(streams).parse_args(flags)
    if options.help:
        streams.write(_arguments(streams).format_help() + "\n" + catalogue.summary())
        return 0
    if options.list_passes:
        streams.write(catalogue.summary())
        return 0
    try:
        if options.describe:
            streams.write(catalogue.description(options.describe))
            return 0
        steps = _pipeline(options, passes)
    except PipelineError as error:
        raise Exit(1, f"weft-opt: {error}") from None
    source = read_source(options.file, streams, "weft-opt")
    job = _Job(options, steps, streams)
    for chunk in source.chunks() if options.split_input_file else [source]:
        job.run(chunk)
    job.write()
    return 1 if job.has_failed else 0


def _arguments(streams: Streams) -> command.Arguments:
    parser = command.Arguments(
        streams,
        prog="weft-opt",
        description="Reads MLIR text or bytecode, runs passes over it and prints the result.",
        epilog=_EXAMPLES,
    )
    add = parser.add_argument
    add("file", nargs="?", default="-", help="input; - is standard input, which is also the default")
    add("-h", "--help", action="store_true", help="show this help and the passes")
    add("--list-passes", action="store_true", help="one line for each pass and pipeline")
    add("--describe", metavar="PASS", help="what a pass does, and its options")
    add(
        "--passes", "--pass-pipeline", metavar="PASSES", dest="passes", help="pass{option=value},op(pass),..."
    )
    add("-o", metavar="FILE", dest="output", default="-", help="where the result goes")
    add("--emit-bytecode", action="store_true", help="write MLIR bytecode instead of text")
    add("--split-input-file", action="store_true", help="treat the parts between // ----- lines one by one")
    add(
        "--verify-diagnostics",
        action="store_true",
        help="compare errors with expected-error {{...}} comments",
    )
    add(
        "--verify-roundtrip",
        action="store_true",
        help="check that text and bytecode read back as the same IR",
    )
    add("--no-verify", action="store_true", help="check neither the input nor what passes leave")
    add("--print-ir-after-all", action="store_true", help="print the IR after every pass, to standard error")
    add("--print-ir-before-all", action="store_true", help="print the IR before every pass")
    add(
        "--print-ir-after",
        metavar="PASS,...",
        type=_names,
        default=(),
        help="print the IR after these passes",
    )
    add("--print-ir-before", metavar="PASS,...", type=_names, default=(), help="... before these passes")
    add("--print-locations", action="store_true", help="print the source location of every op")
    add("--print-generic", action="store_true", help="print every op in generic form")
    add("--elide-constants", metavar="N", type=int, help="leave out constants of more than N elements")
    add("--timing", action="store_true", help="print the time of every pass, to standard error")
    return parser


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split(","))


def _separate(argv: Sequence[str]) -> tuple[list[str], list[str]]:
    """Options of the tool, and passes given as flags of their own: `--weft-cse`, `--weft-jvp='fn=f'`."""
    known = {"help", "list-passes", "describe", "passes", "pass-pipeline", "o", "h"}
    probe = _arguments(Streams(io.BytesIO(), io.BytesIO(), io.BytesIO()))
    known |= {s.lstrip("-") for action in probe._actions for s in action.option_strings}
    flags, passes = [], []
    for argument in argv:
        match = re.fullmatch(r"--([a-z][\w.-]*)(?:=(.*))?", argument, re.DOTALL)
        if match and match[1] not in known:
            passes.append(match[1] + (f"{{{match[2]}}}" if match[2] else ""))
        else:
            flags.append(argument)
    return flags, passes


def _pipeline(options: argparse.Namespace, passes: list[str]) -> tuple[Step, ...]:
    if not passes:
        return parse_pipeline(options.passes or "")
    if options.passes:
        raise PipelineError(f"give passes either in --passes or as flags, not --{passes[0]} as well")
    try:
        return parse_pipeline(",".join(passes))
    except PipelineError as error:
        raise PipelineError(f"{error} (an option that weft-opt does not know is read as a pass)") from None


class _Job:
    """The chunks of one input: runs each, gathers what comes out and whether anything failed."""

    def __init__(self, options: argparse.Namespace, steps: tuple[Step, ...], streams: Streams):
        self.options, self.steps, self.streams = options, steps, streams
        self.has_failed = False
        self.outputs: list[bytes] = []
        self.timing = Timing()

    def run(self, source: Source) -> None:
        with _collected_diagnostics() as diagnostics:
            try:
                module = self._transformed(source)
                self.outputs.append(self._printed(module))
            except DiagnosticError as error:
                diagnostics.extend(error.diagnostics)
            except PassFault as fault:
                self._fail(f"weft-opt: {fault}")
        if self.options.verify_diagnostics:
            self._compare(source, diagnostics)
        else:
            self._report(source, diagnostics)

    def _transformed(self, source: Source) -> Module:
        module = source.parse()
        checks = [] if self.options.no_verify else [check_structure, check_rules]
        if checks and has_weft_ops(module):
            run_pipeline(module, "weft-verify")  # the parser has checked the structure
        run_pipeline(module, self.steps, checks=checks, watchers=self._watchers())
        return module

    def _watchers(self) -> list[Watcher]:
        options, watchers = self.options, list[Watcher]()
        before = None if options.print_ir_before_all else options.print_ir_before
        after = None if options.print_ir_after_all else options.print_ir_after
        if before != () or after != ():
            watchers.append(PrintIR(self.streams.complain, before, after))
        if options.timing:
            watchers.append(self.timing)
        return watchers

    def _printed(self, module: Module) -> bytes:
        operation = module.ir.operation
        if self.options.verify_roundtrip:
            self._check_roundtrip(operation)
        if self.options.emit_bytecode:
            return _bytecode(operation)
        text = operation.get_asm(
            enable_debug_info=self.options.print_locations,
            print_generic_op_form=self.options.print_generic,
            large_elements_limit=self.options.elide_constants,
        )
        return text.rstrip("\n").encode() + b"\n"

    def _check_roundtrip(self, operation: ir.Operation) -> None:
        text = operation.get_asm(enable_debug_info=True)
        forms: dict[str, str | bytes] = {"text": text, "bytecode": _bytecode(operation)}
        for form, content in forms.items():
            again = Source("<roundtrip>", content).parse().ir.operation.get_asm(enable_debug_info=True)
            if again != text:
                self._fail(f"weft-opt: the IR is another after a round trip through {form}:\n{again}")

    def _compare(self, source: Source, diagnostics: list[Diagnostic]) -> None:
        if isinstance(source.content, bytes):
            raise Exit(1, "weft-opt: --verify-diagnostics needs text, since bytecode has no comments")
        try:
            expected = list(expectations(source.content))
        except ValueError as error:
            raise Exit(1, f"weft-opt: {source.name}: {error}") from None
        for mismatch in mismatches(expected, diagnostics):
            if isinstance(mismatch, Expectation):
                where = f"{source.name}:{mismatch.written_at}"
                message = f'{mismatch.severity} "{mismatch.message}" was expected and did not come'
                self._fail(f"{where}: {message}{_instead(mismatch, diagnostics)}")
            else:
                self._fail("unexpected " + mismatch.render(source.sources))

    def _report(self, source: Source, diagnostics: list[Diagnostic]) -> None:
        for diagnostic in diagnostics:
            self.streams.complain(diagnostic.render(source.sources))
        self.has_failed |= any(d.severity == "error" for d in diagnostics)

    def _fail(self, message: str) -> None:
        self.has_failed = True
        self.streams.complain(message)

    def write(self) -> None:
        """Writes what the chunks gave to the output, unless every chunk failed."""
        if self.options.timing:
            self.streams.complain(self.timing.table())
        if self.has_failed and not self.outputs:
            return
        content = f"{SEPARATOR}\n".encode().join(self.outputs)
        if self.options.output == "-":
            self.streams.stdout.write(content)
            return
        try:
            Path(self.options.output).write_bytes(content)
        except OSError as error:
            raise Exit(1, f"weft-opt: cannot write {self.options.output}: {error.strerror}") from None


def _instead(expected: Expectation, diagnostics: list[Diagnostic]) -> str:
    """What line the same message was reported on, which is the usual slip."""
    same = [d for d in diagnostics if expected.message in d.message]
    if not same:
        return ""
    place = same[0].place
    return f" on line {expected.line}; it came on line {place.line}" if place else "; it came without a line"


def _bytecode(operation: ir.Operation) -> bytes:
    buffer = io.BytesIO()
    operation.write_bytecode(buffer)
    return buffer.getvalue()


@contextmanager
def _collected_diagnostics() -> Iterator[list[Diagnostic]]:
    """What MLIR emits besides the errors it raises: warnings and remarks."""
    collected: list[Diagnostic] = []

    def collect(info: ir.Diagnostic) -> bool:
        collected.append(diagnostic_of(info))
        return True

    keep: Callable[[ir.Diagnostic], bool] = collect
    handler = context().attach_diagnostic_handler(keep)
    try:
        yield collected
    finally:
        handler.detach()


def console() -> None:
    command.console(main)


if __name__ == "__main__":
    console()
