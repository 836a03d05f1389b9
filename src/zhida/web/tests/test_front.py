"""The pages that belong to no face: front door, signing in, language, display, mistakes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from zhida.blocks.access import api as access
from zhida.web.middleware import CONTENT_SECURITY_POLICY

pytestmark = pytest.mark.django_db


def test_front_page_has_three_doors(client: Client) -> None:
    page = client.get("/").content.decode()
    assert all(f'href="{door}"' in page for door in ("/my/", "/office/", "/cockpit/"))


def test_pages_are_chinese_unless_the_reader_asks_for_english(client: Client) -> None:
    assert 'lang="zh-Hans"' in client.get("/").content.decode()
    assert '<html lang="en"' in client.get("/", headers={"accept-language": "en-GB"}).content.decode()


def test_the_language_chosen_is_remembered_and_leads_back_to_the_page(client: Client) -> None:
    answer = client.post("/language/", {"language": "en", "next": "/sign-in/?next=/my/"})
    assert answer.headers["Location"] == "/sign-in/?next=/my/"
    assert '<html lang="en"' in client.get("/").content.decode()


def test_large_text_and_dark_theme_are_remembered(client: Client) -> None:
    client.post("/display/", {"text": "large"})
    client.post("/display/", {"theme": "dark"})
    assert 'class="theme-dark text-large"' in client.get("/").content.decode()


def test_a_display_choice_that_does_not_exist_changes_nothing(client: Client) -> None:
    client.post("/display/", {"theme": '"><script>'})
    assert 'class="theme-auto text-normal"' in client.get("/").content.decode()


@pytest.mark.parametrize("elsewhere", ["https://example.org/", "//example.org/", "javascript:alert(1)"])
def test_nobody_is_sent_to_another_site(client: Client, elsewhere: str) -> None:
    assert client.post("/language/", {"language": "en", "next": elsewhere}).headers["Location"] == "/"


def test_nothing_from_elsewhere_and_nothing_inline_is_allowed(client: Client) -> None:
    assert client.get("/").headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
    assert "unsafe" not in CONTENT_SECURITY_POLICY and "http" not in CONTENT_SECURITY_POLICY
    page = client.get("/sign-in/").content.decode()
    assert "<style" not in page and 'style="' not in page and "onclick" not in page


def test_demo_identities_sign_in_by_choice(client: Client, settings: Any) -> None:
    settings.DEMO = True
    access.create_account("lin_xiaoman", "林小满", "resident", resident_no=1, is_demo=True)
    assert "林小满" in client.get("/sign-in/").content.decode()
    answer = client.post("/sign-in/", {"username": "lin_xiaoman"})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/my/")


def test_of_a_desk_with_several_people_the_first_is_shown_and_the_others_are_folded_away(client: Client, settings: Any) -> None:
    settings.DEMO = True
    for name, role, department in (
        ("高建明", "department_officer", "police"),
        ("曹国平", "department_lead", "civil_affairs"),
        ("沈国强", "department_lead", "police"),
    ):
        access.create_account(name, name, role, area_code="330106", is_demo=True, department=department)
    shown, folded = client.get("/sign-in/").content.decode().split("<details")
    assert "高建明" in shown and "曹国平" in shown and "沈国强" not in shown
    assert "沈国强" in folded and "公安 · 部门负责人" in folded
    assert client.post("/sign-in/", {"username": "沈国强"}).headers["Location"] == "/office/cases/"


def test_outside_the_demonstration_no_identity_can_be_chosen(client: Client, settings: Any) -> None:
    settings.DEMO = False
    access.create_account("lin_xiaoman", "林小满", "resident", resident_no=1, is_demo=True)
    answer = client.post("/sign-in/", {"username": "lin_xiaoman"})
    assert answer.status_code == 200 and "_auth_user_id" not in client.session


def test_in_the_demonstration_only_demo_accounts_can_be_chosen(client: Client, settings: Any) -> None:
    settings.DEMO = True
    access.create_account("real_officer", "真实账号", "auditor")
    client.post("/sign-in/", {"username": "real_officer"})
    assert "_auth_user_id" not in client.session


def test_a_password_signs_in_and_leads_on(client: Client, settings: Any) -> None:
    settings.DEMO = False
    account = access.create_account("wu_jing", "吴静", "street_officer", "330108001")
    account.set_password("correct horse")
    account.save()
    wrong = client.post("/sign-in/", {"username": "wu_jing", "password": "wrong"})
    assert wrong.status_code == 200 and 'role="alert"' in wrong.content.decode()
    answer = client.post("/sign-in/?next=/office/returns/", {"username": "wu_jing", "password": "correct horse"})
    assert answer.headers["Location"] == "/office/returns/"


def test_signing_out_takes_a_post_and_ends_the_session(signed_in: Callable[..., Client]) -> None:
    client = signed_in("auditor")
    assert client.get("/sign-out/").status_code == 405
    client.post("/sign-out/")
    assert "_auth_user_id" not in client.session


def test_a_page_that_does_not_exist_says_so_calmly(client: Client) -> None:
    answer = client.get("/nothing/")
    assert answer.status_code == 404 and "请检查网址" in answer.content.decode()


def test_whoever_is_not_signed_in_is_asked_to_and_comes_back(client: Client) -> None:
    assert client.get("/my/?month=2025-09").headers["Location"] == "/sign-in/?next=/my/%3Fmonth%3D2025-09"


def test_a_page_without_permission_is_403_in_the_readers_language(signed_in: Callable[..., Client]) -> None:
    client = signed_in("captain")
    refused = client.get("/my/")
    assert refused.status_code == 403 and "没有“entitlements.view_own”权限" in refused.content.decode()
    assert "does not hold the permission" in client.get("/my/", headers={"accept-language": "en"}).content.decode()


def test_an_expired_form_is_explained(settings: Any, db: None) -> None:
    answer = Client(enforce_csrf_checks=True).post("/language/", {"language": "en"})
    assert answer.status_code == 403 and "表单已过期" in answer.content.decode()
