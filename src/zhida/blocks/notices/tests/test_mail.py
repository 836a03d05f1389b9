"""Notices by e-mail, through a real SMTP server: what arrives, and what happens when it does not."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
from aiosmtpd.smtp import AuthResult

from zhida.blocks.access.api import SYSTEM, Purpose
from zhida.blocks.notices import api
from zhida.blocks.notices.models import ContactPoint, NoticeDelivery
from zhida.blocks.notices.rules import ATTEMPTS_MAX
from zhida.blocks.notices.testing import FIRST, LIN_XIAOMAN, ZHOU_ZHIQIANG, about
from zhida.blocks.notices.tests.post_office import DROP, PostOffice, make_certificate, open_post_office

pytestmark = pytest.mark.django_db
ADDRESS = "lin@example.com"


def sent_to_lin(kind: str = "payment_returned", **parameters: object) -> NoticeDelivery:
    api.notify(SYSTEM, kind, [about("payment:1", **parameters)])
    return NoticeDelivery.objects.get()


def test_a_letter_arrives_in_the_readers_language_with_the_right_headers(post_office: PostOffice, reachable: Callable) -> None:
    reachable(language="en")
    delivery = sent_to_lin("payment_first", **FIRST)
    assert api.deliver().sent == 1 and api.deliver().total == 0
    (letter,) = post_office.letters[ADDRESS]
    delivery.refresh_from_db()
    assert letter["To"] == ADDRESS and letter["From"] == "直达 <notices@hangzhou.example>"
    assert letter["Subject"].startswith("You now receive ")
    assert letter["Message-ID"] == delivery.message_id and delivery.message_id.endswith("@hangzhou.example>")
    assert letter["Auto-Submitted"] == "auto-generated" and letter["Content-Language"] == "en"
    plain, html = letter.get_body(("plain",)).get_content(), letter.get_body(("html",)).get_content()
    assert "¥1,301.50 for October 2025" in plain and "5 November 2025" in plain
    assert "¥1,301.50 for October 2025" in html and '<html lang="en">' in html
    assert delivery.state == "sent" and "queued as" in delivery.provider_id and delivery.sent_at


def test_what_stands_in_a_letter_cannot_be_markup(post_office: PostOffice, reachable: Callable) -> None:
    reachable()
    sent_to_lin(benefit="dibao", amount=1, period="2025-10", reason="<script>alert(1)</script>")
    api.deliver()
    html = post_office.letters[ADDRESS][0].get_body(("html",)).get_content()
    assert "&lt;script&gt;" in html and "<script>" not in html


def test_one_press_stops_a_kind_but_not_one_that_the_law_requires(post_office: PostOffice, reachable: Callable) -> None:
    contact = reachable()
    sent_to_lin("payment_first", **FIRST)
    api.deliver()
    letter = post_office.letters[ADDRESS][0]
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    token = letter["List-Unsubscribe"].strip("<>").rstrip("/").rpartition("/")[2]
    assert "第一次" in api.kind_to_stop(token).zh
    api.stop_by_link(token)
    api.notify(SYSTEM, "payment_first", [about("payment:2", **FIRST)])
    api.notify(SYSTEM, "payment_returned", [about("payment:2")])
    contact.refresh_from_db()
    assert contact.opted_out_kinds == {"payment_first"} and api.deliver().sent == 1
    assert post_office.letters[ADDRESS][1]["List-Unsubscribe"] is None
    assert api.inbox(LIN_XIAOMAN)[1] == 3
    with pytest.raises(api.InvalidStopLink):
        api.stop_by_link(token + "x")


def test_refused_for_now_is_tried_again_later_under_the_same_id(post_office: PostOffice, reachable: Callable, hours_pass: Callable) -> None:
    reachable()
    delivery = sent_to_lin()
    post_office.at_rcpt[ADDRESS] = ["451 4.7.1 greylisted, come back", "452 4.2.2 mailbox full"]
    assert api.deliver().later == 1 and api.deliver().total == 0
    delivery.refresh_from_db()
    first_id = delivery.message_id
    assert (delivery.state, delivery.attempts, delivery.last_error) == ("waiting", 1, "later")
    hours_pass()
    api.deliver()
    delivery.refresh_from_db()
    assert delivery.last_error == "mailbox_full"
    hours_pass()
    assert api.deliver().sent == 1
    assert post_office.ids(ADDRESS) == [first_id]


def test_an_unknown_mailbox_goes_to_the_officer_with_a_next_step_and_no_address(post_office: PostOffice, reachable: Callable) -> None:
    reachable()
    sent_to_lin()
    post_office.at_rcpt[ADDRESS] = [f"550 5.1.1 <{ADDRESS}> no such user here"]
    assert api.deliver().failed == 1
    (row,), _ = api.undelivered(ZHOU_ZHIQIANG, Purpose.CASEWORK)
    assert (row.state, row.address) == ("failed", "l***@example.com") and "没有这个邮箱" in row.reason.what.zh
    assert ADDRESS not in row.reply and "no such user here" in row.reply
    api.retry_delivery(ZHOU_ZHIQIANG, row.delivery_id)
    assert api.deliver().sent == 1 and api.count_undelivered(ZHOU_ZHIQIANG) == 0


def test_an_officer_tells_her_in_person(post_office: PostOffice, reachable: Callable) -> None:
    reachable()
    delivery = sent_to_lin()
    post_office.at_data[ADDRESS] = ["554 5.7.1 looks like spam"]
    api.deliver()
    delivery.refresh_from_db()
    assert (delivery.state, delivery.last_error) == ("failed", "refused")
    api.tell_in_person(ZHOU_ZHIQIANG, delivery.pk)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.told_by) == ("reached", "zhou_zhiqiang")
    with pytest.raises(api.DeliveryNotOpen):
        api.retry_delivery(ZHOU_ZHIQIANG, delivery.pk)


def test_patience_ends(post_office: PostOffice, reachable: Callable, hours_pass: Callable) -> None:
    reachable()
    delivery = sent_to_lin()
    post_office.at_rcpt[ADDRESS] = ["450 4.2.0 later"] * ATTEMPTS_MAX
    told = [api.deliver() for _ in range(ATTEMPTS_MAX) if hours_pass()]
    assert [each.later for each in told] == [1] * (ATTEMPTS_MAX - 1) + [0] and told[-1].given_up == 1
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == ("given_up", ATTEMPTS_MAX) and not hours_pass()


@pytest.mark.parametrize("where", ["at_rcpt", "at_data"])
def test_a_dropped_line_costs_no_letter(post_office: PostOffice, reachable: Callable, hours_pass: Callable, where: str) -> None:
    reachable()
    reachable(7, "other@example.com")
    getattr(post_office, where)[ADDRESS] = [DROP]
    api.notify(SYSTEM, "payment_returned", [about("payment:1")])
    api.notify(SYSTEM, "payment_returned", [about("payment:1", resident_no=7)])
    told = api.deliver()
    assert (told.later, told.sent, post_office.connections) == (1, 1, 2)
    hours_pass()
    assert api.deliver().sent == 1
    assert len(post_office.ids(ADDRESS)) == len(post_office.ids("other@example.com")) == 1


def test_a_line_dropped_after_the_letter_repeats_it_under_the_same_id(
    post_office: PostOffice, reachable: Callable, hours_pass: Callable
) -> None:
    reachable()
    sent_to_lin()
    post_office.drop_after.add(ADDRESS)
    assert api.deliver().later == 1
    hours_pass()
    assert api.deliver().sent == 1
    assert len(post_office.ids(ADDRESS)) == 2 and len(set(post_office.ids(ADDRESS))) == 1


def test_one_connection_serves_many_letters_and_a_refusal_between_them(post_office: PostOffice, reachable: Callable) -> None:
    for number in range(5):
        reachable(100 + number, f"r{number}@example.com")
    post_office.at_rcpt["r2@example.com"] = ["550 5.1.1 unknown"]
    api.notify(SYSTEM, "payment_returned", [about("payment:1", resident_no=100 + number) for number in range(5)])
    told = api.deliver(limit=4)
    assert told.total == 4 and api.deliver().total == 1 and post_office.connections == 2
    assert sum(map(len, post_office.letters.values())) == 4


def test_no_server_no_attempt_is_lost_and_the_reason_is_a_sentence(settings: object, reachable: Callable) -> None:
    with open_post_office() as closed:
        settings.SMTP_URL = closed.url
    reachable()
    delivery = sent_to_lin()
    told = api.deliver()
    assert told.total == 0 and "ZHIDA_SMTP" in told.stopped["email"].zh
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == ("waiting", 0)


def test_tls_and_a_password(settings: object, reachable: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate, key = make_certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    def check(server: object, session: object, envelope: object, mechanism: str, data: object) -> AuthResult:
        return AuthResult(success=(data.login, data.password) == (b"zhida", b"p@ss:word"), handled=False)

    reachable()
    sent_to_lin()
    with open_post_office(tls_context=context, require_starttls=True, authenticator=check, auth_required=True) as office:
        settings.SMTP_URL = office.url.replace("//", "//zhida:p%40ss%3Aword@")
        assert "连不上" in api.deliver().stopped["email"].zh
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        settings.SMTP_URL = office.url.replace("//", "//zhida:wrong@")
        NoticeDelivery.objects.update(next_attempt_at="2025-01-01T00:00:00Z")
        assert "不接受用户名或密码" in api.deliver().stopped["email"].zh
        settings.SMTP_URL = office.url.replace("//", "//zhida:p%40ss%3Aword@")
        NoticeDelivery.objects.update(next_attempt_at="2025-01-01T00:00:00Z")
        assert api.deliver().sent == 1 and office.letters[ADDRESS]


@pytest.mark.parametrize("url", ["localhost:25", "http://localhost", "smtp://", "smtp://localhost:port"])
def test_a_wrong_address_of_the_server_is_a_sentence(settings: object, url: str) -> None:
    settings.SMTP_URL = url
    with pytest.raises(api.ChannelMisconfigured):
        api.deliver()


def test_without_a_server_mail_waits(reachable: Callable) -> None:
    reachable()
    sent_to_lin()
    assert api.deliver().total == 0 and NoticeDelivery.objects.get().state == "waiting"
    assert ContactPoint.objects.count() == 1
