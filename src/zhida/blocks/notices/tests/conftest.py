"""What tests of notices share: a post office, residents with addresses, and a database that processes of their own can open."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from zhida.blocks.notices.models import ContactPoint, NoticeDelivery
from zhida.blocks.notices.testing import give_address
from zhida.blocks.notices.tests.post_office import PostOffice, open_post_office


@pytest.fixture
def post_office(settings: object) -> Iterator[PostOffice]:
    """The mail server that this installation sends through."""
    with open_post_office() as office:
        settings.SMTP_URL = office.url  # type: ignore[attr-defined]
        settings.MAIL_FROM = "直达 <notices@hangzhou.example>"  # type: ignore[attr-defined]
        yield office


@pytest.fixture
def reachable() -> Callable[..., ContactPoint]:
    """The function that gives a resident a confirmed address."""
    return give_address


@pytest.fixture
def hours_pass() -> Callable[[], int]:
    """Return a function that makes everything that waits for its next attempt due; it says how much that was."""
    return lambda: NoticeDelivery.objects.filter(state="waiting").update(next_attempt_at=timezone.now())


@pytest.fixture
def house(transactional_db: None, own_home: Path) -> Iterator[dict[str, str]]:
    """Give processes of their own the test's database: PostgreSQL's, or a SQLite file that this process uses too."""
    environment = {**os.environ, "ZHIDA_HOME": str(own_home), "DJANGO_SETTINGS_MODULE": "zhida.project.settings"}
    if connection.vendor == "postgresql":
        of = connection.settings_dict
        url = f"postgres://{of['USER']}:{of['PASSWORD'] or ''}@{of['HOST'] or '127.0.0.1'}:{of['PORT'] or 5432}/{of['NAME']}"
        yield {**environment, "DATABASE_URL": url}
        return
    memory = connection.settings_dict["NAME"]
    connection.close()
    kept, connection.connection = connection.connection, None
    connection.settings_dict["NAME"] = str(own_home / "zhida.sqlite3")
    try:
        call_command("migrate", verbosity=0, skip_checks=True)
        yield {**environment, "DATABASE_URL": ""}
    finally:
        if connection.connection:
            connection.connection.close()
        connection.connection = kept
        connection.settings_dict["NAME"] = memory
