"""``law.<name>`` inside a formula: a parameter to be indexed by its keys, moved to another day, or used as it is."""

from __future__ import annotations

from typing import Any

from zhida.engine.errors import KeysDiffer, UnknownCode, WrongKind
from zhida.engine.expressions import Expression, here, lift, make, place_together
from zhida.engine.graph import Shape
from zhida.engine.parameters import Parameter


class ParameterReference:
    """``law.name`` in a formula: indexed by its keys, moved to another date by ``.on(day)``, else a value for all."""

    def __init__(self, parameter: Parameter, keys: tuple[Expression, ...] | None = None, day: Expression | None = None) -> None:
        self._parameter, self._keys, self._day = parameter, keys, day

    def __getitem__(self, keys: Any) -> Any:
        given = keys if isinstance(keys, tuple) else (keys,)
        parameter = self._parameter
        if self._keys is not None or len(given) != len(parameter.by):
            raise KeysDiffer(here(), parameter.name, len(parameter.by), len(given))
        lifted = tuple(lift(key) for key in given)
        for position, key in enumerate(lifted):
            _check_key(parameter, position, key)
        if parameter.is_scale:
            return ScaleReference(parameter, lifted)
        return ParameterReference(parameter, lifted, self._day) if self._day is None else self._expression(lifted, self._day)

    def on(self, day: Any) -> Any:
        """Give the value that applies on another day than the first of the period (a date of the case, as the date of birth)."""
        date_expression = lift(day)
        if date_expression.shape.kind != "date":
            raise WrongKind(here(), f"law.{self._parameter.name}.on", "a date", date_expression.shape.words)
        if self._parameter.is_scale:
            raise WrongKind(here(), f"law.{self._parameter.name}.on", "a parameter without a scale", "a scale")
        if self._parameter.by and self._keys is None:
            return ParameterReference(self._parameter, None, date_expression)
        return self._expression(self._keys or (), date_expression)

    def as_expression(self) -> Expression:
        if len(self._keys or ()) != len(self._parameter.by):
            raise KeysDiffer(here(), self._parameter.name, len(self._parameter.by), 0)
        return self._expression(self._keys or (), self._day)

    def _expression(self, keys: tuple[Expression, ...], day: Expression | None) -> Expression:
        parameter = self._parameter
        args = [*keys, day] if day is not None else list(keys)
        nodes, entity, over, home = place_together(*args) if args else ([], "", "", "")
        shape = Shape(parameter.kind, entity, parameter.unit, parameter.scale, parameter.codes)
        return Expression(make("parameter", tuple(nodes), (parameter.name, day is not None), shape), over, home)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.as_expression(), name)


def _forward(name: str) -> Any:
    def operator(self: ParameterReference, *others: Any) -> Any:
        return getattr(self.as_expression(), name)(*others)

    return operator


# Python looks operators up on the class, so each is named here.
_OPERATORS = "add radd sub rsub mul rmul truediv rtruediv neg lt le gt ge eq ne and or rand ror invert bool floordiv mod pow iter float int"
for _name in _OPERATORS.split():
    setattr(ParameterReference, f"__{_name}__", _forward(f"__{_name}__"))


class ScaleReference:
    """A scale of the law in a formula, for ``marginal`` and ``bracket``."""

    def __init__(self, parameter: Parameter, keys: tuple[Expression, ...] = ()) -> None:
        self.name, self.keys = parameter.name, keys
        self.unit, self.scale, self.threshold_unit = parameter.unit, parameter.scale, parameter.threshold_unit


def reference(parameter: Parameter) -> ParameterReference | ScaleReference:
    """Return what ``law.<name>`` is in a formula."""
    return ScaleReference(parameter) if parameter.is_scale and not parameter.by else ParameterReference(parameter)


def _check_key(parameter: Parameter, position: int, key: Expression) -> None:
    named = parameter.named_keys(position)
    if key.shape.kind == "code":
        for code in named:
            if isinstance(code, str) and code != "none" and code not in key.shape.codes:
                raise UnknownCode(here(), code, list(key.shape.codes))
    elif any(isinstance(item, str) for item in named):
        raise WrongKind(here(), f"law.{parameter.name}[…]", f"a code ({parameter.by[position]})", key.shape.words)
