"""A decision: the real rules, now, for the household of the case, with what the case itself has found out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from zhida.blocks.access.api import SYSTEM, Viewer
from zhida.blocks.cases.effects.context import Making
from zhida.blocks.cases.models import CaseDecision
from zhida.blocks.policies import api as policies
from zhida.blocks.records import api as records
from zhida.kernel.money import plain_yuan
from zhida.kernel.period import Month

# Of several answers about one benefit, such as for mother and child, the process hears the one that says most.
_SAYS_MOST = {"entitled": 2, "unknown": 1, "not_entitled": 0}


def decide(making: Making) -> dict[str, Any]:
    """Decide the benefits that an effect names and keep each decision with what it rests on. Raises: NoRun, UnknownFact …"""
    benefits = list(making.settings["benefits"])
    facts = {fact: _fact(making, written) for fact, written in (making.settings.get("facts") or {}).items()}
    found = policies.decide_now(_household(making), _people(making), benefits, facts, _basis(making), _month(making))
    CaseDecision.objects.bulk_create(_row(making, found, each) for each in found.decisions)
    values: dict[str, Any] = {}
    for each in found.decisions:
        name = f"{each.benefit}_status"
        if _SAYS_MOST[each.status] >= _SAYS_MOST.get(values.get(name, ""), -1):
            values[name] = each.status
        values[f"{each.benefit}_amount"] = values.get(f"{each.benefit}_amount", 0) + each.amount
    # A benefit that the law of the month does not know, or of which nobody here can be the one, is not due.
    return {"values": {**{f"{benefit}_status": "not_entitled" for benefit in benefits}, **values}}


def facts_now(making: Making) -> dict[str, Any]:
    """Return what the case lays over the registers' facts for an effect, by what it knows now."""
    written = making.settings.get("facts") or {}
    return {fact: value for fact, each in written.items() if (value := _fact(making, each)) is not None}


def decide_again(making: Making, old: CaseDecision, facts: Mapping[str, Any]) -> CaseDecision | None:
    """Decide once more what was decided, by the facts and the law of now and with these laid over; None where nothing is said of it.

    The new decision is written and takes the old one's place. Raises: NoRun, UnknownFact …
    """
    found = policies.decide_now(_household(making), _people(making), [old.benefit], facts, _basis(making), _month(making))
    said = next((each for each in found.decisions if each.entity_no == old.entity_no), None)
    if said is None:
        return None
    new = _row(making, found, said)
    new.save()
    old.replaced_by = new
    old.save(update_fields=["replaced_by"])
    return new


def explain(making: Making, viewer: Viewer, decision: CaseDecision) -> policies.Explanation:
    """Return why a decision was so, by the snapshot, the law and the facts that it rested on. Raises: NoSnapshot, UnknownBenefit …"""
    by = policies.basis_of(Month.parse(decision.month), decision.snapshot_hash, decision.law_as_of)
    return _explained(making, viewer, decision, decision.facts, by)


def explain_now(making: Making, viewer: Viewer, decision: CaseDecision) -> policies.Explanation:
    """Return what would be said of the same thing by what is known now. Raises: NoRun, UnknownBenefit …"""
    by, month = _basis(making) or policies.basis(), _month(making)
    by = replace(by, month=month, run=None) if month else by
    return _explained(making, viewer, decision, {**decision.facts, **facts_now(making)}, by)


def _explained(
    making: Making, viewer: Viewer, decision: CaseDecision, facts: Mapping[str, Any], by: policies.Basis
) -> policies.Explanation:
    household = _household(making, by.snapshot_hash)
    return policies.explain_decided(viewer, household, _people(making), decision.benefit, decision.entity_no, facts, by)


def _month(making: Making) -> Month | None:
    """The month of the day that the effect names, for what is due once on an occasion."""
    day = making.value(making.settings.get("month"))
    return Month.of(date.fromisoformat(day)) if day else None


def _basis(making: Making) -> policies.Basis | None:
    """Who has died is decided by the newest month that still had them; None, the newest month of all, for anybody else."""
    subject = making.people.get(making.case.subject_no)
    return policies.basis(Month.parse(subject.known_in)) if subject is not None and subject.is_gone else None


def _fact(making: Making, written: Any) -> Any:
    """Return a value of the case as registers write it: money, which cases keep in fen, in yuan."""
    value = making.value(written)
    field = making.moving.declared.fields.get(written) if isinstance(written, str) else None
    return plain_yuan(value) if field is not None and field.kind == "money" and value is not None else value


def _people(making: Making) -> list[int]:
    """Whom to decide: subject and applicant, the subject first; in a case of a household everybody who belongs to it."""
    case, known = making.case, making.people
    people = [known[number].resident_no if number in known else number for number in (case.subject_no, case.applicant_no) if number]
    if making.moving.declared.case_key == "household":
        people += [number for number, _ in records.members_of(records.newest_snapshot().hash, _household(making))]
    return list(dict.fromkeys(people))


def _household(making: Making, snapshot_hash: str = "") -> int:
    """The household to decide: where the subject lives by a snapshot, the newest that has them by default.

    A case of a household stays with it for as long as it is there, wherever its subject has moved.
    """
    case, subject = making.case, making.people.get(making.case.subject_no)
    if subject is None or (making.moving.declared.case_key == "household" and _is_there(case.household_no, snapshot_hash)):
        return case.household_no
    if snapshot_hash in ("", subject.snapshot_hash):
        return subject.household_no
    try:
        return records.checked_card(SYSTEM, subject.resident_no, snapshot_hash).household_no
    except records.ResidentNotFound:
        return case.household_no


def _is_there(household_no: int, snapshot_hash: str) -> bool:
    try:
        return bool(records.members_of(snapshot_hash or records.newest_snapshot().hash, household_no))
    except records.HouseholdNotFound:
        return False


def _row(making: Making, found: policies.DecidedNow, each: policies.Decided) -> CaseDecision:
    return CaseDecision(
        case=making.case, effect=making.row, benefit=each.benefit, entity_no=each.entity_no, payee_no=each.payee_no, status=each.status,
        amount=each.amount, unit=each.unit, period_key=each.period_key, missing=list(each.missing), month=found.month,
        snapshot_hash=found.snapshot_hash, law_as_of=found.law_as_of, facts=dict(found.facts), decided_at=making.moving.at,
    )  # fmt: skip


def undo(making: Making) -> dict[str, Any]:
    """A decision stays on file; what rested on it is undone by the effects that made it."""
    return {}
