"""A month's casework: counted in its month, replaced whole, hidden where few could be recognised, seen by who supervises the area."""

from __future__ import annotations

from collections import Counter
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhida.blocks.access.api import SYSTEM, NotYours, PermissionMissing, Purpose, Viewer
from zhida.blocks.cases import api as cases
from zhida.blocks.cases.api import Casework, CaseworkLine
from zhida.blocks.indicators import api as indicators
from zhida.blocks.indicators.casework import ALL, M, Place, figures_of, withheld
from zhida.blocks.indicators.models import CaseworkObservation
from zhida.blocks.indicators.testing import done_case, made_up_appeal, made_up_case, made_up_item, made_up_rating
from zhida.kernel.period import Month

OCTOBER = Month(2025, 10)
CAPTAIN = Viewer("captain", "captain", "330100")
ONE, TWO, FAR = 330106002, 330106003, 330108001


@pytest.fixture(autouse=True)
def november(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZHIDA_TODAY", "2025-11-05")


def shown(month: str = "2025-10", area: int = 330100, event: str = "", department: str = "") -> indicators.CaseworkFigures:
    lines = indicators.casework_by_month(CAPTAIN, area, event, department)
    return next(line for line in lines if line.month == month)


# ---- counting ----------------------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_case_counts_in_the_month_in_which_each_thing_happened() -> None:
    # Holidays from 1 to 8 October: one working day, then two.
    slow = done_case(ONE, "2025-09-29", "2025-10-09", "2025-09-30")
    done_case(TWO, "2025-10-13", "2025-10-14", "2025-10-20")
    done_case(FAR, "2025-10-13", "2025-10-22", "2025-10-22", event="death")
    made_up_case(FAR, "2025-10-27")
    made_up_case(FAR, "2025-09-27", state=cases.CaseState.LAPSED, closed_at=slow.closed_at)
    made_up_case(FAR, "2025-09-27", state=cases.CaseState.UNDONE, closed_at=slow.closed_at)
    made_up_item(slow, "police", "2025-10-09", "2025-10-13", "2025-10-10")
    slow.entries.create(at=slow.closed_at, account="police", department="police", what="returned", item="an_item")
    counted = indicators.observe_casework(SYSTEM, OCTOBER)
    assert (counted.opened, counted.done, counted.is_changed, counted.is_whole) == (3, 3, True, True)
    city = shown()
    assert (city.get("done"), city.days_median, city.days_p90, city.get("done_in_time")) == (3, 2, 7, 2)
    assert (city.get("undone"), city.get("not_wanted"), city.get("returned")) == (1, 1, 1)
    assert (city.get("items"), city.get("items_in_time")) == (4, 2)
    assert shown(event="birth").get("done") == 2 and shown(event="birth", department="police").get("done") == 0
    police = shown(department="police")
    assert (police.get("items"), police.items_in_time, police.get("returned")) == (1, 0.0, 1)
    by_area = {line.area: line.get("done") for line in indicators.casework_by_area(CAPTAIN, "2025-10", 330100)}
    assert by_area == {330106: 2, 330108: 1}
    assert {line.event: line.get("done") for line in indicators.casework_by_event(CAPTAIN, "2025-10", 330100)} == {"birth": 2, "death": 1}


@pytest.mark.django_db
def test_the_last_hour_of_a_month_is_the_month_s_by_the_clocks_of_hangzhou() -> None:
    late = done_case(ONE, "2025-10-30", "2025-10-31", "2025-10-31")
    cases.Case.objects.filter(pk=late.pk).update(closed_at=late.closed_at.replace(hour=23, minute=59))
    early = done_case(ONE, "2025-10-30", "2025-11-01", "2025-11-03")
    cases.Case.objects.filter(pk=early.pk).update(closed_at=early.closed_at.replace(hour=0, minute=0))
    assert indicators.observe_casework(SYSTEM, OCTOBER).done == 1
    assert indicators.observe_casework(SYSTEM, Month(2025, 11)).done == 1


@pytest.mark.django_db
def test_what_people_said_is_added_up_and_bad_ratings_count_when_their_answer_was_due() -> None:
    rated = [done_case(ONE, "2025-10-09", "2025-10-10", "2025-10-20") for _ in range(5)]
    made_up_rating(rated[0], "2025-10-11", 5, ("kind", "quick"))
    made_up_rating(rated[1], "2025-10-11", 3)
    made_up_rating(rated[2], "2025-10-13", 1, ("unkind",), due="2025-10-20", answered="2025-10-20")
    made_up_rating(rated[3], "2025-10-13", 2, ("unkind", "slow"), due="2025-10-20", answered="2025-10-21")
    # Due in November, and its day has not come.
    made_up_rating(rated[4], "2025-10-31", 2, due="2025-11-07")
    made_up_appeal(rated[0], "police", "2025-10-14", "2025-10-16", "changed")
    made_up_appeal(rated[1], "police", "2025-10-31")
    indicators.observe_casework(SYSTEM, OCTOBER)
    city = shown()
    assert (city.get("ratings"), city.mean_stars, city.satisfied, city.get("bad")) == (5, 2.6, 0.2, 3)
    assert city.reasons == {"kind": 1, "quick": 1, "unkind": 2, "slow": 1}
    assert (city.get("bad_due"), city.bad_in_time) == (2, 0.5)
    assert (city.get("appeals"), city.get("appeals_answered"), city.appeals_changed) == (2, 1, 1.0)
    assert shown(department="police").get("ratings") == 0 and shown(department="police").get("appeals") == 2
    indicators.observe_casework(SYSTEM, Month(2025, 11))
    assert shown("2025-11").get("bad_due") == 0


@pytest.mark.django_db
def test_counting_again_changes_nothing_and_a_corrected_month_replaces_itself() -> None:
    case = done_case(ONE, "2025-10-09", "2025-10-10", "2025-10-20")
    done_case(ONE, "2025-09-09", "2025-09-10", "2025-09-20")
    indicators.observe_casework(SYSTEM, Month(2025, 9))
    indicators.observe_casework(SYSTEM, OCTOBER)
    before = list(CaseworkObservation.objects.order_by("pk").values_list())
    assert not indicators.observe_casework(SYSTEM, OCTOBER).is_changed
    assert list(CaseworkObservation.objects.order_by("pk").values_list()) == before
    cases.Case.objects.filter(pk=case.pk).update(state=cases.CaseState.UNDONE)
    assert indicators.observe_casework(SYSTEM, OCTOBER).is_changed
    assert (shown().get("done"), shown().get("undone"), shown("2025-09").get("done")) == (0, 1, 1)


@pytest.mark.django_db
def test_a_month_is_counted_so_far_and_not_before_it_begins() -> None:
    assert not indicators.observe_casework(SYSTEM, Month(2025, 11)).is_whole
    assert [(each.month, each.is_whole) for each in indicators.casework_months(CAPTAIN)] == [("2025-11", False)]
    with pytest.raises(indicators.MonthAhead):
        indicators.observe_casework(SYSTEM, Month(2025, 12))
    with pytest.raises(indicators.CaseworkNotObserved):
        indicators.casework_by_event(CAPTAIN, "2025-10", 330100)


# ---- who sees it -------------------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_captain_sees_the_own_area_and_nobody_else_anything() -> None:
    done_case(ONE, "2025-10-09", "2025-10-10", "2025-10-20")
    indicators.observe_casework(SYSTEM, OCTOBER)
    of_district = Viewer("captain_2", "captain", "330106")
    assert indicators.casework_by_month(of_district, 330106)[0].get("done") == 1
    for area in (330100, 330108):
        with pytest.raises(NotYours):
            indicators.casework_by_month(of_district, area)
    for role in ("street_officer", "department_lead", "resident", "policy_staff", "auditor"):
        with pytest.raises(PermissionMissing):
            indicators.casework_by_month(Viewer("somebody", role, "330100", department="health"), 330100)
        with pytest.raises(PermissionMissing):
            cases.casework_of(Viewer("somebody", role, "330100"), Purpose.STATISTICS, OCTOBER)
    assert {line.street for line in cases.casework_of(Viewer("captain_3", "captain", "330108"), Purpose.STATISTICS, OCTOBER)} == set()


# ---- small cells -------------------------------------------------------------------------------------------------------------------------


def of_street(street: int, many: int, event: str = "birth") -> CaseworkLine:
    return CaseworkLine(Casework.DONE, event, "health", street, many, value=3)


def test_below_the_district_few_are_hidden_and_what_would_give_them_away() -> None:
    figures = {
        (figure.place.event, figure.place.area): figure
        for figure in figures_of([of_street(ONE, 4), of_street(TWO, 30), of_street(330106004, 12)])
        if figure.measure == M.DONE and not figure.place.department
    }
    # The district is shown; 46 - 30 - 12 would tell the four, so the twelve are hidden too.
    assert {area: figure.is_withheld for (event, area), figure in figures.items() if not event} == {
        330100: False, 330106: False, ONE: True, TWO: False, 330106004: True,
    }  # fmt: skip


def test_what_rests_on_a_hidden_count_is_hidden_with_it() -> None:
    figures = [each for each in figures_of([of_street(ONE, 4), of_street(ONE, 40, "death")]) if each.place.level == "street"]
    births = {each.measure for each in figures if each.place.event == "birth" and each.is_withheld}
    assert births == {M.DONE, M.DAYS_MEDIAN, M.DAYS_P90}
    # All life events together are 44, so that the deaths would tell the births.
    assert all(each.is_withheld for each in figures if each.place.event == "death")


EVENTS, DEPARTMENTS, STREETS = ("birth", "death", "hardship"), ("health", "police"), (ONE, TWO, 330106004)
COUNTS = st.lists(st.sampled_from([0, 0, 1, 3, 9, 10, 11, 40]), min_size=18, max_size=18)


@settings(max_examples=40, deadline=None)
@given(COUNTS)
def test_nowhere_can_one_hidden_count_be_had_by_subtraction(numbers: list[int]) -> None:
    counts: Counter[tuple[Place, str]] = Counter()
    for (event, department, street), many in zip(product(EVENTS, DEPARTMENTS, STREETS), numbers, strict=True):
        for of_event, of_department in product((event, ALL), (department, ALL)):
            for area in (("street", street, 330106), ("district", 330106, 330100)):
                counts[Place(of_event, of_department, *area), "items"] += many
    hidden = withheld(counts)
    assert all(cell[0].level == "street" for cell in hidden)

    def cell(event: str, department: str, street: int) -> tuple[Place, str]:
        level = ("district", 330106, 330100) if street == 330106 else ("street", street, 330106)
        return Place(event, department, *level), "items"

    lines = [[cell(ALL, d, s), *(cell(e, d, s) for e in EVENTS)] for d in (*DEPARTMENTS, ALL) for s in STREETS]
    lines += [[cell(e, ALL, s), *(cell(e, d, s) for d in DEPARTMENTS)] for e in (*EVENTS, ALL) for s in STREETS]
    lines += [[cell(e, d, 330106), *(cell(e, d, s) for s in STREETS)] for e in (*EVENTS, ALL) for d in (*DEPARTMENTS, ALL)]
    for line in lines:
        lonely = [each for each in line if each in hidden]
        if len(lonely) == 1:
            # Nobody else is there: the line says no more than the district, which is always shown, says itself.
            assert [each for each in line[1:] if counts[each]] == lonely and line[0][0].level == "district"
    assert all(each in hidden for each, many in counts.items() if each[0].level == "street" and 0 < many < 10)
