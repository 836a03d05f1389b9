"""What is read of cases. Residents see their own; a department its items and, of each case, no more evidence than those need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, F, Q, QuerySet

from zhida.blocks.access import api as access
from zhida.blocks.access.api import Viewer
from zhida.blocks.cases.declarations.installed import declared_as, life_events
from zhida.blocks.cases.declarations.model import Field, Item, LifeEventDeclaration
from zhida.blocks.cases.desk import HANDLE, at_desk
from zhida.blocks.cases.errors import CaseNotFound, ItemNotFound
from zhida.blocks.cases.evidence import persons
from zhida.blocks.cases.models import (
    Case,
    CaseDecision,
    CaseEffect,
    CaseEntry,
    CaseItem,
    CasePayable,
    ItemQuestion,
)
from zhida.blocks.cases.moving import Moving
from zhida.blocks.cases.opening import evidence_with, fields_waited_for, require_resident_of
from zhida.blocks.cases.rules import AT_A_DESK, CLOSED, OVER, STREET, WAITING, WATCHED, CaseState, HandOver, ItemState, Light, light
from zhida.blocks.records import api as records
from zhida.kernel import clock

PAGE_ROWS = 25
# More digits than any case has: no number of a case.
NUMBER_DIGITS = 15
HIDDEN = tuple(state for state in ItemState if state not in (ItemState.STUCK, ItemState.UNDO))


@dataclass(frozen=True)
class ItemLine:
    """One item of a case as anybody who may see the case reads it. row: None where the process has not come to it (yet)."""

    declared: Item
    row: CaseItem | None
    light: Light | None

    @property
    def state(self) -> str:
        return str(self.row.state) if self.row else ""


@dataclass(frozen=True)
class EvidenceLine:
    """One thing the case knows, and where from. kept_from: source as a word: a record type, card, fact, asked or kept; empty: unknown."""

    field: Field
    value: Any
    source: str
    on: date | None


@dataclass(frozen=True)
class CaseView:
    """A case as one viewer may see it. evidence: all of it for resident and leading department, else what the viewer's items need."""

    case: Case
    declared: LifeEventDeclaration
    items: list[ItemLine]
    evidence: list[EvidenceLine]
    decisions: list[CaseDecision]
    payables: list[CasePayable]
    entries: list[CaseEntry]
    asked: list[Field]
    crossroads: CaseItem | None


@dataclass(frozen=True)
class DeskItem:
    """An item at a desk with its case. questions: what was asked of other departments; effects: what it has brought about or waits for."""

    item: CaseItem
    case: Case
    declared: LifeEventDeclaration
    light: Light
    view: CaseView
    effects: list[CaseEffect]
    questions: list[ItemQuestion]

    @property
    def definition(self) -> Item | None:
        return self.declared.items.get(self.item.item)


def declaration_of(case: Case) -> LifeEventDeclaration:
    return declared_as(case.event, case.version)


def my_cases(viewer: Viewer) -> list[Case]:
    """List a resident's cases, and those found for the household that nobody has answered; newest first. Raises: PermissionMissing."""
    purpose = access.require(viewer, "cases.own")
    own = Case.objects.filter(Q(applicant_no=viewer.resident_no) | Q(subject_no=viewer.resident_no))
    waiting = Case.objects.filter(_of_household(viewer)).exclude(state__in=CLOSED)
    found = [case for case in (own | waiting).distinct() if _may_see(viewer, case)]
    access.record_access(viewer, purpose, "cases.list", f"resident {viewer.resident_no}")
    return found


def _of_household(viewer: Viewer) -> Q:
    """Return the condition for cases that an adult of the household may have to take on: nobody has applied, or who did has died."""
    own = persons([viewer.resident_no or 0]).get(viewer.resident_no or 0)
    if own is None:
        return Q(pk=None)
    members = [number for number, _ in records.members_of(own.snapshot_hash, own.household_no)]
    keys = [f"{key}:{own.household_no}" for key, declared in life_events().items() if declared.case_key == "household"]
    return Q(applicant_no=0, household_no=own.household_no) | Q(subject_no__in=members) | Q(case_key__in=keys)


def _may_see(viewer: Viewer, case: Case) -> bool:
    try:
        require_resident_of(viewer, case)
    except CaseNotFound:
        return False
    return True


def my_case(viewer: Viewer, case_id: int) -> CaseView:
    """Return a resident's own case, whole. Raises: PermissionMissing, CaseNotFound."""
    purpose = access.require(viewer, "cases.own")
    case = _case(case_id)
    require_resident_of(viewer, case)
    access.record_access(viewer, purpose, "cases.view", f"case {case_id}")
    if case.state not in CLOSED and viewer.resident_no not in (case.applicant_no, case.subject_no):
        case.evidence = evidence_with(declaration_of(case), case, viewer.resident_no or 0)
    return _view(viewer, case, None)


def office_case(viewer: Viewer, case_id: int) -> CaseView:
    """Return a case to an officer: to the leading department of the area whole, to others with what their items need.

    Raises: PermissionMissing, CaseNotFound.
    """
    purpose = access.require(viewer, HANDLE)
    case = _case(case_id)
    declared = declaration_of(case)
    own = [item.key for item in declared.items.values() if item.department == viewer.department]
    is_whole = viewer.department == declared.leads and viewer.sees_area(case.community)
    is_street = viewer.department == STREET and viewer.sees_area(case.community)
    if not (is_whole or is_street or CaseItem.objects.filter(at_desk(viewer), case=case).exists() or _asked_about(viewer, case)):
        raise CaseNotFound(case_id)
    access.record_access(viewer, purpose, "cases.view", f"case {case_id}")
    return _view(viewer, case, None if is_whole else own)


def _asked_about(viewer: Viewer, case: Case) -> bool:
    return ItemQuestion.objects.filter(at_desk(viewer), item__case=case, answered_at=None).exists()


def _case(case_id: int) -> Case:
    found = Case.objects.filter(pk=case_id).first()
    if found is None:
        raise CaseNotFound(case_id)
    return found


def _view(viewer: Viewer, case: Case, only: Sequence[str] | None) -> CaseView:
    declared, rows = declaration_of(case), list(CaseItem.objects.filter(case=case))
    is_resident = viewer.role == "resident"
    decisions = CaseDecision.objects.filter(case=case, replaced_by=None)
    payables = CasePayable.objects.filter(effect__item__case=case)
    if only is not None:
        decisions, payables = decisions.filter(effect__item__item__in=only), payables.filter(effect__item__item__in=only)
    entries = CaseEntry.objects.filter(case=case)
    if only is not None:
        entries = entries.filter(Q(item__in=only) | Q(item=""))
    return CaseView(
        case=case, declared=declared, items=item_lines(declared, rows), evidence=evidence_lines(declared, case, only),
        decisions=list(decisions), payables=list(payables), entries=list(entries),
        asked=fields_waited_for(Moving(case, viewer)) if is_resident and case.state == CaseState.OPEN else [],
        crossroads=next((row for row in rows if row.token.startswith("crossroads:") and row.state not in OVER), None),
    )  # fmt: skip


def item_lines(declared: LifeEventDeclaration, rows: Sequence[CaseItem]) -> list[ItemLine]:
    """Return every item of the declaration that people or systems do, with its newest turn."""
    newest = {row.item: row for row in rows}
    today = clock.today()
    lines = []
    for key, item in declared.items.items():
        if item.kind == "table":
            continue
        row = newest.get(key)
        lines.append(ItemLine(item, row, light(row.due_on, today) if row is not None and row.state in WATCHED else None))
    return lines


def evidence_lines(declared: LifeEventDeclaration, case: Case, only: Sequence[str] | None = None) -> list[EvidenceLine]:
    """Return what the case knows; only: no more than these items need."""
    fields = [field for field in declared.evidence if only is None or set(only) & set(field.needed_by)]
    lines = []
    for field in fields:
        known = case.evidence.get(field.key)
        if known is None:
            lines.append(EvidenceLine(field, None, "", None))
        else:
            lines.append(EvidenceLine(field, known["value"], known["source"], date.fromisoformat(known["on"])))
    return lines


def element_states(view: CaseView) -> dict[str, str]:
    """Return what the diagram colours: element id -> done, waiting, late, refused, undone."""
    states = dict.fromkeys(view.case.process.get("done", ()), "done")
    for line in view.items:
        if line.row is None:
            continue
        state = line.row.state
        if state in (ItemState.REFUSED, ItemState.UNDONE):
            states[line.declared.key] = str(state)
        elif state == ItemState.CANCELLED:
            states.pop(line.declared.key, None)
        elif state != ItemState.DONE:
            states[line.declared.key] = "late" if line.light == Light.RED else "waiting"
    return states


SORTS = {
    "due": (F("due_on").asc(nulls_last=True), "pk"), "arrived": ("ready_at", "pk"), "case": ("case_id", "pk"),
    "item": ("case__event", "item", F("due_on").asc(nulls_last=True), "pk"),
}  # fmt: skip


def queue(
    viewer: Viewer, *, which: str = "open", event: str = "", text: str = "", item: str = "", officer: str = "", sort: str = "due"
) -> QuerySet[CaseItem]:
    """Return the items of the viewer's desk, those due first first. which: open, mine, free, waiting, over, late.

    text: a case's number, or the beginning of its subject's name; item: of a life event's declaration; officer: an account;
    sort: one of SORTS, where items are not over. Raises: PermissionMissing.
    """
    purpose = access.require(viewer, HANDLE)
    access.record_access(viewer, purpose, "cases.queue", which)
    found = _desk(viewer, event, item, officer).filter(_parts(viewer)[which]).select_related("case")
    found = found.order_by("-done_at", "-pk") if which == "over" else found.order_by(*SORTS[sort])
    return found.filter(_named(text, "case__")) if text.strip() else found


def _named(text: str, path: str = "") -> Q:
    """Return the condition for cases of a number, as people write it, or of a name that begins so."""
    written = text.strip()
    number = written.rpartition("-")[2]
    condition = Q(**{f"{path}subject_name__startswith": written})
    return condition | Q(**{f"{path}pk": int(number)}) if number.isdecimal() and len(number) <= NUMBER_DIGITS else condition


def _desk(viewer: Viewer, event: str = "", item: str = "", officer: str = "") -> QuerySet[CaseItem]:
    # An automatic item is on nobody's desk until it needs a person.
    found = CaseItem.objects.filter(at_desk(viewer)).exclude(is_automatic=True, state__in=HIDDEN)
    wanted = {"case__event": event, "item": item, "assignee": officer}
    return found.filter(**{name: value for name, value in wanted.items() if value})


def _parts(viewer: Viewer) -> dict[str, Q]:
    stands = Q(state__in=WATCHED)
    return {
        "open": stands, "mine": stands & Q(assignee=viewer.account), "free": Q(state__in=AT_A_DESK, assignee=""),
        "waiting": Q(state__in=(*WAITING, ItemState.WORKING)), "late": stands & Q(due_on__lt=clock.today()),
        "over": Q(state__in=OVER),
    }  # fmt: skip


def queue_counts(viewer: Viewer, event: str = "", item: str = "", officer: str = "") -> dict[str, int]:
    """Count what stands in each part of the viewer's queue; what is over is not counted."""
    access.require(viewer, HANDLE)
    parts = {which: condition for which, condition in _parts(viewer).items() if which != "over"}
    rows = _desk(viewer, event, item, officer).filter(parts["open"] | parts["waiting"]).order_by()
    return rows.aggregate(**{which: Count("pk", filter=condition) for which, condition in parts.items()})


def queue_kinds(viewer: Viewer) -> list[tuple[str, str, int]]:
    """Return which items of which life events stand or wait at the viewer's desk, and how many of each. Raises: PermissionMissing."""
    access.require(viewer, HANDLE)
    parts = _parts(viewer)
    rows = _desk(viewer).filter(parts["open"] | parts["waiting"]).order_by()
    return sorted(rows.values_list("case__event", "item").annotate(n=Count("pk")))


def desk_item(viewer: Viewer, item_id: int) -> DeskItem:
    """Return one item of the viewer's desk with what it needs of its case. Raises: PermissionMissing, ItemNotFound."""
    access.require(viewer, HANDLE)
    item = CaseItem.objects.filter(at_desk(viewer), pk=item_id).select_related("case").first()
    if item is None:
        raise ItemNotFound(item_id)
    view = office_case(viewer, item.case_id)
    return DeskItem(
        item=item, case=item.case, declared=view.declared, light=light(item.due_on, clock.today()), view=view,
        effects=list(CaseEffect.objects.filter(item=item).prefetch_related("records")),
        questions=list(ItemQuestion.objects.filter(item=item)),
    )  # fmt: skip


def questions(viewer: Viewer) -> list[ItemQuestion]:
    """List what other departments asked the viewer's desk and nobody has answered. Raises: PermissionMissing."""
    access.require(viewer, HANDLE)
    return list(ItemQuestion.objects.filter(at_desk(viewer), answered_at=None).select_related("item__case").order_by("due_on", "pk"))


def street_cases(viewer: Viewer, state: str = "", text: str = "") -> QuerySet[Case]:
    """Return the cases of the viewer's area that its department leads; for a street, all of its residents.

    text: a case's number, or the beginning of its subject's name. Raises: PermissionMissing.
    """
    purpose = access.require(viewer, HANDLE)
    access.record_access(viewer, purpose, "cases.area", state or "all")
    low, high = viewer.community_span
    found = Case.objects.filter(community__gte=low, community__lt=high)
    if viewer.department != STREET:
        found = found.filter(event__in=[key for key, declared in life_events().items() if declared.leads == viewer.department])
    found = found.filter(_named(text)) if text.strip() else found
    return found.filter(state=state) if state else found


def payables_waiting(viewer: Viewer, state: HandOver = HandOver.WAITING) -> QuerySet[CasePayable]:
    """Return what cases found due and no batch has taken yet; WITHDRAWING: what is to be taken out of one. Raises: PermissionMissing."""
    purpose = access.require(viewer, "payments.prepare")
    access.record_access(viewer, purpose, "cases.payables", state)
    return CasePayable.objects.filter(state=state).select_related("effect__item__case")
