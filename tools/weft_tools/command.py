"""What the command-line tools share: streams that a test can replace, arguments with errors in words."""

import argparse
import io
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, NoReturn


@dataclass(frozen=True)
class Streams:
    """Standard input, output and error of a command, in bytes, since bytecode goes through them too."""

    stdin: BinaryIO
    stdout: BinaryIO
    stderr: BinaryIO

    def write(self, text: str) -> None:
        self.stdout.write(text.encode())

    def complain(self, text: str) -> None:
        self.stderr.write(text.rstrip("\n").encode() + b"\n")


Main = Callable[[Sequence[str], Streams], int]


class Exit(Exception):
    """Ends a command with `status`; `message` goes to standard error."""

    def __init__(self, status: int, message: str = ""):
        super().__init__(message)
        self.status, self.message = status, message


class _Help(argparse.RawDescriptionHelpFormatter):
    """Help of one width everywhere, since a page of the documentation is made from it."""

    def __init__(self, prog: str):
        super().__init__(prog, max_help_position=32, width=100)


class Arguments(argparse.ArgumentParser):
    """An argument parser that raises Exit where argparse would leave the process."""

    def __init__(self, streams: Streams, **settings: Any):
        super().__init__(
            allow_abbrev=False,
            formatter_class=_Help,
            add_help=False,
            **settings,
        )
        self._streams = streams

    def _print_message(self, message: str, file: object = None) -> None:
        self._streams.write(message)

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        raise Exit(status, message or "")

    def error(self, message: str) -> NoReturn:
        raise Exit(2, f"{self.prog}: {message}; {self.prog} --help lists the options")


def run(main: Main, argv: Sequence[str], streams: Streams) -> int:
    """`main` with its Exit turned into a status."""
    try:
        return main(argv, streams)
    except Exit as exit:
        if exit.message:
            streams.complain(exit.message)
        return exit.status


def printed(main: Main, argv: Sequence[str]) -> str:
    """What `main` prints for these arguments; raises RuntimeError with what it says if it fails."""
    out, err = io.BytesIO(), io.BytesIO()
    if run(main, argv, Streams(io.BytesIO(), out, err)):
        raise RuntimeError(err.getvalue().decode())
    return out.getvalue().decode()


def console(main: Main) -> NoReturn:
    """Runs `main` on the process's own arguments and streams, and ends the process."""
    streams = Streams(sys.stdin.buffer, sys.stdout.buffer, sys.stderr.buffer)
    try:
        status = run(main, sys.argv[1:], streams)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader, say `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 1
    except KeyboardInterrupt:
        status = 130
    sys.stderr.flush()
    # Tearing down the bindings one by one takes longer than many a run.
    os._exit(status)
