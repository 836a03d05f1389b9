"""A resident says where she can be reached, proves it by a code, and chooses what is not sent there."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from zhida.blocks.access.api import SYSTEM, PermissionMissing
from zhida.blocks.notices import api
from zhida.blocks.notices.contacts import CODE_TRIES_MAX, CODES_A_DAY_MAX
from zhida.blocks.notices.models import ContactPoint, Notice, NoticeDelivery
from zhida.blocks.notices.testing import FIRST, LIN_XIAOMAN, SHEN_AYING, ZHOU_ZHIQIANG, about
from zhida.blocks.notices.tests.post_office import PostOffice

pytestmark = pytest.mark.django_db
ADDRESS = "lin@example.com"


def code_in(office: PostOffice, address: str = ADDRESS) -> str:
    """Return the code of the newest letter to an address."""
    api.deliver()
    return re.search(r"\b\d{6}\b", office.letters[address][-1].get_body(("plain",)).get_content())[0]


def test_an_address_counts_once_its_code_came_back(post_office: PostOffice) -> None:
    api.notify(SYSTEM, "payment_returned", [about("payment:1")])
    assert api.count_undelivered(ZHOU_ZHIQIANG) == 1
    api.register_contact(LIN_XIAOMAN, "email", f" {ADDRESS} ")
    assert api.contacts(LIN_XIAOMAN)[1] == api.Contact("email", "", ADDRESS)
    code = code_in(post_office)
    with pytest.raises(api.WrongCode):
        api.confirm_contact(LIN_XIAOMAN, "email", "000000" if code != "000000" else "111111")
    with pytest.raises(api.WrongCode):
        api.confirm_contact(SHEN_AYING, "email", code)
    api.confirm_contact(LIN_XIAOMAN, "email", code)
    assert api.contacts(LIN_XIAOMAN)[1] == api.Contact("email", ADDRESS, "")
    # What had no way to reach her goes out now.
    assert api.count_undelivered(ZHOU_ZHIQIANG) == 0 and api.deliver().sent == 1
    assert "被银行退回来" in post_office.letters[ADDRESS][-1]["Subject"]


def test_the_code_stands_in_no_inbox_and_in_no_table(post_office: PostOffice) -> None:
    api.register_contact(LIN_XIAOMAN, "email", ADDRESS)
    code = code_in(post_office)
    assert api.inbox(LIN_XIAOMAN) == ([], 0) and api.unread_count(LIN_XIAOMAN) == 0
    assert not [row for model in (Notice, NoticeDelivery, ContactPoint) for row in model.objects.values() if code in str(row)]


def test_guessing_ends(post_office: PostOffice) -> None:
    api.register_contact(LIN_XIAOMAN, "email", ADDRESS)
    code = code_in(post_office)
    for _ in range(CODE_TRIES_MAX):
        with pytest.raises(api.WrongCode):
            api.confirm_contact(LIN_XIAOMAN, "email", "no")
    with pytest.raises(api.WrongCode):
        api.confirm_contact(LIN_XIAOMAN, "email", code)


def test_a_code_is_good_for_half_an_hour(post_office: PostOffice) -> None:
    api.register_contact(LIN_XIAOMAN, "email", ADDRESS)
    code = code_in(post_office)
    ContactPoint.objects.update(code_sent_at=timezone.now() - api.CODE_VALID)
    with pytest.raises(api.WrongCode):
        api.confirm_contact(LIN_XIAOMAN, "email", code)
    api.register_contact(LIN_XIAOMAN, "email", ADDRESS)
    Notice.objects.update(created_at=timezone.now() - timedelta(days=1))
    assert api.deliver().given_up == 1


def test_nobody_fills_a_strangers_phone_with_codes() -> None:
    for _ in range(CODES_A_DAY_MAX):
        api.register_contact(LIN_XIAOMAN, "sms", "13800138000")
    with pytest.raises(api.TooManyCodes):
        api.register_contact(LIN_XIAOMAN, "sms", "13800138000")
    ContactPoint.objects.update(code_sent_at=timezone.now() - timedelta(days=1))
    api.register_contact(LIN_XIAOMAN, "sms", "13800138000")


@pytest.mark.parametrize(
    ("channel", "written"),
    [("email", "lin"), ("email", "a@b.com\nBcc: x@y.com"), ("email", "a b@c.com"), ("email", "<a@b.com>"), ("sms", "12345"), ("fax", "1")],
)
def test_what_is_no_address_is_refused(channel: str, written: str) -> None:
    with pytest.raises(api.InvalidAddress):
        api.register_contact(LIN_XIAOMAN, channel, written)
    assert not ContactPoint.objects.exists()


def test_the_old_address_stands_until_the_new_one_is_confirmed(post_office: PostOffice, reachable: Callable) -> None:
    reachable()
    api.register_contact(LIN_XIAOMAN, "email", "new@example.com")
    api.notify(SYSTEM, "payment_returned", [about("payment:1")])
    assert NoticeDelivery.objects.get(notice__kind="payment_returned").address == ADDRESS
    NoticeDelivery.objects.filter(notice__kind="payment_returned").update(next_attempt_at=timezone.now() + timedelta(hours=1))
    api.confirm_contact(LIN_XIAOMAN, "email", code_in(post_office, "new@example.com"))
    assert NoticeDelivery.objects.get(notice__kind="payment_returned").address == "new@example.com"


def test_opting_out_keeps_it_in_the_inbox_and_the_law_is_not_opted_out_of(post_office: PostOffice, reachable: Callable) -> None:
    reachable()
    api.notify(SYSTEM, "payment_first", [about("payment:1", **FIRST)])
    api.opt_out(LIN_XIAOMAN, ["payment_first", "overpayment_found", "payment_returned"])
    assert api.opted_out_kinds(LIN_XIAOMAN) == {"payment_first"}
    api.notify(SYSTEM, "payment_first", [about("payment:2", **FIRST)])
    api.notify(SYSTEM, "payment_returned", [about("payment:3")])
    assert api.deliver().sent == 1 and api.inbox(LIN_XIAOMAN)[1] == 3
    # She chose so: no officer needs to call.
    assert api.count_undelivered(ZHOU_ZHIQIANG) == 0
    api.opt_out(LIN_XIAOMAN, [])
    api.notify(SYSTEM, "payment_first", [about("payment:4", **FIRST)])
    assert api.deliver().sent == 1


def test_a_removed_address_gets_nothing_more(post_office: PostOffice, reachable: Callable) -> None:
    reachable()
    reachable(address="13800138000", channel="sms")
    api.notify(SYSTEM, "payment_returned", [about("payment:1")])
    api.remove_contact(LIN_XIAOMAN, "sms")
    assert api.count_undelivered(ZHOU_ZHIQIANG) == 0
    api.remove_contact(LIN_XIAOMAN, "email")
    assert api.deliver().total == 0 and not post_office.letters
    assert api.count_undelivered(ZHOU_ZHIQIANG) == 1 and api.unread_count(LIN_XIAOMAN) == 1


def test_an_officer_has_no_contact_points() -> None:
    with pytest.raises(PermissionMissing):
        api.register_contact(ZHOU_ZHIQIANG, "email", ADDRESS)


def test_what_failed_at_the_old_address_goes_to_the_new_one(post_office: PostOffice, reachable: Callable) -> None:
    reachable()
    reachable(address="13800138000", channel="sms")
    api.notify(SYSTEM, "payment_returned", [about("payment:1"), about("payment:2")])
    post_office.at_rcpt[ADDRESS] = ["550 5.1.1 unknown"] * 2
    assert api.deliver().failed == 2
    api.mark_read(LIN_XIAOMAN, api.inbox(LIN_XIAOMAN)[0][0].id)
    for channel in ("email", "sms"):
        api.remove_contact(LIN_XIAOMAN, channel)
    api.register_contact(LIN_XIAOMAN, "email", "new@example.com")
    api.confirm_contact(LIN_XIAOMAN, "email", code_in(post_office, "new@example.com"))
    assert api.deliver().sent == 1
    assert "退回" in post_office.letters["new@example.com"][-1]["Subject"]


def test_only_the_newest_code_is_sent(post_office: PostOffice) -> None:
    api.register_contact(LIN_XIAOMAN, "email", "old@example.com")
    api.register_contact(LIN_XIAOMAN, "email", ADDRESS)
    api.confirm_contact(LIN_XIAOMAN, "email", code_in(post_office))
    assert list(post_office.letters) == [ADDRESS]
