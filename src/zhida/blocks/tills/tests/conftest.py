"""What tests of tills share: a street with a canteen and one listed resident, and a day that is set."""

from __future__ import annotations

import pytest

from zhida.blocks.tills import testing
from zhida.blocks.tills.models import Till


@pytest.fixture(autouse=True)
def on_the_fifth(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZHIDA_TODAY", "2025-11-05")


@pytest.fixture
def till(db: None) -> Till:
    """A till of a canteen; the resident MOTHER is on the list of November."""
    testing.install()
    testing.listed(testing.MOTHER)
    return testing.till()
