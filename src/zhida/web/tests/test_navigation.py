"""The navigation: who sees which group, what is marked as here, and how much waits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from zhida.blocks.access import api as access
from zhida.web.navigation import NAVIGATION, navigation, places_for

As = Callable[..., Client]
PEOPLE = [role for role in access.PERMISSIONS if role != "till"]


def viewer(role: str, **more: Any) -> access.Viewer:
    return access.Viewer("someone", role, "330106", department={"department_lead": "police"}.get(role, ""), **more)


def shown(role: str) -> dict[str, list[str]]:
    return {group.key: [place.label.en for place in places] for group, places in places_for(viewer(role))}


@pytest.mark.parametrize("role", PEOPLE)
def test_nobody_has_to_read_a_long_list(role: str) -> None:
    groups = shown(role)
    assert 1 <= len(groups) <= 6 and max(len(each) for each in groups.values()) <= 7


def test_groups_stand_in_the_same_order_for_everybody() -> None:
    order = [group.key for group in NAVIGATION]
    for role in PEOPLE:
        assert list(shown(role)) == [key for key in order if key in shown(role)]


def test_an_entry_stands_in_one_group_under_one_name() -> None:
    places = [place for group in NAVIGATION for place in group.places]
    for names in ([place.url for place in places], [place.label.zh for place in places], [place.label.en for place in places]):
        assert len(set(names)) == len(names)


def test_a_signature_delegated_brings_what_it_needs() -> None:
    plain, deputy = viewer("street_officer"), viewer("street_officer", delegated=("payments.approve",))
    labels = [{place.label.en for _, places in places_for(each) for place in places} for each in (plain, deputy)]
    assert labels[1] - labels[0] == {"To confirm", "Batches", "Bank", "Budgets", "Ledger", "Delegations"}


def test_the_deepest_entry_is_the_current_one(db: None) -> None:
    lead = viewer("department_lead")
    here = {
        path: navigation(lead, path)["here"] for path in ("/office/cases/items/3/", "/office/cases/appeals/7/", "/office/notices/mine/")
    }
    assert [text.en if text else None for text in here.values()] == ["Joint cases", "Case appeals", None]


def test_few_entries_are_neither_named_nor_folded(db: None) -> None:
    assert [navigation(viewer(role), "/")["is_grouped"] for role in ("resident", "captain", "payment_checker")] == [False, False, True]


def test_the_page_is_marked_and_groups_fold_without_a_script(signed_in: As) -> None:
    page = signed_in("payment_checker").get("/office/").content.decode()
    assert '<details class="site-nav__fold">' in page and 'aria-labelledby="nav-payments"' in page
    assert page.count('aria-current="page"') == 1 and '<a href="/office/" aria-current="page">' in page
    assert "件等着办" not in page, "nothing waits"
