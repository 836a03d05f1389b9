"""What a reform does to formulas and benefits: a new wording from its first day on, new names, benefits that end."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from zhida.engine.definitions import BenefitDefinition, Definition
from zhida.engine.errors import nearest
from zhida.engine.reform import Reform, ReformRefused

if TYPE_CHECKING:
    from zhida.engine.law import Law


def changed_definitions(law: Law, reform: Reform) -> list[Definition]:
    """Return all definitions of a law as a reform leaves them. Raises: ReformRefused, FormulaRefused."""
    definitions = dict(law.definitions)
    for code, place in reform.ended:
        benefit = law.benefits.get(code)
        if benefit is None:
            near = nearest(code, list(law.benefits))
            raise ReformRefused(
                place,
                f"没有代码为“{code}”的待遇" + (f"；是否想写 {near}？" if near else "；请在待遇目录中查找代码。"),
                f"there is no benefit '{code}'." + (f" Did you mean '{near}'?" if near else " Look the code up among the benefits."),
            )
        definitions[benefit.name] = _ended(benefit, reform)
    return list(definitions.values())


def _ended(benefit: BenefitDefinition, reform: Reform) -> BenefitDefinition:
    start, end = benefit.in_force
    return replace(benefit, in_force=(start, min(end, reform.since) if end else reform.since))
