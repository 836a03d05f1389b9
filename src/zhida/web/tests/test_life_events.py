"""The pages of policy staff on life events: what is declared, what is wrong with it, where its cases would wait, and who may look."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from zhida.blocks.cases import api as cases

pytestmark = pytest.mark.django_db
ENGLISH = {"accept-language": "en"}


def read(client: Client, url: str, **given: object) -> str:
    answer = client.get(url, given, headers=ENGLISH)
    assert answer.status_code == 200, (url, answer.status_code)
    return answer.content.decode()


def test_the_list_shows_every_installed_event_with_what_it_saves(signed_in: Callable[..., Client]) -> None:
    page = read(signed_in("policy_staff"), reverse("officer:life_events"))
    for event in cases.life_events().values():
        assert event.label.en in page
        assert f"{cases.asked_once(event).then_fields}</s>" in page


@pytest.mark.parametrize("event", ["birth", "death", "disability", "hardship"])
def test_an_event_shows_its_items_law_evidence_and_course(signed_in: Callable[..., Client], event: str) -> None:
    declared = cases.life_event(event)
    page = read(signed_in("policy_staff"), reverse("officer:life_event", args=[event]))
    for item in declared.items.values():
        assert escape(item.label.en) in page
    asked = [field for field in declared.evidence if not field.source]
    assert page.count("Asked once, kept for") + page.count("Asked each time") == len(asked)
    assert declared.law[0].name in page
    assert 'id="process-diagram"' in page
    assert "situations come out as written" in page


def test_a_simulation_says_where_cases_wait_and_is_the_same_when_asked_again(signed_in: Callable[..., Client]) -> None:
    client, url = signed_in("policy_staff"), reverse("officer:life_event_simulate", args=["birth"])
    given = {"cases": 150, "arrivals": 40, "seed": 3} | {f"officers-{item.key}": 1 for item in cases.life_event("birth").people_items}
    page = read(client, url, **given)
    main = page[page.index("<main") : page.index("</main")]
    assert "Cases are held up at &#x27;Delivery costs and maternity pay&#x27;" in page
    assert "One officer more at" in page
    assert main in read(client, url, **given)


def test_numbers_that_cannot_be_are_named_at_their_field(signed_in: Callable[..., Client]) -> None:
    given = {"cases": 5, "arrivals": 18, "seed": 1}
    answer = signed_in("policy_staff").get(reverse("officer:life_event_simulate", args=["birth"]), given, headers=ENGLISH)
    assert answer.status_code == 400
    assert b'href="#id_cases"' in answer.content
    assert b'href="#id_officers-birth_certificate"' in answer.content


@pytest.mark.parametrize("role", ["resident", "street_officer", "department_officer", "captain", "auditor"])
def test_nobody_else_opens_them(signed_in: Callable[..., Client], role: str) -> None:
    client = signed_in(role, resident_no=None)
    for url in (
        reverse("officer:life_events"),
        reverse("officer:life_event", args=["birth"]),
        reverse("officer:life_event_simulate", args=["birth"]),
    ):
        assert client.get(url).status_code in (403, 404)


def test_an_event_that_is_not_installed_is_not_found(signed_in: Callable[..., Client]) -> None:
    client = signed_in("policy_staff")
    assert client.get(reverse("officer:life_event", args=["wedding"])).status_code == 404
    assert client.get(reverse("officer:life_event_simulate", args=["wedding"])).status_code == 404


@pytest.mark.parametrize("event", ["birth", "death", "disability", "hardship"])
def test_a_drawing_is_in_the_readers_language(event: str, signed_in: Callable[..., Client]) -> None:
    client = signed_in("policy_staff")
    drawn = {}
    for language in ("zh-CN", "en-GB"):
        page = client.get(f"/office/life-events/{event}/", headers={"accept-language": language}).content.decode()
        data = json.loads(re.search(r'id="process-diagram" type="application/json">(.*?)</script>', page, re.DOTALL)[1])
        drawn[language] = re.findall(r'<(?!\w*:?process)[^>]*? name="([^"]+)"', data["xml"])
    assert len(drawn["zh-CN"]) == len(drawn["en-GB"]) > 20
    assert [name for name in drawn["en-GB"] if re.search(r"[\u4e00-\u9fff]", name)] == []
    assert all(re.search(r"[\u4e00-\u9fff]", name) for name in drawn["zh-CN"])
