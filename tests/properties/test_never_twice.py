"""Whatever the registers say of a person, no two benefits that exclude each other are paid for the same person and month."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from zhida.blocks.policies.api import installed_law
from zhida.blocks.policies.situation_checks import decide
from zhida.blocks.policies.situations import Situation
from zhida.kernel.period import NEVER, Month

LIVING = ("tekun", "guer_jigou", "guer_sanju", "kunjing_ertong")
CODES = (*LIVING, "dibao", "dibian", "canji_shenghuo", "canji_huli", "changhuxian_jigou", "changhuxian_jujia", "wuye_fuwu")
STANDARD_FEN = 130100

PERSON = st.fixed_dictionaries(
    {
        "birth_date": st.integers(0, 40000)
        .map(lambda days: date(1920, 1, 1) + timedelta(days=days))
        .filter(lambda day: day < date(2025, 10, 1)),
        "sex": st.sampled_from(["male", "female"]),
        "hukou_local": st.booleans(),
        "destitute": st.sampled_from(["none", "none", "scattered", "central"]),
        "orphan_care": st.sampled_from(["none", "none", "institution", "scattered"]),
        "difficulty_kind": st.sampled_from(["none", "none", "unsupported", "severe_disability", "other"]),
        "disability_level": st.integers(0, 4),
        "disability_category": st.sampled_from(["physical", "mental"]),
        "needs_long_term_care": st.booleans(),
        "self_care": st.sampled_from(["full", "part", "basic", "unable", "unknown"]),
        "elder_service_subsidy": st.booleans(),
        "ltc_insured": st.just(True),
        "care_level": st.sampled_from(["none", "severe_1", "severe_3"]),
        "care_setting": st.sampled_from(["home", "institution"]),
        "care_home_hours": st.integers(0, 60),
        "care_institution_days": st.integers(0, 31),
    }
)
HOUSEHOLD = st.fixed_dictionaries(
    {
        "district": st.sampled_from([330106, 330108, 330127]),
        "certified_kind": st.sampled_from(["none", "dibao", "dibian", "unknown"]),
        "means_tested": st.booleans(),
        "household_income": st.sampled_from([0, 1000, 2600, 4000, "unknown"]),
        "household_savings": st.sampled_from([0, 70000, "unknown"]),
        "dwelling_count": st.sampled_from([1, 2]),
        "dwelling_area": st.just(50),
        "commercial_property": st.booleans(),
        "persons": st.lists(PERSON, min_size=1, max_size=4),
    }
)


@settings(max_examples=60, deadline=None)
@given(HOUSEHOLD)
def test_no_one_is_paid_twice_for_the_same_need(household: dict[str, object]) -> None:
    situation = Situation("", "", "drawn", Month(2025, 10), None, household, dict.fromkeys(CODES))
    answers = decide(situation, installed_law(NEVER))
    persons: list[dict[str, object]] = household["persons"]  # type: ignore[assignment]

    def paid(code: str, row: int) -> int:
        return answers[code][row].amount or 0

    in_full = 0
    for row, person in enumerate(persons):
        full = [code for code in LIVING if paid(code, row) and not (code == "kunjing_ertong" and paid(code, row) < STANDARD_FEN)]
        assert len(full) <= 1 and sum(bool(paid(code, row)) for code in LIVING) <= 1
        in_full += bool(full) or not person["hukou_local"]
        assert not (paid("canji_huli", row) and person["elder_service_subsidy"])
        assert not (paid("canji_shenghuo", row) and (paid("tekun", row) or paid("guer_jigou", row) or paid("guer_sanju", row)))
        assert not (paid("changhuxian_jigou", row) and paid("changhuxian_jujia", row))
    assert paid("dibao", 0) <= STANDARD_FEN * (len(persons) - in_full)
    assert not (paid("dibao", 0) and paid("dibian", 0))
    assert not (paid("dibao", 0) and paid("wuye_fuwu", 0))
