"""Text messages through a real HTTP server on loopback, and the folder of the demonstration."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from zhida.blocks.access.api import SYSTEM, Purpose
from zhida.blocks.notices import api
from zhida.blocks.notices.adapters.sms import signature
from zhida.blocks.notices.models import NoticeDelivery
from zhida.blocks.notices.testing import ZHOU_ZHIQIANG, about

pytestmark = pytest.mark.django_db
SECRET = "a secret of the provider"
NUMBER = "13800138000"


class Provider(ThreadingHTTPServer):
    """Checks each signature, remembers messages by id, and answers what a test lines up: a status, or None to hang up."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Desk)
        self.answers: list[int | None] = []
        self.taken: dict[str, dict[str, Any]] = {}
        self.asked = 0
        self.url = f"http://127.0.0.1:{self.server_port}/messages"


class Desk(BaseHTTPRequestHandler):
    server: Provider

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked += 1
        status = self.server.answers.pop(0) if self.server.answers else 200
        if signature(SECRET.encode(), self.headers["X-Zhida-Time"], body) != self.headers["X-Zhida-Signature"]:
            status = 403
        told = json.loads(body)
        if status is None:
            self.connection.close()
            return
        if status == 200:
            assert self.headers["Idempotency-Key"] == told["id"]
            self.server.taken[told["id"]] = told
        self.send_response(status)
        self.send_header("Location", "/elsewhere")
        self.end_headers()
        self.wfile.write(json.dumps({"id": "sms-7", "error": f"about {told['to']}"}).encode())

    def log_message(self, *_: object) -> None:
        """Tests read what was taken, not a log."""


@pytest.fixture
def provider(settings: Any) -> Iterator[Provider]:
    server = Provider()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    settings.SMS_URL, settings.SMS_KEY, settings.SMS_SECRET = server.url, "zhida", SECRET
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def delivery(reachable: Callable) -> NoticeDelivery:
    reachable(address=NUMBER, channel="sms")
    api.notify(SYSTEM, "payment_returned", [about("payment:1")])
    return NoticeDelivery.objects.get()


def test_a_text_message_is_signed_and_short(provider: Provider, delivery: NoticeDelivery) -> None:
    assert api.deliver().sent == 1
    delivery.refresh_from_db()
    assert (delivery.state, delivery.provider_id) == ("sent", "sms-7")
    (told,) = provider.taken.values()
    assert told["to"] == f"+86{NUMBER}" and told["text"].startswith("【直达】") and "1,301.50\u00a0元" in told["text"]


@pytest.mark.parametrize("answer", [500, 503, 429, 302, None])
def test_what_is_not_taken_now_goes_again_under_the_same_id(
    provider: Provider, delivery: NoticeDelivery, hours_pass: Callable, answer: int | None
) -> None:
    provider.answers = [answer]
    told = api.deliver()
    if told.stopped:
        assert answer is None
    hours_pass()
    assert api.deliver().sent == 1 and provider.asked == 2
    delivery.refresh_from_db()
    assert list(provider.taken) == [delivery.message_id]


def test_a_number_that_does_not_exist_is_for_the_officer(provider: Provider, delivery: NoticeDelivery) -> None:
    provider.answers = [422]
    assert api.deliver().failed == 1
    (row,), _ = api.undelivered(ZHOU_ZHIQIANG, Purpose.CASEWORK)
    assert row.address == "138****8000" and "手机号" in row.reason.what.zh and NUMBER not in row.reply and "422" in row.reply


def test_a_wrong_secret_stops_the_channel_and_costs_no_attempt(provider: Provider, delivery: NoticeDelivery, settings: Any) -> None:
    settings.SMS_SECRET = "another"
    assert "ZHIDA_SMS_SECRET" in api.deliver().stopped["sms"].en
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts, provider.taken) == ("waiting", 0, {})


@pytest.mark.parametrize("url", ["http://example.com/sms", "ftp://127.0.0.1/x", "https://"])
def test_money_matters_do_not_travel_in_the_clear(settings: Any, url: str) -> None:
    settings.SMS_URL, settings.SMS_SECRET = url, SECRET
    with pytest.raises(api.ChannelMisconfigured):
        api.deliver()


def test_the_demonstration_writes_files(settings: Any, reachable: Callable, own_home: Path) -> None:
    settings.DEMO = True
    reachable(address=NUMBER, channel="sms")
    reachable()
    api.notify(SYSTEM, "payment_returned", [about("payment:1")])
    assert api.deliver().sent == 2
    (text,), (mail,) = (own_home / "outbox" / "sms").iterdir(), (own_home / "outbox" / "mail").iterdir()
    assert json.loads(text.read_text())["to"] == f"+86{NUMBER}" and b"Subject:" in mail.read_bytes()
