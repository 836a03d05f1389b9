"""Two laws on one snapshot differ by just what two runs would have decided differently."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from zhida.blocks.access.api import SYSTEM, PermissionMissing, Viewer
from zhida.blocks.parties import api as parties
from zhida.blocks.policies import api as policies
from zhida.blocks.policies.models import Run
from zhida.blocks.records import api as records
from zhida.blocks.records import testing
from zhida.kernel.period import Month

pytestmark = pytest.mark.django_db
OCTOBER = Month(2025, 10)
STAFF = Viewer("staff", "policy_staff", "330100")
LONG_DEAD = {"id_number": testing.id_number("1930-01-01", 99), "died_on": "2020-01-01", "registered_on": "2020-01-02"}
REFORM = """
title: {zh: 高龄津贴从七十岁起, en: The old-age allowance from seventy on}
from: 2025-10
parameters:
  gaoling_age: 70
  gaoling_amount:
    values: [{from: 2025-10-01, scale: {thresholds: [70, 80], amounts: [30, 90]}}]
    replace: true
"""


@pytest.fixture(autouse=True)
def city(own_home: Path) -> Any:
    return testing.tiny_city(own_home, death=[LONG_DEAD])


def rows_of(before: str, after: str, month: Month = OCTOBER) -> tuple[policies.LawDifference, list[dict[str, Any]]]:
    taken: list[pa.Table] = []
    found = policies.law_difference(SYSTEM, policies.named_law(before), policies.named_law(after), month, rows=taken.append)
    return found, [row for table in taken for row in table.to_pylist()]


def test_a_reform_file_says_who_changes_and_by_how_much(tmp_path: Path) -> None:
    far = tmp_path / ("far" * 40) / "seventy.yaml"
    far.parent.mkdir()
    far.write_text(REFORM, "utf-8")
    found, rows = rows_of("installed", str(far))
    (change,) = found.benefits
    old = parties.resident_no_of(testing.tiny_residents()[4]["id_number"])
    assert [(row["benefit"], row["resident_no"], row["before_amount"], row["after_amount"]) for row in rows] == [
        ("gaoling", old, 6000, 9000),
        ("gaoling", parties.resident_no_of(testing.tiny_residents()[5]["id_number"]), 6000, 9000),
    ]
    assert (change.entities, change.households, change.more) == (2, 1, 2)
    assert (change.gained, change.lost, change.less, change.unsure) == (0, 0, 0, 0)
    assert (change.before, change.after, found.residents, found.households) == (12000, 18000, 2, 1)
    assert found.after.label.en == "The old-age allowance from seventy on"


def test_two_days_differ_by_what_two_runs_decide_differently() -> None:
    laws = (date(2025, 7, 1), date(2025, 11, 5))
    runs = [policies.run_period(SYSTEM, OCTOBER, law_as_of=day) for day in laws]
    found, rows = rows_of(*(str(day) for day in laws))
    assert [change.benefit.code for change in found.benefits] == ["guojia_yuer_2025"]
    with policies.payee_differences(SYSTEM, runs[1].id, runs[0].id) as differences:
        changes = differences.changes().read_all().to_pylist()
    assert [(row["entity_no"], row["change"]) for row in rows] == [(row["entity_no"], row["change_fen"]) for row in changes]
    assert sum(change.after - change.before for change in found.benefits) == runs[1].entitled_fen - runs[0].entitled_fen


def test_the_law_of_an_earlier_run_is_named_by_its_number_or_its_name() -> None:
    run = policies.run_period(SYSTEM, OCTOBER, law_as_of=date(2025, 7, 1))
    for words in (f"run:{run.id}", run.law_name):
        assert policies.named_law(words).law.name == run.law_name
    Run.objects.filter(pk=run.pk).update(law_name="0123456789abcdef")
    with pytest.raises(policies.LawEdited, match="has been edited since"):
        policies.named_law(f"run:{run.id}")


def test_what_names_no_law_is_refused() -> None:
    for words in ("instaled", "2025-13-01", "run:x", "no/such/file.yaml"):
        with pytest.raises(policies.UnknownLaw, match="names no law"):
            policies.named_law(words)
    with pytest.raises(policies.NoRun):
        policies.named_law("run:99")


def test_equal_laws_differ_in_nothing_and_residents_are_named_to_the_system_only() -> None:
    law = policies.named_law("installed")
    assert policies.law_difference(STAFF, law, law).benefits == []
    with pytest.raises(PermissionMissing):
        policies.law_difference(STAFF, law, law, rows=lambda table: None)
    with pytest.raises(PermissionMissing):
        policies.law_difference(Viewer("lin", "resident", resident_no=1), law, law)


def test_a_month_without_facts_is_refused_and_a_reform_of_later_is_held_on_the_newest(tmp_path: Path) -> None:
    (tmp_path / "later.yaml").write_text(REFORM.replace("2025-10", "2026-03"), "utf-8")
    later, installed = policies.named_law(str(tmp_path / "later.yaml")), policies.named_law("installed")
    found = policies.law_difference(SYSTEM, installed, later)
    assert (found.month, found.facts_month) == ("2026-03", "2025-10")
    with pytest.raises(records.NoSnapshot):
        policies.law_difference(SYSTEM, installed, later, Month(2025, 8))
