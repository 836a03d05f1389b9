"""What every pack must hold, so that faces can draw it and policy staff can find their way."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings

import zhida.packs
from zhida.blocks.catalogue.api import life_events, public_services, services_of
from zhida.blocks.policies.api import benefits, installed_law
from zhida.kernel.period import NEVER

PACKS = Path(str(zhida.packs.__file__)).parent


@pytest.mark.parametrize("name", settings.INSTALLED_PACKS)
def test_every_benefit_of_a_pack_stands_in_one_public_service(name: str) -> None:
    listed = sorted(code for service in public_services().values() if service.pack == name for code in service.benefits)
    assert listed == sorted(benefit.code for benefit in benefits().values() if benefit.pack == name)


def test_every_life_event_brings_services() -> None:
    assert [key for key in life_events() if not services_of(key)] == []


@pytest.mark.parametrize("name", settings.INSTALLED_PACKS)
def test_a_pack_says_in_its_readme_whom_it_helps(name: str) -> None:
    assert (PACKS / name / "README.md").stat().st_size > 200


def test_no_benefit_and_no_number_rests_on_a_weak_source() -> None:
    law = installed_law(NEVER)
    assert {benefit.grade for benefit in law.benefits.values()} <= {"A", "B"}
    weak = [parameter.name for parameter in law.parameters.values() for entry in parameter.entries if entry.grade not in ("A", "B")]
    assert not weak


def test_every_number_of_the_law_names_its_source() -> None:
    law = installed_law(NEVER)
    assert not [parameter.name for parameter in law.parameters.values() if not parameter.law]
    entries = [(parameter.name, entry) for parameter in law.parameters.values() for entry in parameter.entries]
    assert not [f"{name} {entry.since}" for name, entry in entries if not entry.source]


def test_at_least_thirty_benefits_are_carried() -> None:
    assert len(benefits()) >= 30
