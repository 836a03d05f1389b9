"""What every test gets: a home of its own, so that no test sees what another wrote."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from django.test import TransactionTestCase

DATABASE_FIXTURES = {"db", "transactional_db"}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With ZHIDA_TESTS=database (the build's stage on PostgreSQL) only tests that open a database: the others ran on SQLite's stage."""
    if os.environ.get("ZHIDA_TESTS") != "database":
        return
    left_out = [item for item in items if not _opens_database(item)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if _opens_database(item)]


def _opens_database(item: pytest.Item) -> bool:
    of_django = issubclass(getattr(item, "cls", None) or object, TransactionTestCase)
    return of_django or bool(item.get_closest_marker("django_db") or DATABASE_FIXTURES & set(getattr(item, "fixturenames", ())))


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, settings: object) -> Path:
    """Point the installation's folder at an empty one for the length of a test."""
    home = tmp_path / "home"
    home.mkdir()
    settings.HOME = home  # type: ignore[attr-defined]
    return home
