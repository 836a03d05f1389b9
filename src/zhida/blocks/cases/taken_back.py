"""Cases whose reason a register has taken back: somebody was declared dead by mistake, a birth was entered twice.

A case that nobody has answered lapses. Where departments have acted, their work stands still and the leading department is asked: what
was done may be right though its row is gone, so a person decides, and takes back what was wrong.
"""

from __future__ import annotations

from datetime import date

from django.db import transaction

from zhida.blocks.access.api import SYSTEM
from zhida.blocks.cases.declarations.model import Feed, LifeEventDeclaration
from zhida.blocks.cases.evidence import persons
from zhida.blocks.cases.models import Case, CaseItem, ItemQuestion
from zhida.blocks.cases.moving import Moving, held_case, save
from zhida.blocks.cases.rules import QUESTION_WORKING_DAYS, STREET, CaseState, ItemState, desk_area, due_after
from zhida.blocks.parties import api as parties
from zhida.blocks.records import api as records

# What a case was found by is written with its own number behind this once the row is gone: if the row comes back, it is found anew.
GONE = "#"
ASKED_LEADS = (
    "登记册已收回开办这件事的那一行。请核实事情是否真的发生：没有发生的，请各经办收回或不予办理；登记册有误的，请部门重新报送。"
    "（The register has taken back the row that began this case. Find out whether it happened; if not, take back what was done.）"
)
_STANDS_STILL = (ItemState.READY, ItemState.CLAIMED)


def cases_without_row(declared: LifeEventDeclaration, feed: Feed, since: date, here: set[str]) -> list[int]:
    """Return the cases that a register began and whose subject stands in none of its rows any more. here: what its rows would find."""
    begun = Case.objects.filter(event=declared.key, found_by__startswith=f"{feed.record_type}:", happened_on__gte=since)
    missing = [row for row in begun.exclude(found_by__contains=GONE).values_list("pk", "subject_no", "found_by") if row[2] not in here]
    kept = parties.merged_numbers() if missing else {}
    missing = [row for row in missing if f"{feed.record_type}:{kept.get(row[1], row[1])}" not in here]
    people = persons(subject for _, subject, _ in missing)
    # Its date may have been corrected to an earlier one: only who stands in no row at all is gone.
    rows = records.rows_about(feed.record_type, feed.subject, [each.id17 for each in people.values()])
    return [case_id for case_id, subject, _ in missing if subject in people and people[subject].id17 not in rows]


@transaction.atomic
def let_go(case_id: int) -> bool:
    """Let an unanswered case lapse, or have the leading department look at one under way or done; False where it was seen to already."""
    moving = Moving(held_case(case_id), SYSTEM)
    case = moving.case
    if not case.found_by or GONE in case.found_by:
        return False
    case.found_by = f"{case.found_by}{GONE}{case.pk}"
    moving.note("row_taken_back")
    if case.state == CaseState.FOUND:
        case.state, case.closed_at = CaseState.LAPSED, moving.at
    elif case.state in (CaseState.OPEN, CaseState.DONE):
        _ask_leads(moving)
    save(moving)
    return True


def _ask_leads(moving: Moving) -> None:
    """Ask the leading department about every item that somebody may work on now; where there is none, about the last."""
    asked = [item for item in moving.items if item.state in _STANDS_STILL] or moving.items[-1:]
    for item in asked:
        _ask(moving, item)
        if item.state in _STANDS_STILL:
            item.state, item.clock_stopped_on = ItemState.ASKED, moving.today
            item.save()
        moving.note("question", item.item, ASKED_LEADS)


def _ask(moving: Moving, item: CaseItem) -> None:
    leads = moving.declared.leads
    ItemQuestion.objects.create(
        item=item, department=leads, area=desk_area(moving.case.community, STREET if leads == STREET else "district"), text=ASKED_LEADS,
        asked_by=SYSTEM.account, asked_at=moving.at, due_on=due_after(moving.today, QUESTION_WORKING_DAYS),
    )  # fmt: skip
