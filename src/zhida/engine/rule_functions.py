"""What a function of a rule file does when it is called: its checked terms, worked out one after the other on symbols.

Nothing of a rule file ever runs as Python. rule_files.py turns each expression into a *term*, a closure made here, and there is a kind of
term only for what a formula may do: name a value, ask an entity for a fact, compare, calculate, call a word or a function of the same file.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from zhida.engine.errors import EngineError, FormulaFailed, NotSymbolic, Place, TooMuchWork, WrongKind
from zhida.engine.expressions import PLACE, Expression, Symbol, here, lift
from zhida.engine.references import ParameterReference, ScaleReference
from zhida.engine.rule_syntax import quoted

Scope = dict[str, Any]
Term = Callable[[Scope], Any]

OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "&": operator.and_,
    "|": operator.or_,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
# What may be called on a value: degree.is_in("master"), law.grant.on(day). Everything else is a word or a function of the file.
METHODS = ("is_in", "on")
_VALUES = (Expression, ParameterReference)


@dataclass(frozen=True)
class Step:
    """One line of a function: ``a = x`` or ``a, b = x, y``. The last line names nothing and gives the result."""

    names: tuple[str, ...]
    terms: tuple[Term, ...]


class RuleFunction:
    """A function of a rule file. ``terms`` bounds the work of one call: how many are worked out, in the functions it calls too."""

    def __init__(
        self, name: str, module: str, places: tuple[Place, Place], arguments: Sequence[str], body: Sequence[Step], terms: int
    ) -> None:
        self.__name__, self.__module__ = name, module
        # Where it begins, and where it gives its result.
        self.place, self.result_place = places
        self.arguments, self.terms = tuple(arguments), terms
        self._body = tuple(body)

    def __call__(self, *given: Any) -> Any:
        token = PLACE.set(self.place)
        try:
            scope = dict(zip(self.arguments, given, strict=True))
            for step in self._body:
                values = tuple(term(scope) for term in step.terms)
                scope.update(zip(step.names, values, strict=False))
            return values[0]
        except EngineError:
            raise
        except RecursionError:
            zh, en = f"{self.__name__} 引用的规则叠得太深", f"{self.__name__} names rules that stand too many upon one another"
            raise TooMuchWork(self.place, zh, en) from None
        except Exception as error:
            raise FormulaFailed(here(), self.__name__, f"{type(error).__name__}: {error}") from error
        finally:
            PLACE.reset(token)


# ---- terms ------------------------------------------------------------------------------------------------------------------------------


def constant(value: Any) -> Term:
    return lambda scope: value


def local(name: str) -> Term:
    return lambda scope: scope[name]


def together(items: Sequence[Term]) -> Term:
    return lambda scope: tuple(item(scope) for item in items)


def attribute(place: Place, value: Term, name: str) -> Term:
    def term(scope: Scope) -> Any:
        owner = value(scope)
        PLACE.set(place)
        if isinstance(owner, Symbol):
            # The class's own way to find names, so that no method of the symbol itself is one.
            return type(owner).__getattr__(owner, name)
        raise NotSymbolic(here(), f".{name}", f"person.{name} or person.household.{name}: facts belong to an entity, not to a value")

    return term


def method(place: Place, value: Term, name: str, arguments: Sequence[Term]) -> Term:
    def term(scope: Scope) -> Any:
        owner = value(scope)
        given = [argument(scope) for argument in arguments]
        PLACE.set(place)
        if name == "on" and isinstance(owner, ParameterReference) and len(given) == 1:
            return owner.on(given[0])
        if name == "is_in" and isinstance(owner, _VALUES) and given and all(isinstance(code, str) for code in given):
            return lift(owner).is_in(*given)
        raise NotSymbolic(here(), f".{name}()", 'law.name.on(day), person.code.is_in("a", "b")')

    return term


def call(place: Place, function: Callable[..., Any], arguments: Sequence[Term], keywords: Mapping[str, Term]) -> Term:
    def term(scope: Scope) -> Any:
        given = [argument(scope) for argument in arguments]
        named = {name: value(scope) for name, value in keywords.items()}
        PLACE.set(place)
        return function(*given, **named)

    return term


def operation(place: Place, sign: str, left: Term, right: Term) -> Term:
    work = OPERATORS[sign]

    def term(scope: Scope) -> Any:
        a, b = left(scope), right(scope)
        PLACE.set(place)
        # Between two written constants Python would work something out by itself: endless text, endless numbers.
        if not (isinstance(a, _VALUES) or isinstance(b, _VALUES)):
            raise WrongKind(here(), sign, "a fact, a variable or law.<name>", words_of(a))
        for value in (a, b):
            if isinstance(value, tuple | ScaleReference):
                raise WrongKind(here(), sign, "a single value", words_of(value))
        return work(a, b)

    return term


def inverted(place: Place, value: Term) -> Term:
    def term(scope: Scope) -> Any:
        inner = value(scope)
        PLACE.set(place)
        if not isinstance(inner, _VALUES):
            raise WrongKind(here(), "~", "a yes/no value", words_of(inner))
        return operator.invert(inner)

    return term


def negated(place: Place, value: Term) -> Term:
    return operation(place, "-", constant(0), value)


def looked_up(place: Place, value: Term, key: Term) -> Term:
    def term(scope: Scope) -> Any:
        owner, keys = value(scope), key(scope)
        PLACE.set(place)
        if not isinstance(owner, ParameterReference):
            raise WrongKind(here(), "[…]", "a parameter with 'by:', as law.name[key]", words_of(owner))
        return owner[keys]

    return term


def words_of(value: Any) -> str:
    """Say what a value is, for sentences."""
    match value:
        case Expression():
            return value.shape.words
        case ParameterReference():
            return "a number of the law"
        case ScaleReference():
            return "a scale: write marginal(scale, base) or bracket(scale, value)"
        case Symbol():
            return "an entity, law or period itself"
        case tuple():
            return "several values in brackets"
    return f"the written constant {quoted(value)}"
