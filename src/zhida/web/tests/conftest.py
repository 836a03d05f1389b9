"""The cast of the faces, as accounts."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from zhida.blocks.access import api as access


@pytest.fixture
def signed_in(client: Client, db: None) -> Callable[..., Client]:
    """Return a client signed in with a role: ``signed_in("street_officer", area_code="330106003")``."""

    def sign_in(role: str, username: str = "someone", area_code: str = "330100", resident_no: int | None = None) -> Client:
        client.force_login(access.create_account(username, "周志强", role, area_code, resident_no))
        return client

    return sign_in
