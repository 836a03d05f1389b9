"""Every register has people of every kind the rules speak of, and about as many as its rate says."""

from __future__ import annotations

from collections import Counter

import pytest

from zhida.city.contracts import contracts, fields
from zhida.city.rates import rates
from zhida.city.tests.conftest import BuiltCity

# The city has no households with a head's brother or grandparent; everyone else's relation occurs.
NOT_BUILT = {("resident", "relation"): {"祖父母", "兄弟姐妹"}}


@pytest.mark.parametrize("record_type", sorted(contracts()))
def test_every_code_of_a_register_occurs(city: BuiltCity, record_type: str):
    rows = city.truth(record_type)
    for name, definition in fields(record_type).items():
        wanted = set(definition.get("codes", {}).values()) - NOT_BUILT.get((record_type, name), set())
        assert wanted <= {row[name] for row in rows}, name


def test_rare_registers_have_exactly_the_size_their_rate_says(city: BuiltCity):
    registers = {name: rate for name, rate in rates()["registers"].items() if name != "source"}
    sizes = {name: max(round(rate["share"] * 20_000), rate["at_least"]) for name, rate in registers.items()}
    for name in (
        "graduate",
        "startup",
        "subsidised_post",
        "flexible_employment",
        "destitute",
        "emergency_relief",
        "veteran",
        "talent",
        "move",
    ):
        assert len(city.truth(name)) == sizes[name], name
    assert Counter(row["care"] for row in city.truth("orphan"))["社会散居"] == sizes["orphan_scattered"]


def test_common_registers_are_about_as_large_as_in_the_real_city(city: BuiltCity):
    """Shares of residents: (register, at least, at most); the sources stand in rates.yaml."""
    for record_type, low, high in [
        ("disability_certificate", 0.025, 0.035),
        ("card_account", 0.96, 0.98),
        ("medical_enrolment", 0.90, 0.97),
        ("insured", 0.50, 0.70),
        ("wage", 0.33, 0.45),
        ("vehicle", 0.17, 0.30),
        ("enrolment", 0.14, 0.22),
        ("unemployment", 0.005, 0.014),
        ("birth", 0.025, 0.042),
        ("pregnancy", 0.008, 0.014),
        ("medical_claim", 0.08, 0.16),
        ("low_income", 0.004, 0.009),
        ("ability_assessment", 0.018, 0.036),
    ]:
        assert low <= len(city.truth(record_type)) / 20_000 <= high, record_type


def test_severe_disability_in_old_age_is_about_as_common_as_the_city_expects(city: BuiltCity):
    """More than 40,000 of 12 million residents."""
    severe = sum(row["care_level"].startswith("重度") for row in city.truth("ability_assessment"))
    assert 0.002 <= severe / 20_000 <= 0.0055
