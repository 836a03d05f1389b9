"""A decision: the real rules, now, for the household of the case, with what the case itself has found out."""

from __future__ import annotations

from typing import Any

from zhida.blocks.cases.effects.context import Making
from zhida.blocks.cases.models import CaseDecision
from zhida.blocks.policies import api as policies

# Of several answers about one benefit, such as for mother and child, the process hears the one that says most.
_SAYS_MOST = {"entitled": 2, "unknown": 1, "not_entitled": 0}


def decide(making: Making) -> dict[str, Any]:
    """Decide the benefits that an effect names and keep each decision with what it rests on. Raises: NoRun, UnknownFact …"""
    case, benefits = making.case, list(making.settings["benefits"])
    facts = {fact: making.value(written) for fact, written in (making.settings.get("facts") or {}).items()}
    people = [number for number in (case.subject_no, case.applicant_no) if number]
    found = policies.decide_now(case.household_no, people, benefits, facts)
    CaseDecision.objects.bulk_create(_row(making, found, each) for each in found.decisions)
    values: dict[str, Any] = {}
    for each in found.decisions:
        name = f"{each.benefit}_status"
        if _SAYS_MOST[each.status] >= _SAYS_MOST.get(values.get(name, ""), -1):
            values[name] = each.status
        values[f"{each.benefit}_amount"] = values.get(f"{each.benefit}_amount", 0) + each.amount
    # A benefit that the law of the month does not know, or of which nobody here can be the one, is not due.
    return {"values": {**{f"{benefit}_status": "not_entitled" for benefit in benefits}, **values}}


def _row(making: Making, found: policies.DecidedNow, each: policies.Decided) -> CaseDecision:
    return CaseDecision(
        case=making.case, effect=making.row, benefit=each.benefit, entity_no=each.entity_no, payee_no=each.payee_no, status=each.status,
        amount=each.amount, unit=each.unit, period_key=each.period_key, missing=list(each.missing), month=found.month,
        snapshot_hash=found.snapshot_hash, law_as_of=found.law_as_of, facts=dict(found.facts), decided_at=making.moving.at,
    )  # fmt: skip


def undo(making: Making) -> dict[str, Any]:
    """A decision stays on file; what rested on it is undone by the effects that made it."""
    return {}
