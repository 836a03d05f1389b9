"""Every situation that a pack's people wrote, decided by the installed law."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings

import zhida.packs
from zhida.blocks.policies.api import benefits, installed_law
from zhida.blocks.policies.situation_checks import problems
from zhida.blocks.policies.situations import Situation, read_situations
from zhida.kernel.period import NEVER

PACKS = Path(str(zhida.packs.__file__)).parent
SITUATIONS = [each for pack in settings.INSTALLED_PACKS for each in read_situations(pack, PACKS / pack / "tests" / "situations")]


@pytest.mark.parametrize("situation", SITUATIONS, ids=str)
def test_the_law_answers_as_the_situation_says(situation: Situation) -> None:
    # Without a day the whole of the law we know applies, as far ahead as it was published.
    found = problems(situation, installed_law(situation.law_as_of or NEVER))
    assert not found, "\n".join(found)


def test_every_situation_has_a_name_of_its_own() -> None:
    names = [str(situation) for situation in SITUATIONS]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("code", sorted(benefits()))
def test_every_benefit_has_situations_for_yes_no_and_unknown(code: str) -> None:
    answers = [answer for situation in SITUATIONS for answer in _answers(situation.expect.get(code))]
    kinds = {"unknown" if str(answer).startswith("unknown") else "no" if answer in (0, "not in force") else "yes" for answer in answers}
    assert len(answers) >= 4 and kinds == {"yes", "no", "unknown"}, f"{code} has {len(answers)} answers: {', '.join(sorted(kinds))}"


def _answers(expected: object) -> list[object]:
    if expected is None:
        return []
    return list(expected.values()) if isinstance(expected, dict) else [expected]
