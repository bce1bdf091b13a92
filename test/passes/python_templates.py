"""What random Python programs are made of: statements, derivative rules, transformations.

Types: `f` float scalar, `f3` vector, `f23` matrix, `b3` booleans, `i` and `i3` integers, `c3` complex vector.
Placeholders `{fn}`, `{rev}`, `{fwd}` are functions of two vectors to two; the last two can be differentiated in
reverse and in forward mode.
"""

from dataclasses import dataclass

CALLEES = ("fn", "rev", "fwd")

PLAIN = {
    "f": "x[0]",
    "f3": "x",
    "f23": "np.stack([x, y])",
    "b3": "x > 0.1",
    "i": "np.int32(1)",
    "i3": "np.arange(3, dtype=np.int32)",
    "c3": "lax.complex(x, y)",
}
"""The simplest value of each type, from the arguments of the function alone."""


@dataclass(frozen=True)
class Template:
    """Code with placeholders for values of types; how often it comes, and how often it runs what it calls."""

    types: tuple[str, ...]
    code: str
    weight: float = 1.0
    times: int = 1
    no_reverse: bool = False


def _of(
    types: str, *codes: str, weight: float = 1.0, times: int = 1, no_reverse: bool = False
) -> list[Template]:
    share = weight / len(codes)
    return [Template(tuple(types.split()), code, share, times, no_reverse) for code in codes]


_ELEMENTWISE = _of(
    "f3",
    *(f"np.{name}({{f3}})" for name in ("sin", "cos", "tanh", "arctan", "arcsinh", "square", "exp2", "sinc")),
    *(f"nn.{name}({{f3}})" for name in ("relu", "softplus", "silu", "gelu", "elu", "softmax", "log_softmax")),
    "lax.logistic({f3})",
    "lax.erf({f3})",
    "np.sqrt(1.0 + {f3} ** 2)",
    "lax.rsqrt(2.0 + np.abs({f3}))",
    "np.log1p({f3} ** 2)",
    "np.expm1(np.tanh({f3}))",
    "np.cbrt(3.0 + np.tanh({f3}))",
    "np.power(1.5 + np.tanh({f3}), {f3})",
    "np.tanh({f3}) ** 3",
    "np.abs({f3})",
    "-{f3}",
    "np.clip({f3}, -0.5, 0.7)",
    "np.floor(3.0 * {f3}) * {f3}",
    "lax.stop_gradient({f3}) * {f3}",
    "np.reciprocal(2.0 + {f3} ** 2)",
    "np.tanh({f3}).astype(np.float32).astype(np.float64)",
    "lax.digamma(2.0 + np.square({f3}))",
    "lax.lgamma(2.0 + np.square({f3}))",
    weight=8,
)
_TWO = _of(
    "f3",
    *(f"{{f3}} {sign} {{f3}}" for sign in "+-*"),
    "np.tanh({f3}) * np.tanh({f3})",
    "{f3} / (1.5 + np.tanh({f3}))",
    "np.logaddexp({f3}, {f3})",
    "np.arctan2({f3}, 1.5 + {f3} ** 2)",
    "np.maximum({f3}, {f3})",
    "np.minimum({f3}, 0.2 + {f3})",
    "np.where({f3} > {f3}, {f3}, np.sin({f3}))",
    "np.where({b3}, {f3}, {f3})",
    "np.hypot({f3}, 1.0 + {f3})",
    "np.fmod(3.0 * {f3}, 1.3 + {f3} ** 2)",
    "np.copysign(1.0 + {f3} ** 2, {f3})",
    "{f} * {f3}",
    "{f3} - {f}",
    "{f3} / (1.0 + {f} ** 2)",
    "lax.select({b3}, {f3}, {f3})",
    "np.nextafter(lax.stop_gradient({f3}), 2.0) * {f3}",
    weight=6,
)
_REDUCTIONS = [
    *_of(
        "f",
        *(f"np.{name}({{f3}})" for name in ("sum", "mean", "max", "min", "prod", "var", "ptp", "median")),
        "np.std({f3} + np.arange(3.0))",
        "np.linalg.norm({f3} + 0.1)",
        "nn.logsumexp({f3})",
        "np.sum({f23})",
        "np.sum({f3}, where={b3})",
        "np.dot({f3}, {f3})",
        "np.vdot({f3}, {f3})",
        "np.linalg.det(np.eye(3) * 3.0 + np.tanh(np.outer({f3}, {f3})))",
        "{f3}[{i} % 3]",
        "{f3}[1]",
        "np.float64({i}) * 0.1",
        "np.trace(np.outer({f3}, {f3}))",
        "np.interp({f}, np.arange(3.0), {f3})",
        weight=3,
    ),
    *_of(
        "f3",
        "np.sum({f23}, axis=0)",
        "np.max({f23}, axis=0)",
        "np.prod({f23}, axis=0)",
        "np.mean({f23}, axis=0, keepdims=True)[0]",
        "nn.logsumexp({f23}, axis=0)",
        "np.cumsum({f3})",
        "np.cumprod({f3})",
        "lax.cummax({f3})",
        "lax.cumlogsumexp({f3}, reverse=True)",
        "np.diff({f3}, prepend={f})",
        "np.sort({f3})",
        "np.sort({f3})[::-1]",
        "lax.sort(({f3}, {f3}), num_keys=1)[1]",
        "lax.associative_scan(np.multiply, {f3})",
        weight=3,
    ),
]
_SHAPES = [
    *_of(
        "f3",
        "np.concatenate([{f3}, {f3}])[1:4]",
        "np.concatenate([{f3}, {f3}])[::2]",
        "{f3}[::-1]",
        "np.roll({f3}, {n})",
        "np.pad({f3}, (1, 2))[1:4]",
        "np.pad({f3}, 1, mode='edge')[:3]",
        "{f23}[{i} % 2]",
        "{f23}[1]",
        "np.repeat({f3}, 2)[1:4]",
        "np.tile({f3}, 2)[2:5]",
        "{f3}[{i3}]",
        "np.take({f3}, {i3} % 3)",
        "{f3}.at[{i} % 3].set({f})",
        "{f3}.at[{i3} % 3].add({f3})",
        "{f3}.at[1:].multiply({f})",
        "{f3}.at[{n}].max({f}, mode='drop')",
        "{f3}.at[0].get(mode='fill') * {f3}",
        "lax.dynamic_slice(np.concatenate([{f3}, {f3}]), ({i},), (3,))",
        "lax.dynamic_update_slice({f3}, np.sin({f3})[:2], ({i} % 2,))",
        "np.broadcast_to({f}, (3,))",
        "np.full(3, {f}) * {f3}",
        "np.where({b3}, {f3}, 0.0).reshape(3, 1).sum(1)",
        "np.select([{b3}, {f3} > 0.3], [{f3}, 2.0 * {f3}], {f3})",
        "lax.top_k({f3}, 3)[0]",
        "lax.expand_dims({f3}, (0,)).T[:, 0]",
        weight=5,
    ),
    *_of(
        "f23",
        "np.stack([{f3}, {f3}])",
        "np.stack([{f3}, {f3}], axis=1).T",
        "np.sin({f23})",
        "np.tanh({f23} + {f3})",
        "{f23} * {f3}",
        "np.outer({f3}, {f3})[1:]",
        "np.tile({f3}, (2, 1))",
        "np.concatenate([{f23}, {f23}])[1:3]",
        "np.broadcast_to({f3}, (2, 3)) + {f23}",
        "np.reshape({f23}.T, (2, 3))",
        "np.cumsum({f23}, axis=1)",
        "nn.softmax({f23}, axis=0)",
        "{f23}[::-1, ::-1]",
        "{f23}.at[:, {i} % 3].set(0.5)",
        "np.vstack([{f3}, {f3}])",
        weight=3,
    ),
]
_PRODUCTS = _of(
    "f3",
    "np.dot(np.tanh(np.outer({f3}, {f3})), {f3})",
    "{f3} @ np.sin(np.outer({f3}, {f3}))",
    "np.einsum('ij,j,i->j', {f23}, {f3}, {f23}[:, 0])",
    "np.matmul({f23}.T, {f23})[1]",
    "np.convolve({f3}, {f3}, mode='same')",
    "np.cross({f3}, {f3})",
    "np.tensordot({f23}, {f23}, axes=((0,), (0,)))[0]",
    "np.linalg.solve(np.eye(3) * 3.0 + np.tanh(np.outer({f3}, {f3})), {f3})",
    "np.linalg.inv(np.eye(3) * 3.0 + np.tanh(np.outer({f3}, {f3}))) @ {f3}",
    "np.linalg.cholesky(np.eye(3) + np.outer({f3}, {f3}) + np.outer({f3}, {f3}).T * 0.0)[:, 0]",
    "np.polyval({f3}, {f3} * 0.5)",
    weight=3,
)
_OTHER_TYPES = [
    *_of(
        "i",
        "np.argmax({f3}).astype(np.int32)",
        "np.sum({f3} > 0).astype(np.int32)",
        "np.sum({i3}).astype(np.int32) % 5",
        "({i} * 7 + 1) % 4",
        "np.count_nonzero({b3}).astype(np.int32)",
        "lax.population_count(np.abs({i}))",
        "np.searchsorted(np.arange(3.0), {f}).astype(np.int32)",
        weight=1.5,
    ),
    *_of(
        "i3",
        "np.argsort({f3}).astype(np.int32)",
        "(np.abs({f3}) * 5.0).astype(np.int32) % 3",
        "lax.top_k({f3}, 3)[1]",
        "({i3} + {i}) % 3",
        "lax.cumsum({i3}) % 3",
        "np.where({b3}, {i3}, 2)",
        weight=1.5,
    ),
    *_of(
        "b3",
        "{f3} > {f3}",
        "{f3} <= 0.1",
        "np.logical_not({b3})",
        "{b3} ^ ({i3} == 1)",
        "np.isfinite({f3}) & {b3}",
        weight=1,
    ),
    *_of(
        "c3",
        "lax.complex({f3}, {f3})",
        "np.exp(1j * {f3})",
        "{c3} * {c3}",
        "np.conj({c3}) + {f3}",
        "np.sin({c3})",
        "np.fft.fft({f3})",
        "np.fft.ifft({c3})",
        "np.sqrt({c3} + 3.0)",
        "{c3} / (2.0 + {f3} ** 2)",
        weight=1.5,
    ),
    *_of(
        "f3",
        "np.real({c3})",
        "np.imag({c3})",
        "np.abs({c3} + 3.0)",
        "np.angle({c3} + 3.0)",
        "np.fft.irfft(np.fft.rfft({f3}), 3)",
        "{i3} * {f3}",
        "{b3} * {f3}",
        weight=1.5,
    ),
]
_CONTROL = [
    *_of(
        "f3 f3",
        "{fn}({f3}, {f3})",
        "jit({fn})({f3}, {f3})",
        "checkpoint({fn})({f3}, {f3})",
        "jit(lambda a: {fn}(a, {f3}))({f3})",
        "lax.cond(np.sum({f3}) > 0.1, {fn}, {fn}, {f3}, {f3})",
        "lax.cond({f} > 0.0, lambda a: {fn}(a, {f3}), lambda a: (a, {f3}), {f3})",
        "lax.switch({i}, [{fn}, {fn}, lambda a, b: (b, a)], {f3}, {f3})",
        weight=5,
    ),
    *_of(
        "f3 f3",
        "lax.fori_loop(0, {n}, lambda i, c: {fn}(*c), ({f3}, {f3}))",
        "lax.fori_loop(0, 2, lambda i, c: {fn}(c[1] * (i + 1), {f3}), ({f3}, {f3}))",
        "lax.scan(lambda c, _: ({fn}(*c), None), ({f3}, {f3}), None, length={n})[0]",
        "lax.scan(lambda c, s: {fn}(c * {f}, s), {f3}, {f23}, reverse=True)[1]",
        "lax.map(lambda s: {fn}(s, {f3})[0], {f23})",
        weight=4,
        times=2,
    ),
    *_of(
        "f3 f23",
        "lax.scan({fn}, {f3}, {f23})",
        "lax.scan(lambda c, s: {fn}(c, s + {f3}), {f3}, {f23}, reverse=True)",
        "lax.scan(lambda c, s: {fn}(s, c), {f3}, {f23}, unroll=2)",
        "lax.scan(checkpoint({fn}), {f3}, {f23})",
        "lax.scan(lambda c, i: (c + {fn}(c, {f3})[0] * i, c), {f3}, np.arange(2.0))",
        weight=3,
        times=2,
    ),
    *_of(
        "f3 f3",
        "lax.while_loop(lambda c: c[0] < {n}, lambda c: (c[0] + 1, *{fn}(c[1], c[2])), (0, {f3}, {f3}))[1:]",
        "lax.while_loop(lambda c: np.sum(c[0]) < 2.0, lambda c: (c[0] + 1.0, {fn}(c[1], {f3})[1]), ({f3} * 0.5, {f3}))",
        "lax.fori_loop(0, {i} % 3, lambda i, c: {fn}(*c), ({f3}, {f3}))",
        weight=1,
        times=2,
        no_reverse=True,
    ),
]
_INNER = [
    *_of(
        "f3 f3",
        "grad(lambda a, b: np.sum({rev}(a, b)[0] ** 2), argnums=(0, 1))({f3}, {f3})",
        "vjp({rev}, {f3}, {f3})[1](({f3}, {f3}))",
        "linearize({rev}, {f3}, {f3})[1]({f3}, {f3})",
        weight=2,
        times=3,
    ),
    *_of(
        "f3 f3",
        "jvp({fwd}, ({f3}, {f3}), ({f3}, {f3}))[1]",
        "jvp({fwd}, ({f3}, {f3}), ({f3}, {f3}))[0]",
        weight=1.5,
        times=2,
    ),
    *_of("f3", "grad(lambda a: np.sum(np.sin({rev}(a, {f3})[1])))({f3})", weight=1, times=3),
    *_of(
        "f23 f23",
        "vmap({fn})({f23}, {f23})",
        "vmap({fn}, in_axes=(0, None))({f23}, {f3})",
        "vmap({fn}, in_axes=(1, None), out_axes=1)({f23}.T, {f3})[::-1][0].T, {f23}",
        "vmap(lambda a: {fn}(a, {f3}))({f23})",
        weight=2.5,
        times=2,
    ),
    *_of(
        "f3",
        "vmap(lambda a: np.sum(a ** 2) * {f})({f23}.T)",
        "vmap(lambda a, b: a * b)({f3}, {f3})",
        weight=1,
    ),
]
TEMPLATES = [*_ELEMENTWISE, *_TWO, *_REDUCTIONS, *_SHAPES, *_PRODUCTS, *_OTHER_TYPES, *_CONTROL, *_INNER]


@dataclass(frozen=True)
class Rule:
    """A derivative rule that a program gives to one of its functions: a true one, whichever order it is asked for.

    A rule that is not the derivative of its function is no use here: JAX itself then gives one second derivative
    in a scan, and another where the loop is written out.
    """

    definition: str
    has_forward: bool


RULES = [
    Rule(
        """@custom_jvp
def {f}(x, y):
    return {f}_plain(x, y)


@{f}.defjvp
def {f}_rule(primals, tangents):
    return jvp({f}_plain, primals, tangents)
""",
        True,
    ),
    Rule(
        """@custom_vjp
def {f}(x, y):
    return {f}_plain(x, y)


def {f}_fwd(x, y):
    return {f}_plain(x, y), (x, y)


def {f}_bwd(kept, cts):
    return vjp({f}_plain, *kept)[1](cts)


{f}.defvjp({f}_fwd, {f}_bwd)
""",
        False,
    ),
]


@dataclass(frozen=True)
class Transformation:
    """A function of two vectors to two, from another."""

    code: str
    is_reverse: bool = False
    is_forward: bool = False


STACK = [
    Transformation("{outer} = jit({inner})\n"),
    Transformation("{outer} = checkpoint({inner})\n"),
    Transformation(
        "{outer} = grad(lambda x, y: sum(np.sum(np.sin(r)) for r in {inner}(x, y)), argnums=(0, 1))\n",
        is_reverse=True,
    ),
    Transformation(
        """def {outer}(x, y):
    value, slope = value_and_grad(lambda x: np.dot({inner}(x, y)[0], y))(x)
    return slope, value * y
""",
        is_reverse=True,
    ),
    Transformation(
        """def {outer}(x, y):
    return jvp({inner}, (x, y), (np.cos(y), x))[1]
""",
        is_forward=True,
    ),
    Transformation(
        """def {outer}(x, y):
    u, v = vmap({inner})(np.stack([x, y, x * y]), np.stack([y, x, x + y]))
    return np.sum(u, axis=0), v[:, 1]
"""
    ),
    Transformation(
        """def {outer}(x, y):
    u, v = vmap({inner}, in_axes=(0, None), out_axes=(1, 0))(np.stack([x, 0.5 * y]), y)
    return u[:, 0] - u[:, 1], np.max(v, axis=0)
"""
    ),
]
