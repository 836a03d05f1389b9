"""Every address of joint cases, opened by everybody: a resident sees their case, a department its items, the next street nothing."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from django.apps import apps
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from zhida.blocks.access import api as access
from zhida.web.tests import cases_town
from zhida.web.tests.cases_town import (
    BILL,
    CAST,
    DOUBT,
    ETHNICITY,
    FOUND,
    GRANDFATHER,
    OBJECTION,
    OPINION,
    OVER,
    REGISTER_NO,
    RUNNING,
    Town,
)

pytestmark = pytest.mark.django_db
# What a route says when it belongs to cases and to what comes of them.
BELONGS = re.compile("case|certificate|life-event|rating")

# The columns are CAST. For nobody 302 is the way to the sign-in page.
# fmt: off
#                             spouse  street  health  cards    police_far captain checker policy
#                       applicant neighb. police  insurer housing wu_jing    maker   auditor nobody
_RESIDENTS =                "200 200 200  403 403 403 403 403 403  403 403  403 403 403 403 403  302"
_OFFICERS =                 "403 403 403  200 200 200 200 200 200  200 200  403 403 403 403 403  302"
_STREETS =                  "403 403 403  200 403 403 403 403 403  403 200  403 403 403 403 403  302"
_CAPTAIN =                  "403 403 403  403 403 403 403 403 403  403 403  200 403 403 403 403  302"
_POLICY =                   "403 403 403  403 403 403 403 403 403  403 403  403 403 403 403 200  302"
_ANSWERERS =                "403 403 403  200 403 200 403 403 200  403 200  403 403 403 403 403  302"
# What is read: address@whose numbers -> the answer each gets.
READ = {
    "resident:cases":             _RESIDENTS,
    "resident:open_case@disability": _RESIDENTS,
    "resident:case@found":      "200 404 404  403 403 403 403 403 403  403 403  403 403 403 403 403  302",
    "resident:case@nobody's":   "200 200 404  403 403 403 403 403 403  403 403  403 403 403 403 403  302",
    "resident:case@running":    "200 404 404  403 403 403 403 403 403  403 403  403 403 403 403 403  302",
    "resident:case@over":       "200 404 404  403 403 403 403 403 403  403 403  403 403 403 403 403  302",
    "resident:withdraw_case@running":
                                "200 404 404  403 403 403 403 403 403  403 403  403 403 403 403 403  302",
    "resident:case_why@decided":
                                "200 404 404  403 403 403 403 403 403  403 403  403 403 403 403 403  302",
    "resident:case_appeal@over": "200 404 404  403 403 403 403 403 403  403 403  403 403 403 403 403  302",
    "resident:case_file@bill":  "200 404 404  403 403 403 403 403 403  403 403  403 403 403 403 403  302",
    "resident:certificates":      _RESIDENTS,
    "resident:case_certificate@brought":
                                "200 404 404  403 403 403 403 403 403  403 403  403 403 403 403 403  302",
    "resident:certificate@certificate":
                                "403 403 403  403 403 403 403 403 403  403 403  403 403 403 403 403  302",
    "officer:cases":              _OFFICERS,
    "officer:cases_all":          _OFFICERS,
    "officer:case@found":       "403 403 403  200 404 200 404 404 404  404 404  403 403 403 403 403  302",
    "officer:case@nobody's":    "403 403 403  200 200 200 404 200 404  404 404  403 403 403 403 403  302",
    "officer:case@running":     "403 403 403  200 200 200 200 404 404  404 404  403 403 403 403 403  302",
    "officer:case@over":        "403 403 403  200 200 200 200 200 404  404 404  403 403 403 403 403  302",
    "officer:case_bpmn@running":
                                "403 403 403  200 200 200 200 404 404  404 404  403 403 403 403 403  302",
    "officer:case_item@registration":
                                "403 403 403  404 200 404 404 404 404  404 404  403 403 403 403 403  302",
    "officer:case_item@registered":
                                "403 403 403  404 200 404 404 404 404  404 404  403 403 403 403 403  302",
    "officer:case_item@costs":  "403 403 403  404 404 404 200 404 404  404 404  403 403 403 403 403  302",
    "officer:case_file@bill":   "403 403 403  404 404 200 200 404 404  404 404  403 403 403 403 403  302",
    "officer:case_appeals":       _ANSWERERS,
    "officer:case_appeal@objection":
                                "403 403 403  409 403 200 403 403 409  403 409  403 403 403 403 403  302",
    "officer:case_ratings":       _ANSWERERS,
    "officer:case_open":          _STREETS,
    "officer:case_open_for@lin":
                                "403 403 403  200 403 403 403 403 403  403 403  403 403 403 403 403  302",
    "officer:case_money":       "403 403 403  403 403 403 403 403 403  403 403  403 200 403 403 403  302",
    # A department comes to certificates through its cases only.
    "officer:case_certificate@brought":
                                "403 403 403  404 404 200 404 404 404  404 404  403 403 403 403 403  302",
    "officer:certificates@whose": _STREETS,
    "officer:certificate@certificate":
                                "403 403 403  200 403 403 403 403 403  403 403  403 403 403 403 403  302",
    "officer:life_events":        _POLICY,
    "officer:life_event@birth":   _POLICY,
    # With a number that is none, because a thousand made-up cases take a while.
    "officer:life_event_simulate@birth?cases=some": _POLICY.replace("200", "400"),
    "cockpit:cases":              _CAPTAIN,
    "cockpit:cases_area@district": _CAPTAIN,
    "cockpit:casework":           _CAPTAIN,
    "cockpit:casework_area@district": _CAPTAIN,
}
# Commands: address@whose numbers -> what is sent, and the answer each gets. "idle" is a 302 after which nothing is different.
WRITE: dict[str, tuple[dict[str, Any], str]] = {
    "resident:case_choices": ({"event": "death"},
                                "302 302 302  403 403 403 403 403 403  403 403  403 403 403 403 403  idle"),
    "resident:open_case@disability": ({"for": "lin"},
                                "400 400 403  403 403 403 403 403 403  403 403  403 403 403 403 403  idle"),
    "resident:case@found": (cases_town.ANSWERS,
                                "302 404 404  403 403 403 403 403 403  403 403  403 403 403 403 403  idle"),
    "resident:case@nobody's": ({"heir_confirms": "decline"},
                                "302 302 404  403 403 403 403 403 403  403 403  403 403 403 403 403  idle"),
    "resident:decline_case@found": ({},
                                "302 404 404  403 403 403 403 403 403  403 403  403 403 403 403 403  idle"),
    "resident:withdraw_case@running": ({},
                                "302 404 404  403 403 403 403 403 403  403 403  403 403 403 403 403  idle"),
    "resident:case_appeal@over": ({"text": "户口登记编号抄错了"},
                                "409 404 404  403 403 403 403 403 403  403 403  403 403 403 403 403  idle"),
    "resident:rate_case@over": ({"stars": "5"},
                                "idle 404 404  403 403 403 403 403 403  403 403  403 403 403 403 403  idle"),
    "officer:case_appeal@objection": ({"outcome": "upheld", "text": "按第三个孩子算，没有错"},
                                "403 403 403  409 403 302 403 403 409  403 409  403 403 403 403 403  idle"),
    "officer:case_ratings": ({"rating": "rating", "text": "以后不用跑了"},
                                "403 403 403  409 403 302 403 403 409  403 409  403 403 403 403 403  idle"),
    "officer:case_claim_next": ({},
                                "403 403 403  idle 302 302 302 302 idle  idle idle  403 403 403 403 403  idle"),
    "officer:cases_many": ({"action": "claim", "item": "costs"},
                                "403 403 403  idle idle idle 302 idle idle  idle idle  403 403 403 403 403  idle"),
    "officer:case_share_out": ({},
                                "403 403 403  403 403 302 403 403 idle  403 403  403 403 403 403 403  idle"),
    "officer:case_question@question": ({"answer": "原件一致"},
                                "403 403 403  404 404 302 404 404 404  404 404  403 403 403 403 403  idle"),
    "officer:case_item@costs": ({"action": "claim"},
                                "403 403 403  404 404 404 302 404 404  404 404  403 403 403 403 403  idle"),
    "officer:case_item@registration": ({"action": "escalate", "reason": "原件在外地"},
                                "403 403 403  404 302 404 404 404 404  404 404  403 403 403 403 403  idle"),
    "officer:case_open_for@lin": ({"present": "yes"},
                                "403 403 403  400 403 403 403 403 403  403 403  403 403 403 403 403  idle"),
    "officer:case_money_prepare": ({},
                                "403 403 403  403 403 403 403 403 403  403 403  403 302 403 403 403  idle"),
}
# fmt: on
FAMILY, OWN_DESKS = ("applicant", "spouse"), ("street", "police", "health", "insurer", "cards")
# What was planted -> who may read it; the leading department sees a case whole.
SECRETS = {
    ETHNICITY: ("applicant", "police", "health"),
    BILL: ("applicant", "insurer", "health"),
    REGISTER_NO: ("applicant", "police", "health"),
    DOUBT: ("applicant", "police", "health"),
    OBJECTION: ("applicant", "health"),
    OPINION: ("applicant", "health"),
    **{name: (*FAMILY, *OWN_DESKS) for name in (OVER, RUNNING, FOUND, GRANDFATHER)},
}
# Other ways to the same lists.
ASIDES = ("?format=csv", "?which=over", "?which=waiting", "?which=all", f"?text={RUNNING[0]}", "?state=done&format=csv")


@pytest.fixture
def town(own_home: Path, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any) -> Town:
    monkeypatch.setenv("ZHIDA_TODAY", cases_town.TODAY)
    return cases_town.build_town(own_home, django_capture_on_commit_callbacks)


@pytest.fixture
def clients(town: Town) -> dict[str, Client]:
    """A signed-in browser for each of the cast."""
    found = {each: Client() for each in CAST}
    for each, client in found.items():
        if each != "nobody":
            client.force_login(access.account_named(each))
    return found


def numbers_of(town: Town) -> dict[str, dict[str, Any]]:
    """Return what fills an address, by the word after its @."""
    return {
        "found": {"case_id": town.cases[FOUND].pk},
        "running": {"case_id": town.cases[RUNNING].pk},
        "over": {"case_id": town.cases[OVER].pk},
        "nobody's": {"case_id": town.cases[GRANDFATHER].pk},
        "registration": {"item_id": town.items["household_registration"]},
        "registered": {"item_id": town.registered},
        "costs": {"item_id": town.items["maternity_costs"]},
        "bill": {"upload_id": town.upload},
        "question": {"question_id": town.question},
        "certificate": {"certificate_id": town.certificate},
        "decided": {"case_id": town.cases[OVER].pk, "decision_id": town.decision},
        "objection": {"appeal_id": town.appeal},
        "brought": {"case_id": town.cases[OVER].pk, "certificate_id": town.certificate},
        "birth": {"event": "birth"},
        "disability": {"event": "disability"},
        "lin": {"event": "disability", "resident_no": town.residents["applicant"]},
        "whose": {"resident_no": town.residents["applicant"]},
        "district": {"code": 330106},
    }


def address(town: Town, key: str) -> str:
    name, _, what = key.partition("@")
    what, _, query = what.partition("?")
    return reverse(name, kwargs=numbers_of(town)[what] if what else None) + (f"?{query}" if query else "")


def names_of_cases(patterns: Iterable[URLPattern | URLResolver], route: str = "", space: str = "") -> set[str]:
    """Return the names of all addresses that belong to cases."""
    found: set[str] = set()
    for each in patterns:
        here = route + str(each.pattern)
        if isinstance(each, URLResolver):
            found |= names_of_cases(each.url_patterns, here, f"{each.namespace}:" if each.namespace else space)
        elif BELONGS.search(here):
            found.add(f"{space}{each.name}")
    return found


def test_every_address_of_cases_stands_in_the_tables() -> None:
    tried = {key.partition("@")[0] for key in (*READ, *WRITE)}
    assert names_of_cases(get_resolver().url_patterns) == tried


def test_each_sees_their_own_and_a_command_by_the_wrong_one_changes_nothing(town: Town, clients: dict[str, Client]) -> None:
    """One town for both, because building it takes as long as walking through it."""
    read_everything(town, clients)
    try_every_command(town, clients)


def read_everything(town: Town, clients: dict[str, Client]) -> None:
    wrong, seen = [], defaultdict(set)
    for key, expected in READ.items():
        url = address(town, key)
        for who, status in zip(CAST, expected.split(), strict=True):
            got = clients[who].get(url)
            if got.status_code != int(status):
                wrong.append(f"{who} {key}: {got.status_code}, not {status}")
            asides = ASIDES if got.status_code == 200 and "@" not in key else ()
            for answer in (got, *(clients[who].get(url + aside) for aside in asides)):
                content = b"".join(answer.streaming_content) if answer.streaming else answer.content
                said = content.decode("utf-8", "replace") + unquote(answer.headers.get("Content-Disposition", ""))
                for secret in SECRETS:
                    if secret in said:
                        seen[secret].add((who, key))
    leaks = [f"{who} reads {secret} at {key}" for secret, places in seen.items() for who, key in places if who not in SECRETS[secret]]
    assert "\n".join(wrong + leaks) == ""
    assert set(seen) == set(SECRETS), "what was planted is on no page, so this test would see no leak"


def try_every_command(town: Town, clients: dict[str, Client]) -> None:
    wrong = []
    before = fingerprint()
    for key, (said, expected) in WRITE.items():
        url = address(town, key)
        numbers = {"lin": town.residents["applicant"], "rating": town.rating, "costs": town.items["maternity_costs"]}
        sent = {name: numbers.get(value, value) for name, value in said.items()}
        answers = list(zip(CAST, expected.split(), strict=True))
        # Those who may, each from the same state; then all who may not, one after the other.
        for group in (*([each] for each in answers if each[1] == "302"), [each for each in answers if each[1] != "302"]):
            with transaction.atomic():
                for who, status in group:
                    got = clients[who].post(url, sent).status_code
                    wrong += [] if got == (302 if status == "idle" else int(status)) else [f"{who} {key}: {got}, not {status}"]
                is_changed = fingerprint() != before
                transaction.set_rollback(True)
            wrong += [] if is_changed == (group[0][1] == "302") else [f"{key} by {group[0][0]}: is_changed is {is_changed}"]
    assert "\n".join(wrong) == ""


def fingerprint() -> str:
    """Return a hash of everything that cases, money, certificates and notices hold."""
    found = hashlib.sha256()
    for block in ("cases", "payments", "credentials"):
        for model in sorted(apps.get_app_config(block).get_models(), key=lambda each: each.__name__):
            found.update(repr(list(model.objects.order_by("pk").values_list())).encode())
    return found.hexdigest()
