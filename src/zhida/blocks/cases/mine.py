"""What a resident's own pages need beside ``my_case``: how far each case is, and why a decision says what it says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from zhida.blocks.access import api as access
from zhida.blocks.access.api import Viewer
from zhida.blocks.cases.declarations.model import LifeEventDeclaration
from zhida.blocks.cases.evidence import persons
from zhida.blocks.cases.models import Case, CaseItem
from zhida.blocks.cases.queries import CaseView, EvidenceLine
from zhida.blocks.cases.rules import OVER, ItemState


@dataclass(frozen=True)
class Progress:
    """How far a case is. items: those its process has come to; waits: one of them waits for the resident."""

    items: int = 0
    over: int = 0
    waits: bool = False


def progress(viewer: Viewer, cases: Sequence[Case]) -> dict[int, Progress]:
    """Return how far cases are that ``my_cases`` gave, by number. Raises: PermissionMissing."""
    access.require(viewer, "cases.own")
    states: dict[int, list[str]] = {case.pk: [] for case in cases}
    for case_id, state in CaseItem.objects.filter(case__in=cases, is_automatic=False).values_list("case_id", "state"):
        if state != ItemState.CANCELLED:
            states[case_id].append(state)
    return {
        case_id: Progress(len(each), sum(state in OVER for state in each), ItemState.RETURNED in each) for case_id, each in states.items()
    }


def known_evidence(declared: LifeEventDeclaration, evidence: Mapping[str, Any]) -> list[EvidenceLine]:
    """Return what is known before a case is opened, as ``preview`` gave it, in the order of the declaration."""
    return [
        EvidenceLine(field, known["value"], known["source"], date.fromisoformat(known["on"]))
        for field in declared.evidence
        if (known := evidence.get(field.key)) is not None
    ]


def names_of_entities(view: CaseView) -> dict[int, str]:
    """Return whom the decisions and the money of a case are about, by number; nobody for what is the whole household's."""
    numbers = {each.entity_no for each in (*view.decisions, *view.payables)} - {view.case.household_no}
    return {number: person.name for number, person in persons(numbers).items()}
