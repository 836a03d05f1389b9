"""How many must sign, who may, for whom, and what they must have looked at."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import IntegrityError, transaction

from zhida.blocks.access import api as access
from zhida.blocks.access.api import PermissionMissing, Viewer
from zhida.blocks.payments import api
from zhida.blocks.payments.models import BatchApproval, PaymentInstruction, SampledPayment
from zhida.blocks.payments.testing import CHECKER, MAKER, OTHER_CHECKER, WU_JING, decision
from zhida.kernel import clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def officers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "today", lambda: date(2025, 11, 5))
    roles = {
        "checker": "payment_checker",
        "other_checker": "payment_checker",
        "maker": "payment_maker",
        "shen": "data_officer",
        "ye": "captain",
    }
    for username, role in roles.items():
        access.create_account(username, username, role, area_code="330100")


def signed_in(username: str) -> Viewer:
    account = access.account_named(username)
    assert account is not None
    return access.viewer_of(account)


def lend(to: str, begin: date = date(2025, 11, 5), end: date = date(2025, 11, 12), by: Viewer = CHECKER) -> Viewer:
    access.delegate(by, to, "payments.approve", begin, end, "on leave")
    return signed_in(to)


def two_needed(desk) -> PaymentInstruction:
    """A batch of 200 yuan where 150 already need two checkers; its sample has been looked at."""
    desk.budget()
    api.set_approval_limits(CHECKER, [(0, 1), (150_00, 2)])
    batch = desk.prepare([decision(1, 200_00)])
    api.look_at(CHECKER, batch.pk)
    return batch


# ---- by amount ------------------------------------------------------------------------------------------------------------------------


def test_a_larger_sum_needs_a_second_checker(desk):
    batch = two_needed(desk)
    assert batch.needed_checkers == 2
    assert api.approve_batch(CHECKER, batch.pk, desk.facts).state == "prepared"
    assert api.budgets(MAKER)[0].committed_fen == 0, "the last signature takes the money"
    with pytest.raises(api.AlreadySigned, match="needs 2 checkers"):
        api.approve_batch(CHECKER, batch.pk, desk.facts)
    with pytest.raises(api.BatchInWrongState):
        desk.release(batch)
    approved = api.approve_batch(OTHER_CHECKER, batch.pk, desk.facts)
    assert (approved.state, approved.approved_by) == ("approved", "other_checker")
    assert [row.account for row in api.approvals(MAKER, batch.pk)] == ["checker", "other_checker"]


def test_one_fen_less_needs_one(desk):
    desk.budget()
    api.set_approval_limits(CHECKER, [(0, 1), (150_00, 2), (150_01, 3)])
    needed = [desk.prepare([decision(number, fen)]).needed_checkers for number, fen in ((1, 149_99), (2, 150_00), (3, 150_01))]
    assert needed == [1, 2, 3]


def test_limits_that_do_not_fit_are_not_saved(desk):
    before = api.approval_limits()
    for wrong in ([], [(1, 1)], [(0, 2), (100, 1)], [(0, 0)], [(0, 1), (0, 2)]):
        with pytest.raises(api.LimitsDoNotFit):
            api.set_approval_limits(CHECKER, wrong)
    for nobody in (MAKER, WU_JING):
        with pytest.raises(PermissionMissing):
            api.set_approval_limits(nobody, [(0, 1)])
    assert api.approval_limits() == before


# ---- for another ----------------------------------------------------------------------------------------------------------------------


def test_a_delegate_signs_for_the_one_who_is_away_while_it_lasts(desk, officers, monkeypatch):
    desk.budget()
    batch = desk.prepare([decision(1, 100_00)])
    lend("shen", date(2025, 11, 6), date(2025, 11, 8))
    for day in (5, 8):
        monkeypatch.setattr(clock, "today", lambda day=day: date(2025, 11, day))
        with pytest.raises(PermissionMissing):
            api.approve_batch(signed_in("shen"), batch.pk, desk.facts)
    monkeypatch.setattr(clock, "today", lambda: date(2025, 11, 7))
    shen = signed_in("shen")
    assert api.may_sign(shen, batch)
    api.look_at(shen, batch.pk)
    assert api.approve_batch(shen, batch.pk, desk.facts).state == "approved"
    (signature,) = api.approvals(MAKER, batch.pk)
    assert (signature.account, signature.on_behalf_of) == ("shen", "checker")
    assert "payments.sign_for" in [entry.action for entry in access.audit_entries(f"batch {batch.pk} for checker")]


def test_a_viewer_kept_from_before_the_end_does_not_sign_after_it(desk, officers, monkeypatch):
    batch = two_needed(desk)
    shen = lend("shen")
    monkeypatch.setattr(clock, "today", lambda: date(2025, 11, 12))
    with pytest.raises(api.AlreadySigned):
        api.approve_batch(shen, batch.pk, desk.facts)


def test_one_power_signs_once_whoever_uses_it(desk, officers):
    batch = two_needed(desk)
    shen, ye = lend("shen"), lend("ye")
    api.approve_batch(shen, batch.pk, desk.facts)
    for again in (shen, ye, CHECKER):
        assert not api.may_sign(again, batch)
        with pytest.raises(api.AlreadySigned):
            api.approve_batch(again, batch.pk, desk.facts)
    with pytest.raises(IntegrityError), transaction.atomic():
        BatchApproval.objects.create(batch=batch, account="checker", approved_at=clock.now())
    assert api.approve_batch(OTHER_CHECKER, batch.pk, desk.facts).state == "approved"


def test_where_the_delegator_has_signed_the_delegate_may_not_sign_for_it(desk, officers):
    batch = two_needed(desk)
    shen = lend("shen")
    api.approve_batch(CHECKER, batch.pk, desk.facts)
    with pytest.raises(api.AlreadySigned):
        api.approve_batch(shen, batch.pk, desk.facts)
    shen = lend("shen", by=OTHER_CHECKER)
    assert api.approve_batch(shen, batch.pk, desk.facts).state == "approved"
    assert [row.on_behalf_of for row in api.approvals(MAKER, batch.pk)] == ["", "other_checker"]


def test_the_maker_never_signs_not_even_for_another_and_nobody_signs_for_the_maker(desk, officers):
    batch = two_needed(desk)
    maker = lend("maker")
    assert not api.may_sign(maker, batch)
    with pytest.raises(api.MakerIsChecker):
        api.approve_batch(maker, batch.pk, desk.facts)
    with pytest.raises(api.MakerIsChecker):
        api.look_at(maker, batch.pk)
    PaymentInstruction.objects.filter(pk=batch.pk).update(prepared_by="checker")
    with pytest.raises(api.AlreadySigned):
        api.approve_batch(lend("shen"), batch.pk, desk.facts)


# ---- the sample -----------------------------------------------------------------------------------------------------------------------


def test_nothing_is_approved_unseen_or_in_doubt(desk):
    desk.budget()
    batch = desk.prepare([decision(number, number * 100_00) for number in range(1, 6)])
    drawn, unseen, doubtful = api.sample_progress(batch.pk)
    assert (drawn, unseen, doubtful) == (5, 5, 0)
    with pytest.raises(api.SampleNotSeen, match="5 payments"):
        api.approve_batch(CHECKER, batch.pk, desk.facts)
    first = api.sample(CHECKER, batch.pk)[0][0].pk
    with pytest.raises(api.DoubtWithoutNote):
        api.look_at(CHECKER, batch.pk, [first], "doubtful", " ")
    assert api.look_at(CHECKER, batch.pk, [first], "doubtful", "twice the usual") == 1
    api.look_at(CHECKER, batch.pk)
    assert api.sample_progress(batch.pk) == (5, 0, 1), "looking at the rest clears no doubt"
    with pytest.raises(api.SampleDoubtful):
        api.approve_batch(CHECKER, batch.pk, desk.facts)
    api.look_at(CHECKER, batch.pk, [first])
    assert api.approve_batch(CHECKER, batch.pk, desk.facts).state == "approved"
    assert api.look_at(CHECKER, batch.pk, [first], "doubtful", "too late") == 0
    assert not SampledPayment.objects.filter(verdict="doubtful").exists()


def test_wu_jing_may_do_nothing(desk):
    desk.budget()
    batch = desk.prepare([decision(1, 100_00)])
    attempts = (
        lambda: api.sample(WU_JING, batch.pk),
        lambda: api.look_at(WU_JING, batch.pk),
        lambda: api.approvals(WU_JING, batch.pk),
        lambda: api.approve_batch(WU_JING, batch.pk),
        lambda: api.refuse_batch(WU_JING, batch.pk, "no"),
        lambda: api.cancel_batch(WU_JING, batch.pk, "no"),
        lambda: api.split_by_level(WU_JING, batch.pk),
        lambda: api.files_to_put_out(WU_JING, batch.pk),
        lambda: api.cost_shares(WU_JING),
        lambda: api.committed_by_month(WU_JING, 2025),
        lambda: api.set_cost_share(WU_JING, "dibao", date(2026, 1, 1), (0, 0, 0, 10_000), "mine"),
        lambda: api.set_budget(WU_JING, "dibao", 2025, 1),
    )
    for attempt in attempts:
        with pytest.raises(PermissionMissing):
            attempt()


# ---- stops ----------------------------------------------------------------------------------------------------------------------------


def test_an_approved_batch_is_cancelled_with_a_reason_and_prepared_again(desk):
    desk.budget(amount_fen=100_00)
    batch = desk.prepare([decision(1, 100_00)])
    desk.approve(batch)
    with pytest.raises(api.CancelWithoutReason):
        api.cancel_batch(MAKER, batch.pk, " ")
    assert api.cancel_batch(MAKER, batch.pk, "wrong account list").state == "cancelled"
    assert api.budgets(MAKER)[0].available_fen == 100_00
    again = desk.prepare([decision(1, 100_00)])
    desk.approve(again)
    assert desk.release(again) is not None
    with pytest.raises(api.BatchInWrongState):
        api.cancel_batch(MAKER, again.pk, "too late")


def test_a_file_that_was_written_but_not_put_out_is_put_out_by_releasing_again(desk):
    desk.budget()
    batch, path = desk.send([decision(1, 100_00)])
    staged = desk.home / "bank" / "staged" / path.name
    path.replace(staged)
    assert api.files_to_put_out(MAKER, batch.pk) == 1
    assert desk.release(batch) == path and path.exists()
    assert api.files_to_put_out(MAKER, batch.pk) == 0
