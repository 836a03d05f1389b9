"""A month's payments from decisions to accounts, through the door."""

import pytest

from zhida.blocks.payments import api
from zhida.blocks.payments.adapters import demo_bank
from zhida.blocks.payments.testing import CHECKER, MAKER, WU_JING, ZHOU_ZHIQIANG, account_of, decision

pytestmark = pytest.mark.django_db


def month_of(count: int) -> list[dict[str, object]]:
    return [decision(number, 1000_00 + number) for number in range(1, count + 1)]


def test_a_month_is_prepared_approved_released_paid_and_settled(desk):
    desk.budget()
    batch = desk.prepare(month_of(2000))
    assert (batch.count, batch.held_count, batch.state) == (2000, 0, "prepared")
    desk.approve(batch)
    out = desk.release(batch)
    assert out == desk.home / "bank" / "out" / f"ZHIDA-{batch.pk:08d}.pain.001.xml"
    answers = demo_bank.answer(out, desk.home / "bank" / "in")
    files, problems = api.import_folder(MAKER)
    assert not problems and len(files) == len(answers) == 3 and sum(f.problem_count for f in files) == 0
    assert api.settle(MAKER, batch.pk).state == "settled"
    states = {row.key[0]: row.count for row in api.totals_by("state", batch_id=batch.pk)}
    assert sum(states.values()) == 2000 and states["paid"] > 1900 and states["rejected"] > 0 and states["returned"] > 0
    held = {row.kind: row.balance_fen for row in api.trial_balance()}
    paid = sum(row.amount_fen for row in api.totals_by("state", batch_id=batch.pk) if row.key[0] == "paid")
    assert held["paid_out"] == paid and held["in_transit"] == 0 and sum(held.values()) == 0
    assert sum(sum(batch["amount_fen"].to_pylist()) for batch in api.confirmed_payments(["2025-10"])) == paid
    assert not list((desk.home / "bank" / "in").iterdir())


def test_the_same_month_again_changes_nothing(desk):
    assert desk.prepare(month_of(5)).count == 5
    assert desk.prepare(month_of(5)) is None
    assert len(api.batches(MAKER)) == 1


def test_only_money_that_is_entitled_is_paid(desk):
    rows = [
        decision(1, 500_00),
        decision(2, 500_00, status=2),
        decision(3, 90, unit="kWh", benefit="power"),
        decision(4, 1, unit="status", benefit="badge"),
    ]
    assert desk.prepare(rows).amount_fen == 500_00


def test_a_retroactive_raise_pays_the_difference_of_each_month(desk):
    """失业保险金 from 2052 to 2241 yuan, published in May 2024 with effect from January: 189.00 more for each of four months."""
    desk.budget("unemployment", 2024)
    months = ["2024-01", "2024-02", "2024-03", "2024-04"]
    for month in months:
        desk.send([decision(7, 2052_00, "unemployment", month)], month)
    raised = [desk.prepare([decision(7, 2241_00, "unemployment", month)], month) for month in months]
    assert [batch.amount_fen for batch in raised] == [189_00] * 4
    lines = api.payments_of(MAKER, None, [7])
    assert sorted((line.period_key, line.revision, line.amount_fen) for line in lines) == sorted(
        [(month, 0, 2052_00) for month in months] + [(month, 1, 189_00) for month in months]
    )
    assert desk.prepare([decision(7, 2241_00, "unemployment", "2024-01")], "2024-01") is None


def test_a_lower_decision_is_shown_as_overpaid_and_not_paid(desk):
    desk.prepare([decision(1, 800_00), decision(2, 800_00), decision(3, 800_00)])
    batch = desk.prepare([decision(1, 600_00), decision(2, 0, status=2), decision(4, 10_00)])
    assert (batch.count, batch.overpaid_count, batch.overpaid_fen) == (1, 2, 200_00 + 800_00)
    assert [(row.entity_no, row.amount_fen) for row in api.overpayments(MAKER, None)] == [(3, 800_00), (1, 200_00)]


def test_an_occasion_is_paid_once_ever(desk):
    birth = "once:2025-08-18"
    assert desk.prepare([decision(5, 3000_00, "childbirth", birth)], "2025-09").count == 1
    assert desk.prepare([decision(5, 3000_00, "childbirth", birth)], "2025-10") is None
    assert desk.prepare([], "2025-10") is None
    assert not api.overpayments(MAKER, None)


def test_a_payee_without_account_is_held_for_the_street_office(desk):
    desk.facts.without_account = {2}
    batch = desk.prepare([decision(1, 100_00), decision(2, 200_00)])
    assert (batch.count, batch.amount_fen, batch.held_count, batch.held_fen) == (1, 100_00, 1, 200_00)
    assert [row.reason_code for row in api.returns(ZHOU_ZHIQIANG, None)] == ["no_account"]
    assert api.returns(WU_JING, None) == [] and api.count_returns(WU_JING) == 0


def test_an_organisation_without_account_is_held(desk):
    batch = desk.prepare([decision(1, 100_00, payee_no=0, payee_organisation="91330100MA2XXXXXX1")])
    (held,) = api.transactions(MAKER, None, batch.pk)
    assert (held.state, held.reason_code, held.payee_organisation) == ("held", "no_organisation_account", "91330100MA2XXXXXX1")


def test_an_organisation_is_paid_into_its_account_and_held_money_follows_once_it_has_one(desk):
    desk.budget()
    with_account, without = "91330100MA2XXXXXX1", "91330100MA2XXXXXX2"
    desk.facts.organisation_cards = {with_account: account_of(71)}
    rows = [decision(number, 100_00, payee_no=0, payee_organisation=code) for number, code in ((1, with_account), (2, without), (3, ""))]
    batch, out = desk.send(rows)
    assert (batch.count, batch.held_count) == (1, 2)
    (paid, *held) = sorted(api.transactions(MAKER, None, batch.pk), key=lambda row: row.entity_no)
    assert (paid.state, paid.account_no, paid.payee_organisation) == ("instructed", account_of(71), with_account)
    assert [row.reason_code for row in held] == ["no_organisation_account"] * 2
    assert f"<OrgId><Othr><Id>org:{with_account}</Id></Othr></OrgId>" in out.read_text("utf-8")
    assert desk.reissue() is None
    desk.facts.organisation_cards[without] = account_of(72)
    again = desk.reissue()
    (sent,) = api.transactions(MAKER, None, again.pk)
    assert (sent.entity_no, sent.account_no, sent.payee_key, sent.payee_no) == (2, account_of(72), f"org:{without}", 0)


def test_the_new_head_of_a_household_gets_no_second_payment(desk):
    """The household had its money; a change of payee pays only what is missing."""
    desk.budget()
    desk.send([decision(1, 800_00, payee_no=11)])
    assert desk.prepare([decision(1, 800_00, payee_no=12)]) is None
    batch = desk.prepare([decision(1, 900_00, payee_no=12)])
    assert batch.amount_fen == 100_00


def test_money_held_for_somebody_who_is_no_longer_the_payee_goes_to_the_new_one(desk):
    desk.facts.without_account = {11}
    first = desk.prepare([decision(1, 800_00, payee_no=11)])
    second = desk.prepare([decision(1, 800_00, payee_no=12)])
    assert second.amount_fen == 800_00
    assert [row.state for row in api.transactions(MAKER, None, first.pk)] == ["cancelled"]


def test_returned_money_goes_out_again_once_there_is_another_account(desk):
    desk.budget()
    _, out = desk.send(month_of(2000))
    demo_bank.answer(out, desk.home / "bank" / "in")
    api.import_folder(MAKER)
    stuck = api.count_returns(MAKER)
    assert stuck > 2 and desk.reissue() is None
    lucky, dead = api.returns(MAKER, None)[:2]
    desk.facts.new_cards = {row.payee_no: account_of(row.payee_no, 1) for row in (lucky, dead)}
    desk.facts.dead = {dead.payee_no}
    again = desk.reissue()
    assert (again.count, again.amount_fen, again.is_reissue) == (1, lucky.amount_fen, True)
    assert desk.reissue() is None
    (sent,) = api.transactions(MAKER, None, again.pk)
    assert (sent.reissue_of_id, sent.revision, sent.account_no) == (lucky.pk, 1, account_of(lucky.payee_no, 1))
    assert desk.prepare(month_of(2000)) is None
    api.refuse_batch(CHECKER, again.pk, "first ask the payee")
    assert api.count_returns(MAKER) == stuck
    assert desk.reissue().count == 1


def test_the_sample_is_drawn_once_and_must_be_looked_at_before_anybody_signs(desk):
    desk.budget()
    batch = desk.prepare(month_of(500))
    drawn = [row.pk for row, _ in api.sample(CHECKER, batch.pk)]
    assert len(set(drawn)) == 10 and drawn == [row.pk for row, _ in api.sample(CHECKER, batch.pk)]
    with pytest.raises(api.SampleNotSeen, match="10 payments"):
        api.approve_batch(CHECKER, batch.pk, desk.facts)
    api.look_at(CHECKER, batch.pk)
    api.look_at(CHECKER, batch.pk, drawn[:1], "doubtful", "who is this")
    with pytest.raises(api.SampleDoubtful, match="1 payments"):
        api.approve_batch(CHECKER, batch.pk, desk.facts)
    api.look_at(CHECKER, batch.pk, drawn[:1])
    assert desk.approve(batch).state == "approved"


def test_a_resident_reads_in_plain_words_where_the_money_is(desk):
    desk.budget()
    batch = desk.prepare([decision(1, 100_00)])
    (line,) = api.payments_of(MAKER, None, [1])
    assert line.state_text.en == "Being prepared" and line.instructed_on is None and line.expected_on is None
    desk.approve(batch)
    desk.release(batch)
    (line,) = api.payments_of(MAKER, None, household_no=1)
    assert line.state_text.en == "Sent to the bank" and line.expected_on > line.instructed_on
    assert api.payments_of(WU_JING, None, [1]) == []
