"""Registers change while a case runs: a death was a mistake, a child is merged or moves, an applicant dies. Nobody is paid twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import transaction

from zhida.blocks.access import api as access
from zhida.blocks.access.api import SYSTEM, Purpose
from zhida.blocks.cases import api as cases
from zhida.blocks.cases import opening
from zhida.blocks.cases.evidence import persons
from zhida.blocks.cases.models import CaseDecision, CaseEntry, CaseItem, ItemQuestion, LifeEventVersion
from zhida.blocks.cases.tests import newborn
from zhida.blocks.cases.tests.newborn import finish, item, open_newborn, viewer
from zhida.blocks.parties import api as parties
from zhida.blocks.policies import api as policies
from zhida.blocks.records import api as records
from zhida.blocks.records import testing
from zhida.kernel.period import Month

pytestmark = pytest.mark.django_db
GONE_REGISTER = "from: {record_type: register_of_old, field: name}"


@pytest.fixture
def town(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with newborn.town(own_home, monkeypatch):
        yield own_home


def test_registers_change_while_cases_run(town: Path) -> None:
    """One town for all of it: each story is forgotten again, because building the town takes longer than living them."""
    stories: list[Callable[[Path], None]] = [a_death_that_was_a_mistake, a_date_that_was_corrected, a_mistake_that_nobody_answered]
    stories.append(a_birth_that_its_parents_told_of)
    for story in [*stories, a_child_that_is_merged, a_child_that_moves, a_mother_who_dies, a_city_that_is_organised_anew]:
        with transaction.atomic():
            story(town / story.__name__)
            transaction.set_rollback(True)


def deliver(folder: Path, record: str, rows: list[dict[str, Any]], received_on: str = "2025-11-02") -> int:
    """Let a department deliver rows; return the number of the delivery."""
    testing.make_feed(folder, record, rows)
    testing.write_manifest(folder, "2025-11", date.fromisoformat(received_on))
    return records.receive_folder(SYSTEM, folder)[-1].pk


def dead(died_on: str = "2025-10-20") -> dict[str, Any]:
    return {"id_number": testing.id_number("1941-01-20", 11, 330108), "died_on": died_on, "registered_on": "2025-10-21"}


def a_death_that_was_a_mistake(folder: Path) -> None:
    row = dead()
    first = deliver(folder / "1", "death", [row])
    assert cases.find_cases(["death"])[0].opened == 1
    case = cases.Case.objects.get(event="death")
    at_desks = set(CaseItem.objects.filter(case=case, state="ready").values_list("item", flat=True))
    assert case.state == "open" and at_desks

    records.withdraw_rows(SYSTEM, first, [row])
    assert [cases.find_cases(["death"])[0].gone for _ in range(2)] == [1, 0], "the leading department is asked once"
    assert set(CaseItem.objects.filter(case=case, state="asked").values_list("item", flat=True)) == at_desks, "nobody goes on meanwhile"
    questions = ItemQuestion.objects.filter(item__case=case)
    assert {each.department for each in questions} == {"civil_affairs"} and len(questions) == len(at_desks)

    deliver(folder / "2", "death", [dead("2025-11-01")], "2025-11-05")
    assert cases.find_cases(["death"])[0].passed == 1, "the first case is under way still"


def a_date_that_was_corrected(folder: Path) -> None:
    deliver(folder / "1", "death", [dead()])
    cases.find_cases(["death"])
    deliver(folder / "2", "death", [dead("2023-10-20")], "2025-11-03")
    assert cases.find_cases(["death"])[0].gone == 0, "its row is there, though too old to open a case"


def born(order: int) -> dict[str, Any]:
    """The child's row of the register of births."""
    about = {"born_on": "2025-08-18", "birth_order": order, "plurality": 1, "hukou_first_local": True}
    return {"id_number": testing.id_number("2025-08-18", 51), "mother_id_number": testing.id_number("1990-05-12", 22), **about}


def a_mistake_that_nobody_answered(folder: Path) -> None:
    first = deliver(folder / "1", "birth", [born(3)])
    assert cases.find_cases(["birth"])[0].opened == 1
    (case,) = cases.Case.objects.filter(event="birth")
    records.withdraw_rows(SYSTEM, first, [born(3)])
    assert cases.find_cases(["birth"])[0].gone == 1
    case.refresh_from_db()
    assert case.state == "lapsed" and CaseEntry.objects.filter(case=case, what="row_taken_back").exists()
    deliver(folder / "2", "birth", [born(1)], "2025-11-03")
    assert cases.find_cases(["birth"])[0].opened == 1, "a row that comes back is found anew"


def a_birth_that_its_parents_told_of(folder: Path) -> None:
    deliver(folder / "1", "birth", [born(3)])
    cases.find_cases(["birth"])
    told = cases.Case.objects.filter(event="birth")
    told.update(found_by="", state="done")
    assert [cases.find_cases(["birth"])[0].opened, cases.find_cases(["birth"])[0].passed] == [0, 1], "they are not asked again"
    told.update(happened_on=date(2023, 1, 1))
    assert cases.find_cases(["birth"])[0].opened == 1, "that one was about another day"


def merge(merged: int, kept: int) -> None:
    row = apps.get_model("parties", "ResidentMerge").objects.create(
        kept_resident_no=kept, merged_resident_no=merged, match_probability=0.99, state="proposed", community=testing.community()
    )
    parties.merge_residents(SYSTEM, row.pk)


def freeze() -> None:
    """Freeze November, and decide by it."""
    records.link_residents(SYSTEM)
    snapshot = records.freeze_snapshot(SYSTEM, Month(2025, 11), date(2025, 11, 5))
    policies.run_period(SYSTEM, Month(2025, 11), snapshot=snapshot, law_as_of=date(2025, 11, 5))


def a_child_that_is_merged(folder: Path) -> None:
    assert cases.find_cases(["birth"])[0].opened == 1
    case, child, kept = open_newborn(), newborn.resident_no("陈安"), newborn.resident_no("周明")
    merge(child, kept)
    assert cases.find_cases(["birth"])[0].opened == 0, "the same row, under the number that counts now"
    freeze()
    found = persons([child])[child]
    assert (found.resident_no, found.known_in) == (kept, "2025-11"), "not somebody who is in the registers no more"
    (open_now,) = [opening._open_case(cases.declaration_of(case), found)]
    assert open_now is not None and open_now.pk == case.pk, "nobody opens a second case about the same child"


def a_child_that_moves(folder: Path) -> None:
    """To its grandparents, with the same parents: what is due for it is due there."""
    case = open_newborn()
    rows = [{**row, "household_no": 330108000001} if row["name"] == "陈安" else row for row in testing.tiny_residents()]
    deliver(folder, "resident", rows)
    freeze()
    finish(case, "check")
    found = CaseDecision.objects.filter(case=case, benefit="yuer_2023")
    assert [each.status for each in found] == ["entitled"], "the household that the case began with knows nothing of the child any more"
    told = cases.explain_decision(viewer("lin"), case.pk, found[0].pk)
    assert told.line.status == "entitled"


def a_mother_who_dies(folder: Path) -> None:
    access.create_account("chen", "陈立", "resident", resident_no=newborn.resident_no("陈立"), is_demo=True)
    case, father = open_newborn(), viewer("chen")
    cases.return_item(viewer("street"), item(case, "check").pk, "请补充")
    for call in (lambda: cases.my_case(father, case.pk), lambda: cases.answer(father, case.pk, newborn.GIVEN)):
        with pytest.raises(cases.CaseNotFound):
            call()
    deliver(folder, "resident", [row for row in testing.tiny_residents() if row["name"] != "林小满"])
    freeze()
    assert [each.pk for each in cases.my_cases(father)] == [case.pk], "somebody has to be able to go on"
    cases.answer(father, case.pk, newborn.GIVEN)
    case.refresh_from_db()
    assert case.applicant_no == father.resident_no and case.agreed_by == "lin", "who agreed stays on file"
    assert item(case, "check").state == "claimed"
    before = CaseEntry.objects.filter(case=case).count()
    cases.answer(father, case.pk, newborn.GIVEN, said="sent twice")
    assert CaseEntry.objects.filter(case=case).count() == before
    with pytest.raises(cases.CaseNotFound):
        cases.my_case(viewer("zhou"), case.pk)
    assert records.find_residents(SYSTEM, Purpose.OPERATION, "林小满") == []


def a_city_that_is_organised_anew(folder: Path) -> None:
    """A department is renamed, a register is delivered no more, and the folder is gone: what runs goes on as it began."""
    case, kept = open_newborn(), cases.life_events()
    version = LifeEventVersion.objects.get(event="newborn", content_hash=case.version)
    text = version.files["event.yaml"].replace("leads: health", "leads: health_of_old").replace("from: {card: name}", GONE_REGISTER)
    LifeEventVersion.objects.filter(pk=version.pk).update(files={**version.files, "event.yaml": text}, content_hash="old")
    cases.Case.objects.filter(pk=case.pk).update(version="old")
    newborn_now = kept.pop("newborn")
    try:
        view = newborn.view(case)
        assert view.declared.leads == "health_of_old"
        assert str(cases.value_text(view.evidence[0].field, view.evidence[0].value).zh) == "陈安"
        assert cases.desk_item(viewer("street"), item(case, "check").pk).view.evidence
        finish(case, "check", "last_word")
        case.refresh_from_db()
        assert case.state == "done"
    finally:
        kept["newborn"] = newborn_now
