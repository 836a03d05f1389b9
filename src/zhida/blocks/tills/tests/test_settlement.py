"""From a day's events to what a provider is paid: closed books, late arrivals, refunds after settlement, days below zero."""

from __future__ import annotations

from datetime import date

import pytest

from zhida.blocks.access.api import SYSTEM, PermissionMissing, Purpose
from zhida.blocks.payments import api as payments
from zhida.blocks.payments.testing import CHECKER, MadeUpFacts
from zhida.blocks.tills import api as tills
from zhida.blocks.tills import testing
from zhida.blocks.tills.api import RefundRequest, close_days, post_events, refund_event, settle_day
from zhida.blocks.tills.errors import DayNotBegun, DayNotSettled, UnknownProvider
from zhida.blocks.tills.models import BenefitEvent, ProviderSettlement, SettledDay, Till
from zhida.blocks.tills.testing import MAKER, MOTHER, NOON, TODAY, WU_JING, ZHOU_ZHIQIANG, days, event

YESTERDAY = date(2025, 11, 4)


def settled() -> list[tuple[str, int, int, int]]:
    """Day, payable, carried in, carried out of every settlement."""
    rows = ProviderSettlement.objects.order_by("settled_day__day", "provider_id")
    return [(str(row.settled_day.day), row.payable_fen, row.carried_in_fen, row.carried_out_fen) for row in rows]


def test_a_day_is_summed_by_provider_and_programme(till: Till) -> None:
    testing.listed(1, 2, 3)
    other = testing.till(testing.canteen(2))
    post_events(till, [event("1", 1), event("2", 2), event("x", 99)], NOON)
    post_events(other, [event("1", 3, price_fen=4_00)], NOON)
    refund_event(till, "2", RefundRequest("r", 12_00, NOON), now=NOON)
    close_days(MAKER, TODAY)
    first, second = ProviderSettlement.objects.order_by("provider_id")
    assert (first.accepted_count, first.accepted_fen, first.refunded_count, first.refunded_fen, first.payable_fen) == (
        2,
        10_00,
        1,
        5_00,
        5_00,
    )
    assert (second.accepted_fen, second.payable_fen) == (4_00, 4_00)
    assert tills.mismatches(TODAY) == []


def test_what_arrives_after_its_day_was_closed_is_booked_on_the_next(till: Till) -> None:
    post_events(till, [event("1")], NOON)
    close_days(MAKER, TODAY)
    post_events(till, [event("2")], NOON)
    assert list(BenefitEvent.objects.values_list("booked_on", flat=True).order_by("id")) == [TODAY, TODAY + days(1)]
    assert tills.mismatches(TODAY) == []


def test_a_refund_after_settlement_is_deducted_from_the_next_day_and_a_day_below_zero_from_the_one_after(till: Till) -> None:
    testing.listed(1, 2, 3)
    before = NOON - days(2)
    post_events(till, [event("1", 1, at=before), event("2", 2, at=before)], before)
    close_days(MAKER, YESTERDAY - days(1))
    refund_event(till, "1", RefundRequest("r1", 12_00, NOON - days(1)), now=NOON - days(1))
    close_days(MAKER, YESTERDAY)
    post_events(till, [event("3", 3), event("4", 1)], NOON)
    close_days(MAKER, TODAY)
    assert settled() == [("2025-11-03", 10_00, 0, 0), ("2025-11-04", 0, 0, -5_00), ("2025-11-05", 5_00, -5_00, 0)]
    assert sum(row[1] for row in settled()) == sum(row.city_fen - row.refunded_city_fen for row in BenefitEvent.objects.all())


def test_settling_a_day_settles_the_ones_before_it_first(till: Till) -> None:
    post_events(till, [event("1", at=NOON - days(1))], NOON - days(1))
    post_events(till, [event("2")], NOON)
    close_days(MAKER, TODAY)
    assert [row[:2] for row in settled()] == [("2025-11-04", 5_00), ("2025-11-05", 5_00)]


def test_settling_again_changes_nothing_and_a_day_killed_after_closing_is_carried_on(till: Till) -> None:
    post_events(till, [event("1")], NOON)
    close_days(MAKER, TODAY)
    before = settled()
    close_days(MAKER, TODAY)
    assert settled() == before
    # As a process leaves it that was killed between closing the book and making the sums.
    post_events(till, [event("2", at=NOON + days(1))], NOON + days(1))
    SettledDay.objects.create(day=TODAY + days(1), closed_by="killed", closed_at=NOON)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ZHIDA_TODAY", "2025-11-06")
        close_days(MAKER, TODAY + days(1))
    assert [row[1] for row in settled()] == [5_00, 5_00]


def facts() -> MadeUpFacts:
    return MadeUpFacts(organisation_cards={testing.organisation_code(n): f"622202000000000{n}" for n in (1, 2)})


def test_a_settled_day_is_a_batch_that_two_officers_send_and_is_paid_once(till: Till) -> None:
    post_events(till, [event("1"), event("2")], NOON)
    first = settle_day(MAKER, TODAY, facts())
    assert settle_day(MAKER, TODAY, facts()).batch_id == first.batch_id
    (batch,) = payments.batches(MAKER)
    (payment,) = payments.transactions(MAKER, Purpose.PAYMENT, batch.pk)
    assert (batch.pk, batch.amount_fen, payment.benefit, payment.period_key) == (first.batch_id, 10_00, "canteen_meal", "day:2025-11-05")
    assert (payment.entity_no, payment.payee_organisation) == (till.provider_id, testing.organisation_code(1))
    payments.set_budget(CHECKER, "canteen_meal", 2025, 1_000_00)
    payments.look_at(CHECKER, batch.pk)
    assert payments.approve_batch(CHECKER, batch.pk, facts()).amount_fen == 10_00


def test_a_refused_batch_is_prepared_again_when_its_day_is_settled_again(till: Till) -> None:
    post_events(till, [event("1")], NOON)
    first = settle_day(MAKER, TODAY, facts())
    payments.refuse_batch(CHECKER, first.batch_id, "核对食堂账号")
    again = settle_day(MAKER, TODAY, facts())
    assert again.batch_id != first.batch_id
    assert [batch.amount_fen for batch in payments.batches(MAKER) if batch.state == "prepared"] == [5_00]


def test_a_day_killed_before_its_batch_gets_it_with_the_next_day(till: Till) -> None:
    post_events(till, [event("1", at=NOON - days(1))], NOON - days(1))
    close_days(MAKER, YESTERDAY)
    post_events(till, [event("2")], NOON)
    settle_day(MAKER, TODAY, facts())
    assert len(set(SettledDay.objects.values_list("batch_id", flat=True)) - {None}) == 2


def test_a_day_to_come_is_not_settled_and_only_by_whoever_may(till: Till) -> None:
    with pytest.raises(DayNotBegun):
        close_days(MAKER, TODAY + days(1))
    with pytest.raises(PermissionMissing):
        close_days(ZHOU_ZHIQIANG, TODAY)
    with pytest.raises(DayNotSettled):
        tills.mismatches(TODAY)


def test_an_event_changed_behind_the_settlement_is_found(till: Till) -> None:
    post_events(till, [event("1")], NOON)
    close_days(MAKER, TODAY)
    BenefitEvent.objects.update(city_fen=4_00)
    (found,) = tills.mismatches(TODAY)
    assert (found.settled.accepted_fen, found.events.accepted_fen) == (5_00, 4_00)


def test_the_officer_of_the_street_sees_its_canteen_and_the_one_elsewhere_nothing(till: Till) -> None:
    post_events(till, [event("1")], NOON)
    close_days(MAKER, TODAY)
    lines, total = tills.day_events(ZHOU_ZHIQIANG, Purpose.PAYMENT, TODAY)
    assert total == 1 and lines[0].resident_no == MOTHER
    assert tills.day_totals(ZHOU_ZHIQIANG, TODAY).city_fen == 5_00
    assert len(tills.providers(ZHOU_ZHIQIANG)) == len(tills.settlements(ZHOU_ZHIQIANG, TODAY)) == 1
    assert tills.settled_days(ZHOU_ZHIQIANG)[0].payable_fen == 5_00  # type: ignore[attr-defined]

    assert tills.day_events(WU_JING, Purpose.PAYMENT, TODAY) == ([], 0)
    assert tills.day_totals(WU_JING, TODAY).accepted == 0
    assert tills.providers(WU_JING) == tills.settlements(WU_JING, TODAY) == tills.booked_days(WU_JING) == []
    with pytest.raises(UnknownProvider):
        tills.tills_of(WU_JING, till.provider_id)


def test_events_of_a_day_are_found_by_number_key_and_provider(till: Till) -> None:
    post_events(till, [event("abc"), event("d", resident_no=99)], NOON)
    found = {text: tills.day_events(SYSTEM, Purpose.OPERATION, TODAY, text)[1] for text in ("abc", "99", "食堂", "Cant", "nothing", "")}
    assert found == {"abc": 1, "99": 1, "食堂": 2, "Cant": 2, "nothing": 0, "": 2}
    assert tills.day_events(SYSTEM, Purpose.OPERATION, TODAY, state="refused")[1] == 1
