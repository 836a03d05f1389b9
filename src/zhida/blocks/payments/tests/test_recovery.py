"""What becomes of money that was paid too much: step by step, in the books and in what the payee is told, to the fen."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from zhida.blocks.access.api import NotYours, PermissionMissing, Viewer
from zhida.blocks.notices import api as notices
from zhida.blocks.payments import api
from zhida.blocks.payments.models import (
    BudgetEnvelope,
    CostShare,
    CreditTransferTransaction,
    Deduction,
    Overpayment,
    PaymentInstruction,
    RecoveryStep,
)
from zhida.blocks.payments.rules import split_fen
from zhida.blocks.payments.testing import CHECKER, MAKER, OTHER_CHECKER, WU_JING, ZHOU_ZHIQIANG, decision
from zhida.blocks.payments.tests.bank_letters import letter, notification
from zhida.kernel.period import Month

pytestmark = pytest.mark.django_db
RESIDENT = Viewer("resident-1", "resident", resident_no=1)
FULL, LESS = 800_00, 600_00


@pytest.fixture(autouse=True)
def working_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZHIDA_TODAY", "2025-11-05")


def overpaid(desk, fen: int = FULL, then: int = LESS, people: tuple[int, ...] = (1,)) -> list[Overpayment]:
    """Pay people a month, and find out that they were due less."""
    desk.budget()
    desk.send([decision(number, fen, period_key="2025-08") for number in people], "2025-08")
    assert desk.prepare([decision(number, then, period_key="2025-08") for number in people], "2025-08") is None
    return list(Overpayment.objects.order_by("entity_no"))


def next_month(desk, monkeypatch, month: str, fen: int = FULL, people: tuple[int, ...] = (1,)) -> CreditTransferTransaction:
    """Pay another month, on the 25th of the month after it; return its first payment."""
    monkeypatch.setenv("ZHIDA_TODAY", Month.parse(month).next.start.replace(day=25).isoformat())
    batch, _ = desk.send([decision(number, fen, period_key=month) for number in people], month)
    check_books()
    return CreditTransferTransaction.objects.get(pk=batch.first_id)


def check_books() -> None:
    """Claims stand for what is open and brought back; what left and did not come back is where it belongs; envelopes know it."""
    balance = {(row.kind, row.benefit, row.year, row.level, row.area_code): row.balance_fen for row in api.trial_balance()}
    assert sum(balance.values()) == 0
    claims: dict[tuple[object, ...], int] = {}
    for debt in Overpayment.objects.all():
        is_brought_back = (debt.resume_state if debt.state in ("disputed", "waiving") else debt.state) in ("netting", "agreed")
        assert debt.claimed_fen - debt.settled_fen == (debt.open_fen if is_brought_back else 0), debt.state
        if debt.share:
            parts = zip(split_fen(debt.claimed_fen, tuple(debt.share)), split_fen(debt.settled_fen, tuple(debt.share)), strict=True)
            for level, (claimed, settled) in zip(("central", "province", "city", "district"), parts, strict=True):
                key = ("receivable", debt.benefit, debt.budget_year, level, debt.district if level == "district" else 0)
                claims[key] = claims.get(key, 0) + claimed - settled
    held = {key: fen for key, fen in balance.items() if key[0] == "receivable" and fen}
    assert held == {key: fen for key, fen in claims.items() if fen}
    rows = list(CreditTransferTransaction.objects.filter(state="instructed").select_related("batch"))
    booked = sum(Deduction.objects.filter(state="booked").values_list("amount_fen", flat=True))
    recovered = sum(Overpayment.objects.values_list("recovered_fen", flat=True))
    left = sum(row.amount_fen for row in rows if row.batch.state in ("released", "settled"))
    outside = sum(fen for key, fen in balance.items() if key[0] in ("in_transit", "paid_out", "receivable"))
    assert outside == left + booked - recovered
    approved = sum(row.amount_fen for row in rows if row.batch.state == "approved")
    assert sum(BudgetEnvelope.objects.values_list("committed_fen", flat=True)) == left + approved + booked - recovered
    for debt in Overpayment.objects.all():
        planned = sum(debt.deductions.filter(state="planned").values_list("amount_fen", flat=True))
        assert planned <= debt.open_fen
    for row in CreditTransferTransaction.objects.exclude(state__in=["reissued", "cancelled"]):
        kept = sum(Deduction.objects.filter(transaction_id=row.pk).exclude(state="undone").values_list("amount_fen", flat=True))
        assert kept == row.deducted_fen


def told(kind: str, resident_no: int = 1) -> list[str]:
    """Return the titles of what a resident was told, in Chinese."""
    viewer = Viewer(f"resident-{resident_no}", "resident", resident_no=resident_no)
    return [message.title.zh.replace("\u00a0", " ") for message in notices.inbox(viewer)[0] if message.kind == kind]


# ---- kept back of coming payments -------------------------------------------------------------------------------------------------------


def test_a_fifth_of_each_coming_payment_is_kept_back_until_nothing_is_open(desk, monkeypatch):
    (debt,) = overpaid(desk)
    assert (debt.state, debt.open_fen, told("overpayment_found")) == ("found", 200_00, [])
    api.start_netting(MAKER, debt.pk, facts=desk.facts)
    check_books()
    assert told("overpayment_found") == ["多发给您 200.00 元，请您看一下"]
    first = next_month(desk, monkeypatch, "2025-10", FULL)
    assert (first.amount_fen, first.deducted_fen) == (640_00, 160_00)
    assert told("overpayment_netted") == ["这次少发 160.00 元，用来抵以前多发的"]
    second = next_month(desk, monkeypatch, "2025-11", FULL)
    assert (second.amount_fen, second.deducted_fen) == (760_00, 40_00)
    debt.refresh_from_db()
    assert (debt.state, debt.recovered_fen, debt.open_fen) == ("closed", 200_00, 0)
    assert next_month(desk, monkeypatch, "2025-12", FULL).deducted_fen == 0
    # The month itself is settled, too: decided again it owes nobody anything.
    assert desk.prepare([decision(1, LESS, period_key="2025-08")], "2025-08") is None
    assert api.count_overpayments(MAKER, "open") == 0


def test_nothing_is_kept_back_while_the_payee_may_object(desk, monkeypatch):
    (debt,) = overpaid(desk)
    (debt,) = api.start_netting(MAKER, debt.pk, 5_000, desk.facts)
    assert debt.objection_until == date(2025, 11, 20)
    assert desk.prepare([decision(1, FULL)]).deducted_fen == 0
    monkeypatch.setenv("ZHIDA_TODAY", "2025-11-20")
    assert desk.prepare([decision(1, FULL, period_key="2025-11")], "2025-11").deducted_fen == 200_00


def test_an_objection_stops_it_at_once_also_in_a_batch_that_waits_and_an_answer_lets_it_go_on(desk, monkeypatch):
    (debt,) = overpaid(desk)
    api.start_netting(MAKER, debt.pk, facts=desk.facts)
    monkeypatch.setenv("ZHIDA_TODAY", "2025-11-25")
    batch = desk.approve(desk.prepare([decision(1, FULL)]))
    assert (batch.amount_fen, batch.deducted_fen) == (640_00, 160_00)
    api.object_to(RESIDENT, debt.pk, "那个月我没有工作")
    batch = api.batch(MAKER, batch.pk)
    assert (batch.amount_fen, batch.deducted_fen) == (800_00, 0)
    check_books()
    desk.release(batch)
    check_books()
    assert desk.prepare([decision(1, FULL, period_key="2025-11")], "2025-11").deducted_fen == 0
    api.answer_objection(ZHOU_ZHIQIANG, debt.pk, "社保记录显示在职")
    assert told("overpayment_answered") == ["您对多发 200.00 元提的异议，有答复了"]
    assert desk.prepare([decision(1, FULL, period_key="2025-12")], "2025-12").deducted_fen == 160_00
    check_books()


def test_an_objection_that_is_right_goes_to_a_second_officer(desk):
    (debt,) = overpaid(desk)
    api.object_to(RESIDENT, debt.pk, "不是我的错")
    debt = api.answer_objection(MAKER, debt.pk, "是我们算错了", upheld=True)
    assert (debt.state, debt.proposed_by) == ("waiving", "maker")
    api.decide_waiver(CHECKER, debt.pk, True)
    check_books()
    assert told("overpayment_waived") == ["200.00 元不用还了"]


def test_several_debts_share_what_may_be_kept_back_of_a_payment_the_oldest_first(desk, monkeypatch):
    desk.budget()
    for month in ("2025-07", "2025-08"):
        desk.send([decision(1, FULL, period_key=month)], month)
        desk.prepare([decision(1, FULL - 100_00, period_key=month)], month)
    api.start_netting(MAKER, Overpayment.objects.values_list("pk", flat=True), facts=desk.facts)
    assert next_month(desk, monkeypatch, "2025-10").deducted_fen == 160_00
    assert list(Overpayment.objects.order_by("id").values_list("recovered_fen", "state")) == [(100_00, "closed"), (60_00, "netting")]
    assert next_month(desk, monkeypatch, "2025-11").deducted_fen == 40_00


# ---- by agreement, in money, waived -----------------------------------------------------------------------------------------------------


def test_instalments_are_kept_back_once_a_month_however_many_payments_there_are(desk, monkeypatch):
    (debt,) = overpaid(desk)
    api.agree(MAKER, debt.pk, 30_00, "协议 2025-17，本人签字", facts=desk.facts)
    assert told("recovery_agreed") == ["说好了：200.00 元分 7次还"]
    desk.budget("gaoling")
    monkeypatch.setenv("ZHIDA_TODAY", "2025-11-25")
    rows = [decision(1, FULL), decision(1, 100_00, "gaoling")]
    batch, _ = desk.send(rows)
    assert batch.deducted_fen == 30_00
    check_books()
    assert desk.prepare([decision(1, FULL, period_key="2025-11")], "2025-11").deducted_fen == 0
    monkeypatch.setenv("ZHIDA_TODAY", "2025-12-05")
    assert desk.prepare([decision(1, FULL, period_key="2025-12")], "2025-12").deducted_fen == 30_00


def test_the_debt_of_somebody_who_died_is_brought_back_only_where_an_heir_agrees(desk, monkeypatch):
    """A late death: two months were paid too much and stop; nothing is kept back of the dead, an heir signs."""
    desk.budget()
    for month in ("2025-08", "2025-09"):
        desk.send([decision(1, FULL, period_key=month), decision(2, FULL, period_key=month, household_no=1)], month)
    desk.facts.dead = {1}
    for month in ("2025-08", "2025-09"):
        assert desk.prepare([decision(2, FULL, period_key=month, household_no=1)], month) is None
    debts = list(Overpayment.objects.order_by("id"))
    assert [(debt.entity_no, debt.open_fen) for debt in debts] == [(1, FULL), (1, FULL)]
    with pytest.raises(api.PayeeHasDied):
        api.start_netting(MAKER, debts[0].pk, facts=desk.facts)
    debts[0].refresh_from_db()
    assert debts[0].state == "found" and api.overpayment(MAKER, None, debts[0].pk, desk.facts).payee_has_died
    api.agree(ZHOU_ZHIQIANG, debts[0].pk, 100_00, "继承人签字", "2", desk.facts)
    assert told("recovery_agreed", 2) and not told("recovery_agreed", 1)
    assert next_month(desk, monkeypatch, "2025-11", people=(2,)).deducted_fen == 100_00
    api.propose_waiver(MAKER, debts[1].pk, "遗产为零")
    api.decide_waiver(CHECKER, debts[1].pk, True)
    check_books()


def test_a_repayment_is_booked_by_its_receipt_once_and_never_for_more_than_is_owed(desk):
    (debt,) = overpaid(desk)
    with pytest.raises(api.RepaymentTooMuch, match=r"only 200\.00 yuan"):
        api.book_repayment(MAKER, debt.pk, 200_01, "SJ-1", date(2025, 11, 5))
    api.book_repayment(MAKER, debt.pk, 50_00, "SJ-1", date(2025, 11, 5))
    with pytest.raises(api.ReceiptBookedAlready):
        api.book_repayment(MAKER, debt.pk, 50_00, "SJ-1", date(2025, 11, 5))
    check_books()
    assert desk.prepare([decision(1, LESS, period_key="2025-08")], "2025-08") is None
    debt = api.book_repayment(ZHOU_ZHIQIANG, debt.pk, 150_00, "SJ-2", date(2025, 11, 6))
    assert debt.state == "closed"
    check_books()
    assert desk.prepare([decision(1, FULL, period_key="2025-08")], "2025-08").amount_fen == 200_00


def test_a_waiver_takes_two_officers_also_by_a_raw_statement(desk):
    (debt,) = overpaid(desk)
    api.propose_waiver(ZHOU_ZHIQIANG, debt.pk, "低保家庭，无力偿还")
    with pytest.raises(PermissionMissing):
        api.decide_waiver(ZHOU_ZHIQIANG, debt.pk, True)
    Overpayment.objects.filter(pk=debt.pk).update(proposed_by="checker")
    with pytest.raises(api.ProposerDecides):
        api.decide_waiver(CHECKER, debt.pk, True)
    for decided_by in ("checker", ""):
        with pytest.raises(IntegrityError), transaction.atomic():
            Overpayment.objects.filter(pk=debt.pk).update(state="waived", decided_by=decided_by)
    assert api.decide_waiver(OTHER_CHECKER, debt.pk, False, "可以分期").state == "found"
    check_books()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        RecoveryStep.objects.update(amount_fen=1)


# ---- decided again ----------------------------------------------------------------------------------------------------------------------


def test_what_came_back_and_is_due_after_all_is_paid_out_by_the_next_batch(desk, monkeypatch):
    (debt,) = overpaid(desk)
    api.start_netting(MAKER, debt.pk, facts=desk.facts)
    next_month(desk, monkeypatch, "2025-10")
    again = desk.prepare([decision(1, 700_00, period_key="2025-08")], "2025-08")
    assert again.amount_fen == 60_00
    check_books()
    desk.approve(again)
    desk.release(again)
    check_books()
    debt.refresh_from_db()
    assert (debt.state, debt.amount_fen, debt.recovered_fen) == ("closed", 100_00, 160_00)
    assert told("payment_paid_arrears") == ["补发给您 60.00 元"]
    assert desk.prepare([decision(1, 700_00, period_key="2025-08")], "2025-08") is None
    # Down again: what was paid out meanwhile is part of the new debt.
    assert desk.prepare([decision(1, 650_00, period_key="2025-08")], "2025-08") is None
    debt.refresh_from_db()
    assert (debt.state, debt.open_fen) == ("found", 50_00)
    check_books()


@pytest.mark.parametrize("channel", ["brought", "kept_back", "kept_back_of_an_heir"])
def test_what_was_brought_back_of_a_payment_that_the_bank_then_returns_goes_back_to_whoever_brought_it(desk, monkeypatch, channel):
    """Nobody is due anything for the month any more: the budget has had more back than has left, and owes it."""
    desk.budget()
    desk.send([decision(1, FULL, period_key="2025-08")], "2025-08")
    sent = CreditTransferTransaction.objects.get()
    assert desk.prepare([], "2025-08") is None
    debt = Overpayment.objects.get()
    who = 2 if channel == "kept_back_of_an_heir" else 1
    if channel == "brought":
        api.book_repayment(MAKER, debt.pk, 120_00, "SJ-1", date(2025, 11, 4))
    else:
        api.agree(MAKER, debt.pk, 120_00, "signed", str(who), facts=desk.facts)
        next_month(desk, monkeypatch, "2025-10", people=(who,))
    before = BudgetEnvelope.objects.get().committed_fen
    money = [(sent.end_to_end_id, FULL)]
    api.import_bank_file(MAKER, letter(desk.home, notification(money)))
    api.import_bank_file(MAKER, letter(desk.home, notification(money, "CRDT", reason="AC04", message_id="B-2")))
    assert BudgetEnvelope.objects.get().committed_fen == before - FULL
    check_books()
    again = desk.prepare([], "2025-08")
    assert (again.amount_fen, CreditTransferTransaction.objects.get(batch=again).payee_no) == (120_00, who)
    desk.approve(again)
    desk.release(again)
    check_books()
    assert BudgetEnvelope.objects.get().committed_fen == before - FULL + 120_00
    debt.refresh_from_db()
    assert (debt.state, debt.open_fen, debt.recovered_fen) == ("closed", 0, 120_00)
    assert desk.prepare([], "2025-08") is None


def test_a_debt_that_rises_is_told_anew_before_more_is_kept_back(desk, monkeypatch):
    (debt,) = overpaid(desk)
    api.start_netting(MAKER, debt.pk, facts=desk.facts)
    monkeypatch.setenv("ZHIDA_TODAY", "2025-11-25")
    assert desk.prepare([decision(1, 500_00, period_key="2025-08")], "2025-08") is None
    check_books()
    debt.refresh_from_db()
    assert (debt.open_fen, debt.objection_until) == (300_00, date(2025, 12, 10))
    assert sorted(told("overpayment_found")) == ["多发给您 200.00 元，请您看一下", "多发给您 300.00 元，请您看一下"]
    assert desk.prepare([decision(1, FULL)]).deducted_fen == 0


def test_a_debt_that_falls_keeps_no_more_back_than_is_still_owed(desk, monkeypatch):
    (debt,) = overpaid(desk)
    api.start_netting(MAKER, debt.pk, facts=desk.facts)
    monkeypatch.setenv("ZHIDA_TODAY", "2025-11-25")
    batch = desk.prepare([decision(1, FULL)])
    assert batch.deducted_fen == 160_00
    desk.prepare([decision(1, 750_00, period_key="2025-08")], "2025-08")
    batch = api.batch(MAKER, batch.pk)
    assert (batch.amount_fen, batch.deducted_fen) == (750_00, 50_00)
    desk.approve(batch)
    desk.release(batch)
    check_books()
    debt.refresh_from_db()
    assert (debt.state, debt.recovered_fen) == ("closed", 50_00)


def test_a_batch_that_is_refused_keeps_nothing_back(desk, monkeypatch):
    (debt,) = overpaid(desk)
    api.start_netting(MAKER, debt.pk, facts=desk.facts)
    monkeypatch.setenv("ZHIDA_TODAY", "2025-11-25")
    batch = desk.prepare([decision(1, FULL)])
    api.refuse_batch(CHECKER, batch.pk, "not now")
    check_books()
    assert desk.prepare([decision(1, FULL)]).deducted_fen == 160_00
    check_books()


def test_what_a_held_payment_keeps_back_goes_with_it_and_comes_back_with_it(desk, monkeypatch):
    (debt,) = overpaid(desk, people=(1, 2))[:1]
    api.start_netting(MAKER, debt.pk, facts=desk.facts)
    monkeypatch.setenv("ZHIDA_TODAY", "2025-11-25")
    desk.facts.without_account = {1}
    desk.send([decision(1, FULL), decision(2, FULL)])
    check_books()
    desk.facts.without_account = set()
    again = desk.reissue()
    api.refuse_batch(CHECKER, again.pk, "first ask")
    check_books()
    again = desk.reissue()
    assert (again.amount_fen, Deduction.objects.get().state) == (640_00, "planned")
    desk.approve(again)
    desk.release(again)
    check_books()
    debt.refresh_from_db()
    assert debt.recovered_fen == 160_00


def test_money_that_never_arrived_is_not_asked_back(desk):
    """It is held with us: the run that decides less cancels it, and pays what is still due anew."""
    desk.facts.without_account = {1, 2}
    desk.budget()
    desk.prepare([decision(1, FULL), decision(2, FULL)])
    assert desk.prepare([decision(1, LESS)]).held_fen == LESS
    assert not Overpayment.objects.exists()
    assert list(CreditTransferTransaction.objects.order_by("id").values_list("state", "reason_code"))[:2] == [("cancelled", "not_due")] * 2


def test_money_that_the_bank_returned_is_not_asked_back_of_somebody_who_is_due_nothing_any_more(desk):
    desk.budget()
    desk.send([decision(1, FULL, period_key="2025-08")], "2025-08")
    assert desk.prepare([], "2025-08") is None
    assert api.start_netting(MAKER, Overpayment.objects.get().pk, facts=desk.facts)[0].open_fen == FULL
    money = [(CreditTransferTransaction.objects.get().end_to_end_id, FULL)]
    api.import_bank_file(MAKER, letter(desk.home, notification(money)))
    api.import_bank_file(MAKER, letter(desk.home, notification(money, "CRDT", reason="AC04", message_id="B-2")))
    assert desk.prepare([], "2025-08") is None
    debt = Overpayment.objects.get()
    assert (debt.state, debt.open_fen, CreditTransferTransaction.objects.get().state) == ("closed", 0, "cancelled")
    check_books()


@pytest.mark.parametrize("how", ["refuse", "cancel"])
def test_a_batch_that_never_leaves_takes_the_debts_found_against_it_along(desk, how):
    """One month was only in it, of the other a part had left before."""
    desk.budget()
    desk.send([decision(2, 500_00, period_key="2025-08")], "2025-08")
    batch = desk.prepare([decision(number, FULL, period_key="2025-08") for number in (1, 2)], "2025-08")
    assert desk.prepare([decision(2, 450_00, period_key="2025-08")], "2025-08") is None
    assert [(debt.entity_no, debt.amount_fen) for debt in Overpayment.objects.order_by("entity_no")] == [(1, FULL), (2, 350_00)]
    if how == "refuse":
        api.refuse_batch(CHECKER, batch.pk, "no")
    else:
        desk.approve(batch)
        api.cancel_batch(MAKER, batch.pk, "no")
    assert [(debt.entity_no, debt.amount_fen, debt.state) for debt in Overpayment.objects.all()] == [(2, 50_00, "found")]
    check_books()
    assert desk.prepare([decision(2, 500_00, period_key="2025-08")], "2025-08") is None
    assert not Overpayment.objects.filter(state="found").exists()


def test_money_that_has_not_left_is_not_asked_back(desk):
    desk.prepare([decision(1, FULL)])
    desk.prepare([decision(1, LESS)])
    with pytest.raises(api.MoneyNotOut):
        api.start_netting(MAKER, Overpayment.objects.get().pk, facts=desk.facts)


def test_somebody_whose_answer_is_unknown_owes_nothing_more_and_a_one_off_of_another_month_is_left_alone(desk):
    desk.budget("childbirth")
    desk.send([decision(1, 3000_00, "childbirth", "once:2025-07-18")], "2025-07")
    desk.send([decision(2, 3000_00, "childbirth", "once:2025-07-19")], "2025-07")
    assert desk.prepare([decision(2, 3000_00, "childbirth", "once:2025-07-19")], "2025-07") is None
    assert [(debt.entity_no, debt.open_fen) for debt in Overpayment.objects.all()] == [(1, 3000_00)]
    assert desk.prepare([decision(3, 3000_00, "childbirth", "once:2025-08-19")], "2025-08").count == 1
    assert Overpayment.objects.count() == 1
    (debt,) = overpaid(desk)[:1] and Overpayment.objects.filter(benefit="dibao")
    api.start_netting(MAKER, debt.pk, facts=desk.facts)
    assert desk.prepare([decision(1, 0, period_key="2025-08", status=2)], "2025-08") is None
    debt.refresh_from_db()
    assert (debt.state, debt.open_fen) == ("netting", 200_00)
    check_books()


# ---- whose it is ------------------------------------------------------------------------------------------------------------------------


def test_levels_of_government_get_back_what_they_bore_to_the_fen(desk, monkeypatch):
    CostShare.objects.create(
        benefit="dibao", valid_from=date(2025, 1, 1), central_bp=3_333, province_bp=3_333, city_bp=0, district_bp=3_334
    )
    for level, area in (("central", 0), ("province", 0), ("district", 330106)):
        api.set_budget(CHECKER, "dibao", 2025, 10_000_00, level, area)
    desk.send([decision(1, 101, period_key="2025-08")], "2025-08")
    desk.prepare([decision(1, 94, period_key="2025-08")], "2025-08")
    debt = Overpayment.objects.get()
    api.start_netting(MAKER, debt.pk, facts=desk.facts)
    check_books()
    for month, fen in (("2025-10", 11), ("2025-11", 8), ("2025-12", 99)):
        next_month(desk, monkeypatch, month, fen)
    debt.refresh_from_db()
    assert (debt.recovered_fen, debt.state) == (7, "closed")
    assert not [row for row in api.trial_balance() if row.kind == "receivable" and row.balance_fen]


def test_officers_see_their_area_and_residents_their_own(desk):
    (debt,) = overpaid(desk)
    assert [row.pk for row in api.overpayments(ZHOU_ZHIQIANG, None)] == [debt.pk]
    assert api.overpayments(WU_JING, None) == [] and api.count_overpayments(WU_JING) == 0
    for command in (
        lambda: api.start_netting(WU_JING, debt.pk, facts=desk.facts),
        lambda: api.propose_waiver(WU_JING, debt.pk, "x"),
        lambda: api.overpayment(WU_JING, None, debt.pk, desk.facts),
        lambda: api.object_to(Viewer("resident-2", "resident", resident_no=2), debt.pk, "x"),
    ):
        with pytest.raises(NotYours):
            command()
    with pytest.raises(PermissionMissing):
        api.start_netting(CHECKER, debt.pk, facts=desk.facts)
    assert api.debts_of(RESIDENT, None, 1) == []
    api.start_netting(MAKER, debt.pk, facts=desk.facts)
    assert [(line.open_fen, line.may_object) for line in api.debts_of(RESIDENT, None, 1)] == [(200_00, True)]
    with pytest.raises(NotYours):
        api.debts_of(RESIDENT, None, 2)
    assert [row.kept_fen for row in api.overpayment(MAKER, None, debt.pk, desk.facts).preview] == [160_00]


def test_the_list_is_searched_filtered_and_aged(desk, monkeypatch):
    overpaid(desk, people=(1, 2, 3))
    monkeypatch.setenv("ZHIDA_TODAY", "2025-12-20")
    first = Overpayment.objects.order_by("id").first()
    api.start_netting(MAKER, first.pk, facts=desk.facts)
    assert api.count_overpayments(MAKER, "netting") == 1 and api.count_overpayments(MAKER, "open", "dibao 2025-08") == 3
    assert api.count_overpayments(MAKER, "", "2025-07") == 0 and api.count_overpayments(MAKER, "", str(first.pk)) >= 1
    assert [(row.count, row.open_fen) for row in api.overpayment_ages(MAKER)] == [(0, 0), (3, 600_00), (0, 0), (0, 0)]


def test_what_has_a_wrong_state_or_no_words_is_a_sentence(desk):
    (debt,) = overpaid(desk)
    for command in (
        lambda: api.answer_objection(MAKER, debt.pk, "x"),
        lambda: api.decide_waiver(CHECKER, debt.pk, True),
    ):
        with pytest.raises(api.OverpaymentInWrongState):
            command()
    for command in (lambda: api.propose_waiver(MAKER, debt.pk, " "), lambda: api.agree(MAKER, debt.pk, 10, "", facts=desk.facts)):
        with pytest.raises(api.RecoveryWithoutReason):
            command()
    with pytest.raises(api.RecoveryLimitWrong):
        api.start_netting(MAKER, debt.pk, 10_001, desk.facts)
    with pytest.raises(api.OverpaymentUnknown):
        api.propose_waiver(MAKER, 999, "x")
    assert PaymentInstruction.objects.count() == 1
