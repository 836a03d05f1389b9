"""This month against last month: who is new, who ended, and why."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from zhida.blocks.access.api import SYSTEM, PermissionMissing, Viewer
from zhida.blocks.policies import api as policies
from zhida.blocks.records import testing
from zhida.kernel.period import Month

pytestmark = pytest.mark.django_db
CHECKER = Viewer("checker", "payment_checker", "330100")


def decided(home: Path, month: str, deaths: list[dict[str, Any]], residents: list[dict[str, Any]]) -> Any:
    snapshot = testing.tiny_city(home, month, death=deaths, resident=residents)
    return policies.run_period(SYSTEM, Month.parse(month), snapshot=snapshot, law_as_of=date(2025, 11, 5))


def test_a_birthday_and_a_death_are_told_apart(own_home: Path) -> None:
    residents = testing.tiny_residents()
    zhou = next(row for row in residents if row["name"] == "周明")
    # Eighty in October 2025; he lives alone.
    zhou |= {"birth_date": "1945-10-09", "id_number": testing.id_number("1945-10-09", 13, 330105)}
    old = next(row for row in residents if row["name"] == "吴大有")
    deaths = [{"id_number": old["id_number"], "died_on": "2025-09-20", "registered_on": "2025-09-21"}]
    before = decided(own_home, "2025-09", deaths, residents)
    after = decided(own_home, "2025-10", deaths, residents)
    rows = {(row.benefit, row.kind): row for row in policies.difference(CHECKER, after.id)}
    new, ended = rows["gaoling", "new"], rows["gaoling", "ended"]
    assert (new.count, new.amount_fen, new.reason.en) == (1, 6000, "An age or a term was reached")
    assert (ended.count, ended.amount_fen, ended.reason.en) == (1, -6000, "Died or moved away")
    assert policies.difference(CHECKER, after.id, before.id) == policies.difference(CHECKER, after.id)


def test_the_first_month_differs_from_nothing_and_residents_may_not_ask(own_home: Path) -> None:
    deaths = [{"id_number": testing.id_number("1930-01-01", 99), "died_on": "2020-01-01", "registered_on": "2020-01-02"}]
    run = decided(own_home, "2025-10", deaths, testing.tiny_residents())
    assert policies.difference(CHECKER, run.id) == []
    with pytest.raises(PermissionMissing):
        policies.difference(Viewer("lin", "resident", resident_no=1), run.id)
