"""Calls of Python functions on the host while a program runs, named by number.

Who lowers a module finds in `Module.callbacks` which functions the program calls, by index, and hands them to
the runtime. What the functions are, the compiler does not know.
"""

from weft_compiler.attributes import I64, Avals, Flag, Text
from weft_compiler.avals import KeyDtype
from weft_compiler.bindings import context, ir
from weft_compiler.callback_sites import ORDERED, TARGET, CallbackSite
from weft_compiler.dialect.op import (
    NOT_LINEAR,
    NOTHING_TO_FOLD,
    Anything,
    Attr,
    Op,
    Operands,
    OpValueError,
    no_rule,
    op,
)
from weft_compiler.dialect.scan import Scan

VMAP_METHODS = ("sequential", "sequential_unrolled", "expand_dims", "broadcast_all", "legacy_vectorized")


class HostCall(Op):
    """Calls function number `callback` on the operands; `out_types` are the types of its results."""

    args: Operands[Anything]
    callback: Attr[I64]
    out_types: Attr[Avals]

    results = None
    takes_keys = True  # their words go to the function

    def infer(self, *args):
        for aval in self.out_types:
            if isinstance(aval.dtype, KeyDtype):
                self.fail(f"the function cannot return keys, {aval}: return their words")
        return self.out_types

    def one_by_one(self, b, xs, unroll=1):
        """A call for each element of the batch, first to last; the results stacked."""
        batched = [b.is_batched(x) for x in xs]
        same = [x for x, is_batched in zip(xs, batched, strict=True) if not is_batched]
        arrays = [x for x, is_batched in zip(xs, batched, strict=True) if is_batched]

        def write(inner, *values):
            outer, own = iter(values[: len(same)]), iter(values[len(same) :])
            return inner.emit(self, [next(own) if m else next(outer) for m in batched])

        inputs = [*(x.aval for x in same), *(x.aval.with_shape(x.shape[1:]) for x in arrays)]
        body = b.define(f"{self.name}.each", inputs, write)
        loop = Scan.of(body=body, consts=len(same), carry=0, length=b.axis_size, unroll=unroll)
        return b.emit(loop, (*same, *arrays))

    def call_host(self, b, xs, **attrs):
        """The custom call, noted as one of the program's."""
        sites = b.module.callbacks
        config = {"index": ir.IntegerAttr.get(ir.IntegerType.get_unsigned(64, context()), len(sites))}
        outs = b.stablehlo.op(
            "stablehlo.custom_call",
            [b.words(x) if isinstance(x.dtype, KeyDtype) else x for x in xs],
            b.outs,
            call_target_name=TARGET,
            api_version=ir.IntegerAttr.get(ir.IntegerType.get_signless(32, context()), 4),
            backend_config=ir.DictAttr.get(config, context()),
            **attrs,
        )
        sites.append(CallbackSite(self.callback, self.out_types, ORDERED in attrs, self.has_effect))
        return outs if isinstance(outs, tuple) else (outs,)

    transpose = NOT_LINEAR
    fold = NOTHING_TO_FOLD
    samples = no_rule("covered by test/frontend/test_callbacks.py: it needs a function of the process")


@op("pure_callback")
class PureCallback(HostCall):
    """The results of a function without effects: it may be called any number of times, or not at all.

    Batching goes by `vmap_method`: the function is called for each element (`sequential`), or once for all,
    where operands without the batch axis get one of size 1 (`expand_dims`), of full size (`broadcast_all`) or
    none (`legacy_vectorized`).
    """

    vmap_method: Attr[Text] = ""

    def infer(self, *args):
        if self.vmap_method and self.vmap_method not in VMAP_METHODS:
            self.fail(
                f"vmap_method must be one of {', '.join(VMAP_METHODS)}, got {self.vmap_method}", OpValueError
            )
        return super().infer(*args)

    def jvp(self, b, *args):
        raise OpValueError(
            "Pure callbacks do not support JVP. Please use `custom_jvp` to use callbacks while taking gradients."
        )

    def batch(self, b, *xs):
        method = self.vmap_method
        if not method:
            raise NotImplementedError(
                "vmap is only supported for pure_callback when vmap_method is one of "
                f"{', '.join(VMAP_METHODS)}. Got vmap_method=None."
            )
        if method.startswith("sequential"):
            unroll = max(1, b.axis_size) if method == "sequential_unrolled" else 1
            return self.one_by_one(b, xs, unroll)
        if method == "broadcast_all":
            xs = tuple(b.with_batch(x) for x in xs)
        elif method == "expand_dims":
            xs = tuple(x if b.is_batched(x) else b.repeat_first(x, 1) for x in xs)
        outs = tuple(a.with_shape((b.axis_size, *a.shape)) for a in self.out_types)
        return b.emit(self.replace(out_types=outs), xs)

    def lower(self, b, *xs):
        return self.call_host(b, xs)


@op("effect_callback")
class EffectCallback(HostCall):
    """Calls a function for what it does: once each time that the program comes by.

    `ordered` calls happen in the order of the program, also through calls, loops and branches; others in any.
    `debug` calls only look at values, so they may stand in a function that is differentiated or batched.
    """

    ordered: Attr[Flag] = False
    debug: Attr[Flag] = False

    has_effect = True
    key_use = "kept"

    @property
    def only_looks(self) -> bool:  # type: ignore[override]
        return self.debug

    def jvp(self, b, *args):
        if not self.debug:
            raise OpValueError("IO callbacks do not support JVP.")
        return (None,) * len(self.out_types)

    def batch(self, b, *xs):
        if self.ordered and not self.debug:
            raise OpValueError("Cannot `vmap` ordered IO callback.")
        return self.one_by_one(b, xs)

    def lower(self, b, *xs):
        attrs = {ORDERED: ir.UnitAttr.get(context())} if self.ordered else {}
        return self.call_host(b, xs, has_side_effect=True, **attrs)
