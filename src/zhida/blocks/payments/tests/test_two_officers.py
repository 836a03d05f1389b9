"""Who may do what, in which state, within which budget; and what is looked at again before money leaves."""

import pytest
from django.db import IntegrityError, transaction

from zhida.blocks.access.api import SYSTEM, PermissionMissing, Viewer, audit_entries
from zhida.blocks.payments import api
from zhida.blocks.payments.models import BudgetEnvelope, PaymentInstruction
from zhida.blocks.payments.testing import CHECKER, MAKER, WU_JING, account_of, decision

pytestmark = pytest.mark.django_db


def test_the_maker_cannot_approve_and_neither_can_the_machine(desk):
    desk.budget()
    batch = desk.prepare([decision(1, 100_00)])
    with pytest.raises(api.MakerIsChecker, match="Ask another checker"):
        api.approve_batch(Viewer("maker", "payment_checker", "330100"), batch.pk, desk.facts)
    for other in (SYSTEM, WU_JING, MAKER):
        with pytest.raises(PermissionMissing):
            api.approve_batch(other, batch.pk, desk.facts)


def test_the_database_itself_knows_that_a_checker_is_not_the_maker(desk):
    batch = desk.prepare([decision(1, 100_00)])
    with pytest.raises(IntegrityError), transaction.atomic():
        PaymentInstruction.objects.filter(pk=batch.pk).update(state="approved", approved_by="maker")
    with pytest.raises(IntegrityError), transaction.atomic():
        PaymentInstruction.objects.filter(pk=batch.pk).update(state="released")


def test_each_step_is_taken_once_and_in_order(desk):
    desk.budget()
    batch = desk.prepare([decision(1, 100_00)])
    with pytest.raises(api.BatchInWrongState, match="is prepared and cannot be released"):
        desk.release(batch)
    desk.approve(batch)
    with pytest.raises(api.BatchInWrongState, match="is approved and cannot be approved"):
        desk.approve(batch)
    with pytest.raises(api.BatchInWrongState):
        api.refuse_batch(CHECKER, batch.pk, "too late")
    desk.release(batch)
    with pytest.raises(api.BatchInWrongState):
        desk.release(batch)
    with pytest.raises(api.BatchStillOpen, match="has not answered 1 payments"):
        api.settle(MAKER, batch.pk)
    with pytest.raises(api.BatchUnknown):
        api.batch(MAKER, 999_999)


def test_a_refused_batch_can_be_prepared_again(desk):
    batch = desk.prepare([decision(1, 100_00)])
    with pytest.raises(api.RefusalWithoutReason):
        api.refuse_batch(CHECKER, batch.pk, "  ")
    refused = api.refuse_batch(CHECKER, batch.pk, "wrong month")
    assert (refused.state, refused.refusal_reason, refused.count) == ("refused", "wrong month", 1)
    assert api.totals_by("state") == []
    assert desk.prepare([decision(1, 100_00)]).amount_fen == 100_00


def test_a_batch_over_its_envelope_is_not_approved(desk):
    desk.budget(amount_fen=150_00)
    first, second = desk.prepare([decision(1, 100_00)]), desk.prepare([decision(2, 100_00)])
    desk.approve(first)
    with pytest.raises(api.BudgetExceeded, match=r"needs 100\.00 yuan and 50\.00 are left"):
        desk.approve(second)
    assert api.batch(MAKER, second.pk).state == "prepared"
    with pytest.raises(api.BudgetBelowCommitted):
        desk.budget(amount_fen=99_00)
    desk.budget(amount_fen=200_00)
    desk.approve(second)
    assert [envelope.available_fen for envelope in api.budgets(MAKER, 2025)] == [0]
    with pytest.raises(IntegrityError), transaction.atomic():
        BudgetEnvelope.objects.update(committed_fen=200_01)


def test_without_an_envelope_nothing_is_approved(desk):
    with pytest.raises(api.BudgetExceeded, match="are left"):
        desk.approve(desk.prepare([decision(1, 1)]))


def test_the_dead_and_the_closed_are_held_back_at_approval(desk):
    desk.budget(amount_fen=100_00)
    batch = desk.prepare([decision(number, 100_00) for number in (1, 2, 3, 4)])
    desk.facts.dead, desk.facts.without_account = {2}, {3}
    desk.facts.new_cards = {4: account_of(4, 9)}
    approved = desk.approve(batch)
    assert (approved.count, approved.amount_fen, approved.held_count) == (1, 100_00, 3)
    held = {row.payee_no: row.reason_code for row in api.transactions(MAKER, None, batch.pk, "held")}
    assert held == {2: "payee_died", 3: "account_closed", 4: "account_changed"}
    assert desk.reissue() is None, "its batch may still be cancelled"
    desk.release(batch)
    assert desk.reissue().count == 1, "the one with a new account goes out again"


def test_an_organisations_closed_or_changed_account_is_held_back_at_approval_and_at_release(desk):
    desk.budget()
    codes = {number: f"91330100MA2XXXXXX{number}" for number in (1, 2, 3, 4)}
    desk.facts.organisation_cards = {code: account_of(number) for number, code in codes.items()}
    batch = desk.prepare([decision(number, 100_00, payee_no=0, payee_organisation=code) for number, code in codes.items()])
    assert (batch.count, batch.held_count) == (4, 0)
    del desk.facts.organisation_cards[codes[1]]
    desk.facts.organisation_cards[codes[2]] = account_of(2, 1)
    assert (desk.approve(batch).count, api.batch(MAKER, batch.pk).held_count) == (2, 2)
    del desk.facts.organisation_cards[codes[3]]
    assert desk.release(batch) is not None
    found = {row.entity_no: (row.state, row.reason_code) for row in api.transactions(MAKER, None, batch.pk)}
    assert found == {
        1: ("held", "account_closed"),
        2: ("held", "account_changed"),
        3: ("held", "account_closed"),
        4: ("instructed", ""),
    }
    assert desk.reissue().count == 1, "the one with another account goes out again"


def test_who_dies_between_approval_and_release_is_not_paid_and_the_budget_gets_the_money_back(desk):
    desk.budget(amount_fen=200_00)
    batch = desk.prepare([decision(1, 100_00), decision(2, 100_00)])
    desk.approve(batch)
    desk.facts.dead = {1}
    path = desk.release(batch)
    assert path.read_text().count("<CdtTrfTxInf>") == 1
    released = api.batch(MAKER, batch.pk)
    assert (released.count, released.held_count) == (1, 1)
    assert api.budgets(MAKER)[0].available_fen == 100_00


def test_a_batch_whose_every_payee_is_held_sends_nothing_and_does_not_stick(desk):
    desk.budget()
    batch = desk.prepare([decision(1, 100_00)])
    desk.approve(batch)
    desk.facts.dead = {1}
    assert desk.release(batch) is None
    assert api.batch(MAKER, batch.pk).state == "settled"
    assert not (desk.home / "bank").exists()
    assert api.budgets(MAKER)[0].committed_fen == 0


def test_every_command_stands_in_the_audit_log(desk):
    desk.budget()
    batch, _ = desk.send([decision(1, 100_00)])
    actions = [entry.action for entry in audit_entries(f"batch {batch.pk}")]
    assert actions == ["payments.release", "payments.approve", "payments.sample", "payments.prepare"]
