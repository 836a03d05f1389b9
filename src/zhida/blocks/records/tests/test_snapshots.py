"""From feeds to a snapshot: who is in it, what is known of them, and that it is the same every time."""

from __future__ import annotations

from datetime import date

import pytest

from zhida.blocks.records import api as records
from zhida.blocks.records.testing import HOUSEHOLD_OF_LIN, tiny_city

pytestmark = pytest.mark.django_db


def test_every_living_resident_stands_in_their_household(tmp_path):
    snapshot = tiny_city(tmp_path)
    assert (snapshot.persons, snapshot.households, snapshot.claims) == (7, 3, 0)
    family = records.read_household(snapshot.hash, HOUSEHOLD_OF_LIN)
    assert len(family.resident_nos) == 4
    assert sum(family.person["is_head"]) == 1
    assert family.household["head_resident_no"] in family.resident_nos
    assert family.person["birth_date"][family.person["is_head"].index(True)] == date(1990, 5, 12)
