"""What the configuration asks programs to be checked for: `debug_nans`, `debug_infs`, `debug_key_reuse`."""

from __future__ import annotations

from typing import NamedTuple

from weft._tracing.key_checks import KeyWatch, watched
from weft._tracing.nan_checks import ResultWatch, Watch, are_on, checked
from weft.config import config
from weft_compiler.module import Module
from weft_runtime import Executable


class Checked(NamedTuple):
    """A function of a module with the checks that are asked for in it."""

    module: Module
    entry: str
    nans: Watch | ResultWatch | None
    keys: KeyWatch | None
    bare: tuple[Module, str]
    """The function without checks."""

    def around(self, executable: Executable) -> Executable:
        """The executable of the function, whose calls look at what the checks have found."""
        for watch in (self.nans, self.keys):
            if watch is not None:
                executable = watch.around(executable)
        return executable

    def on_several_devices(self, name: str) -> Checked:
        """The same for a program over several devices, which cannot tell the host: only results are looked at."""
        if type(self.nans) is not Watch:
            return self
        return self._replace(module=self.bare[0], entry=self.bare[1], nans=ResultWatch(name))


def with_checks(module: Module, entry: str, name: str, *, is_library: bool = False) -> Checked:
    """A function with checks: itself where none are asked for, else one in a copy of the module.

    What is of the library, not of the user, names the place from where it is called.

    Raises: KeyReuseError if it consumes a key twice.
    """
    keys = watched(module, entry, name) if config.debug_key_reuse else None
    if not are_on():
        return Checked(module, entry, None, keys, (module, entry))
    made, checked_entry, nans = checked(module, entry, name, is_library=is_library)
    return Checked(made, checked_entry, nans, keys, (module, entry))
