"""A function run by every device of a mesh on its own parts of the operands: `shard_map`."""

import math

from weft_compiler.attributes import Ints, Symbol, Text
from weft_compiler.dialect.call import HigherOrder
from weft_compiler.dialect.collectives import AllReduceSum
from weft_compiler.dialect.mesh_layouts import layouts_of, shardy, text_of, tiles, used
from weft_compiler.dialect.op import Anything, Attr, Operands, no_rule, op
from weft_compiler.masks import marks, picked, present, spread
from weft_compiler.stablehlo import parsed
from weft_compiler.transforms import TransformBuilder


@op("shard_map")
class ShardMap(HigherOrder):
    """The results of `callee`, which each device of `mesh` calls on its parts of the operands.

    The mesh has the axes `axis_names` of `axis_sizes`, which the collectives in `callee` speak of. The layouts say
    how operands and results are split; where a result is not split over an axis, all devices along it have the
    same value.
    """

    args: Operands[Anything]
    callee: Attr[Symbol]
    mesh: Attr[Text]
    axis_names: Attr[Text]
    """The names, with commas between."""
    axis_sizes: Attr[Ints]
    in_layouts: Attr[Text]
    out_layouts: Attr[Text]

    results = None
    callee_attrs = ("callee",)

    @property
    def bound_axes(self):
        """The axes of the mesh."""
        return tuple(self.axis_names.split(","))

    @property
    def sizes(self):
        """Sizes of the axes of the mesh by name."""
        return dict(zip(self.bound_axes, self.axis_sizes, strict=True))

    @property
    def layouts(self):
        """Layouts of the operands, and of the results."""
        return layouts_of(self.in_layouts), layouts_of(self.out_layouts)

    def infer(self, signatures, *args):
        (callee,) = signatures
        ins, outs = self.layouts
        if len(ins) != len(args) or len(outs) != len(callee.outputs):
            self.fail(f"in_layouts and out_layouts do not fit @{self.callee}, which is {callee}")
        parts = tuple(self._part(x, layout) for x, layout in zip(args, ins, strict=True))
        if parts != callee.inputs:
            self.fail(f"@{self.callee} takes {callee}, a device has ({', '.join(map(str, parts))})")
        return tuple(self._whole(x, layout) for x, layout in zip(callee.outputs, outs, strict=True))

    def _part(self, x, layout):
        counts = tiles(layout, self.sizes)
        if len(counts) != x.ndim or any(n % count for n, count in zip(x.shape, counts, strict=True)):
            self.fail(f"{x} cannot be split as {text_of([layout])}")
        return x.with_shape(tuple(n // count for n, count in zip(x.shape, counts, strict=True)))

    def _whole(self, x, layout):
        counts = tiles(layout, self.sizes)
        if len(counts) != x.ndim:
            self.fail(f"a result {x} cannot be laid out as {text_of([layout])}")
        return x.with_shape(tuple(n * count for n, count in zip(x.shape, counts, strict=True)))

    def depends(self, b, mask):
        own = TransformBuilder(b.module, None, b.loc)  # names of a batch around mean nothing inside
        own.differentiable = b.differentiable
        return own.dependence(self.callee, mask)

    def jvp(self, b, *args):
        xs, dxs = args[: len(args) // 2], args[len(args) // 2 :]
        active = marks(dxs)
        made = b.jvp_of(self.callee, active)
        ins, outs = self.layouts
        call = self.replace(
            callee=made.fn,
            in_layouts=text_of([*ins, *picked(ins, active)]),
            out_layouts=text_of([*outs, *picked(outs, made.out_active)]),
        )
        return made.split(b.emit(call, (*xs, *present(dxs))))

    def linearize(self, b, xs, dxs):
        active = marks(dxs)
        made = b.linearize_of(self.callee, active)
        count = len(made.out_active)
        if not any(made.out_active):
            return b.emit_primal(self, xs), (None,) * count
        sources = b.residual_sources(made)
        fwd, lin = b.once(("shard_map.linearize", made.fwd), lambda: _with_stacks(b, made, sources))
        ins, outs = self.layouts
        avals = b.module.signature(fwd).outputs[count:]
        stacks = [(self.bound_axes, *((),) * (a.ndim - 1)) for a in avals]
        forward = self.replace(callee=fwd, out_layouts=text_of([*outs, *stacks]))
        results = b.emit_primal(forward, xs)
        own = iter(zip(results[count:], stacks, strict=True))
        known = {
            "argument": list(zip(xs, ins, strict=True)),
            "result": list(zip(results, outs, strict=False)),
        }
        passed = [next(own) if s.kind == "own" else known[s.kind][s.position] for s in sources]
        linear = self.replace(
            callee=lin,
            in_layouts=text_of([*picked(ins, active), *(layout for _, layout in passed)]),
            out_layouts=text_of(picked(outs, made.out_active)),
        )
        tangents = b.emit(linear, (*present(dxs), *(v for v, _ in passed)))
        return results[:count], made.spread_tangents(tangents)

    def transpose(self, b, cts, *xs):
        # A result that is not split over an axis is one value, of which each device along the axis has a copy,
        # so each gets its share of the cotangent; the cotangent of an operand is the sum over its copies.
        linear, given = tuple(b.is_linear(x) for x in xs), marks(cts)
        made = b.transpose_of(self.callee, linear, given)
        ins, outs = self.layouts
        known = tuple(not is_linear for is_linear in linear)
        returned = picked(picked(ins, linear), made.nonzero)
        before = [*picked(outs, given), *picked(ins, known)]

        def write(inner, *args):
            shares = [self._share(inner, ct, o) for ct, o in zip(args, picked(outs, given), strict=False)]
            results = inner.call(made.fn, (*shares, *args[len(shares) :]))
            return [self._summed(inner, ct, layout) for ct, layout in zip(results, returned, strict=True)]

        inputs = b.module.signature(made.fn).inputs
        fn = b.once(
            ("shard_map.transpose", self, made.fn), lambda: b.define(f"{made.fn}.parts", inputs, write)
        )
        call = self.replace(callee=fn, in_layouts=text_of(before), out_layouts=text_of(returned))
        cotangents = b.emit(call, (*present(cts), *picked(xs, known)))
        of_linear = iter(spread(made.nonzero, cotangents))
        return tuple(next(of_linear) if is_linear else None for is_linear in linear)

    def _share(self, b, ct, layout):
        copies = math.prod(n for name, n in self.sizes.items() if name not in used(layout))
        return ct if copies == 1 else b.div(ct, copies)

    def _summed(self, b, ct, layout):
        for position, name in enumerate(self.bound_axes):
            if name not in used(layout):
                total = AllReduceSum.of(
                    axis_name=name,
                    axis_size=self.axis_sizes[position],
                    mesh_shape=self.axis_sizes,
                    mesh_axis=position,
                )
                ct = b.emit(total, (ct,))
        return ct

    def batch(self, b, *xs):
        batched = tuple(b.is_batched(x) for x in xs)
        made = b.batch_of(self.callee, batched, axis_name="")
        ins, outs = self.layouts
        call = self.replace(
            callee=made.fn,
            in_layouts=text_of(_with_axis(ins, batched)),
            out_layouts=text_of(_with_axis(outs, made.out_batched)),
        )
        return b.emit(call, xs), made.out_batched

    def lower(self, b, *xs):
        labels = zip(self.bound_axes, self.axis_sizes, strict=True)
        b.module.meshes[self.mesh] = ", ".join(f'"{name}"={size}' for name, size in labels)
        ins, outs = self.layouts
        signature = b.module.signature(self.callee)
        results = [a.physical for a in b.outs]
        names = ", ".join(f'"{name}"' for name in self.bound_axes)
        made = b.stablehlo.op(
            "sdy.manual_computation",
            xs,
            results,
            1,
            in_shardings=parsed(shardy(self.mesh, ins, [len(x.aval.physical.shape) for x in xs])),
            out_shardings=parsed(shardy(self.mesh, outs, [len(a.shape) for a in results])),
            manual_axes=parsed(f"#sdy<manual_axes{{{names}}}>"),
        )

        def part(*values):
            given = [b.keys(v, a) for v, a in zip(values, signature.inputs, strict=True)]
            return b.call_inside(self.callee, given)

        b.stablehlo.region(0, [a.physical for a in signature.inputs], part, terminator="sdy.return")
        values = made if type(made) is tuple else (made,)
        return tuple(b.keys(v, a) for v, a in zip(values, b.outs, strict=True))

    samples = no_rule("covered by test/devices/on_shard_map.py: it needs devices")


def _with_stacks(b, made, sources):
    """The parts of a linearization; residuals of their own have an axis along which those of all devices stand.

    It is their first one, or one of size 1 where they have none.
    """
    count = len(made.out_active)
    forward, linear = b.module.signature(made.fwd), b.module.signature(made.lin)
    given = len(linear.inputs) - made.residuals
    is_own = [s.kind == "own" for s in sources]
    scalar = [own and not a.ndim for own, a in zip(is_own, linear.inputs[given:], strict=True)]

    def write_fwd(inner, *args):
        outs = inner.call(made.fwd, args)
        kept = [
            inner.reshape(r, shape=(1,)) if is_scalar else r
            for r, own, is_scalar in zip(outs[count:], is_own, scalar, strict=True)
            if own
        ]
        return [*outs[:count], *kept]

    def write_lin(inner, *args):
        residuals = zip(args[given:], scalar, strict=True)
        back = [inner.reshape(r, shape=()) if is_scalar else r for r, is_scalar in residuals]
        return inner.call(made.lin, (*args[:given], *back))

    residuals = [
        a.with_shape((1,)) if is_scalar else a
        for a, is_scalar in zip(linear.inputs[given:], scalar, strict=True)
    ]
    return (
        b.define(f"{made.fwd}.parts", forward.inputs, write_fwd),
        b.define(f"{made.lin}.parts", [*linear.inputs[:given], *residuals], write_lin),
    )


def _with_axis(layouts, batched):
    """Layouts of values of which some have a first axis more, which is not split."""
    return [
        ((), *layout) if is_batched else layout for layout, is_batched in zip(layouts, batched, strict=True)
    ]
