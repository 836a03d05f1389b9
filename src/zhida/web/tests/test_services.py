"""The open pages of the catalogue: found in plain words, told in both languages, given as data."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from zhida.blocks.catalogue import api as catalogue
from zhida.web import services

pytestmark = pytest.mark.django_db


def page(client: Client, path: str, language: str = "zh-hans") -> str:
    client.cookies["django_language"] = language
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_question_in_plain_chinese_lists_services(client: Client) -> None:
    told = page(client, "/services/?q=孩子生了能领什么")
    assert told.index("/services/childcare_allowance/") < told.index("/services/household_registration/")


def test_a_question_nothing_answers_says_what_to_try(client: Client) -> None:
    told = page(client, "/services/?q=<b>zzqq")
    assert "没有找到" in told and "换一种说法" in told and "按事情找" in told
    assert "<b>zzqq" not in told


def test_services_are_listed_by_life_event_and_by_field(client: Client) -> None:
    assert all(f"/services/{each.key}/" in page(client, "/services/?event=death") for each in catalogue.services_of("death"))
    assert "/services/rent_allowance/" in page(client, "/services/?sector=housing")
    assert "按事情找" in page(client, "/services/?event=nothing")


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_service_has_a_page(client: Client, language: str) -> None:
    for service in catalogue.public_services().values():
        told = page(client, f"/services/{service.key}/", language)
        assert all(law.name in told for law in service.law)


def test_a_page_says_term_cost_and_what_need_not_be_brought(client: Client) -> None:
    told = page(client, "/services/birth_certificate/")
    assert "3 个工作日" in told and "本系统的承诺" in told and "不收费" in told and "父母的身份证和结婚证" in told
    assert "没有公布时限" in page(client, "/services/pregnancy_health/")
    assert "规定的时限" in page(client, "/services/minimum_living/")


def test_an_unknown_service_is_not_found(client: Client) -> None:
    assert client.get("/services/no_such_service/").status_code == 404


def test_a_life_event_is_opened_only_where_that_page_exists(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "_open_case_url", lambda event: f"/my/cases/new/{event}/")
    assert "/my/cases/new/birth/" in page(client, "/services/vaccination/")
    monkeypatch.setattr(services, "_open_case_url", lambda event: "")
    assert "/my/cases/new/" not in page(client, "/services/vaccination/")


def test_the_basic_list_is_filtered_and_taken_home(client: Client) -> None:
    assert 'id="item-80"' in page(client, "/services/basic/")
    told = page(client, "/services/basic/?sector=support&q=残疾")
    assert 'id="item-60"' in told and 'id="item-1"' not in told
    assert "没有这样的项目" in page(client, "/services/basic/?q=zzqq")
    lines = client.get("/services/basic.csv?sector=housing").content.decode("utf-8-sig").splitlines()
    assert len(lines) == 1 + len(catalogue.basic_services("housing"))


def test_the_open_data_names_this_site(client: Client) -> None:
    answer = client.get("/catalogue.jsonld")
    assert answer["Content-Type"] == "application/ld+json"
    names = {node["@id"] for node in json.loads(answer.content)["@graph"]}
    assert "http://testserver/services/birth_certificate" in names
    turtle = client.get("/catalogue.ttl")
    assert turtle["Content-Type"].startswith("text/turtle") and b"<http://testserver/services/birth_certificate>" in turtle.content


def test_a_search_that_is_about_one_event_leads_to_doing_all_of_it(client: Client) -> None:
    assert "/my/cases/new/death/" in client.get("/services/", {"q": "老人去世"}).content.decode()
    assert "/my/cases/new/" not in client.get("/services/", {"q": "孩子"}).content.decode()
    assert "/my/cases/new/birth/" in client.get("/services/", {"event": "birth"}).content.decode()
    assert "/my/cases/new/" not in client.get("/services/", {"event": "illness"}).content.decode()


def test_what_am_i_eligible_for_needs_a_resident(client: Client) -> None:
    assert client.get("/my/eligible/").status_code == 302
