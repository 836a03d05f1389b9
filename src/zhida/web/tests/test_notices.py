"""Pages of notices: whose they are, what a link may stop, and what is refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from zhida.blocks.access.api import SYSTEM
from zhida.blocks.notices import api as notices
from zhida.blocks.notices.testing import FIRST, LIN, LIN_XIAOMAN, about, deliveries, give_address
from zhida.kernel.text import Text

SignIn = Callable[..., Client]


@pytest.fixture
def lin(signed_in: SignIn) -> Client:
    return signed_in("resident", "lin_xiaoman", "", LIN)


def tell(kind: str = "payment_returned", subject: str = "payment:1", **values: object) -> int:
    """Tell 林小满 something; return the number of the notice."""
    notices.notify(SYSTEM, kind, [about(subject, **values)])
    return int(notices.inbox(LIN_XIAOMAN)[0][0].id)


def test_the_header_counts_what_is_unread_and_opening_it_reads_it(lin: Client) -> None:
    number = tell()
    assert "条未读" in lin.get("/my/notices/").content.decode()
    page = lin.get(f"/my/notices/{number}/").content.decode()
    assert "现在怎么办" in page and "条未读" not in page
    assert "条未读" not in lin.get("/my/contact/").content.decode()


def test_a_stranger_can_neither_open_nor_read_it(signed_in: SignIn) -> None:
    number = tell()
    stranger = signed_in("resident", "shen_aying", "", 2_002)
    assert stranger.get(f"/my/notices/{number}/").status_code == 404
    assert "银行" not in stranger.get("/my/notices/").content.decode()
    assert signed_in("captain", "captain").get(f"/office/notices/mine/{number}/").status_code == 404


@pytest.mark.parametrize(("area", "rows"), [("330106001", 1), ("330108001", 0)])
def test_an_officer_sees_the_own_area_only(signed_in: SignIn, area: str, rows: int) -> None:
    tell()
    officer = signed_in("street_officer", "officer", area)
    lines = officer.get("/office/notices/?format=csv").content.decode().strip().splitlines()
    assert len(lines) == 1 + rows
    ((number, _),) = deliveries()
    answer = officer.post(f"/office/notices/{number}/told/")
    assert answer.status_code == (302 if rows else 403)
    assert deliveries() == [(number, "reached" if rows else "waiting")]
    assert officer.post(f"/office/notices/{number}/retry/").status_code == (409 if rows else 403)


@pytest.mark.parametrize("role", ["resident", "payment_maker", "captain", "auditor"])
def test_the_list_of_the_undelivered_is_for_street_officers(signed_in: SignIn, role: str) -> None:
    assert signed_in(role, role, "330100", 7 if role == "resident" else None).get("/office/notices/").status_code == 403


def test_the_page_asked_for_beyond_the_end_is_the_last(lin: Client) -> None:
    notices.notify(SYSTEM, "payment_returned", [about(f"payment:{number}") for number in range(25)])
    assert lin.get("/my/notices/?page=2").content.decode().count("inbox__title") == 5
    assert lin.get("/my/notices/?page=99").content.decode().count("inbox__title") == 5
    assert lin.get("/my/notices/?page=-1").content.decode().count("inbox__title") == 20


@pytest.mark.django_db
def test_a_link_in_a_letter_stops_its_kind_without_signing_in(settings: Any, own_home: Path) -> None:
    give_address()
    settings.DEMO = True
    tell("payment_first", **FIRST)
    assert notices.deliver().sent == 1
    (letter,) = (own_home / "outbox" / "mail").iterdir()
    # As it stands in the letter: folded or encoded, no mail program would find it.
    path = re.search(r"^List-Unsubscribe: <http://127.0.0.1:8000(\S+)>$", letter.read_text(), re.MULTILINE)[1]
    stranger = Client(enforce_csrf_checks=True)
    looked_at = stranger.get(path)
    assert looked_at.status_code == 200 and notices.opted_out_kinds(LIN_XIAOMAN) == set()
    assert stranger.post(path, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert notices.opted_out_kinds(LIN_XIAOMAN) == {"payment_first"}
    assert stranger.post(path.replace("/stop/", "/stop/x")).status_code == 400


def test_what_is_wrong_stands_beside_the_field(lin: Client) -> None:
    for channel, field, value in (("email", "address", "nothing"), ("sms", "address", "12"), ("email", "code", "1")):
        action = f"/my/contact/{channel}/{'confirm/' if field == 'code' else ''}"
        prefix = f"{channel}-code" if field == "code" else channel
        answer = lin.post(action, {f"{prefix}-{field}": value})
        assert answer.status_code == 400 and ("field__error" in answer.content.decode()) == (field == "address")
    assert lin.post("/my/contact/fax/", {"fax-address": "1"}).status_code == 400


def test_a_text_from_a_caller_cannot_be_markup(lin: Client) -> None:
    number = tell(benefit="dibao", amount=1, period="2025-10", reason=Text("<b>粗</b>", "<b>bold</b>"))
    assert "<b>粗" not in lin.get(f"/my/notices/{number}/").content.decode()
