"""Residents' questions find their services."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from zhida.blocks.catalogue.api import public_services, search_services

HERE = Path(__file__).parent
TOP = 3
# Of questions nobody looked at while the index was made; what was reached then, never to be less.
UNSEEN_SHARE_MIN = 0.9


def questions(name: str) -> list[tuple[str, str]]:
    return [(str(asked), wanted) for asked, wanted in yaml.safe_load((HERE / name).read_text("utf-8"))]


def answers(asked: str) -> list[str]:
    return [found.service.key for found in search_services(asked)][:TOP]


@pytest.mark.parametrize(("asked", "wanted"), questions("questions.yaml"))
def test_the_service_is_among_the_first_three(asked: str, wanted: str) -> None:
    assert wanted in answers(asked)


@pytest.mark.parametrize(
    ("asked", "first"),
    [("孩子生了能领什么", "childcare_allowance"), ("残疾 补贴", "disability_allowances"), ("我没钱交房租", "rent_allowance")],
)
def test_the_service_comes_first(asked: str, first: str) -> None:
    assert answers(asked)[0] == first


def test_questions_not_used_to_improve_the_search_are_answered_too() -> None:
    asked = questions("questions_unseen.yaml")
    missed = [(each, wanted, answers(each)) for each, wanted in asked if wanted not in answers(each)]
    assert len(asked) >= 30
    assert 1 - len(missed) / len(asked) >= UNSEEN_SHARE_MIN, missed


def test_every_service_is_found_by_its_own_name_in_both_languages() -> None:
    for key, service in public_services().items():
        assert key in answers(service.label.zh), key
        assert key in answers(service.label.en), key


@pytest.mark.parametrize("asked", ["", "   ", "zzqq", "的了吗", "!!!", "🙂" * 300])
def test_what_says_nothing_finds_nothing(asked: str) -> None:
    assert search_services(asked) == []


def test_a_parent_says_nothing_about_rent() -> None:
    assert "rent_allowance" not in answers("parent")


def test_the_best_is_the_measure_of_the_rest() -> None:
    found = search_services("残疾 补贴")
    assert found[0].score == 1.0
    assert [each.score for each in found] == sorted((each.score for each in found), reverse=True)
