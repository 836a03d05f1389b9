"""The installed law: the packs a site has chosen, with the facts that the records block gives."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from django.conf import settings

from zhida.blocks.places import api as places
from zhida.blocks.policies.errors import UnknownPack
from zhida.blocks.records import api as records
from zhida.engine.api import Areas, BenefitDefinition, Law, LawSource, PackSource
from zhida.kernel import clock
from zhida.kernel.period import Month
from zhida.kernel.text import Text

WORDS = "zhida.blocks.policies.language"
COMMON = PackSource("common", Path(__file__).resolve().parent, WORDS, ("common.py",))


def pack_sources() -> list[PackSource]:
    """Return the installed packs and the variables they share.

    Raises: UnknownPack.
    """
    sources = [COMMON]
    for pack in settings.INSTALLED_PACKS:
        package = f"zhida.packs.{pack}"
        if importlib.util.find_spec(package) is None:
            raise UnknownPack(pack)
        sources.append(PackSource.from_package(package, WORDS))
    return sources


def pack_folders() -> dict[str, Path]:
    """Return where each installed pack lies. Raises: UnknownPack."""
    return {source.name: source.folder for source in pack_sources() if source is not COMMON}


def _source(as_of: date | None) -> LawSource:
    districts = tuple(area.code for area in places.districts())
    return LawSource(tuple(pack_sources()), tuple(records.facts().values()), Areas(places.AREA_GROUPS, districts), as_of)


@cache
def _law(as_of: date | None) -> Law:
    return _source(as_of).load()


@cache
def publication_days() -> tuple[date, ...]:
    """Return the days on which something of the installed law became known, oldest first."""
    law = _law(None)
    days = {entry.known_from for parameter in law.parameters.values() for entry in parameter.entries}
    days |= {formula.known_from for definition in law.definitions.values() for formula in definition.formulas}
    return tuple(sorted(days))


def last_publication(day: date) -> date:
    """Return the newest day up to ``day`` on which the law changed, so that a law unchanged since keeps its name."""
    return max((known for known in publication_days() if known <= day), default=day)


def installed_law(as_of: date | None = None) -> Law:
    """Return the installed law as it was known on a day; today's without one. Loaded once per process and day of change."""
    return _law(last_publication(as_of or clock.today()))


def law_source(as_of: date | None = None) -> LawSource:
    """Return what ``installed_law`` is made from, as plain data that other machines can load. Raises: UnknownPack."""
    return _source(last_publication(as_of or clock.today()))


def benefits() -> dict[str, BenefitDefinition]:
    """Return every benefit of the installed packs by code, in force or not."""
    return _law(None).benefits


def facts_of(code: str, month: Month) -> list[tuple[str, str]]:
    """Return the (entity, fact) pairs a benefit's rule reads in a month, in the order the rule reaches them."""
    program = installed_law().program(month)
    return program.facts_of(code) if code in program.benefits else []


@dataclass(frozen=True)
class Missing:
    """What an unknown answer waits for: a fact of a department, or a number that the law's sources do not give (department None)."""

    name: str
    label: Text
    department: Text | None
    record_type: Text | None


def missing_named(name: str) -> Missing:
    """Return what a missing name stands for, as people read it: a fact, or ``law.<parameter>``."""
    if name.startswith("law."):
        return Missing(name, _law(None).parameters[name.removeprefix("law.")].label, None, None)
    fact = records.facts().get(name) or next(found for (_, known), found in _law(None).facts.items() if known == name)
    contract = records.record_type(fact.record_type)
    return Missing(name, fact.label, contract.department, contract.label)


def occasion_is_date(definition: BenefitDefinition) -> bool:
    """Say whether a one-off's occasions are days (a birth) or numbers (an instalment)."""
    law = installed_law()
    fact = law.facts.get((definition.entity.name, definition.occasion or ""))
    return fact.kind == "date" if fact else law.definitions[definition.occasion or ""].unit == "date"


def record_types_of(month: Month) -> dict[str, set[str]]:
    """Return which registers each benefit's rule reads in a month."""
    facts = records.facts()
    return {code: {facts[name].record_type for _, name in facts_of(code, month) if name in facts} for code in benefits()}


__all__ = [
    "BenefitDefinition",
    "Missing",
    "benefits",
    "facts_of",
    "installed_law",
    "last_publication",
    "law_source",
    "missing_named",
    "occasion_is_date",
    "pack_folders",
    "record_types_of",
]
