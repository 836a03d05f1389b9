"""What am I eligible for: the engine's answers by service, for whom the viewer may see."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from zhida.blocks.access import api as access
from zhida.blocks.access.api import SYSTEM, NotYours, Purpose, Viewer
from zhida.blocks.catalogue.api import ServiceEligibility, eligibility
from zhida.blocks.policies import api as policies
from zhida.blocks.records import api as records
from zhida.blocks.records import testing
from zhida.kernel.period import Month

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(own_home: Path) -> Any:
    nobody = testing.id_number("1930-01-01", 99)
    snapshot = testing.tiny_city(own_home, death=[{"id_number": nobody, "died_on": "2020-01-01", "registered_on": "2020-01-02"}])
    return policies.run_period(SYSTEM, Month(2025, 10), snapshot=snapshot, law_as_of=date(2025, 11, 5))


def number(name: str) -> int:
    return records.find_residents(SYSTEM, Purpose.OPERATION, name)[0].resident_no


def resident(number: int) -> Viewer:
    return Viewer("someone", "resident", resident_no=number)


def test_the_engine_answers_by_service(run: Any) -> None:
    """One city serves every check: making it is what takes time."""
    lin = number("林小满")
    viewer = resident(lin)
    found = eligibility(viewer, Purpose.OWN_ENTITLEMENTS, lin)
    _same_as_the_list(found, policies.entitlements(viewer, Purpose.OWN_ENTITLEMENTS, lin).lines)
    _under_its_service(found)
    _with_reasons(found)
    told = access.audit_entries(f"resident {lin} every benefit")
    assert len(told) == 1
    with pytest.raises(NotYours):
        eligibility(resident(lin + 1), Purpose.OWN_ENTITLEMENTS, lin)


def _same_as_the_list(found: list[ServiceEligibility], listed: list[Any]) -> None:
    answered = {
        (told.line.benefit.code, told.line.entity_no, told.line.status, told.line.amount) for each in found for told in each.answers
    }
    assert answered == {(line.benefit.code, line.entity_no, line.status, line.amount) for line in listed}
    assert {each.status for each in found} >= {"entitled", "not_entitled"}


def _under_its_service(found: list[ServiceEligibility]) -> None:
    order = ("entitled", "unknown", "not_entitled").index
    for each in found:
        assert {told.line.benefit.code for told in each.answers} <= set(each.service.benefits)
        assert each.status == min((told.line.status for told in each.answers), key=order)
        assert each.month == "2025-10"
    assert [each.status for each in found] == sorted((each.status for each in found), key=order)


def _with_reasons(found: list[ServiceEligibility]) -> None:
    """A no says what would change it; an unknown says what is missing."""
    refused = [told for each in found for told in each.of("not_entitled")]
    assert sum(bool(told.changes) for told in refused) > len(refused) / 2
    unknown = [told for each in found for told in each.of("unknown")]
    assert unknown and all(told.line.missing for told in unknown)
