"""A notice is made once, for those it is for, in the transaction of whoever makes it."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.db import transaction

from zhida.blocks.access.api import SYSTEM, NotYours, Purpose, Viewer, audit_entries
from zhida.blocks.notices import api
from zhida.blocks.notices.models import Notice, NoticeDelivery
from zhida.blocks.notices.testing import COMMUNITY_OF_LIN, FIRST, LIN, LIN_XIAOMAN, SHEN_AYING, WU_JING, ZHOU_ZHIQIANG, about
from zhida.blocks.parties import api as parties
from zhida.blocks.records.testing import community, id_number, tiny_city

pytestmark = pytest.mark.django_db


def test_lin_xiaoman_gets_it_zhou_zhiqiang_sees_that_it_went_nowhere_and_wu_jing_sees_nothing() -> None:
    assert api.notify(SYSTEM, "payment_returned", [about("payment:1")]) == 1
    (message,), total = api.inbox(LIN_XIAOMAN)
    assert total == 1 and api.unread_count(LIN_XIAOMAN) == 1
    assert message.title.zh == "1,301.50\u00a0元被银行退回来了" and "账户已销户。" in message.body.zh
    assert message.title.en == "The bank sent ¥1,301.50 back" and "October 2025" in message.body.en
    assert api.inbox(SHEN_AYING) == ([], 0)
    (row,), _ = api.undelivered(ZHOU_ZHIQIANG, Purpose.CASEWORK)
    assert row.resident_no == LIN and row.channel == "inbox" and "没有登记" in row.reason.what.zh and "电话" in row.reason.next_step.zh
    assert api.undelivered(WU_JING, Purpose.CASEWORK) == ([], 0)
    assert api.undelivered(LIN_XIAOMAN, Purpose.CASEWORK) == ([], 0)


def test_once_read_it_leaves_the_officers_list() -> None:
    api.notify(SYSTEM, "payment_returned", [about("payment:1")])
    notice = Notice.objects.get()
    with pytest.raises(api.NoticeNotFound):
        api.mark_read(SHEN_AYING, notice.pk)
    api.mark_read(LIN_XIAOMAN, notice.pk)
    assert api.unread_count(LIN_XIAOMAN) == 0 and api.count_undelivered(ZHOU_ZHIQIANG) == 0
    read_at = Notice.objects.get().read_at
    api.mark_read(LIN_XIAOMAN, notice.pk)
    assert Notice.objects.get().read_at == read_at is not None


def test_the_same_about_the_same_thing_is_made_once() -> None:
    assert api.notify(SYSTEM, "payment_returned", [about("payment:1"), about("payment:1"), about("payment:2")]) == 2
    assert api.notify(SYSTEM, "payment_returned", [about("payment:2"), about("payment:3"), about("payment:1", resident_no=7)]) == 2
    assert NoticeDelivery.objects.count() == Notice.objects.count() == 4


def test_what_is_rolled_back_was_never_said() -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        api.notify(SYSTEM, "payment_returned", [about("payment:1")])
        raise ZeroDivisionError
    assert not Notice.objects.exists() and not NoticeDelivery.objects.exists()


@pytest.mark.parametrize(
    ("recipient", "mistake", "words"),
    [
        (about("payment:1", benefit="dibao"), api.WrongParameters, "lacks amount, period, reason"),
        (about("payment:1", **FIRST, reason="x"), api.WrongParameters, "has no place for day"),
        (about("payment:1", benefit="dibao", amount=1.5, period="soon", reason="x"), api.WrongParameters, "cannot read amount, period"),
        (about("payment:1", resident_no=0), api.WrongRecipient, "either a resident or an account"),
    ],
)
def test_a_notice_that_could_not_be_written_is_refused_and_none_is_made(recipient: api.Recipient, mistake: type, words: str) -> None:
    with pytest.raises(mistake) as refused:
        api.notify(SYSTEM, "payment_returned", [about("payment:0"), recipient])
    assert words in refused.value.text.en and "payment:1" in refused.value.text.zh
    assert not Notice.objects.exists()


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(api.UnknownKind):
        api.notify(SYSTEM, "birthday", [about("payment:1")])


def test_an_officer_has_an_inbox_too() -> None:
    fang = Viewer("payment_checker", "payment_checker", "330100")
    to = api.Recipient("payment:1", about("x").parameters, account="payment_checker")
    assert api.notify(SYSTEM, "payment_returned", [to, to]) == 1
    assert api.unread_count(fang) == 1 and api.unread_count(LIN_XIAOMAN) == 0
    assert not NoticeDelivery.objects.exists()


def test_words_are_looked_for_in_the_wording() -> None:
    api.notify(SYSTEM, "payment_returned", [about("payment:1")])
    api.notify(SYSTEM, "payment_first", [about("benefit:dibao", **FIRST)])
    assert [m.kind for m in api.inbox(LIN_XIAOMAN, "退回")[0]] == ["payment_returned"]
    assert [m.kind for m in api.inbox(LIN_XIAOMAN, "CLOSED 2025")[0]] == ["payment_returned"]
    assert api.inbox(LIN_XIAOMAN, "公积金") == ([], 0)


def test_thousands_at_once_in_pages() -> None:
    recipients = [about(f"payment:{number}", resident_no=1 + number % 5, community=COMMUNITY_OF_LIN) for number in range(3_000)]
    assert api.notify(SYSTEM, "payment_returned", recipients) == 3_000
    assert api.notify(SYSTEM, "payment_returned", recipients) == 0
    page, total = api.undelivered(ZHOU_ZHIQIANG, Purpose.CASEWORK, page=2)
    assert total == 3_000 and len(page) == api.PAGE_ROWS
    assert page[0].delivery_id > api.undelivered(ZHOU_ZHIQIANG, Purpose.CASEWORK)[0][-1].delivery_id


def test_an_officer_reads_what_a_resident_of_the_own_street_was_told(tmp_path: Path) -> None:
    tiny_city(tmp_path)
    lin = parties.resident_no_of(id_number("1990-05-12", 22))
    api.notify(SYSTEM, "payment_returned", [about("payment:1", resident_no=lin)])
    before = len(audit_entries(f"resident {lin}"))
    here, elsewhere = Viewer("zhou", "street_officer", str(community())[:9]), WU_JING
    (message,) = api.notices_of(here, Purpose.CASEWORK, lin)
    assert message.resident_no == lin and len(audit_entries(f"resident {lin}")) == before + 1
    with pytest.raises(NotYours):
        api.notices_of(elsewhere, Purpose.CASEWORK, lin)
