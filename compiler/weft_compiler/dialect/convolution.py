"""Convolution: a kernel slid over the spatial axes of an array, features contracted."""

import numpy as np

from weft_compiler.attributes import I64, Axes, Ints, Text
from weft_compiler.avals import Aval, bit_width
from weft_compiler.bindings import stablehlo
from weft_compiler.dialect.contraction import (
    accumulator_dtype,
    check_precision,
    in_bytes,
    precision_config,
    product_dtype,
    swapped_precision,
)
from weft_compiler.dialect.convolution_samples import CONVOLUTIONS
from weft_compiler.dialect.op import NOTHING_TO_FOLD, Anything, Attr, Op, Operand, OpValueError, op
from weft_compiler.stablehlo import cached, parsed
from weft_compiler.symbolic import encoded


def dilated(size, dilation):
    """Size of an axis with `dilation - 1` gaps put between its elements."""
    return (size - 1) * dilation + 1 if size else 0


def _swapped(spec):
    """A spec with its first two axes in each other's role."""
    return (spec[1], spec[0], *spec[2:])


def _as(b, x, dtype):
    return x if x.dtype == dtype else b.convert(x, dtype=dtype)


def _merged_into(b, x, source, target):
    """Axis `source` as the outer part of axis `target`, which is counted without `source`."""
    x = b.move_axis(x, source, target)
    shape = (*x.shape[:target], x.shape[target] * x.shape[target + 1], *x.shape[target + 2 :])
    return b.reshape(x, shape=shape)


def _split(b, x, axis, size):
    """An axis split into an outer one of `size` and an inner one behind it."""
    return b.reshape(x, shape=(*x.shape[:axis], size, x.shape[axis] // size, *x.shape[axis + 1 :]))


@op("conv_general_dilated")
class ConvGeneralDilated(Op):
    """Cross-correlation of x with `kernel` over any number of spatial axes.

    The specs list the axes of the operands and the result by role: `lhs_spec` batch, feature, spatial;
    `rhs_spec` output feature, input feature, spatial; `out_spec` batch, feature, spatial. x is dilated by
    `lhs_dilation`, then padded (cut, where negative); the kernel is dilated by `rhs_dilation`.
    `feature_group_count` convolves groups of input features with groups of output features;
    `batch_group_count` does so with groups of the batch.
    """

    x: Operand[Anything]
    kernel: Operand[Anything]
    window_strides: Attr[Ints]
    padding_low: Attr[Ints]
    padding_high: Attr[Ints]
    lhs_dilation: Attr[Ints]
    rhs_dilation: Attr[Ints]
    lhs_spec: Attr[Axes]
    rhs_spec: Attr[Axes]
    out_spec: Attr[Axes]
    feature_group_count: Attr[I64] = 1
    batch_group_count: Attr[I64] = 1
    precision: Attr[Text] = ""
    preferred_dtype: Attr[Text] = ""

    bilinear_in = ("x", "kernel")

    def infer(self, x, kernel):
        if x.dtype != kernel.dtype:
            self.fail(f"dtypes differ: {x} and {kernel}")
        check_precision(self)
        self._check_window(x, kernel)
        self._check_groups(x, kernel)
        outer = x.shape[self.lhs_spec[0]] // self.batch_group_count, kernel.shape[self.rhs_spec[0]]
        shape = [0] * x.ndim
        for axis, size in zip(self.out_spec, (*outer, *self._spatial_sizes(x, kernel)), strict=True):
            shape[axis] = size
        return Aval.of(tuple(shape), product_dtype(self, x, kernel))

    def _spatial_sizes(self, x, kernel):
        sizes = []
        for i, stride in enumerate(self.window_strides):
            padded = dilated(x.shape[self.lhs_spec[2 + i]], self.lhs_dilation[i])
            padded += self.padding_low[i] + self.padding_high[i]
            window = dilated(kernel.shape[self.rhs_spec[2 + i]], self.rhs_dilation[i])
            sizes.append((padded - window) // stride + 1 if padded >= window else 0)
        return sizes

    def _check_window(self, x, kernel):
        if x.ndim != kernel.ndim or x.ndim < 2:
            self.fail(f"{x} and {kernel} must have the same number of axes, at least 2", OpValueError)
        for name in ("lhs_spec", "rhs_spec", "out_spec"):
            if sorted(getattr(self, name)) != list(range(x.ndim)):
                self.fail(
                    f"{name} {list(getattr(self, name))} must name each of the {x.ndim} axes once",
                    OpValueError,
                )
        for name in ("window_strides", "padding_low", "padding_high", "lhs_dilation", "rhs_dilation"):
            values = getattr(self, name)
            if len(values) != x.ndim - 2:
                self.fail(
                    f"{name} {list(values)} must have {x.ndim - 2} entries, one a spatial axis", OpValueError
                )
            if "padding" not in name and any(v < 1 for v in values):
                self.fail(f"{name} {list(values)} must be positive", OpValueError)

    def _check_groups(self, x, kernel):
        batch, features = (x.shape[a] for a in self.lhs_spec[:2])
        outputs, inputs = (kernel.shape[a] for a in self.rhs_spec[:2])
        groups, batch_groups = self.feature_group_count, self.batch_group_count
        if groups < 1 or batch_groups < 1 or (groups > 1 and batch_groups > 1):
            self.fail(
                f"feature_group_count {groups} and batch_group_count {batch_groups} must be positive, "
                "and one of them 1",
                OpValueError,
            )
        if features != inputs * groups:
            times = f" times feature_group_count {groups}" if groups > 1 else ""
            self.fail(
                f"x has {features} features, the kernel takes {inputs}{times}: {x} and {kernel}", OpValueError
            )
        if outputs % (groups * batch_groups):
            self.fail(
                f"{outputs} output features do not divide into {groups * batch_groups} groups", OpValueError
            )
        if batch % batch_groups:
            self.fail(f"a batch of {batch} does not divide into {batch_groups} groups", OpValueError)

    def transpose(self, b, ct, x, kernel):
        if b.is_linear(x):
            return (b.zeros(x.aval) if not ct.aval.size else self._transpose_x(b, ct, x, kernel)), None
        return None, b.zeros(kernel.aval) if not ct.aval.size else self._transpose_kernel(b, ct, x, kernel)

    def _transpose_x(self, b, ct, x, kernel):
        """ct convolved with the turned kernel, roles of its features exchanged."""
        groups = self.feature_group_count * self.batch_group_count
        window = kernel
        if groups > 1:
            window = _split(b, window, self.rhs_spec[0], groups)
            window = _merged_into(b, window, self.rhs_spec[0], self.rhs_spec[1])
        window = b.reverse(window, axes=tuple(sorted(self.rhs_spec[2:])))
        low, high = [], []
        for i, axis in enumerate(self.lhs_spec[2:]):
            size = dilated(kernel.shape[self.rhs_spec[2 + i]], self.rhs_dilation[i])
            covered = dilated(ct.shape[self.out_spec[2 + i]], self.window_strides[i])
            low.append(size - 1 - self.padding_low[i])
            high.append(dilated(x.shape[axis], self.lhs_dilation[i]) + size - 1 - covered - low[i])
        made = b.conv_general_dilated(
            ct,
            _as(b, window, ct.dtype),
            window_strides=self.lhs_dilation,
            padding_low=tuple(low),
            padding_high=tuple(high),
            lhs_dilation=self.window_strides,
            rhs_dilation=self.rhs_dilation,
            lhs_spec=self.out_spec,
            rhs_spec=_swapped(self.rhs_spec),
            out_spec=self.lhs_spec,
            feature_group_count=groups,
            precision=self.precision,
            preferred_dtype=self.preferred_dtype,
        )
        made = _as(b, made, x.dtype)
        if self.batch_group_count == 1:
            return made
        # The groups came out among the features; they belong to the batch.
        made = _split(b, made, self.lhs_spec[1], groups)
        return _merged_into(b, made, self.lhs_spec[1], self.lhs_spec[0])

    def _transpose_kernel(self, b, ct, x, kernel):
        """x convolved with ct, batch contracted; the two kinds of groups exchange their roles."""
        high = []
        for i, axis in enumerate(self.lhs_spec[2:]):
            covered = dilated(ct.shape[self.out_spec[2 + i]], self.window_strides[i])
            window = dilated(kernel.shape[self.rhs_spec[2 + i]], self.rhs_dilation[i])
            size = dilated(x.shape[axis], self.lhs_dilation[i])
            high.append(covered - size + window - 1 - self.padding_low[i])
        made = b.conv_general_dilated(
            _as(b, x, ct.dtype),
            ct,
            window_strides=self.rhs_dilation,
            padding_low=self.padding_low,
            padding_high=tuple(high),
            lhs_dilation=self.lhs_dilation,
            rhs_dilation=self.window_strides,
            lhs_spec=_swapped(self.lhs_spec),
            rhs_spec=_swapped(self.out_spec),
            out_spec=_swapped(self.rhs_spec),
            feature_group_count=self.batch_group_count,
            batch_group_count=self.feature_group_count,
            precision=swapped_precision(self.precision),
            preferred_dtype=self.preferred_dtype,
        )
        return _as(b, made, kernel.dtype)

    def batch(self, b, x, kernel):
        if b.axis_size == 0:
            parts = [v.aval.with_shape(v.shape[1:]) if b.is_batched(v) else v.aval for v in (x, kernel)]
            made = self.infer(*parts)
            return b.zeros(made.with_shape((0, *made.shape)))
        if b.is_batched(x) and b.is_batched(kernel):
            return self._batch_both(b, x, kernel)
        return self._batch_x(b, x, kernel) if b.is_batched(x) else self._batch_kernel(b, x, kernel)

    def _batch_both(self, b, x, kernel):
        """The batch as further groups."""
        if self.batch_group_count > 1:
            inst = self.replace(batch_group_count=self.batch_group_count * b.axis_size)
            x = _merged_into(b, x, 0, self.lhs_spec[0])
        else:
            inst = self.replace(feature_group_count=self.feature_group_count * b.axis_size)
            x = _merged_into(b, x, 0, self.lhs_spec[1])
        made = b.emit(inst, (x, _merged_into(b, kernel, 0, self.rhs_spec[0])))
        return b.move_axis(_split(b, made, self.out_spec[1], b.axis_size), self.out_spec[1], 0)

    def _batch_x(self, b, x, kernel):
        """The batch merged with x's own, inside its groups."""
        axis = self.lhs_spec[0]
        if self.batch_group_count > 1:
            x = _split(b, x, axis + 1, self.batch_group_count)
            x = _merged_into(b, _merged_into(b, x, 0, axis + 1), axis, axis)
        else:
            x = _merged_into(b, x, 0, axis)
        made = b.emit(self, (x, kernel))
        return b.move_axis(_split(b, made, self.out_spec[0], b.axis_size), self.out_spec[0], 0)

    def _batch_kernel(self, b, x, kernel):
        """The batch merged with the output features, inside their groups."""
        groups, axis, out = (
            self.feature_group_count * self.batch_group_count,
            self.rhs_spec[0],
            self.out_spec[1],
        )
        if groups == 1:
            made = b.emit(self, (x, _merged_into(b, kernel, 0, axis)))
            return b.move_axis(_split(b, made, out, b.axis_size), out, 0)
        kernel = _split(b, kernel, axis + 1, groups)
        kernel = _merged_into(b, _merged_into(b, kernel, 0, axis + 1), axis, axis)
        made = _split(b, _split(b, b.emit(self, (x, kernel)), out, groups), out + 1, b.axis_size)
        return _merged_into(b, b.move_axis(made, out + 1, 0), out + 1, out + 1)

    def lower(self, b, x, kernel):
        if x.aval.kind == "c":
            return self._lower_complex(b, x, kernel)
        if bit_width(x.dtype) == 2:
            return in_bytes(self, b, x, kernel)
        pads = [(encoded(p), encoded(q)) for p, q in zip(self.padding_low, self.padding_high, strict=True)]
        pads_text = str([list(p) for p in pads]) if pads else ""
        return b.stablehlo.convolution(
            x,
            kernel,
            window_strides=self.window_strides,
            padding=parsed(f"dense<{pads_text}> : tensor<{len(pads)}x2xi64>"),
            lhs_dilation=self.lhs_dilation,
            rhs_dilation=self.rhs_dilation,
            dimension_numbers=self._dimension_numbers(),
            feature_group_count=self.feature_group_count,
            batch_group_count=self.batch_group_count,
            precision_config=precision_config(self.precision),
        )

    def _lower_complex(self, b, x, kernel):
        """By four real convolutions: backends have no complex one."""
        inst: Op = self
        if self.preferred_dtype:
            inst = self.replace(
                preferred_dtype="float64" if self.preferred_dtype == "complex128" else "float32"
            )
        (p, q), (r, s) = ((b.real(v), b.imag(v)) for v in (x, kernel))
        real = b.sub(b.emit(inst, (p, r)), b.emit(inst, (q, s)))
        return b.complex(real, b.add(b.emit(inst, (p, s)), b.emit(inst, (q, r))))

    def _dimension_numbers(self):
        (batch, feature, *spatial), (out, into, *window) = self.lhs_spec, self.rhs_spec
        out_batch, out_feature, *out_spatial = self.out_spec
        return cached(
            stablehlo().ConvDimensionNumbers.get,
            batch,
            feature,
            tuple(spatial),
            into,
            out,
            tuple(window),
            out_batch,
            out_feature,
            tuple(out_spatial),
        )

    def reference(self, x, kernel):
        avals = Aval.of(x.shape, x.dtype), Aval.of(kernel.shape, kernel.dtype)
        dtype = product_dtype(self, *avals)
        if 0 in self._spatial_sizes(*avals):
            return np.zeros(self.infer(*avals).shape, dtype)
        inner = accumulator_dtype(dtype)
        x, kernel = x.astype(inner).transpose(self.lhs_spec), kernel.astype(inner).transpose(self.rhs_spec)
        x, kernel = _with_gaps(x, self.lhs_dilation), _with_gaps(kernel, self.rhs_dilation)
        padding = list(zip(self.padding_low, self.padding_high, strict=True))
        x = np.pad(x, [(0, 0), (0, 0), *((max(p, 0), max(q, 0)) for p, q in padding)])
        cut = [slice(max(-p, 0), n - max(-q, 0)) for n, (p, q) in zip(x.shape[2:], padding, strict=True)]
        windows = np.lib.stride_tricks.sliding_window_view(
            x[(slice(None), slice(None), *cut)], kernel.shape[2:], axis=tuple(range(2, x.ndim))
        )[(slice(None), slice(None), *(slice(None, None, s) for s in self.window_strides))]
        made = []
        for i in range(groups := self.feature_group_count * self.batch_group_count):
            axis = 1 if self.feature_group_count > 1 else 0
            part, weights = np.split(windows, groups, axis)[i], np.split(kernel, groups)[i]
            taps = tuple(range(x.ndim, windows.ndim))
            made.append(np.tensordot(part, weights, ((1, *taps), tuple(range(1, kernel.ndim)))))
        out = np.moveaxis(np.concatenate(made, -1), -1, 1)
        return np.ascontiguousarray(out.transpose(np.argsort(self.out_spec))).astype(dtype)

    fold = NOTHING_TO_FOLD
    samples = CONVOLUTIONS


def _with_gaps(x, dilation):
    """Zeros put between the elements along the axes from the third on."""
    made = np.zeros(
        (*x.shape[:2], *(dilated(n, d) for n, d in zip(x.shape[2:], dilation, strict=True))), x.dtype
    )
    made[(slice(None), slice(None), *(slice(None, None, d) for d in dilation))] = x
    return made
