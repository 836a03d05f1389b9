"""A resident's life event through the pages: begun, answered, followed, objected to, rated; and its department's head."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from zhida.blocks.access import api as access
from zhida.blocks.cases import api as cases
from zhida.blocks.cases.tests import newborn
from zhida.blocks.cases.tests.newborn import PDF, finish, item, open_newborn, resident_no, viewer

pytestmark = pytest.mark.django_db


@pytest.fixture
def town(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with newborn.town(own_home, monkeypatch):
        yield


def _as(account: str) -> Client:
    client = Client()
    client.force_login(access.account_named(account))
    return client


def _text(response: Any) -> str:
    return response.content.decode()


def test_the_form_asks_once_keeps_what_was_typed_and_the_file_when_something_is_wrong(town: None) -> None:
    client, child = _as("lin"), str(resident_no("陈安"))
    assert "育儿补助一件事" in _text(client.get("/my/cases/"))
    whom = _text(client.get("/my/cases/new/newborn/"))
    assert "陈安" in whom and "林小满（我自己）" in whom and "周明" not in whom
    form = _text(client.get(f"/my/cases/new/newborn/?for={child}"))
    assert "这 1 项我们已经有，不用填" in form and "公安人口信息" in form and "“住房”选“租房”时才填。" in form

    sent = {"for": child, "order": "two", "rented": "rent", "lease": SimpleUploadedFile("合同.pdf", PDF)}
    wrong = client.post("/my/cases/new/newborn/", sent)
    page = _text(wrong)
    assert wrong.status_code == 400 and "请填整数" in page and "请勾选，表示您同意" in page
    assert 'value="two"' in page and "已收下：合同.pdf" in page and not cases.my_cases(viewer("lin"))
    kept = page.split('name="lease" value="')[1].split('"')[0]

    bad = client.post("/my/cases/new/newborn/", {**sent, "order": "2", "lease": SimpleUploadedFile("合同.pdf", b"no pdf")})
    assert bad.status_code == 400 and "只收 PDF、JPG、PNG" in _text(bad)
    done = client.post("/my/cases/new/newborn/", {"for": child, "order": "2", "rented": "rent", "agrees": "true", "lease": kept})
    (case,) = cases.my_cases(viewer("lin"))
    assert done.status_code == 302 and done["Location"] == f"/my/cases/{case.pk}/"
    assert client.get(f"/my/cases/new/newborn/?for={child}")["Location"] == f"/my/cases/{case.pk}/"
    file = client.get(f"/my/cases/files/{kept}/")
    assert file.content == PDF and file["Content-Disposition"].startswith("attachment") and file["X-Content-Type-Options"] == "nosniff"


def test_what_is_returned_says_why_and_goes_on_when_it_is_answered(town: None) -> None:
    case, client = open_newborn(), _as("lin")
    cases.return_item(viewer("street"), item(case, "check").pk, "请写明孩子是第几个")
    assert "等您一句话" in _text(client.get("/my/cases/")) and "有一项等您补充" in _text(client.get("/my/"))
    page = _text(client.get(f"/my/cases/{case.pk}/"))
    assert "有一项等您补充。" in page and "请写明孩子是第几个" in page
    assert client.post(f"/my/cases/{case.pk}/", {"order": "x", "agrees": "true"}).status_code == 400
    refused = client.post(f"/my/cases/{case.pk}/", {"order": "3", "agrees": "true", "added": SimpleUploadedFile("户口本.pdf", b"no pdf")})
    assert refused.status_code == 400 and "只收 PDF、JPG、PNG" in _text(refused)
    paper = SimpleUploadedFile("户口本.pdf", PDF)
    sent = client.post(f"/my/cases/{case.pk}/", {"order": "3", "agrees": "true", "said": "老大在外地", "added": paper})
    assert sent.status_code == 302 and "户口本.pdf" in _text(client.get(f"/my/cases/{case.pk}/"))
    assert "老大在外地" in _text(client.get(f"/my/cases/{case.pk}/"))
    assert (item(case, "check").state, newborn.view(case).case.evidence["order"]["value"]) == ("claimed", 3)
    assert "正在办" in _text(client.get(f"/my/cases/{case.pk}/"))


def test_withdrawing_asks_first_and_opting_out_is_kept(town: None) -> None:
    case, client = open_newborn(), _as("lin")
    finish(case, "check")
    asked = _text(client.get(f"/my/cases/{case.pk}/withdraw/"))
    assert "育儿补助" in asked and "还没发的钱不再发" in asked and newborn.view(case).case.state == "open"
    client.post(f"/my/cases/{case.pk}/withdraw/", {"reason": "搬走了"})
    page = _text(client.get(f"/my/cases/{case.pk}/"))
    assert "已全部撤销。" in page and "原因：搬走了" in page and "已撤回。" in page
    assert client.get(f"/my/cases/{case.pk}/withdraw/").status_code == 302


def test_an_objection_and_a_rating_travel_through_both_faces(town: None) -> None:
    case, client, office = open_newborn(), _as("lin"), _as("health")
    finish(case, "check", "last_word")
    page = _text(client.get(f"/my/cases/{case.pk}/"))
    assert "全部办好了。" in page and "5,000.00 元" in page and "办得怎么样？" in page
    decision = next(each for each in newborn.view(case).decisions if each.status == "entitled")
    assert "怎么算的" in _text(client.get(f"/my/cases/{case.pk}/why/{decision.pk}/"))

    wrong = f"/my/cases/{case.pk}/wrong/?decision={decision.pk}"
    assert client.post(wrong, {"text": " "}).status_code == 409
    assert client.post(wrong, {"text": "是第三个孩子"}).status_code == 302
    assert "正在核对" in _text(client.get(f"/my/cases/{case.pk}/")) and "是第三个孩子" in _text(client.get("/my/appeals/"))
    (appeal,) = cases.case_appeals(viewer("health"))
    assert "是第三个孩子" in _text(office.get("/office/cases/appeals/"))
    both = _text(office.get(f"/office/cases/appeals/{appeal.pk}/"))
    assert "决定时" in both and 'name="fact-birth_order"' in both
    again = office.post(f"/office/cases/appeals/{appeal.pk}/", {"outcome": "changed", "text": "核对过了"})
    assert again.status_code == 409 and "结果和原来一样" in _text(again) and "核对过了" in _text(again)
    office.post(f"/office/cases/appeals/{appeal.pk}/", {"outcome": "changed", "text": "是第三个", "fact-birth_order": "3"})
    after = _text(client.get(f"/my/cases/{case.pk}/"))
    assert "已改正" in after and "补发 15,000.00 元" in after and "20,000.00 元" in after

    assert client.post(f"/my/cases/{case.pk}/rate/", {}).status_code == 302  # no stars: said on the page, nothing kept
    assert cases.my_rating(viewer("lin"), case.pk) is None
    client.post(f"/my/cases/{case.pk}/rate/", {"stars": "1", "reason": ["slow"], "text": "太久"})
    assert "太久" in _text(office.get("/office/cases/ratings/"))
    rating = cases.my_rating(viewer("lin"), case.pk)
    assert rating is not None
    assert office.post("/office/cases/ratings/", {"rating": rating.pk, "text": ""}).status_code == 409
    office.post("/office/cases/ratings/", {"rating": rating.pk, "text": "抱歉，已改进。"})
    assert "抱歉，已改进。" in _text(client.get(f"/my/cases/{case.pk}/"))


def test_nobody_else_opens_any_of_it(town: None) -> None:
    kept = cases.keep_upload(viewer("lin"), "lease", "a.pdf", PDF)
    case = open_newborn(rented="rent", lease=kept)
    finish(case, "check", "last_word")
    decision = newborn.view(case).decisions[0]
    appeal = cases.file_case_appeal(viewer("lin"), case.pk, "", "不对", decision.pk)
    stranger = _as("zhou")
    pages = (f"/my/cases/{case.pk}/", f"/my/cases/{case.pk}/wrong/?decision={decision.pk}", f"/my/cases/{case.pk}/why/{decision.pk}/")
    for page in (*pages, f"/my/cases/{case.pk}/withdraw/", f"/my/cases/files/{kept}/"):
        assert stranger.get(page).status_code == 404, page
    for page in (*pages[:2], f"/my/cases/{case.pk}/rate/", f"/my/cases/{case.pk}/decline/", f"/my/cases/{case.pk}/withdraw/"):
        assert stranger.post(page, {"text": "我的", "stars": "5"}).status_code == 404, page
    assert stranger.get(f"/my/cases/new/newborn/?for={resident_no('陈安')}").status_code == 403
    assert "陈安" not in _text(stranger.get("/my/cases/"))
    assert _as("police").get(f"/office/cases/appeals/{appeal.pk}/").status_code in (404, 409)
    assert _as("zhou").get(f"/office/cases/appeals/{appeal.pk}/").status_code == 403
