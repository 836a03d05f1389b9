"""The machine interface: every status it declares, every answer as its document says, nothing about anybody."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from zhida.blocks.access import api as access
from zhida.blocks.access.api import SYSTEM
from zhida.blocks.tills import api as tills
from zhida.blocks.tills import testing
from zhida.web.api import access as api_access
from zhida.web.api.openapi import DOCUMENT

NOON = "2025-11-05T12:00:00+08:00"
Ask = Callable[..., HttpResponse]


@pytest.fixture(autouse=True)
def at_noon(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let it be noon of the fifth: what a till tells happened just now."""
    monkeypatch.setenv("ZHIDA_TODAY", "2025-11-05")
    monkeypatch.setattr("zhida.kernel.clock.now", lambda: testing.NOON)
    api_access._asked.clear()
    yield


@pytest.fixture
def ask(db: None, client: Client) -> Ask:
    """Return a function that asks as a till of a canteen: ``ask("events", {...})``; what comes back is held to the document."""
    testing.install()
    testing.listed(testing.MOTHER)
    made, token = testing.till_and_token()

    def send(
        path: str, body: Any = None, *, raw: bytes | None = None, token: str = token, method: str = "", **headers: str
    ) -> HttpResponse:
        content = raw if raw is not None else json.dumps(body).encode()
        verb = method or ("GET" if body is None and raw is None else "POST")
        authorization = {"Authorization": f"Bearer {token}"} if token else {}
        kind = "application/json"
        response = client.generic(verb, f"/api/till/{path}", content if verb != "GET" else b"", kind, headers=authorization | headers)
        hold_to_document(verb.lower(), f"/api/till/{path}".partition("?")[0], response)
        return response

    send.till = made  # type: ignore[attr-defined]
    return send


def hold_to_document(verb: str, path: str, response: HttpResponse) -> None:
    """Fail where an answer is not one that the document tells of at its address."""
    parts = path.removeprefix("/api/till/events/").split("/")
    known = path if path in DOCUMENT["paths"] else "/api/till/events/{key}" + ("/refunds" if len(parts) > 1 else "")
    operation = DOCUMENT["paths"][known].get(verb) or next(iter(DOCUMENT["paths"][known].values()))
    declared = operation["responses"][str(response.status_code)]["content"]
    schema = declared[response["Content-Type"]]["schema"] | {"components": DOCUMENT["components"]}
    Draft202012Validator(schema).validate(json.loads(response.content))


def told(response: HttpResponse) -> Any:
    return json.loads(response.content)


def event(key: str = "1", **changed: Any) -> dict[str, Any]:
    usual = {"key": key, "programme": "canteen_meal", "resident_no": testing.MOTHER, "happened_at": NOON, "price_fen": 12_00}
    return usual | changed


def refund(key: str = "r1", **changed: Any) -> dict[str, Any]:
    return {"key": key, "price_fen": 12_00, "happened_at": NOON} | changed


def test_the_document_is_valid_openapi_and_served_to_anyone(client: Client) -> None:
    served = told(client.get("/api/openapi.json"))
    assert served == DOCUMENT
    assert list(OpenAPIV31SpecValidator(served).iter_errors()) == []


def test_each_event_of_a_request_is_answered_by_itself(ask: Ask) -> None:
    events = [
        event("1"),
        event("2", resident_no=99),
        event("3", price_fen="twelve"),
        "not an event",
        event("1", price_fen=9_00),
        event("4"),
    ]
    response = ask("events", {"events": events})
    answers = told(response)["answers"]
    assert response.status_code == 200
    assert [(each["state"], each["reason"]) for each in answers] == [
        ("accepted", None),
        ("refused", "not_entitled"),
        ("refused", "invalid"),
        ("refused", "invalid"),
        ("refused", "conflict"),
        ("accepted", None),
    ]
    assert answers[0] | {"sentence": None} == {
        "key": "1", "state": "accepted", "reason": None, "sentence": None, "city_fen": 5_00, "resident_fen": 7_00,
        "remaining_times": 49, "remaining_fen": 195_00,
    }  # fmt: skip
    assert answers[2]["field"] == "price_fen" and "price_fen" in answers[2]["sentence"]["zh"]


def test_the_same_request_again_is_answered_to_the_letter(ask: Ask) -> None:
    body = {"events": [event("1"), event("2"), event("3")]}
    assert ask("events", body).content == ask("events", body).content


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"key": ""}, "key"),
        ({"key": "a b"}, "key"),
        ({"key": "x" * 65}, "key"),
        ({"programme": "DROP TABLE"}, "programme"),
        ({"resident_no": True}, "resident_no"),
        ({"resident_no": 1.0}, "resident_no"),
        ({"resident_no": 0}, "resident_no"),
        ({"resident_no": 2**63}, "resident_no"),
        ({"happened_at": "2025-11-05T12:00:00"}, "happened_at"),
        ({"happened_at": "2025-02-30T12:00:00Z"}, "happened_at"),
        ({"happened_at": "0001-01-01T00:00:00+23:59"}, "happened_at"),
        ({"happened_at": "2025-W45-3T12:00:00Z"}, "happened_at"),
        ({"price_fen": 0}, "price_fen"),
        ({"price_fen": 10**9}, "price_fen"),
        ({"name": "林小满"}, "name"),
    ],
)
def test_a_malformed_event_is_refused_with_its_field_and_nothing_is_kept(ask: Ask, changed: dict[str, Any], field: str) -> None:
    (answer,) = told(ask("events", {"events": [event(**changed)]}))["answers"]
    assert (answer["reason"], answer["field"]) == ("invalid", field)
    assert not tills.BenefitEvent.objects.exists()


@pytest.mark.parametrize(
    "body", [{"events": []}, {"events": [1] * 101}, {"events": {}}, {}, [], 7, {"events": [1], "more": 1}], ids=lambda body: str(body)[:20]
)
def test_a_body_of_the_wrong_shape_is_422(ask: Ask, body: Any) -> None:
    assert ask("events", body).status_code == 422


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff\xfe", b'{"events": NaN}', b"[" * 5_000, b"9" * 5_000])
def test_a_body_that_is_not_json_is_400(ask: Ask, raw: bytes) -> None:
    assert ask("events", raw=raw).status_code == 400


def test_a_body_above_the_limit_is_413(ask: Ask) -> None:
    assert ask("events", raw=b" " * (64 * 1024 + 1)).status_code == 413
    assert ask("events", raw=b" " * (64 * 1024)).status_code == 400


def test_no_token_an_unknown_one_and_another_scheme_are_401(ask: Ask, client: Client) -> None:
    for response in (ask("events", {}, token=""), ask("events", {}, token="zdtill_guessed")):
        assert (response.status_code, response["WWW-Authenticate"]) == (401, 'Bearer realm="tills"')
    assert client.get("/api/till/events/1", headers={"Authorization": "Basic eDp5"}).status_code == 401


def test_a_revoked_till_and_an_expired_one_are_403(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    tills.revoke_till(SYSTEM, ask.till.pk)  # type: ignore[attr-defined]
    assert ask("events", {"events": [event()]}).status_code == 403
    _, token = tills.make_till(SYSTEM, ask.till.provider_id, "2", testing.TODAY)  # type: ignore[attr-defined]
    assert ask("events", {"events": [event()]}, token=token).status_code == 200
    monkeypatch.setenv("ZHIDA_TODAY", "2025-11-06")
    assert ask("events", {"events": [event("2")]}, token=token).status_code == 403


def test_the_wrong_method_is_405_and_an_unknown_address_404(ask: Ask, client: Client) -> None:
    assert ask("events", method="DELETE", body={}).status_code == 405
    response = client.post("/api/till/nothing")
    assert (response.status_code, response["Content-Type"]) == (404, "application/problem+json")


def test_too_many_requests_are_429_and_say_when_to_come_back(ask: Ask, settings: Any) -> None:
    settings.TILL_REQUESTS_PER_MINUTE = 3
    statuses = [ask("events/1").status_code for _ in range(4)]
    assert statuses == [404, 404, 404, 429]
    assert ask("events/1")["Retry-After"] == "5"


def test_a_problem_is_said_in_the_askers_language_and_in_both(ask: Ask) -> None:
    chinese, english = told(ask("events", {})), told(ask("events", {}, **{"Accept-Language": "en"}))
    assert chinese["detail"] == chinese["sentence"]["zh"] and english["detail"] == english["sentence"]["en"]


def test_the_state_of_a_key_is_its_answer_and_what_was_refunded(ask: Ask) -> None:
    answer = told(ask("events", {"events": [event()]}))["answers"][0]
    ask("events/1/refunds", refund(price_fen=9_00))
    state = told(ask("events/1"))
    assert state == answer | {"refunded_price_fen": 9_00, "refunded_city_fen": 2_00, "booked_on": "2025-11-05"}
    assert ask("events/2").status_code == 404


def test_a_refund_is_answered_the_same_again_and_other_content_is_409(ask: Ask) -> None:
    ask("events", {"events": [event()]})
    first = ask("events/1/refunds", refund())
    assert told(first)["city_fen"] == 5_00 and told(first)["resident_fen"] == 7_00
    assert ask("events/1/refunds", refund()).content == first.content
    conflict = ask("events/1/refunds", refund(price_fen=1))
    assert (conflict.status_code, told(conflict)["code"]) == (409, "conflict")
    too_much = ask("events/1/refunds", refund("r2", price_fen=1))
    assert (too_much.status_code, told(too_much)["code"]) == (409, "too_much")


@pytest.mark.parametrize(("path", "body", "status"), [("events/9/refunds", refund(), 404), ("events/9/refunds", refund(price_fen=-1), 422)])
def test_a_refund_of_nothing_is_404_and_a_malformed_one_422(ask: Ask, path: str, body: Any, status: int) -> None:
    assert ask(path, body).status_code == status


def test_a_till_asks_before_it_serves_and_the_question_is_on_record(ask: Ask) -> None:
    question = f"entitlements?resident_no={testing.MOTHER}&programme=canteen_meal&price_fen=1200"
    answer = told(ask(question))
    assert (answer["state"], answer["city_fen"], answer["remaining_times"]) == ("accepted", 5_00, 49)
    assert told(ask(question)) == answer and not tills.BenefitEvent.objects.exists()
    assert told(ask("entitlements?resident_no=99&programme=canteen_meal&price_fen=1200"))["reason"] == "not_entitled"
    asked = [entry for entry in access.audit_entries() if entry.action == "tills.ask"]
    assert len(asked) == 3 and asked[-1].account == f"till:{ask.till.pk}"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "query",
    ["", "resident_no=x&programme=canteen_meal&price_fen=1", "resident_no=1&programme=canteen_meal", "a=1", "resident_no=" + "9" * 5000],
)
def test_a_question_that_is_not_one_is_422(ask: Ask, query: str) -> None:
    assert ask(f"entitlements?{query}").status_code == 422


def test_no_cookie_is_needed_or_given_and_nobody_is_named(ask: Ask) -> None:
    response = ask("events", {"events": [event()]})
    assert not response.cookies and response["Cache-Control"] == "no-store"
    assert all(word not in response.content.decode() for word in ("name", "林", "birth", str(testing.MOTHER)))
