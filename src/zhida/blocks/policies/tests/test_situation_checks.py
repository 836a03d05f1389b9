"""Situations are decided together, fail one by one, and say where and why."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from zhida.blocks.policies import api as policies
from zhida.blocks.policies.errors import SituationUnreadable
from zhida.blocks.policies.situation_checks import WAYS, problems

WRITTEN = """
- name: Two people without income
  period: 2025-10
  household: &poor
    means_tested: true
    household_income: {income}
    household_savings: 0
    dwelling_count: 1
    dwelling_area: 50
    commercial_property: false
    persons:
      - {{name: 甲, sex: male, birth_date: 1980-03-01}}
      - {{name: 乙, sex: female, birth_date: 1982-07-15}}
  expect:
    gaoling: {{甲: 0}}
    dibao: {expected}
- name: The same with nobody else in the month
  period: 2024-02
  household: *poor
  expect: {{gaoling: {{乙: 0}}}}
"""


def checked(folder: Path, **written: object) -> dict[str, list[policies.Failure]]:
    path = folder / "mine.yaml"
    path.write_text(WRITTEN.format(**{"income": 0, "expected": 2602} | written), encoding="utf-8")
    situations = policies.read_situation_file("", path, path.name)
    return {each.name: failures for each, failures in policies.check_situations(situations, policies.laws_as_written())}


def test_what_is_as_expected_says_nothing(tmp_path: Path) -> None:
    assert checked(tmp_path) == {"Two people without income": [], "The same with nobody else in the month": []}


def test_a_wrong_amount_is_told_with_its_line_and_what_it_was_made_from(tmp_path: Path) -> None:
    (failure,) = checked(tmp_path, expected=2600)["Two people without income"]
    assert (failure.benefit, failure.line, failure.ways) == ("dibao", 16, WAYS)
    assert (failure.expected, failure.got) == ("2,600.00", "2,602.00")
    assert "1,301.00 yuan/month" in failure.because.en


def test_a_refusal_names_the_condition_that_failed_and_both_sides_of_it(tmp_path: Path) -> None:
    (failure,) = checked(tmp_path, income=9000)["Two people without income"]
    assert failure.got == "0.00"
    assert "4,500.00 yuan/month" in failure.because.en and "1,301.00 yuan/month" in failure.because.en


def test_an_unknown_answer_names_what_is_missing(tmp_path: Path) -> None:
    (failure,) = checked(tmp_path, income="unknown")["Two people without income"]
    assert (failure.got, failure.because.en) == ("unknown household_income", "missing: Household income")


def test_one_that_cannot_be_decided_leaves_the_others_decided(tmp_path: Path) -> None:
    found = checked(tmp_path, expected="{nobody: 1}")
    (failure,) = found["Two people without income"]
    assert failure.benefit == "" and failure.line == 2 and "'nobody' is not known here" in str(failure)
    assert found["The same with nobody else in the month"] == []


def test_a_file_that_is_no_list_of_situations_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("name: alone", encoding="utf-8")
    with pytest.raises(SituationUnreadable, match="not a list"):
        policies.read_situation_file("", tmp_path / "mine.yaml", "mine.yaml")


def test_a_law_of_an_earlier_day_answers_as_it_did(tmp_path: Path) -> None:
    """What was published later is not known: dibao rose on 2025-01-23."""
    path = tmp_path / "mine.yaml"
    path.write_text(WRITTEN.format(income=0, expected=2602), encoding="utf-8")
    situation = policies.read_situation_file("", path, "mine.yaml")[0]

    assert problems(situation, policies.installed_law(date(2025, 11, 5))) == []
    (sentence,) = problems(situation, policies.installed_law(date(2024, 6, 1)))
    assert sentence.startswith("dibao, scalar, columns, among others: expected 2,602.00, got 2,518.00")
