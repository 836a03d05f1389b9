"""Deadlines watched: whatever stands still because somebody does not act comes to a captain, also what no desk has claimed as its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from zhida.blocks.cases import api as cases
from zhida.blocks.cases.models import CaseItem
from zhida.blocks.cases.tests import newborn
from zhida.blocks.cases.tests.newborn import item, open_newborn, viewer
from zhida.blocks.notices import api as notices

pytestmark = pytest.mark.django_db


@pytest.fixture
def town(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with newborn.town(own_home, monkeypatch):
        yield


def test_what_waits_for_another_department_or_for_a_person_comes_to_the_captain(town: None, monkeypatch: pytest.MonkeyPatch) -> None:
    case = open_newborn()
    cases.ask_department(viewer("street"), item(case, "check").pk, "health", "出生证是真的吗")
    monkeypatch.setenv("ZHIDA_TODAY", "2025-11-07")
    assert cases.supervise().unanswered == 0, "two working days to answer"
    monkeypatch.setenv("ZHIDA_TODAY", "2025-11-10")
    first, again = cases.supervise(), cases.supervise()
    assert (first.unanswered, first.told, again.unanswered, again.told) == (1, 1, 1, 0), "a desk's clock stands: somebody else watches"
    assert item(case, "check").escalated_to == "district"
    assert notices.unread_count(viewer("captain")) == 1

    # A mistake, or a system that refuses, leaves an automatic item to a person: it has a day, and then it is late.
    row = item(case, "check")
    CaseItem.objects.filter(pk=row.pk).update(state="stuck", due_on=None, escalated_to="", is_automatic=True)
    assert cases.supervise().red == 0 and item(case, "check").due_on.isoformat() == "2025-11-11"
    monkeypatch.setenv("ZHIDA_TODAY", "2025-11-12")
    assert (cases.supervise().red, cases.queue_counts(viewer("street"))["late"]) == (1, 1)
    assert [(each.light, each.count) for each in cases.lights(viewer("captain"))] == [(cases.Light.RED, 1)]
    assert [each.item for each in cases.red_items(viewer("captain"))] == ["check"]
