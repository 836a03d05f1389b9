"""What every test gets: a home of its own, so that no test sees what another wrote."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, settings: object) -> Path:
    """Point the installation's folder at an empty one for the length of a test."""
    home = tmp_path / "home"
    home.mkdir()
    settings.HOME = home  # type: ignore[attr-defined]
    return home
