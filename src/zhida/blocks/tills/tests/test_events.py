"""What a till is answered: each reason, each cap, each repetition."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from zhida.blocks.tills import testing
from zhida.blocks.tills.api import Answer, EventRequest, RefundRequest, post_events, refund_event
from zhida.blocks.tills.eligibility import write_list
from zhida.blocks.tills.errors import EventNotFound, RefundConflict, RefundImpossible
from zhida.blocks.tills.models import BenefitEvent, Till, UsageCounter
from zhida.blocks.tills.testing import MOTHER, NOON, days, event
from zhida.kernel.clock import HANGZHOU


def tell(till: Till, *events: EventRequest, now: datetime = NOON) -> list[Answer]:
    return post_events(till, events, now)


def reasons(answers: list[Answer]) -> list[str]:
    return [answer.reason for answer in answers]


def test_a_meal_is_paid_in_part_by_the_city_and_counted(till: Till) -> None:
    (answer,) = tell(till, event("1", price_fen=12_00))
    assert (answer.is_accepted, answer.city_fen, answer.resident_fen) == (True, 5_00, 7_00)
    assert (answer.remaining_times, answer.remaining_fen) == (49, 195_00)


def test_a_price_below_the_citys_part_is_paid_whole(till: Till) -> None:
    (answer,) = tell(till, event("1", price_fen=3_00))
    assert (answer.city_fen, answer.resident_fen) == (3_00, 0)


def test_the_third_meal_of_a_day_is_refused_and_the_next_day_begins_anew(till: Till) -> None:
    answers = tell(till, *(event(str(n)) for n in range(3)), event("tomorrow", at=NOON + days(1)), now=NOON + days(1))
    assert reasons(answers) == ["", "", "day_times", ""]


def test_an_event_that_syncs_late_is_held_to_the_caps_of_its_own_day(till: Till) -> None:
    tell(till, event("a", at=NOON - days(2)), event("b", at=NOON - days(2)), now=NOON - days(2))
    assert reasons(tell(till, event("late", at=NOON - days(2)), event("other", at=NOON - days(1)))) == ["day_times", ""]


def test_a_day_begins_at_midnight_in_hangzhou(till: Till) -> None:
    late, early = datetime(2025, 11, 4, 23, 59, tzinfo=HANGZHOU), datetime(2025, 11, 5, 0, 1, tzinfo=HANGZHOU)
    tell(till, event("1", at=late), event("2", at=early), event("3", at=early))
    assert {row.period: row.times for row in UsageCounter.objects.filter(period__contains="-11-0")} == {"2025-11-04": 1, "2025-11-05": 2}


def test_a_cap_of_money_pays_what_is_left_and_then_nothing(till: Till, tmp_path: object) -> None:
    testing.install("medical_deductible")
    testing.listed(MOTHER, programme="medical_deductible")
    clinic = testing.till(testing.canteen(2, kind="clinic"))
    visits = [event(str(n), price_fen=160_00, programme="medical_deductible") for n in range(3)]
    answers = tell(clinic, *visits)
    assert [answer.city_fen for answer in answers] == [160_00, 140_00, 0]
    assert reasons(answers) == ["", "", "year_fen"] and answers[1].resident_fen == 20_00


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"programme": "no_such"}, "unknown_programme"),
        ({"programme": "bus_ride"}, "wrong_provider"),
        ({"at": NOON + timedelta(minutes=3)}, "in_future"),
        ({"at": NOON - days(8)}, "too_late"),
        ({"resident_no": 99}, "not_entitled"),
        ({"resident_no": 50}, "undecided"),
    ],
)
def test_each_refusal_has_its_reason_costs_nothing_and_counts_nothing(till: Till, changed: dict[str, object], reason: str) -> None:
    testing.install("bus_ride")
    testing.listed(MOTHER, unknown=(50,))
    (answer,) = tell(till, event("1", **changed))  # type: ignore[arg-type]
    assert (answer.reason, answer.city_fen, answer.resident_fen) == (reason, 0, 12_00)
    assert not UsageCounter.objects.exists()


def test_a_clock_a_little_ahead_is_forgiven(till: Till) -> None:
    assert reasons(tell(till, event("1", at=NOON + timedelta(minutes=1)))) == [""]


def test_a_programme_that_was_not_in_force_yet_refuses(till: Till) -> None:
    first = datetime(2025, 1, 2, tzinfo=UTC)
    assert reasons(tell(till, event("1", at=first - days(3)), now=first)) == ["not_in_force"]


def test_the_newest_list_serves_two_more_months_and_then_nobody_knows(till: Till) -> None:
    for months, reason in ((1, ""), (2, ""), (3, "no_list")):
        at = datetime(2025 + (11 + months > 12), (10 + months) % 12 + 1, 5, 12, tzinfo=HANGZHOU)
        assert reasons(tell(till, event(f"m{months}", at=at), now=at)) == [reason]
    before = datetime(2025, 10, 31, 12, tzinfo=HANGZHOU)
    assert reasons(tell(till, event("before", at=before), now=NOON)) == ["no_list"]


def test_the_same_key_hears_the_same_answer_whatever_has_happened_since(till: Till) -> None:
    first = tell(till, event("1"), event("2"), event("3"))
    refund_event(till, "1", RefundRequest("r", 12_00, NOON), now=NOON)
    testing.listed()
    again = tell(till, event("3"), event("1"), event("2"), now=NOON + days(1))
    assert again == [first[2], first[0], first[1]]
    assert BenefitEvent.objects.count() == 3


@pytest.mark.parametrize(
    "changed", [{"price_fen": 13_00}, {"resident_no": 5}, {"at": NOON - timedelta(seconds=1)}, {"programme": "bus_ride"}]
)
def test_the_same_key_with_other_content_is_a_conflict_and_changes_nothing(till: Till, changed: dict[str, object]) -> None:
    tell(till, event("1"))
    assert reasons(tell(till, event("1", **changed), event("2"), event("2", **changed))) == ["conflict", "", "conflict"]  # type: ignore[arg-type]
    assert BenefitEvent.objects.count() == 2
    assert sorted(UsageCounter.objects.values_list("times", flat=True)) == [2, 2]


def test_keys_of_two_tills_are_apart(till: Till) -> None:
    other = testing.till(till.provider)
    assert reasons(tell(till, event("1")) + tell(other, event("1", price_fen=9_00))) == ["", ""]


def test_two_numbers_of_one_person_share_the_caps(till: Till) -> None:
    write_list("canteen_meal", testing.MONTH, {MOTHER: True}, {MOTHER: [4712]})
    assert reasons(tell(till, event("1"), event("2", resident_no=4712), event("3", resident_no=4712))) == ["", "", "day_times"]


def test_a_hundred_events_are_as_few_statements_as_one(till: Till) -> None:
    testing.listed(*range(1, 101))

    def statements(prefix: str, count: int) -> int:
        with CaptureQueriesContext(
            connection,
        ) as heard:
            tell(till, *(event(f"{prefix}{n}", resident_no=n + 1) for n in range(count)))
        return len(heard)

    assert statements("a", 1) == statements("b", 100) <= 14


def test_the_database_itself_refuses_what_is_above_a_cap(till: Till) -> None:
    tell(till, event("1"), event("2"))
    with pytest.raises(IntegrityError), transaction.atomic():
        UsageCounter.objects.filter(period="2025-11-05").update(times=3)


def test_a_refund_gives_the_times_back_when_it_is_whole_and_the_money_by_its_part(till: Till) -> None:
    tell(till, event("1", price_fen=12_00), event("2", price_fen=4_00))
    part = refund_event(till, "1", RefundRequest("r1", 9_00, NOON), now=NOON)
    # Of 12.00 the city pays 5.00; had the meal cost 3.00 it would have paid 3.00.
    assert (part.city_fen, UsageCounter.objects.get(period="2025-11-05").times) == (2_00, 2)
    rest = refund_event(till, "1", RefundRequest("r2", 3_00, NOON), now=NOON)
    day = UsageCounter.objects.get(period="2025-11-05")
    assert (rest.city_fen, day.times, day.fen) == (3_00, 1, 4_00)
    assert reasons(tell(till, event("3"), event("4"))) == ["", "day_times"]


def test_a_refund_is_once_per_key_and_never_more_than_was_paid(till: Till) -> None:
    tell(till, event("1"))
    first = refund_event(till, "1", RefundRequest("r", 5_00, NOON), now=NOON)
    assert refund_event(till, "1", RefundRequest("r", 5_00, NOON), now=NOON + days(9)).pk == first.pk
    with pytest.raises(RefundConflict):
        refund_event(till, "1", RefundRequest("r", 4_00, NOON), now=NOON)
    with pytest.raises(RefundImpossible) as refusal:
        refund_event(till, "1", RefundRequest("r2", 7_01, NOON), now=NOON)
    assert refusal.value.code == "too_much"


@pytest.mark.parametrize(
    ("at", "now", "code"),
    [
        (NOON + days(8), NOON + days(8), "window_over"),
        (NOON + days(1), NOON + days(9), "window_over"),
        (NOON + timedelta(minutes=5), NOON, "in_future"),
        (NOON - timedelta(minutes=5), NOON, "before_event"),
    ],
)
def test_a_refund_outside_its_window_is_refused(till: Till, at: datetime, now: datetime, code: str) -> None:
    tell(till, event("1"))
    with pytest.raises(RefundImpossible) as refusal:
        refund_event(till, "1", RefundRequest("r", 1_00, at), now=now)
    assert refusal.value.code == code


def test_what_was_refused_has_nothing_to_refund_and_an_unknown_key_is_not_found(till: Till) -> None:
    tell(till, event("1", resident_no=99))
    with pytest.raises(RefundImpossible) as refusal:
        refund_event(till, "1", RefundRequest("r", 1_00, NOON), now=NOON)
    assert refusal.value.code == "nothing_to_refund"
    with pytest.raises(EventNotFound):
        refund_event(till, "2", RefundRequest("r", 1_00, NOON), now=NOON)


def test_another_till_of_the_provider_refunds_and_one_of_another_provider_does_not(till: Till) -> None:
    tell(till, event("1"))
    other, stranger = testing.till(till.provider), testing.till(testing.canteen(2))
    with pytest.raises(EventNotFound):
        refund_event(stranger, "1", RefundRequest("r", 1_00, NOON), till.pk, now=NOON)
    assert refund_event(other, "1", RefundRequest("r", 12_00, NOON), till.pk, now=NOON).city_fen == 5_00
