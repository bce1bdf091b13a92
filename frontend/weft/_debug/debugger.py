"""The debugger that a breakpoint in a running program opens: a command line on the frames around it."""

from __future__ import annotations

import bdb
import cmd
import pprint
import traceback
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TextIO  # what an expression gives is of every kind

from weft._debug.frames import Frame, frames_here, unfixed
from weft._transforms.callbacks import debug_callback

Backend = Callable[[Sequence[Frame], dict[str, Any]], None]


_TAKE_MORE = ("p", "pp", "h", "help")
"""Commands that are followed by something."""


class Debugger(cmd.Cmd):
    """Looks at frames until it is told to continue. A line that is no command is evaluated."""

    prompt = "(weft) "

    def __init__(self, frames: Sequence[Frame], stdin: TextIO | None, stdout: TextIO | None) -> None:
        super().__init__(stdin=stdin, stdout=stdout)
        self.use_rawinput = stdin is None
        self.frames = list(frames)
        self.at = 0

    def run(self) -> None:
        """Reads commands until one of them ends it."""
        self.cmdloop(f"Entering the debugger of weft; `h` for help.\n{self._where()}")

    def _where(self) -> str:
        return f"> {self.frames[self.at].header()}" if self.frames else "> no frame"

    def _say(self, text: str) -> None:
        self.stdout.write(text + "\n")

    def _value(self, text: str) -> Any:
        frame = self.frames[self.at]
        return eval(text, dict(frame.shared), dict(frame.local))  # what a debugger is for

    def _shown(self, text: str, form: Callable[[Any], str]) -> None:
        try:
            self._say(form(self._value(text)))
        except Exception as error:  # noqa: BLE001  an expression may raise anything: the user sees it
            self._say(traceback.format_exception_only(error)[-1].rstrip())

    def onecmd(self, line: str) -> bool:
        """A command, if the first word is one and the rest fits it; else an expression that begins like one."""
        name, _, rest = line.strip().partition(" ")
        if name and (not hasattr(self, f"do_{name}") or (rest and name not in _TAKE_MORE)):
            self.default(line)
            return False
        return bool(super().onecmd(line))

    def default(self, line: str) -> None:
        self._shown(line, repr)

    def emptyline(self) -> bool:
        return False

    def do_p(self, arg: str) -> None:
        """p EXPRESSION: print its value"""
        self._shown(arg, repr)

    def do_pp(self, arg: str) -> None:
        """pp EXPRESSION: print its value over several lines"""
        self._shown(arg, pprint.pformat)

    def do_u(self, _: str) -> None:
        """u: to the frame that has called this one"""
        self._go(1)

    def do_d(self, _: str) -> None:
        """d: back to the frame that it has called"""
        self._go(-1)

    def _go(self, step: int) -> None:
        if 0 <= self.at + step < len(self.frames):
            self.at += step
            self._say(self._where())
        else:
            self._say("there is no further frame")

    def do_l(self, _: str) -> None:
        """l: list the source around the current line"""
        for line in self.frames[self.at].listing():
            self._say(line)

    def do_bt(self, _: str) -> None:
        """bt: all frames, the outermost first"""
        for i in reversed(range(len(self.frames))):
            self._say(f"{'>' if i == self.at else ' '} {self.frames[i].header()}")

    def do_a(self, _: str) -> None:
        """a: names and values of the frame"""
        for name, value in self.frames[self.at].local.items():
            self._say(f"{name} = {value!r}")

    def do_c(self, _: str) -> bool:
        """c: continue the program"""
        return True

    def do_q(self, _: str) -> bool:
        """q: end the program with an error"""
        raise bdb.BdbQuit("the debugger was told to quit")

    def do_h(self, arg: str) -> None:
        """h [COMMAND]: help"""
        names = ("a", "bt", "c", "d", "h", "l", "p", "pp", "q", "u")
        for name in (arg,) if arg in names else names:
            self._say(f"  {getattr(self, f'do_{name}').__doc__}")

    def do_EOF(self, _: str) -> bool:  # cmd's name for the end of the input
        """EOF: as c"""
        return True

    do_continue, do_quit, do_up, do_down = do_c, do_q, do_u, do_d
    do_list, do_where, do_help, do_args = do_l, do_bt, do_h, do_a


def command_line(frames: Sequence[Frame], options: dict[str, Any]) -> None:
    """The debugger on standard input and output, or on the streams `stdin` and `stdout`."""
    Debugger(frames, options.get("stdin"), options.get("stdout")).run()


BACKENDS: dict[str, Backend] = {"cli": command_line}


class _Entry:
    """What the program calls: it gets the frames with their values."""

    def __init__(self, frames: Sequence[Frame], backend: Backend, options: dict[str, Any]) -> None:
        self.frames, self.backend, self.options = frames, backend, options

    def __call__(self, locals_of_frames: Sequence[dict[str, Any]]) -> None:
        pairs = zip(self.frames, locals_of_frames, strict=True)
        filled = [replace(f, local={k: unfixed(x) for k, x in local.items()}) for f, local in pairs]
        self.backend(filled, self.options)


def breakpoint(
    *,
    backend: str | None = None,
    filter_frames: bool = True,
    num_frames: int | None = None,
    ordered: bool = False,
    token: Any = None,
    **kwargs: Any,
) -> None:
    """Opens a debugger each time that the program comes by, on the Python frames of this place with their values.

    It may stand where `debug.callback` may: under `jit`, in loops and branches, under `grad` and `vmap` (once for
    each element). `p` prints an expression, `u` and `d` walk over the frames, `c` continues, `h` tells the rest.
    `filter_frames` leaves out frames of weft. The streams `stdin` and `stdout` stand in for those of the process.

    Raises: ValueError for an unknown backend. `token` is for JAX's programs of old, and is not looked at.
    """
    name = backend or "cli"
    if name not in BACKENDS:
        raise ValueError(f"debug.breakpoint: no backend {name!r}; there is {', '.join(map(repr, BACKENDS))}")
    frames = frames_here(filter_frames, num_frames)
    entry = _Entry(frames, BACKENDS[name], kwargs)
    debug_callback("debug.breakpoint", entry, ([f.local for f in frames],), {}, ordered=ordered)
