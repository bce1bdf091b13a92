"""`custom_root` and `custom_linear_solve`: solutions whose derivatives follow from the equation that they solve."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from weft._tracing.bind import op_class
from weft._tracing.staging import InType, Traced, trace_function, type_of
from weft._tracing.trace import STATE
from weft._transforms.custom.captures import Captured, captures_to
from weft._transforms.custom.closure_convert import call_with
from weft._transforms.custom.custom_jvp import custom_jvp
from weft._transforms.custom.symbolic_zeros import zero_from_primal
from weft._transforms.forward import jvp, linearize, set_weak
from weft._transforms.reverse import linear_transpose
from weft._transforms.scope import evaluated
from weft.lax.control_flow.bodies import as_leaves
from weft.tree_util import tree_map
from weft_runtime import pytree


def custom_root(
    f: Callable[[Any], Any],
    initial_guess: Any,
    solve: Callable[[Callable[[Any], Any], Any], Any],
    tangent_solve: Callable[[Callable[[Any], Any], Any], Any],
    has_aux: bool = False,
) -> Any:
    """A root of `f`, found by `solve(f, initial_guess)`, with derivatives by the implicit function theorem.

    They are with respect to what `f` closes over. `tangent_solve(g, y)` solves g(x) = y for the linear function g,
    which is `f` linearized at its root. With `has_aux`, `solve` returns a pair of the root and anything else.

    Raises: TypeError if a function does not return what `initial_guess` is in structure.

    >>> def cube_root(y):
    ...     step = lambda f: lambda _, x: x - f(x) / grad(f)(x)
    ...     newton = lambda f, x: fori_loop(0, 20, step(f), x)
    ...     return custom_root(lambda x: x**3 - y, 1.0, newton, lambda g, y: y / g(1.0))
    >>> grad(cube_root)(8.0)
    Array(0.08333334, dtype=float32, weak_type=True)
    """
    return evaluated("custom_root", lambda: _custom_root(f, initial_guess, solve, tangent_solve, has_aux))


def _custom_root(f: Any, initial_guess: Any, solve: Any, tangent_solve: Any, has_aux: bool) -> Any:
    leaves, tree = as_leaves("custom_root", initial_guess)
    types = [type_of(x) for x in leaves]
    equation = _traced(f, tree, types)
    _check_tree("f", equation.out_tree, "initial_guess", tree)
    solver = _traced(lambda guess: solve(f, guess), tree, types)
    _check_tree("solve", _solution(solver.out_tree, "solve", has_aux), "initial_guess", tree)

    def tangent_equation(x: Any, y: Any) -> Any:
        return tangent_solve(linearize(f, x)[1], y)

    tangent = _traced(tangent_equation, tree, types, copies=2)
    _check_tree("tangent_solve", tangent.out_tree, "x", tree)

    @custom_jvp
    def root(params: Any, others: Any, guess: Any) -> Any:
        return call_with(solver, pytree.flatten(guess)[0], others[0])

    @root.defjvp
    def root_jvp(primals: Any, tangents: Any) -> Any:
        params, others, guess = primals
        out = root(params, others, guess)
        x = pytree.flatten(out[0] if has_aux else out)[0]
        # F(p, x(p)) = 0 for all p, so dF/dx x'(p) = -dF/dp.
        _, slope = jvp(lambda *p: call_with(equation, x, p), tuple(params), tuple(tangents[0]))
        step = call_with(tangent, [*x, *pytree.flatten(slope)[0]], others[1])
        dx = tree_map(lambda y: -y, step)
        return out, (dx, zero_from_primal(out[1])) if has_aux else dx

    return root(equation.captures, (solver.captures, tangent.captures), initial_guess)


def custom_linear_solve(
    matvec: Callable[[Any], Any],
    b: Any,
    solve: Callable[[Callable[[Any], Any], Any], Any],
    transpose_solve: Callable[[Callable[[Any], Any], Any], Any] | None = None,
    symmetric: bool = False,
    has_aux: bool = False,
) -> Any:
    """The solution x of matvec(x) = b, found by `solve(matvec, b)`, with derivatives from that equation.

    They are with respect to `b` and to what the linear function `matvec` closes over; `solve` need not be
    differentiable. Reverse mode solves the transposed equation by `transpose_solve(vecmat, b)`, or by `solve` if
    the equation is `symmetric`. With `has_aux` the solvers return pairs of the solution and anything else.

    Raises: TypeError or ValueError if a function does not return what `b` is in structure or shapes.

    >>> def solve_spd(a, b):
    ...     return custom_linear_solve(lambda x: a @ x, b, lambda mv, b: cg(mv, b)[0], symmetric=True)
    """
    if transpose_solve is None and symmetric:
        transpose_solve = solve
    return evaluated(
        "custom_linear_solve", lambda: _linear_solve(matvec, b, solve, transpose_solve, symmetric, has_aux)
    )


def _linear_solve(
    matvec: Any, b: Any, solve: Any, transpose_solve: Any, symmetric: bool, has_aux: bool
) -> Any:
    leaves, tree = as_leaves("custom_linear_solve", b)
    types = [type_of(x) for x in leaves]

    def traced(name: str, fun: Callable[[Any], Any], with_aux: bool) -> Traced:
        made = _traced(fun, tree, types, own_module=False)
        _check_tree(name, _solution(made.out_tree, name, with_aux), "b", tree)
        shapes = [aval.shape for aval, _ in made.out_types[: len(leaves)]]
        if shapes != [x.shape for x in leaves]:
            raise ValueError(
                f"{name}() output shapes must match b, got {shapes} and {[x.shape for x in leaves]}"
            )
        return made

    product = traced("matvec", matvec, False)
    solution = traced("solve", lambda y: solve(matvec, y), has_aux)
    backward = []
    if transpose_solve is not None:
        vecmat = matvec if symmetric else lambda y: linear_transpose(matvec, b)(y)[0]
        backward = [
            product if symmetric else traced("vecmat", vecmat, False),
            traced("transpose_solve", lambda y: transpose_solve(vecmat, y), has_aux),
        ]
    functions = list(dict.fromkeys([product, solution, *backward]))
    captured = Captured([x for function in functions for x in function.captures])
    for function in functions:
        captured.extend(function)
        captures_to(function, 0)
    trace = STATE.trace
    assert trace is not None
    inst = op_class("linear_solve").of(
        matvec=product.name,
        solve=solution.name,
        transposed=tuple(function.name for function in backward),
        consts=len(captured.values),
    )
    outs = trace.emit(inst, [*captured.values, *leaves])
    set_weak(outs, solution.out_types)
    return solution.out_tree.unflatten(outs)


def _traced(
    fun: Callable[..., Any], tree: Any, types: Sequence[InType], *, copies: int = 1, own_module: bool = True
) -> Traced:
    """A function of values like the right-hand side, or of several."""

    def call(tracers: list[Any]) -> Any:
        count = len(types)
        return fun(*(tree.unflatten(tracers[i * count : (i + 1) * count]) for i in range(copies)))

    return trace_function(
        call, list(types) * copies, kind="solve", fun=fun, staged=True, own_module=own_module
    )


def _solution(tree: Any, name: str, has_aux: bool) -> Any:
    """Structure of the solution that a solver returns."""
    if not has_aux:
        return tree
    children = tree.children()
    if len(children) != 2:
        raise ValueError(f"{name}() with has_aux=True must return a pair of the solution and aux, got {tree}")
    return children[0]


def _check_tree(name: str, got: Any, expected: str, tree: Any) -> None:
    if got != tree:
        raise TypeError(f"{name}() output pytree structure must match {expected}, got {got} and {tree}.")
