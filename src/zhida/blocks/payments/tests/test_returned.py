"""Money that did not arrive: chased, handed out, declared lost, given up; never doubled, never "sent" for ever."""

from datetime import date, timedelta

import pytest
from django.conf import settings
from django.db import IntegrityError, transaction

from zhida.blocks.access.api import SYSTEM, PermissionMissing, Viewer
from zhida.blocks.notices import api as notices
from zhida.blocks.payments import api
from zhida.blocks.payments.api import HandBookingKind, NextStep, ReturnNoteKind, StuckFilter
from zhida.blocks.payments.models import BankAnswer, BudgetEnvelope, CreditTransferTransaction, HandBooking, LedgerEntry, Overpayment
from zhida.blocks.payments.testing import CHECKER, MAKER, OTHER_CHECKER, WU_JING, ZHOU_ZHIQIANG, account_of, decision
from zhida.blocks.payments.tests.bank_letters import letter, notification, status_report

pytestmark = pytest.mark.django_db
OTHER_ZHOU = Viewer("other_zhou", "street_officer", "330106001")


@pytest.fixture
def on(monkeypatch):
    """Set the working day: ``on("2025-11-05")``."""

    def set_day(day: str) -> None:
        monkeypatch.setenv("ZHIDA_TODAY", day)

    set_day("2025-11-05")
    return set_day


def reference(number: int) -> str:
    return f"ZD{number:016d}"


def reject(desk, number: int, reason: str = "AC04") -> None:
    path = letter(desk.home / "letters", status_report([(reference(number), "RJCT", reason)]), f"reject-{number}.xml")
    api.import_bank_file(MAKER, path)


def state_of(number: int) -> str:
    return CreditTransferTransaction.objects.get(pk=number).state


def balances() -> dict[str, int]:
    sums: dict[str, int] = {}
    for row in api.trial_balance():
        sums[row.kind] = sums.get(row.kind, 0) + row.balance_fen
    return sums


def states() -> dict[str, tuple[int, int]]:
    return {row.key[0]: (row.count, row.amount_fen) for row in api.totals_by("state")}


def sent(desk, *amounts: int):
    desk.budget()
    return desk.send([decision(number, fen) for number, fen in enumerate(amounts, 1)])[0]


def in_cash(desk, *amounts: int):
    """Send payments of people who have no account in cash; return the cash batch."""
    desk.budget()
    desk.facts.without_account |= set(range(1, len(amounts) + 1))
    batch = desk.prepare([*(decision(number, fen) for number, fen in enumerate(amounts, 1)), decision(99, 1_00)])
    desk.approve(batch)
    desk.release(batch)
    numbers = [row.row.pk for row in api.stuck_payments(MAKER, None, StuckFilter(state="held"))]
    cash = api.send_again(MAKER, numbers, NextStep.CASH, desk.facts)
    desk.approve(cash)
    desk.release(cash)
    return api.batch(MAKER, cash.pk)


# ---- nothing stays "sent" for ever -------------------------------------------------------------------------------------------------------


def test_a_payment_without_an_answer_is_asked_for_after_five_working_days(desk, on):
    on("2025-09-26")  # a Friday; the bank works on Sunday the 28th, and not from 1 to 8 October
    batch = sent(desk, 100_00, 200_00)
    on("2025-10-09")
    assert api.chase(MAKER) == 0
    on("2025-10-10")
    assert api.chase(MAKER) == 2 and api.chase(SYSTEM) == 0
    assert states() == {"unanswered": (2, 300_00)}
    assert balances()["in_transit"] == 300_00
    found = api.stuck_payments(ZHOU_ZHIQIANG, None, StuckFilter())
    assert [(row.since, row.steps) for row in found] == [(date(2025, 9, 26), [NextStep.ASK_BANK, NextStep.DECLARE_LOST])] * 2
    with pytest.raises(api.BatchStillOpen):
        api.settle(MAKER, batch.pk)
    with pytest.raises(PermissionMissing):
        api.chase(ZHOU_ZHIQIANG)


def test_what_the_bank_has_only_taken_in_is_asked_for_too_and_counts_from_then(desk, on):
    batch = sent(desk, 100_00)
    on("2025-11-07")
    api.import_bank_file(MAKER, letter(desk.home / "l", status_report([(reference(batch.first_id), "ACSP", "")])))
    assert BankAnswer.objects.filter(event="accepted").exists()
    on("2025-11-13")
    assert api.chase(MAKER) == 0
    on("2025-11-14")
    api.chase(MAKER)
    assert state_of(batch.first_id) == "unanswered"
    # The same news again changes nothing; the bank's last word still counts.
    again = letter(desk.home / "l", status_report([(reference(batch.first_id), "ACSP", "")]).replace("S-1", "S-2"), "again.xml")
    assert api.import_bank_file(MAKER, again).problem_count == 0
    assert BankAnswer.objects.count() == 1


def test_a_late_answer_still_counts(desk, on):
    batch = sent(desk, 100_00)
    on("2025-12-01")
    assert api.chase(MAKER) == 1
    rows = [(reference(batch.first_id), 100_00)]
    api.import_bank_file(MAKER, letter(desk.home / "l", notification(rows)))
    assert states() == {"paid": (1, 100_00)} and balances()["in_transit"] == 0 and balances()["paid_out"] == 100_00
    assert api.chase(MAKER) == 0 and api.settle(MAKER, batch.pk).state == "settled"


def test_a_lost_payment_is_sent_again_only_with_the_banks_letter_and_a_second_officer(desk, on):
    batch = sent(desk, 100_00)
    with pytest.raises(api.StepNotPossible):
        api.declare_lost(MAKER, batch.first_id, "工行函〔2025〕7号")
    on("2025-12-01")
    api.chase(MAKER)
    with pytest.raises(api.ReceiptMissing, match="bank's letter"):
        api.declare_lost(MAKER, batch.first_id, " ")
    assert desk.reissue() is None
    asked = api.declare_lost(MAKER, batch.first_id, "工行函〔2025〕7号")
    with pytest.raises(api.StepNotPossible, match="while one waits"):
        api.declare_lost(MAKER, batch.first_id, "工行函〔2025〕8号")
    with pytest.raises(api.SecondOfficerNeeded):
        api.decide_booking(Viewer("maker", "payment_checker", "330100"), asked.pk, True)
    with pytest.raises(IntegrityError), transaction.atomic():
        HandBooking.objects.update(decided_by="maker")
    api.decide_booking(CHECKER, asked.pk, True)
    assert states() == {"rejected": (1, 100_00)} and balances()["in_transit"] == 0
    assert BudgetEnvelope.objects.get().committed_fen == 0
    again = api.send_again(MAKER, [batch.first_id], NextStep.RETRY, desk.facts)
    assert (again.count, again.amount_fen, again.is_reissue) == (1, 100_00, True)
    # The bank's own word against its letter is a problem for a person, not a second payment.
    late = letter(desk.home / "l", notification([(reference(batch.first_id), 100_00)]))
    assert api.import_bank_file(MAKER, late).problem_count == 1
    with pytest.raises(api.BookingNotOpen):
        api.decide_booking(OTHER_CHECKER, asked.pk, True)


# ---- next steps --------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("reason", "step", "refused"), [("AC04", NextStep.OTHER_ACCOUNT, NextStep.RETRY), ("AC06", NextStep.RETRY, None)])
def test_the_same_account_is_tried_again_only_where_the_bank_had_trouble(desk, on, reason, step, refused):
    batch = sent(desk, 100_00)
    reject(desk, batch.first_id, reason)
    assert step in api.stuck_payments(MAKER, None, StuckFilter())[0].steps
    if refused:
        with pytest.raises(api.StepNotPossible):
            api.send_again(MAKER, [batch.first_id], refused, desk.facts)
        desk.facts.new_cards[1] = account_of(1, 7)
    again = api.send_again(MAKER, [batch.first_id], step, desk.facts)
    assert again.amount_fen == 100_00 and state_of(batch.first_id) == "reissued"
    desk.approve(again)
    desk.release(again)
    assert states()["instructed"] == (1, 100_00) and balances()["in_transit"] == 100_00


def test_cash_is_handed_out_once_against_a_receipt(desk, on):
    cash = in_cash(desk, 100_00, 250_00)
    first, second = cash.first_id, cash.first_id + 1
    assert [row.row.pk for row in api.stuck_payments(ZHOU_ZHIQIANG, None, StuckFilter(state="cash"))] == [first, second]
    with pytest.raises(api.PaymentUnknown):
        api.book_cash(WU_JING, first, "R-1", date(2025, 11, 5))
    with pytest.raises(api.DayNotPossible):
        api.book_cash(ZHOU_ZHIQIANG, first, "R-1", date(2025, 11, 4))
    assert api.book_cash(ZHOU_ZHIQIANG, first, "R-1", date(2025, 11, 5)).state == "confirmed"
    with pytest.raises(api.ReceiptUsed):
        api.book_cash(ZHOU_ZHIQIANG, second, "R-1", date(2025, 11, 5))
    with pytest.raises(api.StepNotPossible, match="again"):
        api.book_cash(ZHOU_ZHIQIANG, first, "R-2", date(2025, 11, 5))
    assert BankAnswer.objects.get(transaction_id=first).reason_code == "R-1"
    assert states()["paid"] == (1, 100_00) and balances()["paid_out"] == 100_00
    # The bank cannot pay what it was never sent.
    told = letter(desk.home / "l", notification([(reference(second), 250_00)]))
    assert api.import_bank_file(MAKER, told).problem_count == 1
    assert [row.row.pk for row in api.stuck_payments(ZHOU_ZHIQIANG, None, StuckFilter(state="cash"))] == [second]


def test_cash_that_nobody_fetches_goes_back_to_the_budget_after_sixty_days(desk, on):
    cash = in_cash(desk, 100_00)
    bank_fen = 1_00
    on((date(2025, 11, 5) + timedelta(days=59)).isoformat())
    api.chase(MAKER)
    assert state_of(cash.first_id) == "instructed"
    on((date(2025, 11, 5) + timedelta(days=60)).isoformat())
    assert api.chase(MAKER) == 1 and api.chase(MAKER) == 0
    row = CreditTransferTransaction.objects.get(pk=cash.first_id)
    assert (row.state, row.reason_code) == ("rejected", "cash_not_collected")
    assert BudgetEnvelope.objects.get().committed_fen == bank_fen == balances()["in_transit"]
    assert NextStep.CASH in api.stuck_payments(MAKER, None, StuckFilter(reason="cash_not_collected"))[0].steps


def test_given_up_money_stays_in_the_budget_and_is_never_decided_back(desk, on):
    batch = sent(desk, 100_00)
    reject(desk, batch.first_id)
    with pytest.raises(api.ReasonMissing):
        api.give_up(ZHOU_ZHIQIANG, batch.first_id, " ")
    with pytest.raises(api.PaymentUnknown):
        api.give_up(WU_JING, batch.first_id, "moved abroad")
    asked = api.give_up(ZHOU_ZHIQIANG, batch.first_id, "三次上门，邻居说已移居国外")
    assert [row.pk for row, _ in api.waiting_bookings(CHECKER)] == [asked.pk]
    assert api.stuck_payments(MAKER, None, StuckFilter())[0].waiting.pk == asked.pk
    api.decide_booking(CHECKER, asked.pk, True)
    assert state_of(batch.first_id) == "cancelled" and api.count_stuck(MAKER, StuckFilter()) == (0, 0, 0)
    assert BudgetEnvelope.objects.get().committed_fen == 0 and balances()["budget"] == 10_000_000_00
    assert desk.prepare([decision(1, 100_00)]) is None
    assert desk.prepare([decision(1, 130_00)]).amount_fen == 30_00


def test_given_up_money_is_not_asked_back_when_less_is_decided(desk, on):
    batch = sent(desk, 100_00)
    reject(desk, batch.first_id)
    api.decide_booking(CHECKER, api.give_up(ZHOU_ZHIQIANG, batch.first_id, "not found").pk, True)
    assert desk.prepare([decision(1, 60_00)]) is None and desk.prepare([]) is None
    assert not Overpayment.objects.exists()
    desk.send([decision(1, 130_00)])
    assert desk.prepare([decision(1, 20_00)]) is None
    assert [(debt.instructed_fen, debt.amount_fen) for debt in Overpayment.objects.all()] == [(30_00, 10_00)]


def test_a_debt_goes_when_the_money_it_was_found_against_is_given_up(desk, on):
    batch = sent(desk, 100_00)
    assert desk.prepare([decision(1, 60_00)]) is None and Overpayment.objects.get().amount_fen == 40_00
    reject(desk, batch.first_id)
    api.decide_booking(CHECKER, api.give_up(ZHOU_ZHIQIANG, batch.first_id, "not found").pk, True)
    assert not Overpayment.objects.exists()
    assert desk.prepare([decision(1, 60_00)]) is None and not Overpayment.objects.exists()


def test_a_refused_request_changes_nothing_and_may_be_made_again(desk, on):
    batch = sent(desk, 100_00)
    reject(desk, batch.first_id)
    asked = api.give_up(ZHOU_ZHIQIANG, batch.first_id, "not found")
    assert api.decide_booking(CHECKER, asked.pk, False, "visit once more").state == "refused"
    assert state_of(batch.first_id) == "rejected"
    assert api.give_up(OTHER_ZHOU, batch.first_id, "still not found").kind == HandBookingKind.GIVEN_UP


# ---- the street's list -------------------------------------------------------------------------------------------------------------------


def test_the_list_ages_and_adds_up_by_payee_benefit_and_reason(desk, on):
    desk.budget()
    desk.budget("pension")
    desk.facts.without_account.add(7)
    for day, month in (("2025-08-01", "2025-08"), ("2025-10-20", "2025-09"), ("2025-11-05", "2025-10")):
        on(day)
        batch = desk.prepare([decision(7, 100_00, period_key=month), decision(8, 1_00, period_key=month)], month)
        desk.approve(batch)
        desk.release(batch)
    assert api.count_stuck(ZHOU_ZHIQIANG, StuckFilter()) == (3, 1, 300_00)
    [payee] = api.stuck_payees(ZHOU_ZHIQIANG, None, StuckFilter(reason="no_account"))
    assert (payee.payments, payee.months, payee.amount_fen, payee.days, payee.is_escalated) == (3, 3, 300_00, 96, True)
    [row] = api.ageing(ZHOU_ZHIQIANG, StuckFilter())
    assert row.columns == [(1, 100_00), (1, 100_00), (0, 0), (1, 100_00)] and row.total == (3, 300_00)
    assert [one.days for one in api.stuck_payments(ZHOU_ZHIQIANG, None, StuckFilter(age="8-30"))] == [16]
    assert api.count_stuck(ZHOU_ZHIQIANG, StuckFilter(benefit="pension"))[0] == 0
    assert api.count_stuck(ZHOU_ZHIQIANG, StuckFilter(payee_nos=(7,)))[0] == 3
    assert api.count_stuck(WU_JING, StuckFilter()) == (0, 0, 0)
    assert api.reasons_in(ZHOU_ZHIQIANG) == ["no_account"]
    api.note_return(ZHOU_ZHIQIANG, api.payments_for(ZHOU_ZHIQIANG, "7"), ReturnNoteKind.NO_ONE_HOME, "下周再来")
    assert api.stuck_payees(ZHOU_ZHIQIANG, None, StuckFilter())[0].last_note.text == "下周再来"
    with pytest.raises(api.PaymentUnknown):
        api.note_return(WU_JING, [1], ReturnNoteKind.VISITED)


# ---- what the resident hears and sees ----------------------------------------------------------------------------------------------------


def test_residents_hear_of_a_first_payment_and_of_what_did_not_arrive_and_of_nothing_else(desk, on):
    desk.budget()
    desk.facts.without_account.add(3)
    rows = lambda month: [decision(number, 100_00, period_key=month) for number in (1, 2, 3)]  # noqa: E731
    desk.send(rows("2025-09"), "2025-09")
    told = lambda: [(m.kind, no) for no in (1, 2, 3, 4) for m in notices.inbox(Viewer("them", "resident", resident_no=no))[0]]  # noqa: E731
    assert told() == [("payment_held_no_account", 3)]
    on("2025-11-20")
    batch, _ = desk.send([*rows("2025-10"), decision(4, 50_00)])
    assert told() == [("payment_held_no_account", 3), ("payment_first", 4)]
    reject(desk, batch.first_id)
    assert ("payment_returned", 1) in told()
    assert len(told()) == 3


def test_the_timeline_tells_every_step_of_money_that_was_sent_twice(desk, on):
    assert settings.TIME_ZONE
    batch = sent(desk, 100_00)
    on("2025-11-06")
    reject(desk, batch.first_id)
    desk.facts.new_cards[1] = account_of(1, 7)
    again = desk.reissue()
    desk.approve(again)
    desk.release(again)
    on("2025-11-10")
    path = letter(desk.home / "l", notification([(reference(again.first_id), 100_00)]))
    api.import_bank_file(MAKER, path)
    told = [event.text.en for event in api.timelines([again.first_id])[again.first_id]]
    assert told[:4] == ["Prepared for payment", "Approved by a second officer", "Sent to the bank", "Rejected by the bank"]
    assert told[4:] == ["Prepared to be sent again", "Approved by a second officer", "Sent to the bank again", "Paid"]
    assert LedgerEntry.objects.filter(kind="paid").count() == 1
