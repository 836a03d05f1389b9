"""A month's run and a case find the same money due: it is paid once, and undoing the case does not ask back what the run says is due."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from zhida.blocks.access import api as access
from zhida.blocks.access.api import SYSTEM, Purpose, Viewer
from zhida.blocks.cases import api as cases
from zhida.blocks.cases.declarations import installed
from zhida.blocks.cases.models import CasePayable
from zhida.blocks.cases.tests.test_handing import SUBSIDIES, certify, lin
from zhida.blocks.payments import api as payments
from zhida.blocks.payments.testing import CHECKER, MAKER, OTHER_CHECKER
from zhida.blocks.policies import api as policies
from zhida.blocks.records import api as records
from zhida.kernel.period import Month

__all__ = ["lin"]
pytestmark = pytest.mark.django_db
NOVEMBER, DAY = Month(2025, 11), date(2025, 11, 5)


@pytest.fixture(autouse=True)
def november(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("ZHIDA_TODAY", DAY.isoformat())
    installed.life_events.cache_clear()
    yield
    installed.life_events.cache_clear()


def _release(batch_id: int) -> None:
    for total in payments.totals_by("benefit", batch_id=batch_id):
        for level in payments.Level:
            payments.set_budget(CHECKER, total.key[0], 2025, 10**9, level, 330106 if level == payments.Level.DISTRICT else 0)
    for checker in (CHECKER, OTHER_CHECKER):
        if payments.batch(CHECKER, batch_id).state == "prepared":
            payments.look_at(checker, batch_id)
            payments.approve_batch(checker, batch_id)
    payments.release_batch(MAKER, batch_id)


def _decide() -> int:
    """Decide November by what is known today."""
    return policies.run_period(SYSTEM, NOVEMBER, snapshot=records.freeze_snapshot(SYSTEM, NOVEMBER, DAY), law_as_of=DAY).id


def _run() -> int | None:
    """Decide November anew, and return the batch of what is due by it and was not instructed yet."""
    batch = payments.prepare_batch(MAKER, _decide())
    return batch.pk if batch else None


def _paid(resident: Viewer) -> list[tuple[str, int]]:
    lines = payments.payments_of(SYSTEM, Purpose.CASEWORK, [resident.resident_no or 0])
    return sorted((line.benefit, line.amount_fen) for line in lines if line.benefit in SUBSIDIES and line.period_key == NOVEMBER.text)


def _debts() -> list[str]:
    return sorted(debt.benefit for debt in payments.overpayments(CHECKER, Purpose.PAYMENT) if debt.benefit in SUBSIDIES)


def test_what_the_run_says_is_due_is_not_asked_back_when_the_case_is_undone(lin: Viewer) -> None:
    _decide()
    case = certify(lin)
    cases.hand_over_records(SYSTEM)
    batch_id = _run()
    assert batch_id
    _release(batch_id)
    assert cases.prepare_case_payments(MAKER).batch_id is None, "the run has instructed all that the case found due"
    paid = _paid(lin)
    assert [benefit for benefit, _ in paid] == sorted(SUBSIDIES)

    allowances = cases.CaseItem.objects.get(case=case, item="allowances").pk
    cases.take_back(access.viewer_of(access.account_named("d_civil_affairs")), allowances, "按月发放即可，不必单发")
    assert set(CasePayable.objects.values_list("state", flat=True)) == {"withdrawing"}
    made = cases.prepare_case_payments(MAKER)
    assert (made.to_recover, made.to_recover_fen, made.batch_id) == (0, 0, None)
    assert (_debts(), _paid(lin)) == ([], paid)
    assert set(CasePayable.objects.values_list("state", flat=True)) == {"withdrawn"}

    # With the certificate gone too, it is the next run that says so.
    cases.take_back(_desk("certificate", case), cases.CaseItem.objects.get(case=case, item="certificate").pk, "评定有误")
    cases.hand_over_records(SYSTEM)
    assert _run() is None and _debts() == sorted(SUBSIDIES)


def _desk(item: str, case: cases.Case) -> Viewer:
    return access.viewer_of(access.account_named(f"d_{cases.CaseItem.objects.get(case=case, item=item).department}"))
