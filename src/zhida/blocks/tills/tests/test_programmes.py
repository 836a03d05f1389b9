"""Programmes are data: what their files say, and that a wrong file is refused with a sentence."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from zhida.blocks.access.api import SYSTEM
from zhida.blocks.tills import api as tills
from zhida.blocks.tills.models import EventProgramme

CANTEEN = next(path for path in tills.programme_files() if path.stem == "canteen_meal").read_text("utf-8")


def test_every_programme_of_the_house_is_installed_and_says_who_when_and_how_much(db: None) -> None:
    for path in tills.programme_files():
        tills.install_programme(SYSTEM, path)
    found = tills.programmes()
    assert sorted(found) == ["bus_ride", "canteen_meal", "medical_deductible", "training_voucher"]
    for programme in found.values():
        assert programme.label.zh and programme.label.en and programme.law and programme.provider_kinds
        assert bool(programme.who_benefit) != (programme.age_from is not None)
        assert programme.terms_on(date(2025, 11, 5)) is not None
        assert programme.terms_on(date(2024, 12, 31)) is None


def test_a_copied_file_is_a_new_programme(db: None, tmp_path: Path) -> None:
    path = tmp_path / "breakfast.yaml"
    path.write_text(CANTEEN.replace("programme: canteen_meal", "programme: breakfast").replace('"5.00"', '"3.00"'))
    assert tills.install_programme(SYSTEM, path).code == "breakfast"
    terms = tills.programme("breakfast").terms_on(date(2025, 11, 5))
    assert terms is not None and terms.pays(12_00) == 3_00


def test_the_same_file_again_changes_nothing_and_another_one_is_brought_up_to_date(db: None, tmp_path: Path) -> None:
    path = tmp_path / "canteen_meal.yaml"
    path.write_text(CANTEEN)
    tills.install_programme(SYSTEM, path)
    (before,) = EventProgramme.objects.all()
    tills.install_programme(SYSTEM, path)
    assert EventProgramme.objects.get().installed_at == before.installed_at
    path.write_text(CANTEEN.replace('"5.00"', '"6.00"'))
    tills.install_programme(SYSTEM, path)
    assert EventProgramme.objects.get().installed_at > before.installed_at


def test_each_wording_holds_from_its_day_on() -> None:
    raised = CANTEEN.rstrip() + '\n  - from: 2025-11-03\n    city_pays: {share: "50%", at_most: "8.00"}\n    caps: {day: {times: 1}}\n'
    programme = tills.read_programme(raised, "raised")
    before, after = programme.terms_on(date(2025, 11, 2)), programme.terms_on(date(2025, 11, 3))
    assert before is not None and after is not None
    assert (before.pays(13_01), after.pays(13_01), after.pays(99_00)) == (5_00, 6_50, 8_00)


@pytest.mark.parametrize(
    ("written", "instead", "told"),
    [
        ("programme: canteen_meal", "programme: Canteen Meal", "small letters"),
        ("label: {zh: 老年食堂助餐, en: Meals for older people}", "label: {zh: 老年食堂助餐}", "en is missing"),
        ("provider_kinds: [canteen]", "provider_kinds: [restaurant]", "provider_kinds may be"),
        ("who: {age_from: 60}", "who: {age_from: 60, benefit: gaoling}", "one of benefit and age_from"),
        ("who: {age_from: 60}", "who: {age_from: sixty}", "whole number"),
        ("sync_days: 7", "sync_days: -1", "whole number"),
        ('{fixed: "5.00"}', "{fixed: 5.00}", "in quotes"),
        ('{fixed: "5.00"}', '{fixed: "5.001"}', "not an amount"),
        ('{fixed: "5.00"}', '{fixed: "5.00", share: "50%"}', "city_pays needs"),
        ('{fixed: "5.00"}', '{share: "101%"}', "percentage"),
        ("      day: {times: 2}", "      week: {times: 2}", "caps has no week"),
        ("  - from: 2025-01-01", "  - from: tomorrow", "needs a day"),
        ("law: demonstration", "law: demonstration\nsurprise: 1", "no surprise"),
        ("law: demonstration", "law: &a demonstration", "not readable"),
        ("law: demonstration", "law: [", "not readable"),
    ],
)
def test_a_wrong_file_is_refused_with_what_is_wrong_in_it(written: str, instead: str, told: str) -> None:
    assert written in CANTEEN
    with pytest.raises(tills.InvalidProgramme) as refusal:
        tills.read_programme(CANTEEN.replace(written, instead), "wrong.yaml")
    assert told in refusal.value.text.en and "wrong.yaml" in refusal.value.text.zh


def test_a_programme_of_a_benefit_that_no_pack_has_is_refused(db: None, tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(CANTEEN.replace("{age_from: 60}", "{benefit: no_such_benefit}"))
    with pytest.raises(tills.InvalidProgramme, match="no_such_benefit"):
        tills.install_programme(SYSTEM, path)
