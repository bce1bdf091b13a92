"""What is said about where a value lies: `sharding_constraint`."""

from weft_compiler.attributes import Text
from weft_compiler.dialect.mesh_layouts import layouts_of, sharding_text, text_of
from weft_compiler.dialect.op import NOTHING_TO_FOLD, Anything, Attr, Op, Operand, no_rule, op
from weft_compiler.stablehlo import parsed


@op("sharding_constraint")
class ShardingConstraint(Op):
    """x, split over a mesh as `layout` says; an axis `[?]` is left to the backend."""

    x: Operand[Anything]
    mesh: Attr[Text]
    mesh_axes: Attr[Text]
    """The axes of the mesh as Shardy declares them."""
    layout: Attr[Text]

    linear_in = ("x",)
    takes_keys = True

    def infer(self, x):
        (layout,) = layouts_of(self.layout)
        if len(layout) != x.ndim:
            self.fail(f"layout {self.layout} does not fit {x}")
        return x

    def transpose(self, b, ct, x):
        return b.emit(self, (ct,))

    def batch(self, b, x):
        (layout,) = layouts_of(self.layout)
        return b.emit(self.replace(layout=text_of([(("?",), *layout)])), (x,))

    def lower(self, b, x):
        b.module.meshes[self.mesh] = self.mesh_axes
        (layout,) = layouts_of(self.layout)
        physical = x.aval.physical
        sharding = parsed(f"#sdy.sharding{sharding_text(self.mesh, layout, physical.ndim)}")
        made = b.stablehlo.op("sdy.sharding_constraint", (x,), physical, sharding=sharding)
        return b.keys(made, x.aval)

    fold = NOTHING_TO_FOLD
    samples = no_rule("covered by test/devices/on_arrays.py: it needs devices")
