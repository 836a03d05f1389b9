"""A permission that is lent has a begin and an end, is lent once, and comes back the moment somebody says so."""

from __future__ import annotations

from datetime import date

import pytest

from zhida.blocks.access import api as access
from zhida.blocks.access.rules import Viewer
from zhida.kernel import clock

pytestmark = pytest.mark.django_db

FANG = Viewer("fang", "payment_checker", "330100")
SIGN = "payments.approve"


@pytest.fixture(autouse=True)
def officers() -> None:
    for username, role in (("fang", "payment_checker"), ("li", "payment_checker"), ("shen", "data_officer"), ("wu_jing", "street_officer")):
        access.create_account(username, username, role, area_code="330100")
    access.create_account("lin", "lin", "resident", resident_no=7)


def on(monkeypatch: pytest.MonkeyPatch, day: str) -> None:
    monkeypatch.setattr(clock, "today", lambda: date.fromisoformat(day))


def viewer(username: str) -> Viewer:
    account = access.account_named(username)
    assert account is not None
    return access.viewer_of(account)


def lend(begin: str = "2025-11-10", end: str = "2025-11-15", to: str = "shen", **other: str) -> access.Viewer:
    access.delegate(FANG, to, SIGN, date.fromisoformat(begin), date.fromisoformat(end), other.get("reason", "on leave"))
    return viewer(to)


def test_it_holds_from_its_first_day_until_before_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    on(monkeypatch, "2025-11-05")
    lend()
    for day, holds in (("2025-11-09", False), ("2025-11-10", True), ("2025-11-14", True), ("2025-11-15", False)):
        on(monkeypatch, day)
        shen = viewer("shen")
        assert (access.purpose_of(shen, SIGN) is not None, access.delegators(shen, SIGN)) == (holds, ["fang"] if holds else []), day
        assert (access.purpose_of(shen, "payments.view") is not None) == holds, "a signature needs eyes"


def test_it_brings_no_budgets_and_cannot_be_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    on(monkeypatch, "2025-11-10")
    shen = lend()
    with pytest.raises(access.PermissionMissing):
        access.require(shen, "payments.settings")
    with pytest.raises(access.PermissionMissing):
        access.delegate(shen, "wu_jing", SIGN, date(2025, 11, 10), date(2025, 11, 11), "passing it on")


def test_who_may_not_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    on(monkeypatch, "2025-11-10")
    for to in ("fang", "li", "lin", "nobody", ""):
        with pytest.raises(access.DelegationRefused):
            lend(to=to)
    with pytest.raises(access.PermissionMissing):
        access.delegate(Viewer("wu_jing", "street_officer", "330108001"), "shen", SIGN, date(2025, 11, 10), date(2025, 11, 11), "no")
    with pytest.raises(access.PermissionMissing):
        access.delegate(FANG, "shen", "payments.settings", date(2025, 11, 10), date(2025, 11, 11), "not for lending")


@pytest.mark.parametrize(("begin", "end"), [("2025-11-09", "2025-11-12"), ("2025-11-10", "2025-11-10"), ("2025-11-10", "2026-02-11")])
def test_days_that_will_not_do(monkeypatch: pytest.MonkeyPatch, begin: str, end: str) -> None:
    on(monkeypatch, "2025-11-10")
    with pytest.raises(access.DelegationRefused, match="Change the days"):
        lend(begin, end)


def test_a_reason_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    on(monkeypatch, "2025-11-10")
    with pytest.raises(access.DelegationRefused, match="reason"):
        lend(reason="  ")


def test_it_ends_early_at_once_and_only_once(monkeypatch: pytest.MonkeyPatch) -> None:
    on(monkeypatch, "2025-11-10")
    shen = lend()
    (made,) = access.delegations(FANG)
    with pytest.raises(access.PermissionMissing):
        access.end_delegation(shen, made.pk)
    access.end_delegation(Viewer("li", "payment_checker", "330100"), made.pk)
    assert viewer("shen").delegated == ()
    with pytest.raises(access.DelegationEnded):
        access.end_delegation(FANG, made.pk)
    actions = [entry.action for entry in access.audit_entries(f"delegation {made.pk}")]
    assert actions == ["access.end_delegation", "access.delegate"]


def test_who_loses_the_permission_lends_it_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    on(monkeypatch, "2025-11-10")
    lend()
    access.create_account("fang", "fang", "captain", area_code="330100")
    assert viewer("shen").delegated == ()


def test_others_see_only_what_was_lent_to_them(monkeypatch: pytest.MonkeyPatch) -> None:
    on(monkeypatch, "2025-11-10")
    shen = lend()
    assert [row.from_account for row in access.delegations(shen)] == ["fang"]
    with pytest.raises(access.PermissionMissing):
        access.delegations(viewer("wu_jing"))
    assert [account.username for account in access.possible_delegates(FANG, SIGN)] == ["shen", "wu_jing"]
