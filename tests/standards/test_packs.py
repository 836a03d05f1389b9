"""What every pack must hold, so that faces can draw it and policy staff can find their way."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from django.conf import settings

import zhida.packs
from zhida.blocks.policies.api import Pack, benefits, installed_law
from zhida.blocks.policies.law import pack_sources
from zhida.kernel.period import NEVER

PACKS = Path(str(zhida.packs.__file__)).parent
DEPARTMENTS = yaml.safe_load((PACKS.parent / "blocks" / "records" / "departments.yaml").read_text(encoding="utf-8"))


def _pack(name: str) -> Pack:
    source = next(source for source in pack_sources() if source.name == name)
    return next(file.constants["PACK"] for file in source.read() if "PACK" in file.constants)


@pytest.mark.parametrize("name", settings.INSTALLED_PACKS)
def test_every_benefit_of_a_pack_stands_in_one_public_service(name: str) -> None:
    listed = sorted(code for code, _ in _pack(name).departments())
    assert listed == sorted(benefit.code for benefit in benefits().values() if benefit.pack == name)


@pytest.mark.parametrize("name", settings.INSTALLED_PACKS)
def test_departments_and_services_of_a_pack_exist(name: str) -> None:
    pack = _pack(name)
    services = {service.code for service in pack.public_services}
    assert {department for _, department in pack.departments()} <= set(DEPARTMENTS)
    assert {service for event in pack.life_events for service in event.services} <= services


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
