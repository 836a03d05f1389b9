"""The happiness list 幸福清单: what the newest run decided for a household, as far as the viewer may see it.

Reads decisions that are on file and evaluates nothing; why a line says what it says is worked out when somebody asks (explanations).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from zhida.blocks.access import api as access
from zhida.blocks.access.api import Purpose, Viewer
from zhida.blocks.policies import law as laws
from zhida.blocks.policies import runs
from zhida.blocks.policies.decisions import ADULT_AGE, ENTITLED, ONE_OFF, age_on, period_key
from zhida.blocks.policies.models import Run
from zhida.blocks.policies.sharing import sharing_members
from zhida.blocks.records import api as records
from zhida.engine.api import BenefitDefinition
from zhida.kernel.period import Month


@dataclass(frozen=True)
class EntitlementLine:
    """One benefit for one entity of the household. amount: fen where unit is fen, 0 unless entitled. payee_no 0 = an organisation."""

    benefit: BenefitDefinition
    status: str
    amount: int
    unit: str
    period_key: str
    entity_kind: str
    entity_no: int
    missing: list[laws.Missing]
    payee_no: int
    who: str


@dataclass(frozen=True)
class EntitlementList:
    """What a household is entitled to in a month, as far as the viewer may see it. hidden_members: grown members who have not agreed."""

    resident: records.ResidentCard
    month: str
    months: list[str]
    lines: list[EntitlementLine]
    hidden_members: int


def entitlements(viewer: Viewer, purpose: Purpose, resident_no: int, month: Month | None = None) -> EntitlementList:
    """Return a resident's happiness list for a month, the newest decided one by default.

    Raises: NotYours, NoRun, records' errors for an unknown resident.
    """
    run = runs.latest_run(month)
    card = records.checked_card(viewer, resident_no, run.snapshot_hash)
    members = dict(records.members_of(run.snapshot_hash, card.household_no))
    seen = visible_members(viewer, members, Month.parse(run.month))
    rows = runs.decisions_of(run, card.household_no)
    claimants = records.claimants_of(run.snapshot_hash, card.household_no) if any(row["entity_kind"] == _CLAIM for row in rows) else {}
    names = records.names_of(run.snapshot_hash, seen)
    decided = [line for row in rows if (line := _decided_line(row, claimants, names, seen))]
    access.record_access(viewer, purpose, "entitlements.list", f"resident {resident_no}")
    lines = [*decided, *_other_lines(run, card.household_no, decided, names)]
    return EntitlementList(card, run.month, decided_months(), lines, len(members) - len(seen))


def decided_months() -> list[str]:
    """List the months that have a finished run, newest first."""
    return list(Run.objects.filter(state=Run.State.FINISHED).order_by("-month").values_list("month", flat=True).distinct())


def visible_members(viewer: Viewer, members: dict[int, date | None], month: Month) -> list[int]:
    """Return whose lines the viewer may see (decision 0006): all for an officer; for a resident their own, children's, sharing members'."""
    if viewer.role != "resident":
        return list(members)
    sharing = sharing_members(members)
    return [number for number, born in members.items() if number == viewer.resident_no or number in sharing or not is_adult(born, month)]


def is_adult(born: date | None, month: Month) -> bool:
    """Say whether somebody was of age on the month's first day; an unknown birth date counts as grown up, which protects."""
    return born is None or age_on(born, month) >= ADULT_AGE


_PERSON, _HOUSEHOLD, _CLAIM = 1, 2, 3
_KINDS = {_PERSON: "person", _HOUSEHOLD: "household", _CLAIM: "claim"}


def _decided_line(row: dict[str, Any], claimants: dict[int, int], names: dict[int, str], seen: list[int]) -> EntitlementLine | None:
    """Return a line of an entitled or unknown decision; None where it is about a member the viewer may not see."""
    kind, number = row["entity_kind"], row["entity_no"]
    person = {_PERSON: number, _HOUSEHOLD: None, _CLAIM: claimants.get(number)}[kind]
    if kind != _HOUSEHOLD and person not in seen:
        return None
    is_entitled = row["status"] == ENTITLED
    return EntitlementLine(
        benefit=laws.benefits()[row["benefit"]],
        status="entitled" if is_entitled else "unknown",
        amount=row["amount"],
        unit=row["unit"],
        period_key=row["period_key"],
        entity_kind=_KINDS[kind],
        entity_no=number,
        missing=[laws.missing_named(name) for name in (row["missing"] or "").split(",") if name],
        payee_no=row["payee_no"],
        who=names.get(person, "") if person else "",
    )


def _other_lines(run: Run, household_no: int, decided: list[EntitlementLine], names: dict[int, str]) -> Iterator[EntitlementLine]:
    """Yield a line for every benefit that a visible member, or the household, was not entitled to. Bills have none: each stands alone."""
    month = Month.parse(run.month)
    told = {(line.benefit.code, line.entity_no) for line in decided}
    for code, compiled in laws.installed_law(run.law_as_of).program(month).benefits.items():
        definition = compiled.definition
        kind = definition.entity.name
        entities = {"person": names, "household": {household_no: ""}, "claim": {}}[kind]
        key = ONE_OFF if definition.every == "ONCE" else period_key(definition.every, month)
        for number, who in entities.items():
            if (code, number) not in told:
                yield EntitlementLine(definition, "not_entitled", 0, definition.unit, key, kind, number, [], 0, who)
