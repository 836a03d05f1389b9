"""A household's sheet: every variable, condition, fact and number of the law with the values of all its members, in reading order.

What had a say is told by a trace; a sheet leaves nothing out, and its order is the same for every household.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from zhida.engine.entities import FactDefinition
from zhida.engine.graph import Node
from zhida.engine.node_values import Values
from zhida.engine.trace import ParameterUse, Parts, StepPart
from zhida.engine.wording import Names
from zhida.kernel.text import Text

if TYPE_CHECKING:
    pass


class SheetLine:
    """One line: a benefit, variable, condition, fact or number of the law.

    values: one per row of its entity, a single one where it is the same for all; whole numbers of 10 ** -scale of unit, None where unknown.
    """

    __slots__ = ("_names", "_part", "_texts", "_uses", "_values", "values")
    _texts: list[Text]
    _uses: list[ParameterUse]

    def __init__(self, part: StepPart, values: Sequence[Any], of_household: Values, names: Names) -> None:
        self._part, self.values, self._values, self._names = part, values, of_household, names

    @property
    def kind(self) -> str:
        """benefit, variable, fact, parameter, condition or members (a sum over some)."""
        return self._part.kind

    @property
    def name(self) -> str:
        return self._part.name

    @property
    def label(self) -> Text:
        return self._part.label or Text("", "")

    @property
    def unit(self) -> str:
        return self._part.unit

    @property
    def scale(self) -> int:
        return self._part.scale

    @property
    def entity(self) -> str:
        return self._part.entity

    @property
    def fact(self) -> FactDefinition | None:
        return self._part.fact

    @property
    def texts(self) -> list[Text]:
        """The values as people read them."""
        try:
            return self._texts
        except AttributeError:
            write, names = self._part.write, self._names
            self._texts = [write(value, names) for value in self.values]
            return self._texts

    def use(self, row: int) -> ParameterUse | None:
        """The dated number of the law that a row used."""
        return self._part.parameter(self._values, row)

    @property
    def uses(self) -> list[ParameterUse]:
        """The dated numbers of the law that the line used, each once."""
        try:
            return self._uses
        except AttributeError:
            rows = range(len(self.values)) if self.kind == "parameter" else ()
            found = {id(use): use for row in rows if (use := self.use(row)) is not None}
            self._uses = list(found.values())
            return self._uses

    @property
    def clause(self) -> str:
        return next((use.clause for use in self.uses), self._part.clause)

    @property
    def law(self) -> str:
        return next((use.law for use in self.uses), self._part.law)


def sheet(parts: Parts, roots: Sequence[Node], values: Values, names: Names) -> list[tuple[int, SheetLine]]:
    """Return (depth, line) of everything at or below some variables. A line that came before comes again without those below it."""
    made: dict[StepPart, SheetLine] = {}
    lines = []
    for depth, part in parts.order(roots):
        line = made.get(part)
        if line is None:
            found = values.values[id(part.node)]
            line = made[part] = SheetLine(part, found if part.entity else (found,), values, names)
        lines.append((depth, line))
    return lines


__all__ = ["SheetLine", "sheet"]
