"""Explains one household's decisions: which steps, numbers and facts led to each, and what single change would turn it.

Statuses and missing facts are computed at once; the trace and the changes of a benefit only when somebody asks for them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from zhida.engine.changes import changes_of
from zhida.engine.definitions import BenefitDefinition
from zhida.engine.errors import BenefitUnknown
from zhida.engine.trace import ParameterUse, TraceNode, Tracer, Values
from zhida.engine.wording import Names
from zhida.kernel.text import Text

if TYPE_CHECKING:
    from zhida.engine.program import CompiledBenefit, Program
    from zhida.engine.scalar import ScalarProgram

NOT_ENTITLED, ENTITLED, UNKNOWN = 0, 1, 2


class BenefitExplanation:
    """One benefit for one row of its entity.

    status: 0 not entitled, 1 entitled, 2 unknown. amount: 0 unless entitled. occasion: days since 1970 or a number, None without one.
    missing: names of the facts an unknown answer waits for (``law.<name>`` for a number of the law).
    """

    def __init__(self, compiled: CompiledBenefit, row: int, values: Values, scalar: ScalarProgram, names: Names) -> None:
        self.benefit: BenefitDefinition = compiled.definition
        self.row = row
        self._compiled, self._values, self._scalar, self._names = compiled, values, scalar, names
        order = scalar.source_order
        amount = values.at(compiled.amount, row)
        self.occasion: int | None = values.at(compiled.occasion, row) if compiled.occasion is not None else None
        unnamed = compiled.occasion is not None and self.occasion is None and bool(amount)
        self.status = UNKNOWN if amount is None or unnamed else int(amount > 0)
        self.amount: int = int(amount) if self.status == ENTITLED else 0
        missing = values.missing(compiled.amount, row) if self.status == UNKNOWN else frozenset()
        if self.status == UNKNOWN and compiled.occasion is not None:
            missing |= values.missing(compiled.occasion, row)
        self.missing: tuple[str, ...] = tuple(sorted(missing, key=lambda name: order.get(name, len(order))))

    @cached_property
    def trace(self) -> TraceNode:
        """The steps of the decision, from the benefit down to facts and numbers of the law."""
        return Tracer(self._values, self._names).trace(self._compiled.amount, self.row)

    @cached_property
    def changes(self) -> tuple[Text, ...]:
        """What would change the answer: the conditions that failed and by how much, and single facts that would turn it."""
        return changes_of(self._compiled, self.row, self.status, self.missing, self._values, self._scalar, self._names)


def explain(
    program: Program, scalar: ScalarProgram, household: Any, benefits: Sequence[str] | None, names: Names | None = None
) -> list[BenefitExplanation]:
    """Return an explanation per benefit and row. Raises: BenefitUnknown for a code that the program does not hold."""
    codes = list(program.benefits) if benefits is None else list(benefits)
    for code in codes:
        if code not in program.benefits:
            raise BenefitUnknown(code, list(program.benefits))
    rows = scalar.rows(household)
    roots = [node for code in codes for node in (program.benefits[code].amount, program.benefits[code].occasion) if node is not None]
    values = Values(program.law, scalar.values(rows, roots if benefits is not None else None), rows)
    return [
        BenefitExplanation(program.benefits[code], row, values, scalar, names or Names())
        for code in codes
        for row in range(rows.counts[program.benefits[code].amount.shape.entity])
    ]


__all__ = ["BenefitExplanation", "ParameterUse", "TraceNode", "explain"]
