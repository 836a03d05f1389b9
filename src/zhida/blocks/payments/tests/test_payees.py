"""Who is paid instead of, or beside, whom the decision names; and accounts that have just changed."""

from datetime import date

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from zhida.blocks.access.api import NotYours, PermissionMissing, Viewer
from zhida.blocks.notices import api as notices
from zhida.blocks.payments import api
from zhida.blocks.payments.api import PayeeKind, StuckFilter
from zhida.blocks.payments.models import AccountChange, CreditTransferTransaction, PayeeArrangement
from zhida.blocks.payments.testing import MAKER, WU_JING, ZHOU_ZHIQIANG, account_of, decision

pytestmark = pytest.mark.django_db
OTHER_ZHOU = Viewer("other_zhou", "street_officer", "330106001")
LIN_XIAOMAN = Viewer("lin_xiaoman", "resident", resident_no=1)
HERE = 330106001001
HOME = "org:91330100MA27XYZ19K"
HEAD, MEMBER = PayeeKind.HEAD, PayeeKind.MEMBER


@pytest.fixture(autouse=True)
def on(monkeypatch):
    def set_day(day: str) -> None:
        monkeypatch.setenv("ZHIDA_TODAY", day)

    set_day("2025-11-05")
    return set_day


def arrange(payees, begin="2025-01-01", end=None, viewer=ZHOU_ZHIQIANG, entity_no=1, benefit="", known=lambda payee_key: True):
    rows = [(payee_key, kind, share) for payee_key, kind, share in payees]
    end_day = date.fromisoformat(end) if end else None
    return api.arrange_payees(viewer, entity_no, benefit, rows, date.fromisoformat(begin), end_day, "夫妻约定", HERE, known)


def sixty_forty(**other):
    made = arrange([("11", HEAD, 6_000), ("12", MEMBER, 4_000)], **other)
    return api.confirm_arrangement(OTHER_ZHOU, made[0].pk)


def paid(batch) -> dict[str, int]:
    return {row.payee_key: row.amount_fen for row in CreditTransferTransaction.objects.filter(batch=batch)}


# ---- the money ---------------------------------------------------------------------------------------------------------------------------


def test_two_payees_of_a_household_share_to_the_fen_and_the_odd_one_goes_to_the_last(desk):
    sixty_forty()
    assert paid(desk.prepare([decision(1, 100_01)])) == {"11": 60_00, "12": 40_01}


@given(st.integers(1, 10**9), st.lists(st.integers(1, 4_000), min_size=1, max_size=4))
def test_shares_never_lose_or_make_a_fen(amount, parts):
    shares = [*parts, 10_000 - sum(parts)] if sum(parts) < 10_000 else [10_000]
    given_fen = [amount * share // 10_000 for share in shares[:-1]]
    given_fen.append(amount - sum(given_fen))
    assert sum(given_fen) == amount and min(given_fen) >= 0


def test_three_payees_get_the_whole(desk):
    made = arrange([("11", HEAD, 3_333), ("12", MEMBER, 3_333), ("13", MEMBER, 3_334)])
    api.confirm_arrangement(OTHER_ZHOU, made[0].pk)
    assert paid(desk.prepare([decision(1, 1_00)])) == {"11": 33, "12": 33, "13": 34}


def test_without_a_second_officer_an_arrangement_has_no_effect(desk):
    made = arrange([("11", PayeeKind.GUARDIAN, 10_000)])
    assert paid(desk.prepare([decision(1, 100_00)])) == {"1": 100_00}
    with pytest.raises(api.SecondOfficerNeeded, match="zhou_zhiqiang"):
        api.confirm_arrangement(ZHOU_ZHIQIANG, made[0].pk)
    with pytest.raises(IntegrityError), transaction.atomic():
        PayeeArrangement.objects.update(confirmed_by="zhou_zhiqiang")
    api.confirm_arrangement(OTHER_ZHOU, made[0].pk)
    assert paid(desk.prepare([decision(1, 100_00, period_key="2025-11")], "2025-11")) == {"11": 100_00}


def test_an_institution_is_paid_instead_of_the_resident_and_waits_for_its_account(desk):
    made = arrange([(HOME, PayeeKind.INSTITUTION, 10_000)])
    api.confirm_arrangement(OTHER_ZHOU, made[0].pk)
    batch = desk.prepare([decision(1, 100_00)])
    row = CreditTransferTransaction.objects.get(batch=batch)
    assert (row.payee_key, row.payee_no, row.state, row.reason_code) == (HOME, 0, "held", "no_organisation_account")


def test_a_guardian_is_paid_for_one_benefit_and_the_child_for_the_others(desk):
    made = arrange([("11", PayeeKind.GUARDIAN, 10_000)], benefit="orphan")
    api.confirm_arrangement(OTHER_ZHOU, made[0].pk)
    batch = desk.prepare([decision(1, 100_00, "orphan"), decision(1, 7_00, "dibao")])
    assert paid(batch) == {"11": 100_00, "1": 7_00}


def test_a_change_in_the_middle_of_a_year_leaves_the_months_before_as_they_were(desk, on):
    desk.budget()
    [first, *_] = sixty_forty()
    desk.send([decision(1, 100_00, period_key="2025-09")], "2025-09")
    with pytest.raises(api.ArrangementOverlaps, match="End it first"):
        arrange([("12", MEMBER, 10_000)], begin="2025-10-01")
    ended = api.end_arrangement(ZHOU_ZHIQIANG, first.pk, date(2025, 10, 1))
    assert [row.end for row in ended] == [date(2025, 10, 1)] * 2
    made = arrange([("12", MEMBER, 10_000)], begin="2025-10-01")
    api.confirm_arrangement(OTHER_ZHOU, made[0].pk)
    assert paid(desk.prepare([decision(1, 100_00, period_key="2025-10")], "2025-10")) == {"12": 100_00}
    # Decision 0010: what the household has had of a month counts, whoever got it. September again brings only the raise.
    again = desk.prepare([decision(1, 110_00, period_key="2025-09")], "2025-09")
    assert paid(again) == {"11": 6_00, "12": 4_00}


def test_what_a_household_has_had_before_the_arrangement_is_not_paid_again(desk):
    desk.budget()
    desk.send([decision(1, 100_00)])
    sixty_forty()
    assert desk.prepare([decision(1, 100_00)]) is None
    raised = desk.prepare([decision(1, 150_00)])
    assert sum(paid(raised).values()) == 50_00


# ---- the rules ---------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("payees", "error"),
    [
        ([("11", HEAD, 6_000), ("12", MEMBER, 3_999)], api.SharesAreNotAWhole),
        ([("11", HEAD, 12_000), ("12", MEMBER, -2_000)], api.SharesAreNotAWhole),
        ([], api.SharesAreNotAWhole),
        ([("11", HEAD, 5_000), ("11", MEMBER, 5_000)], api.PayeeTwice),
    ],
)
def test_shares_that_are_no_whole_are_refused_with_a_sentence(payees, error):
    with pytest.raises(error):
        arrange(payees)
    assert not PayeeArrangement.objects.exists()


def test_a_payee_must_exist_and_an_organisation_needs_a_right_code():
    assert not api.payee_exists("org:91330100MA27XYZ190") and not api.payee_exists("张三") and not api.payee_exists("1")
    with pytest.raises(api.PayeeNotKnown, match="must be on file"):
        arrange([("org:123", HEAD, 10_000)], known=api.payee_exists)


def test_only_officers_of_the_street_arrange_and_confirm(on):
    with pytest.raises(NotYours):
        arrange([("11", HEAD, 10_000)], viewer=WU_JING)
    with pytest.raises(PermissionMissing):
        arrange([("11", HEAD, 10_000)], viewer=MAKER)
    with pytest.raises(api.ArrangementDaysWrong):
        arrange([("11", HEAD, 10_000)], end="2025-01-01")
    [made] = arrange([("11", HEAD, 10_000)])
    with pytest.raises(api.ArrangementUnknown):
        api.confirm_arrangement(WU_JING, made.pk)
    assert [row.pk for row in api.waiting_arrangements(OTHER_ZHOU)] == [made.pk] and api.waiting_arrangements(WU_JING) == []
    assert api.arrangements(WU_JING, None, [1]) == []
    assert api.end_arrangement(ZHOU_ZHIQIANG, made.pk, date(2025, 12, 1)) == [] and not PayeeArrangement.objects.exists()


# ---- accounts that change ----------------------------------------------------------------------------------------------------------------


def changed(desk, on):
    """Pay September to the old card and find another one in October; return the change."""
    desk.budget()
    on("2025-10-10")
    desk.send([decision(1, 100_00, period_key="2025-09"), decision(2, 1_00, period_key="2025-09")], "2025-09")
    desk.facts.new_cards[1] = account_of(1, 7)
    on("2025-11-05")
    batch = desk.prepare([decision(1, 100_00), decision(2, 1_00)])
    desk.approve(batch)
    desk.release(batch)
    return AccountChange.objects.get()


def test_money_waits_for_a_new_account_and_its_payee_is_told_once(desk, on):
    change = changed(desk, on)
    assert (change.payee_key, change.account_now, change.hold_until) == ("1", account_of(1, 7), date(2025, 11, 12))
    [told] = notices.inbox(LIN_XIAOMAN)[0]
    assert told.kind == "account_changed" and account_of(1, 7)[-4:] in told.body.zh
    assert desk.reissue() is None
    on("2025-11-12")
    assert desk.reissue().amount_fen == 100_00


def test_an_officer_lets_it_go_at_once(desk, on):
    change = changed(desk, on)
    assert api.shared_accounts([change]) == set()
    other = {"account_before": "1", "account_now": change.account_now, "community": HERE, "first_seen_on": change.first_seen_on}
    AccountChange.objects.create(payee_key="77", hold_until=change.hold_until, state="confirmed", **other)
    assert api.shared_accounts([change]) == {change.account_now}
    assert [row.pk for row in api.account_changes(ZHOU_ZHIQIANG, None)] == [change.pk] and api.account_changes(WU_JING, None) == []
    with pytest.raises(api.AccountChangeNotOpen):
        api.decide_account_change(WU_JING, change.pk, True)
    api.decide_account_change(ZHOU_ZHIQIANG, change.pk, True, "本人到场，核对社保卡")
    assert desk.reissue().amount_fen == 100_00
    with pytest.raises(api.AccountChangeNotOpen):
        api.decide_account_change(ZHOU_ZHIQIANG, change.pk, True)


def test_who_says_not_me_keeps_the_money_from_the_new_account(desk, on):
    change = changed(desk, on)
    with pytest.raises(api.AccountChangeNotOpen):
        api.deny_account_change(Viewer("chen", "resident", resident_no=2), change.pk)
    assert [row.pk for row in api.account_changes_of(LIN_XIAOMAN, None, 1)] == [change.pk]
    assert api.account_changes_of(LIN_XIAOMAN, None, 2) == []
    assert api.deny_account_change(LIN_XIAOMAN, change.pk).state == "refused"
    on("2025-11-30")
    assert desk.reissue() is None
    [stuck] = api.stuck_payments(ZHOU_ZHIQIANG, None, StuckFilter(reason="account_refused"))
    assert "否认" in stuck.reason.zh
    held = desk.prepare([decision(1, 100_00, period_key="2025-11")], "2025-11")
    assert CreditTransferTransaction.objects.get(batch=held).reason_code == "account_refused"
    api.decide_account_change(ZHOU_ZHIQIANG, change.pk, True, "本人来说明是自己换的卡")
    desk.approve(held) if held.count else None
    assert desk.reissue() is not None
