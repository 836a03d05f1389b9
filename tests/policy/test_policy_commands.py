"""`zhida policy …` and `zhida run`, as policy staff type them."""

from __future__ import annotations

import csv
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from zhida.blocks.access import api as access
from zhida.blocks.access.api import SYSTEM
from zhida.blocks.parties import api as parties
from zhida.blocks.policies import api as policies
from zhida.blocks.records import testing
from zhida.kernel.period import Month
from zhida.project.cli_policy import policy
from zhida.project.cli_run import run as run_command

OCTOBER = Month(2025, 10)
RESIDENTS = testing.tiny_residents()
LONG_DEAD = {"id_number": testing.id_number("1930-01-01", 99), "died_on": "2020-01-01", "registered_on": "2020-01-02"}
WRONG = """
- name: Somebody of ninety gets a thousand
  period: 2025-10
  household: {persons: [{name: 甲, birth_date: 1935-01-01}]}
  expect:
    gaoling: {甲: 1000}
"""
REFORM = "title: {zh: 七十岁, en: Seventy}\nfrom: 2025-10\nparameters:\n  gaoling_age: 70\n"


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setenv("ZHIDA_TODAY", "2025-11-05")


def typed(command: Any, *words: str) -> Result:
    return CliRunner().invoke(command, list(words), catch_exceptions=False)


def number(place: int) -> str:
    return str(parties.resident_no_of(RESIDENTS[place]["id_number"]))


@pytest.fixture
def city(own_home: Path, db: None) -> Any:
    """A decided month: 吴大有 gets the old-age allowance, 周明 is too young."""
    snapshot = testing.tiny_city(own_home, death=[LONG_DEAD])
    return policies.run_period(SYSTEM, OCTOBER, snapshot=snapshot, law_as_of=date(2025, 11, 5))


# ---- test -------------------------------------------------------------------------------------------------------------------------------


def test_every_situation_of_a_pack_is_decided_without_a_database() -> None:
    done = typed(policy, "test", "elder_care")
    assert done.exit_code == 0 and ": " in done.output and " 0 not;" in done.output


def test_a_situation_that_fails_is_told_with_file_line_and_reason(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(WRONG, "utf-8")
    done = typed(policy, "test", str(tmp_path))
    assert done.exit_code == 1
    head, answer, because, total = done.output.splitlines()
    assert head.endswith("mine.yaml:6  Somebody of ninety gets a thousand")
    assert answer == "    gaoling 甲: expected 1,000.00, got 100.00 (scalar, columns, among others)"
    assert because.strip().startswith("Old-age allowance by age: 100.00 yuan/month")
    assert total.startswith("1 situations: 0 as expected, 1 not;")
    told = json.loads(typed(policy, "test", str(tmp_path / "mine.yaml"), "--json").output)
    assert (told["failed"], told["failures"][0]["line"], told["failures"][0]["got"]) == (1, 6, "100.00")


def test_words_choose_situations_and_no_situation_is_no_success(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(WRONG, "utf-8")
    assert typed(policy, "test", str(tmp_path), "-k", "ninety gaoling").exit_code == 1
    assert "0 situations" in typed(policy, "test", str(tmp_path), "-k", "dibao").output
    assert typed(policy, "test", "no_such_pack").exit_code == 2


def test_a_file_that_cannot_be_read_does_not_keep_the_others_from_being_decided(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("- name: [", "utf-8")
    (tmp_path / "mine.yaml").write_text(WRONG.replace("1000", "100"), "utf-8")
    done = typed(policy, "test", str(tmp_path))
    assert done.exit_code == 1 and "bad.yaml:1" in done.output and "1 situations" in done.output


# ---- explain ----------------------------------------------------------------------------------------------------------------------------


def test_an_entitlement_is_explained_with_clause_dates_source_and_delivery(city: Any) -> None:
    done = typed(policy, "explain", number(4), "--benefit", "gaoling")
    assert done.exit_code == 0
    assert "Entitled: 60.00 yuan (2025-10)" in done.output
    assert "Facts as" not in done.output and "facts as known on 2025-11-01" in done.output
    lines = [line.strip() for line in done.output.splitlines()]
    assert any(line.startswith("Old-age allowance: 60.00 yuan   [杭民发〔2023〕24号") for line in lines)
    assert any(
        line.startswith("Age from which the old-age allowance is paid: 80 years   [from 2023-01-01;") and "(A)]" in line for line in lines
    )
    assert "Date of birth: 20 January 1941   [Public security, Resident register, delivered 2025-11-01]" in lines
    assert "Date of death: no death registered   [Health, Deaths, not listed in the delivery of 2025-11-01]" in lines


def test_a_refusal_a_missing_fact_and_a_sheet_are_told_as_each_needs(city: Any) -> None:
    refused = typed(policy, "explain", number(6), "--benefit", "gaoling", "--language", "zh").output
    assert "不符合" in refused and "什么变了，结果会变" in refused
    assert "要求本月末周岁不低于高龄津贴起始年龄（80 岁）；目前是 50 岁，还差 30 岁。" in refused
    unknown = typed(policy, "explain", number(4), "--benefit", "canji_huli").output
    assert "Unknown" in unknown and "What is missing" in unknown and "not delivered yet" in unknown
    assert "Level of disability (Disabled persons' federation, Disability certificates)" in unknown
    sheet = typed(policy, "explain", RESIDENTS[0]["id_number"], "--benefit", "gaoling", "--full").output
    assert "Members\n  陈立, 林小满, 陈一诺, 陈安" in sheet
    assert "Age at the end of the period: 37 years, 35 years, 6 years, 0 years" in sheet


def test_another_law_and_day_are_asked_for_and_the_look_is_written_down(city: Any) -> None:
    told = json.loads(typed(policy, "explain", number(4), "--benefit", "guojia_yuer_2025", "--json").output)
    assert told[0]["line"]["benefit"] == "guojia_yuer_2025" and told[0]["law_as_of"] == "2025-07-28"
    refused = CliRunner().invoke(policy, ["explain", number(4), "--benefit", "guojia_yuer_2025", "--law-as-of", "2025-07-01"])
    assert isinstance(refused.exception, policies.UnknownBenefit)
    assert "By the law as of 2025-04-01 nobody gets 'guojia_yuer_2025' in 2025-10." in str(refused.exception)
    early = CliRunner().invoke(policy, ["explain", number(4), "--benefit", "gaoling", "--known-on", "2025-10-01"])
    assert "zhida run --month 2025-10 --known-on 2025-10-01" in str(early.exception)
    entry = access.audit_entries(limit=1)[0]
    assert entry.account.startswith("system:") and entry.action == "entitlements.explain" and number(4) in entry.subject


def test_what_the_night_run_said_otherwise_is_not_passed_over(city: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody edits a pack after the month was decided."""
    from zhida.blocks.policies import explanations

    assert not [line for line in typed(policy, "explain", number(4), "--benefit", "gaoling").output.splitlines() if line.startswith("!")]
    law = policies.installed_law(date(2023, 1, 5))
    monkeypatch.setattr(explanations.laws, "installed_law", lambda day: law)
    (notice,) = [line for line in typed(policy, "explain", number(4), "--benefit", "gaoling").output.splitlines() if line.startswith("!")]
    assert "the answer was: entitled, 60.00 yuan." in notice


# ---- run, diff, arrears -----------------------------------------------------------------------------------------------------------------


def test_a_month_is_decided_by_an_earlier_law_and_compared_per_payee(city: Any, tmp_path: Path) -> None:
    told = [
        json.loads(typed(run_command, "--month", "2023-01", "--law-as-of", day, "--known-on", "2025-11-01", "--json", "--quiet").output)
        for day in ("2023-02-01", "2023-04-01")
    ]
    again = json.loads(
        typed(run_command, "--month", "2023-01", "--law-as-of", "2023-02-01", "--known-on", "2025-11-03", "--json", "--quiet").output
    )
    assert (again["run"], [each["stands"] for each in told]) == (told[0]["run"], [True, True])
    done = typed(policy, "arrears", str(told[1]["run"]), str(told[0]["run"]), "--out", str(tmp_path / "out"))
    assert "Old-age allowance (gaoling)\n  1 to pay, 60.00 yuan; 0 paid too much" in done.output
    (row,) = csv.DictReader((tmp_path / "out" / "changes.csv").open(encoding="utf-8"))
    assert (row["benefit"], row["payee_no"], row["period_key"], row["change_fen"]) == ("gaoling", number(4), "2023-01", "6000")
    assert typed(policy, "arrears", "1").exit_code == 2


def test_two_laws_are_held_side_by_side(city: Any, tmp_path: Path) -> None:
    (tmp_path / "seventy.yaml").write_text(REFORM, "utf-8")
    done = typed(policy, "diff", "2022-12-31", f"run:{city.id}", "--out", str(tmp_path / "rows.csv"), "--residents", "1", "--quiet")
    assert "Old-age allowance (gaoling)\n  2 residents change (1 households): 2 gain" in done.output
    assert len(list(csv.DictReader((tmp_path / "rows.csv").open(encoding="utf-8")))) >= 2
    told = json.loads(typed(policy, "diff", "installed", str(tmp_path / "seventy.yaml"), "--json", "--quiet").output)
    # The rule is another one, but its amounts begin at eighty as before.
    assert [(each["benefit"], each["entities"]) for each in told["benefits"]] == [("gaoling", 0)]
