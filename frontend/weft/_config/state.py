"""The `Config` object: values of the process, overrides per thread, and one integer that stands for all.

Reading is the hot path, so each thread has its current values as plain attributes, and writing (rare) keeps
the attributes of every thread up to date.
"""

from __future__ import annotations

import contextlib
import difflib
import os
import threading
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from weft._config.checks import Check, boolean, from_text

Scope = Literal["process", "thread"]
Hook = Callable[[Scope, object], None]

_NO_VALUE: Any = object()


@dataclass(frozen=True, eq=False)
class Option:
    """One setting. Called with a value it gives a context manager that sets it in this thread."""

    name: str
    default: object
    check: Check
    doc: str
    is_traced: bool
    """Whether a function traced under one value must be traced again under another."""
    config: Config

    def __call__(self, new_val: Any = _NO_VALUE) -> Override:
        """Set the option inside a `with` block, in this thread only; booleans default to True."""
        if new_val is _NO_VALUE:
            if self.check is not boolean:
                raise TypeError(
                    f"{self.name}() needs the value to set, for example {self.name}({self.default!r})"
                )
            new_val = True
        return Override(self, self.checked(new_val))

    def checked(self, value: object) -> object:
        """`value` in its stored form, or a ValueError that names the option."""
        try:
            return self.check(value)
        except ValueError as error:
            raise ValueError(f"{self.name}: {error}") from None

    @property
    def value(self) -> Any:
        """What holds in this thread now."""
        return getattr(self.config, self.name)

    def __repr__(self) -> str:
        return f"<option {self.name} = {self.value!r}>"


class Override(contextlib.ContextDecorator):
    """A value of one option inside a `with` block, in the current thread. May be entered again."""

    __slots__ = ("option", "value")

    def __init__(self, option: Option, value: object) -> None:
        self.option = option
        self.value = value

    def __enter__(self) -> None:
        self.option.config._push(self)

    def __exit__(self, *_: object) -> None:
        self.option.config._pop(self)


class _ThreadView:
    """The attributes of `Config` as one thread sees them, and that thread's open overrides."""

    __slots__ = ("__weakref__", "overrides", "values")

    def __init__(self, values: dict[str, Any]) -> None:
        self.values = values
        self.overrides: dict[str, list[Override]] = {}


class Moment:
    """What a quick call asks first: `key` is the `trace_key` of every thread, where nothing special goes on.

    It is None while some thread has an override open or traces a function; then each thread asks for its own
    (`config.trace_key`), which costs more.
    """

    __slots__ = ("key",)

    def __init__(self) -> None:
        self.key: int | None = 0


class Shared:
    """What all threads have in common: options, process-wide values, interned keys."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.moment = Moment()
        self.exceptions = 0
        """Overrides that are open and functions that are being traced, in all threads."""
        self.options: dict[str, Option] = {}
        self.attributes: dict[str, list[str]] = {}
        self.values: dict[str, object] = {}
        self.hooks: dict[str, list[Hook]] = {}
        self.keys: dict[tuple[object, ...], int] = {(): 0}
        self.process_key = 0
        self.views: weakref.WeakSet[_ThreadView] = weakref.WeakSet()

    def refresh_all(self, option: Option) -> None:
        """Bring every thread's attribute of `option` up to date, after a change for the process."""
        for view in self.views:
            self.refresh(view, option)
        if option.is_traced:
            self.process_key = self.key_of(self.values)
            self.refresh_moment()

    def refresh(self, view: _ThreadView, option: Option) -> None:
        """Bring one thread's attribute of `option`, and its `trace_key`, up to date."""
        stack = view.overrides.get(option.name)
        value = stack[-1].value if stack else self.values[option.name]
        for attribute in self.attributes[option.name]:
            view.values[attribute] = value
        if option.is_traced:
            view.values["trace_key"] = self.key_of(view.values)

    def except_by(self, change: int) -> None:
        """One more thread, or one less, to which what holds for all does not apply."""
        with self.lock:
            self.exceptions += change
            self.refresh_moment()

    def refresh_moment(self) -> None:
        """Bring `moment` up to date after a change."""
        self.moment.key = None if self.exceptions else self.process_key

    def key_of(self, values: Mapping[str, object]) -> int:
        """The integer of this combination of traced values: equal combinations have equal integers."""
        changed = tuple(
            (option.name, type(value), value)
            for option in self.options.values()
            if option.is_traced and (value := values[option.name]) != option.default
        )
        return self.keys.setdefault(changed, len(self.keys))


class Config(threading.local):
    """Settings of weft. Options are plain attributes; `update` sets one for the process.

    `trace_key` is an integer that differs exactly when an option that affects tracing differs, so a cache of
    traced or compiled functions needs no other part of the configuration in its key.
    """

    _shared: Shared
    _view: _ThreadView
    trace_key: int

    if TYPE_CHECKING:  # options are attributes of each thread; a real __getattr__ would slow reading down

        def __getattr__(self, name: str) -> Any: ...

    def __init__(self, shared: Shared) -> None:
        # threading.local runs this in every thread, with the same `shared` and the thread's own __dict__.
        own = self.__dict__
        view = _ThreadView(own)
        own.update(_shared=shared, _view=view, trace_key=0)
        with shared.lock:
            own.update(shared.values)  # all of them first, since a key takes in all options
            for option in shared.options.values():
                shared.refresh(view, option)
            shared.views.add(view)

    def update(self, name: str, val: Any) -> None:
        """Set option `name` for the process; a `with` block that is open in some thread keeps its value.

        The names of JAX are taken as well: `jax_enable_x64` is `enable_x64`.
        """
        option = self.option(name)
        value = option.checked(val)
        shared = self._shared
        with shared.lock:
            shared.values[option.name] = value
            shared.refresh_all(option)
        self._run_hooks(option, "process", value)

    def read(self, name: str) -> Any:
        """The value of option `name` in this thread."""
        return self.__dict__[self.option(name).name]

    @property
    def moment(self) -> Moment:
        """What holds for all threads alike; the object stays the same."""
        return self._shared.moment

    def except_by(self, change: int) -> None:
        """Says that a thread begins (1) or ends (-1) something that makes `moment` invalid: tracing."""
        self._shared.except_by(change)

    @property
    def values(self) -> dict[str, Any]:
        """All options with their values in this thread."""
        return {name: self.__dict__[name] for name in self._shared.options}

    def behind(self, trace_key: int) -> dict[str, Any]:
        """The values of the options that affect tracing, of which a `trace_key` is the integer."""
        shared = self._shared
        values: dict[str, Any] = {o.name: o.default for o in shared.options.values() if o.is_traced}
        for changed, key in list(shared.keys.items()):
            if key == trace_key:
                values.update({option[0]: option[2] for option in changed})  # type: ignore[index]
        return values

    def option(self, name: str) -> Option:
        """The option called `name`, with or without the prefix `jax_` or `weft_`."""
        shared = self._shared
        short = name.removeprefix("jax_").removeprefix("weft_")
        found = shared.options.get(short)
        if found is None:
            near = difflib.get_close_matches(short, shared.options, n=1)
            raise AttributeError(
                f"no config option {name!r}" + (f"; did you mean {near[0]!r}?" if near else "")
            )
        return found

    def define(
        self,
        name: str,
        default: object,
        check: Check,
        doc: str,
        *,
        is_traced: bool = False,
        environment: Mapping[str, str] | None = None,
    ) -> Option:
        """Add an option. Its first value is that of `WEFT_<NAME>` in `environment`, else `default`."""
        shared = self._shared
        if name in shared.options:
            raise ValueError(f"config option {name!r} exists already")
        option = Option(name, default, check, doc, is_traced, self)
        variable = f"WEFT_{name.upper()}"
        value = default
        text = (os.environ if environment is None else environment).get(variable)
        if text is not None:
            try:
                value = from_text(check, text)
            except ValueError as error:
                raise ValueError(f"environment variable {variable}: {error}") from None
        with shared.lock:
            shared.values[name] = value
            shared.attributes[name] = [name] if name.startswith("jax2tf_") else [name, f"jax_{name}"]
            for view in shared.views:
                view.values[name] = value
            shared.options[name] = option
            shared.refresh_all(option)
        return option

    def alias(self, alias: str, name: str) -> None:
        """Make `alias` a second attribute for option `name`."""
        shared = self._shared
        with shared.lock:
            shared.attributes[name].append(alias)
            for view in shared.views:
                shared.refresh(view, shared.options[name])

    def watch(self, name: str, hook: Hook) -> None:
        """Call `hook(scope, value)` after each change of option `name`, in the thread that changed it.

        Scope "process" is an `update`; scope "thread" is the entry or exit of a `with` block, where the value
        is None once this thread has no override left. Meant for a library that keeps the setting too.
        """
        option = self.option(name)
        self._shared.hooks.setdefault(option.name, []).append(hook)
        hook("process", self._shared.values[option.name])

    def _push(self, override: Override) -> None:
        shared, view, option = self._shared, self._view, override.option
        with shared.lock:
            stack = view.overrides.setdefault(option.name, [])
            stack.append(override)
            try:
                shared.refresh(view, option)
            except TypeError:  # the one cause: a value of a user context that has no hash
                stack.pop()
                shared.refresh(view, option)
                raise TypeError(
                    f"{option.name}: the value must be hashable, since caches compare it; "
                    f"got {type(override.value).__name__} {override.value!r}"
                ) from None
            shared.except_by(1)
        self._run_hooks(option, "thread", override.value)

    def _pop(self, override: Override) -> None:
        shared, view, option = self._shared, self._view, override.option
        stack = view.overrides.get(option.name, [])
        # Not always the last one: generators may leave their blocks in another order.
        position = next((i for i in reversed(range(len(stack))) if stack[i] is override), None)
        if position is None:
            raise RuntimeError(f"{option.name}: a `with` block must be left in the thread that entered it")
        with shared.lock:
            del stack[position]
            shared.refresh(view, option)
            shared.except_by(-1)
        self._run_hooks(option, "thread", stack[-1].value if stack else None)

    def _run_hooks(self, option: Option, scope: Scope, value: object) -> None:
        for hook in self._shared.hooks.get(option.name, ()):
            hook(scope, value)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f'set options with config.update("{name}", {value!r})')

    def __repr__(self) -> str:
        rows = (f"  {name} = {value!r}" for name, value in self.values.items())
        return "\n".join(["weft.config", *rows])
