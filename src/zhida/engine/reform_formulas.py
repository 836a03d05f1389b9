"""What a reform does to formulas and benefits: a new wording from its first day on, new names, benefits that end."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from zhida.engine.definitions import BenefitDefinition, DatedFormula, Definition
from zhida.engine.errors import nearest
from zhida.engine.reform import Reform, ReformRefused
from zhida.engine.rule_files import read_rules
from zhida.engine.rule_words import Words

if TYPE_CHECKING:
    from zhida.engine.law import Law

# Whose rules the new names of a reform are said to be.
PACK = "reform"
# What a benefit stays under a reform: who else gets it, how often, in what, is another benefit.
_KEPT = ("unit", "code", "every", "payee", "occasion")


def changed_definitions(law: Law, reform: Reform) -> list[Definition]:
    """Return all definitions of a law as a reform leaves them. Raises: ReformRefused, FormulaRefused."""
    definitions = dict(law.definitions)
    words = Words.of_entities(law.entities.values())
    for written in read_rules(reform.formulas, reform.file, PACK, words) if reform.formulas else []:
        known = law.definitions.get(written.name)
        definitions[written.name] = _new(written, law, reform) if known is None else _reworded(known, written, law, reform)
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


def _reworded(known: Definition, written: Definition, law: Law, reform: Reform) -> Definition:
    """Return a definition with the reform's wordings from its first day on; those of before stay."""
    differing = [name for name in _KEPT if getattr(known, name, None) != getattr(written, name, None)]
    if known.entity is not written.entity or type(known) is not type(written):
        differing.insert(0, "entity")
    if differing:
        words = ", ".join(differing)
        raise ReformRefused(
            written.place,
            f"{known.name} 的 {words} 与现行规定不同；请保持不变，或用新名称另立，并在 benefits.ended 中停发原待遇。",
            f"{known.name} has another {words} than in the law. Keep it, or give the new rule another name and end the old benefit.",
        )
    before = [formula for formula in known.formulas if formula.since < reform.since]
    return replace(known, formulas=[*before, *_dated(written, law, reform)])


def _new(written: Definition, law: Law, reform: Reform) -> Definition:
    if isinstance(written, BenefitDefinition) and written.in_force[0] is None:
        written.in_force = (reform.since, written.in_force[1])
    written.pack = PACK
    written.formulas = [replace(formula, known_from=_known(formula.since, law, reform)) for formula in written.formulas]
    return written


def _dated(written: Definition, law: Law, reform: Reform) -> list[DatedFormula]:
    """Return a reform's wordings: the first from the reform's first day on, the others from the day they name."""
    dated = [replace(formula, since=max(formula.since, reform.since)) for formula in written.formulas]
    return [replace(formula, known_from=_known(formula.since, law, reform)) for formula in dated]


def _known(since: date, law: Law, reform: Reform) -> date:
    """A reform is supposed to be published by the day of the law it changes."""
    day = max(since, reform.since)
    return min(day, law.as_of) if law.as_of else day


def _ended(benefit: BenefitDefinition, reform: Reform) -> BenefitDefinition:
    start, end = benefit.in_force
    return replace(benefit, in_force=(start, min(end, reform.since) if end else reform.since))
