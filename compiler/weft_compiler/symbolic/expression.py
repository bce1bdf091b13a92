"""Dimension expressions: polynomials with integer coefficients in dimension variables, floordiv, mod, max and min."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, TypeAlias

from weft_compiler.symbolic import bounds

if TYPE_CHECKING:
    from weft_compiler.symbolic.scope import Scope

Dim: TypeAlias = "int | DimExpr"
Factors: TypeAlias = "tuple[tuple[str | Operation, int], ...]"
"""A product of atoms and their powers, in a fixed order; the empty one is 1."""


class InconclusiveDimensionOperation(Exception):
    """Python asked for something that depends on a size which is not known yet."""


class Operation(NamedTuple):
    """floordiv, mod, max or min of two expressions, where it cannot be said more simply."""

    name: str
    x: Dim
    y: Dim

    def __str__(self) -> str:
        return f"{self.name}({self.x}, {self.y})"


class DimExpr:
    """A size that depends on dimension variables, each of which stands for an integer of at least 1.

    Arithmetic with integers works as on numbers. A comparison gives an answer where it is the same for all
    values of the variables, else InconclusiveDimensionOperation; `==` is false where it is not always true.
    """

    __slots__ = ("_hash", "scope", "terms")

    to_array: ClassVar[Callable[[DimExpr], Any] | None] = None
    """How an expression becomes a value of the program that is traced; set by the frontend."""

    def __init__(self, scope: Scope, terms: tuple[tuple[Factors, int], ...]) -> None:
        self.scope = scope
        self.terms = terms
        self._hash = hash((id(scope), terms))

    # Arithmetic

    def __add__(self, other: Any) -> Any:
        if type(other) not in (int, DimExpr):
            return self._with_value(other, lambda x: x + other)
        return _sum(self.scope, [*self.terms, *_terms(other, self, "+")])

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:
        if type(other) not in (int, DimExpr):
            return self._with_value(other, lambda x: x - other)
        return self + -other

    def __rsub__(self, other: Any) -> Any:
        if type(other) is not int:
            return self._with_value(other, lambda x: other - x)
        return -self + other

    def __mul__(self, other: Any) -> Any:
        if type(other) not in (int, DimExpr):
            return self._with_value(other, lambda x: x * other)
        rights = _terms(other, self, "*")
        return _sum(self.scope, [(_product(f, g), m * n) for f, m in self.terms for g, n in rights])

    __rmul__ = __mul__

    def __pow__(self, power: Any) -> Any:
        if type(power) is not int or power < 0:
            return self._with_value(power, lambda x: x**power)
        made: Any = 1
        for _ in range(power):
            made = self * made
        return made

    def __neg__(self) -> Any:
        return self * -1

    def __pos__(self) -> DimExpr:
        return self

    def __floordiv__(self, other: Any) -> Any:
        if type(other) not in (int, DimExpr):
            return self._with_value(other, lambda x: x // other)
        return divided(self, other)[0]

    def __rfloordiv__(self, other: Any) -> Any:
        if type(other) is not int:
            return self._with_value(other, lambda x: other // x)
        return divided(other, self)[0]

    def __mod__(self, other: Any) -> Any:
        if type(other) not in (int, DimExpr):
            return self._with_value(other, lambda x: x % other)
        return divided(self, other)[1]

    def __rmod__(self, other: Any) -> Any:
        if type(other) is not int:
            return self._with_value(other, lambda x: other % x)
        return divided(other, self)[1]

    def __divmod__(self, other: Dim) -> tuple[Dim, Dim]:
        return divided(self, other)

    def __rdivmod__(self, other: int) -> tuple[Dim, Dim]:
        return divided(other, self)

    def __truediv__(self, other: Any) -> Any:
        return self._with_value(None, lambda x: x / other)

    def __rtruediv__(self, other: Any) -> Any:
        return self._with_value(None, lambda x: other / x)

    def __rpow__(self, other: Any) -> Any:
        return self._with_value(None, lambda x: other**x)

    def _with_value(self, other: Any, operation: Callable[[Any], Any]) -> Any:
        """The operation on the value; where `other` is an array, it is that array's business."""
        if other is not None and not isinstance(other, (int, float, complex)):
            return NotImplemented
        return operation(self.__weft_array__())

    def __weft_array__(self) -> Any:
        """The value, as a scalar of the program that is traced."""
        to_array = type(self).to_array
        if to_array is None:
            raise TypeError(f"the size {self} has no value outside of weft.export")
        return to_array(self)

    # Questions

    def __eq__(self, other: object) -> bool:
        # What differs by an expression is not always equal. Numbers are never made of no variables.
        if not isinstance(other, DimExpr) or self._hash != other._hash:
            return False
        return self.scope is other.scope and self.terms == other.terms

    def __hash__(self) -> int:
        return self._hash

    def __ge__(self, other: Any) -> bool:
        return self._decide(other, ">=", lambda low, high: True if low >= 0 else False if high < 0 else None)

    def __gt__(self, other: Any) -> bool:
        return self._decide(other, ">", lambda low, high: True if low > 0 else False if high <= 0 else None)

    def __le__(self, other: Any) -> bool:
        return self._decide(other, "<=", lambda low, high: True if high <= 0 else False if low > 0 else None)

    def __lt__(self, other: Any) -> bool:
        return self._decide(other, "<", lambda low, high: True if high < 0 else False if low >= 0 else None)

    def _decide(self, other: Any, sign: str, answer: Callable[[float, float], bool | None]) -> Any:
        if type(other) not in (int, DimExpr):
            return NotImplemented
        difference = self - other
        found = answer(*bounds.of(difference))
        if found is None:
            raise InconclusiveDimensionOperation(
                f"Symbolic dimension comparison '{self}' {sign} '{other}' is inconclusive: it holds for some values "
                f"of the dimension variables only{_constraints(self.scope)}\n"
                f"  try a constraint: symbolic_shape(..., constraints=['{self} {sign.rstrip('=')}= {other}'])"
            )
        return found

    def __bool__(self) -> bool:
        low, high = bounds.of(self)
        if low > 0 or high < 0:
            return True
        raise InconclusiveDimensionOperation(
            f"Symbolic dimension '{self}' is zero for some values of the dimension variables only"
            f"{_constraints(self.scope)}"
        )

    def __index__(self) -> int:
        raise InconclusiveDimensionOperation(
            f"Symbolic dimension '{self}' used in a context that requires a constant: it is known when the exported "
            "function is called, not while it is traced"
        )

    __int__ = __float__ = bit_length = log = sqrt = __index__  # NumPy looks for log and sqrt

    # Text

    def __str__(self) -> str:
        made = ""
        for factors, n in self.terms:
            product = "*".join(f"{atom}^{power}" if power > 1 else str(atom) for atom, power in factors)
            sign = (" - " if n < 0 else " + ") if made else ("-" if n < 0 else "")
            size = abs(n)
            made += sign + (
                product if size == 1 and product else f"{size}*{product}" if product else str(size)
            )
        return made

    __repr__ = __str__

    def __reduce__(self) -> Any:
        raise TypeError(
            f"the symbolic dimension {self} belongs to a scope of this process and cannot be pickled"
        )


def _constraints(scope: Scope) -> str:
    return f" with {', '.join(scope.texts)}" if scope.texts else ""


def variable(scope: Scope, name: str) -> Dim:
    """The dimension variable `name` of a scope."""
    return _sum(scope, [(((name, 1),), 1)])


def _terms(x: Dim, like: DimExpr, sign: str) -> tuple[tuple[Factors, int], ...]:
    if isinstance(x, DimExpr):
        if x.scope is not like.scope:
            raise ValueError(
                f"Invalid mixing of symbolic scopes: '{like}' {sign} '{x}'\n"
                f"  {like} belongs to the {like.scope}\n  {x} belongs to the {x.scope}\n"
                "  try making both with one call of symbolic_shape, or with scope="
            )
        return x.terms
    return (((), x),)


def _product(x: Factors, y: Factors) -> Factors:
    powers = dict(x)
    for atom, power in y:
        powers[atom] = powers.get(atom, 0) + power
    return tuple(sorted(powers.items(), key=_atom_order))


def _atom_order(factor: tuple[str | Operation, int]) -> tuple[bool, str]:
    return isinstance(factor[0], Operation), str(factor[0])


def _sum(scope: Scope, terms: Iterable[tuple[Factors, int]]) -> Dim:
    """The sum of terms, simplified by the equalities of the scope; an int if no variable is left."""
    totals: dict[Factors, int] = {}
    for factors, n in terms:
        totals[factors] = totals.get(factors, 0) + n
    for factors, n in totals.items():
        simpler = scope.rewritten(factors, n) if n else None
        if simpler is not None:
            rest = [term for term in totals.items() if term[0] != factors]
            more = simpler.terms if isinstance(simpler, DimExpr) else (((), simpler),)
            return _sum(scope, [*rest, *more])
    left = [(factors, n) for factors, n in totals.items() if n]
    if not left:
        return 0
    if len(left) == 1 and not left[0][0]:
        return left[0][1]
    return DimExpr(scope, tuple(sorted(left, key=_term_order)))


def _term_order(term: tuple[Factors, int]) -> tuple[int, str]:
    factors, _ = term
    return -sum(power for _, power in factors), str([(str(atom), power) for atom, power in factors])


def _scope(x: Dim, y: Dim) -> Scope:
    if isinstance(x, DimExpr):
        if isinstance(y, DimExpr):
            _terms(y, x, ",")  # which checks that the scopes are one
        return x.scope
    assert isinstance(y, DimExpr)
    return y.scope


def operation(name: str, x: Dim, y: Dim) -> Dim:
    """An operation that stays as it is written."""
    return _sum(_scope(x, y), [(((Operation(name, x, y), 1),), 1)])


def divided(x: Dim, y: Dim) -> tuple[Dim, Dim]:
    """x // y and x % y, of which x is the first times y plus the second."""
    if isinstance(x, int) and isinstance(y, int):
        return divmod(x, y)
    if isinstance(y, int) and y == 0:
        raise ZeroDivisionError("integer modulo by zero")
    quotient, rest = _long_division(x, y)
    if isinstance(rest, int) and rest == 0:
        return quotient, 0
    if bounds.of(rest)[0] >= 0 and bounds.of(y - rest)[0] > 0:
        return quotient, rest
    floor = quotient + operation("floordiv", rest, y)
    return floor, operation("mod", rest, y)


def _long_division(x: Dim, y: Dim) -> tuple[Dim, Dim]:
    """(q, r) with x == q * y + r, and nothing of r divisible by the leading term of y."""
    scope = _scope(x, y)
    divisor, n = (y.terms[0]) if isinstance(y, DimExpr) else ((), y)
    quotient: Dim = 0
    rest: Dim = x
    for _ in range(64):  # terms of degree n at most 64: more are left as they are
        for factors, m in rest.terms if isinstance(rest, DimExpr) else (((), rest),):
            over = _over(factors, divisor)
            if over is not None and m // n and (isinstance(y, int) or m % n == 0):
                part = _sum(scope, [(over, m // n)])
                break
        else:
            break
        quotient = quotient + part
        rest = rest - part * y
        if isinstance(rest, int) and rest == 0:
            break
    if isinstance(y, DimExpr) and not (isinstance(rest, int) and rest == 0):
        return 0, x  # a quotient that leaves something is no simpler than none
    return quotient, rest


def _over(factors: Factors, divisor: Factors) -> Factors | None:
    powers = dict(factors)
    for atom, power in divisor:
        if powers.get(atom, 0) < power:
            return None
        powers[atom] -= power
    return tuple((atom, power) for atom, power in powers.items() if power)


def max_dim(x: Dim, y: Dim) -> Dim:
    """The larger of two sizes."""
    return _extreme("max", x, y)


def min_dim(x: Dim, y: Dim) -> Dim:
    """The smaller of two sizes."""
    return _extreme("min", x, y)


def _extreme(name: str, x: Dim, y: Dim) -> Dim:
    if isinstance(x, int) and isinstance(y, int):
        return max(x, y) if name == "max" else min(x, y)
    low, high = bounds.of(x - y)
    if low >= 0:
        return x if name == "max" else y
    if high <= 0:
        return y if name == "max" else x
    return operation(name, x, y)
