"""The catalogue as it is installed, and what is said when a file of it is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from zhida.blocks.catalogue import reading
from zhida.blocks.catalogue.api import (
    CatalogueInvalid,
    UnknownService,
    basic_services,
    life_events,
    public_service,
    public_services,
    service_of,
    services_of,
)
from zhida.blocks.policies import api as policies

SERVICE: dict[str, Any] = {
    "label": {"zh": "借书证", "en": "Library card"},
    "summary": {"zh": "借书用的证。", "en": "A card to borrow books."},
    "department": "education",
    "sector": "culture",
    "who": "resident",
    "channels": ["counter"],
    "criteria": [{"zh": "住在本市", "en": "Lives in the city"}],
    "outputs": [{"zh": "借书证", "en": "The card"}],
    "law": [{"name": "公共图书馆法", "clause": "第三十三条", "source": "主席令第七十九号（2017）", "grade": "C"}],
}


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Read a catalogue of one pack whose only service is the sample with some fields changed; None takes a field away."""
    monkeypatch.setattr(policies, "pack_folders", lambda: {"libraries": tmp_path / "libraries"})

    def read_with(**changed: Any) -> Any:
        body = {key: value for key, value in (SERVICE | changed).items() if value is not None}
        (tmp_path / "libraries").mkdir(exist_ok=True)
        (tmp_path / "libraries" / "services.yaml").write_text(yaml.safe_dump({"services": {"library_card": body}}), "utf-8")
        return reading.catalogue.__wrapped__()

    return read_with


def test_every_benefit_is_the_output_of_one_service() -> None:
    assert len(policies.benefits()) >= 38
    for code in policies.benefits():
        found = service_of(code)
        assert found is not None and code in [each.benefit for each in found.outputs]


@pytest.mark.parametrize(
    ("event", "services"),
    [
        ("birth", "birth_certificate household_registration medical_enrolment social_security_card birth_grants maternity_benefits"),
        ("birth", "vaccination child_health_file childcare_allowance"),
        ("death", "death_certificate death_registration pension_stop survivor_grant pension_account_inheritance funeral_subsidy"),
        ("death", "medical_account_inheritance housing_death_notice vehicle_death_notice"),
        ("disability", "disability_assessment disability_certificate disability_allowances disability_rehabilitation"),
        ("disability", "assistive_devices disability_employment home_adaptation"),
        ("hardship", "means_test minimum_living emergency_relief low_income_relief medical_assistance education_aid rent_allowance"),
    ],
)
def test_a_life_event_brings_its_services(event: str, services: str) -> None:
    assert event in life_events()
    assert set(services.split()) <= {each.key for each in services_of(event)}


def test_the_law_of_a_benefit_is_that_of_its_rule() -> None:
    law = public_service("childcare_allowance").law
    rule = policies.benefits()["guojia_yuer_2025"]
    assert [(each.name, each.clause, each.grade) for each in law] == [(rule.law, rule.clause, rule.grade)]


def test_what_the_city_holds_is_not_asked_for() -> None:
    service = public_service("birth_certificate")
    assert {each.key for each in service.asked} == {"parents_papers"}
    assert {each.key for each in public_service("childcare_allowance").asked} == set()


def test_the_list_of_basic_services_has_the_published_counts() -> None:
    lines = basic_services()
    assert (len({each.sector for each in lines}), len({each.kind for each in lines}), len(lines)) == (9, 22, 80)
    assert {each.grade for each in lines} == {"C"}
    assert all(key in public_services() for each in lines for key in each.services)
    assert not [each.no for each in lines if each.standard and any(digit in each.standard.zh for digit in "0123456789元")]


def test_the_list_is_found_by_field_and_words() -> None:
    assert [each.no for each in basic_services("childhood", "预防接种")] == [5]
    assert {each.sector for each in basic_services("housing")} == {"housing"}
    assert basic_services("", "minimum living") and not basic_services("", "no such thing")


def test_a_key_that_is_misspelt_is_told_the_nearest() -> None:
    with pytest.raises(UnknownService, match="did you mean birth_certificate"):
        public_service("birth_certifcate")


def test_a_service_of_another_pack_is_read(read: Any) -> None:
    service = read(cost_fen=500).services["library_card"]
    assert (service.cost_fen, service.promised_working_days, service.promise_from, service.pack) == (500, None, "city", "libraries")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"label": None}, "library_card.label: it is missing"),
        ({"label": {"zh": "借书证"}}, "label: it needs zh and en"),
        ({"summary": {"zh": " ", "en": "A card"}}, "summary: it is empty"),
        ({"department": "libraries"}, "'libraries' is not known"),
        ({"life_events": ["reading"]}, "'reading' is not known"),
        ({"evidence": ["smile"]}, "'smile' is not known"),
        ({"benefits": ["dibao"]}, "'dibao' is not known"),
        ({"cost_fen": -1}, "a whole number"),
        ({"cost_fen": 1.5}, "a whole number"),
        ({"law": None}, "has to say all three"),
        ({"law": [{"name": "公共图书馆法", "source": "x", "grade": "D"}]}, "a grade of A, B or C"),
        ({"promise_from": "nobody"}, "'nobody' is not known"),
        ({"price": 3}, "there is no such field"),
    ],
)
def test_a_mistake_is_told_with_its_place(read: Any, changed: dict[str, Any], said: str) -> None:
    with pytest.raises(CatalogueInvalid, match=said) as told:
        read(**changed)
    assert "libraries/services.yaml" in str(told.value)


def test_a_file_that_is_no_yaml_is_told(read: Any, tmp_path: Path) -> None:
    (tmp_path / "libraries").mkdir()
    (tmp_path / "libraries" / "services.yaml").write_text("services: [", "utf-8")
    with pytest.raises(CatalogueInvalid, match="it cannot be read"):
        reading.catalogue.__wrapped__()
