"""What joint handling saves a resident, counted from declarations: forms, fields, documents and visits, one by one against now."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from zhida.blocks.cases.declarations.installed import declared_as
from zhida.blocks.cases.declarations.model import Field, Item, LifeEventDeclaration
from zhida.blocks.cases.evidence import askable, is_wanted, values_of
from zhida.blocks.cases.models import Case, CaseItem
from zhida.blocks.cases.rules import CaseState, ItemState

ASKED, KEPT = "asked", "kept"


@dataclass(frozen=True)
class AskedOnce:
    """Then: every item done alone (``one_by_one``). Now: one form. fields: without files and ticks. items: how many were counted.

    sources: where the numbers of "then" are from, with the grade of each (A read, B summary, C our own count), in order of items.
    """

    items: int
    then_forms: int
    then_fields: int
    then_documents: int
    then_visits: int
    forms: int
    fields: int
    documents: int
    visits: int
    known: int
    sources: tuple[tuple[str, str], ...]


def asked_once(of: LifeEventDeclaration | Case) -> AskedOnce:
    """Count for a life event, with all its items and everything that may be asked; or for a case, with what was really done and asked."""
    if isinstance(of, Case):
        return _of_case(of)
    always = [field for field in of.evidence if not field.source]
    return _counted(of.items.values(), always, len(of.evidence) - len(always), bool(always) or of.consent == "confirm")


def _of_case(case: Case) -> AskedOnce:
    declared = declared_as(case.event, case.version)
    if case.state in (CaseState.FOUND, CaseState.DECLINED, CaseState.LAPSED):
        values = values_of(case.evidence)
        asked = [field for field in askable(declared, case.evidence) if is_wanted(field, values)]
        items: Iterable[Item] = declared.items.values()
    else:
        asked = [field for field in declared.evidence if case.evidence.get(field.key, {}).get("source") == ASKED]
        rows = CaseItem.objects.filter(case=case).exclude(state=ItemState.CANCELLED)
        reached = set(rows.values_list("item", flat=True))
        items = [item for item in declared.items.values() if item.key in reached]
    known = sum(each["source"] != ASKED for each in case.evidence.values())
    return _counted(items, asked, known, bool(asked) or bool(case.agreed_by) or declared.consent == "confirm")


def _counted(items: Iterable[Item], asked: Iterable[Field], known: int, is_form: bool) -> AskedOnce:
    counted = [item.one_by_one for item in items if item.one_by_one is not None]
    kinds = [field.kind for field in asked]
    return AskedOnce(
        items=len(counted),
        then_forms=sum(each.forms for each in counted), then_fields=sum(each.fields for each in counted),
        then_documents=sum(each.documents for each in counted), then_visits=sum(each.visits for each in counted),
        forms=int(is_form), fields=sum(kind != "file" for kind in kinds), documents=kinds.count("file"),
        visits=sum(each.visits_now for each in counted), known=known,
        sources=tuple(dict.fromkeys((each.source, each.grade) for each in counted)),
    )  # fmt: skip
