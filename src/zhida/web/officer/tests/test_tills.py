"""The officers' pages of tills: what each role may, what stays in its area, and a token that is shown once."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from zhida.blocks.tills import api as tills
from zhida.blocks.tills import testing

SignedIn = Callable[..., Client]


@pytest.fixture(autouse=True)
def a_meal(db: None, monkeypatch: pytest.MonkeyPatch) -> tills.Till:
    """One meal at noon of the fifth, and one that was refused."""
    monkeypatch.setenv("ZHIDA_TODAY", "2025-11-05")
    testing.install()
    testing.listed(testing.MOTHER)
    till = testing.till()
    tills.post_events(till, [testing.event("1"), testing.event("=2", resident_no=99)], testing.NOON)
    return till


@pytest.fixture
def signed_in(client: Client) -> SignedIn:
    from zhida.blocks.access import api as access

    def sign_in(role: str, area_code: str = "330100") -> Client:
        client.force_login(access.create_account(f"a_{role}_{area_code}", "周志强", role, area_code))
        return client

    return sign_in


def test_the_file_of_a_day_has_a_line_per_event_and_runs_no_formula(signed_in: SignedIn) -> None:
    page = signed_in("street_officer", "330106002").get("/office/tills/?day=2025-11-05&format=csv").content.decode()
    heads, first, second = page.strip().splitlines()
    assert len(heads.split(",")) == len(first.split(",")) == 12
    assert ",4711,12.00,5.00,7.00,0.00,已接收,," in first and second.endswith(",'=2")


def test_the_officer_elsewhere_gets_an_empty_list_an_empty_file_and_no_provider(signed_in: SignedIn, a_meal: tills.Till) -> None:
    client = signed_in("street_officer", "330108001")
    assert "4711" not in client.get("/office/tills/?day=2025-11-05").content.decode()
    assert len(client.get("/office/tills/?day=2025-11-05&format=csv").content.decode().strip().splitlines()) == 1
    assert client.get(f"/office/tills/providers/{a_meal.provider_id}/").status_code == 404


@pytest.mark.parametrize(
    ("role", "path", "status"),
    [
        ("payment_maker", "/office/tills/providers/1/make/", 403),
        ("data_officer", "/office/tills/settlement/settle/", 403),
        ("street_officer", "/office/tills/1/revoke/", 403),
        ("captain", "/office/tills/", 403),
    ],
)
def test_who_settles_makes_no_tills_and_who_makes_tills_does_not_settle(signed_in: SignedIn, role: str, path: str, status: int) -> None:
    client = signed_in(role)
    assert (client.get(path) if path == "/office/tills/" else client.post(path)).status_code == status


def test_a_token_is_in_one_answer_and_nowhere_else(signed_in: SignedIn, a_meal: tills.Till) -> None:
    client, path = signed_in("data_officer"), f"/office/tills/providers/{a_meal.provider_id}/"
    shown = client.post(f"{path}make/", {"name": "2", "active_until": "2026-12-31"})
    token = shown.content.decode().split('<p class="mono">')[1].split("<")[0]
    assert tills.till_of(token) is not None and shown["Cache-Control"] == "no-store"
    assert token not in client.get(path).content.decode() and token not in str(dict(client.session))


def test_a_wrong_code_and_a_second_registration_are_said_at_their_field(signed_in: SignedIn) -> None:
    told = {"kind": "canteen", "name_zh": "食堂", "name_en": "Canteen", "community": str(testing.COMMUNITY)}
    client = signed_in("data_officer")
    wrong = client.post("/office/tills/providers/", told | {"organisation_code": "913301060000000010"})
    again = client.post("/office/tills/providers/", told | {"organisation_code": testing.organisation_code(1)})
    assert (wrong.status_code, again.status_code) == (400, 400)
    assert "校验位不对" in wrong.content.decode() and "已有同类服务点" in again.content.decode()
