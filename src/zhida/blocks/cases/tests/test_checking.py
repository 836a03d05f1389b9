"""The validator: each thing that can be missing or wrong in a life event is named, with its place."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from zhida.blocks.cases.declarations import words
from zhida.blocks.cases.declarations.checking import check_life_event, longest_days
from zhida.blocks.cases.declarations.installed import folders
from zhida.blocks.cases.declarations.reading import read_life_event

FOLDERS = sorted(folders())
BIRTH = next(folder for folder in FOLDERS if folder.name == "birth")


@pytest.fixture
def birth(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that copies *birth* and replaces text in one of its files."""

    def changed(file: str, old: str, new: str) -> Path:
        folder = Path(shutil.copytree(BIRTH, tmp_path / "birth"))
        text = (folder / file).read_text("utf-8")
        assert old in text, f"{file} does not say {old!r} any more"
        (folder / file).write_text(text.replace(old, new), "utf-8")
        return folder

    return changed


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_installed_events_have_no_errors(folder: Path) -> None:
    assert [str(each) for each in check_life_event(folder).errors] == []


E = "event.yaml"
ERRORS = {
    "a benefit that no pack has": (
        E,
        "benefits: [guojia_yuer_2025]",
        "benefits: [guojia_yuer]",
        "no installed pack has a benefit 'guojia_yuer'",
    ),
    "a fact that no rule reads": (E, "{birth_order: birth_order,", "{birth_number: birth_order,", "no rule reads a fact 'birth_number'"),
    "a word that says not whom": (
        E,
        "subject: {age_below: 3}",
        "subject: {age_under: 3}",
        "subject says age_from, age_below (years) or has_died",
    ),
    "an age that is none": (
        E,
        "subject: {age_below: 3}",
        "subject: {age_below: three}",
        "an age is a whole number from 1 to 149",
    ),
    "ages that nobody has": (E, "subject: {age_below: 3}", "subject: {age_from: 3, age_below: 3}", "age_from must be less than age_below"),
    "a word an effect does not know": (E, "valid_months: 72", "valid_years: 6", "a certificate effect knows no word valid_years"),
    "a word an effect lacks": (E, "record_type: medical_enrolment, values", "values", "its record effect has no record_type"),
    "a register that does not exist": (E, "record_type: medical_enrolment", "record_type: enrolments", "there is no register 'enrolments'"),
    "a field that a register needs": (E, "scheme: insurance_scheme, year", "year", "medical_enrolment needs 'scheme'"),
    "a field that a register has not": (
        E,
        "{id_number: $subject_id, scheme",
        "{id_number: $subject_id, plan: x, scheme",
        "has no field 'plan'",
    ),
    "a dollar word that does not exist": (E, "{id_number: $subject_id", "{id_number: $child_id", "there is no word '$child_id'"),
    "a line of a certificate that nothing gives": (E, "value: clinic}", "value: hospital}", "nothing in this event gives 'hospital'"),
    "a key to send that nothing gives": (
        E,
        "card_pickup, community, card_no]",
        "card_pickup, card_number]",
        "nothing in this event gives 'card_number'",
    ),
    "a notice that does not exist": (E, "notice: case_item_done", "notice: case_item_over", "there is no notice 'case_item_over'"),
    "a notice whose words an item cannot give": (E, "notice: case_item_done", "notice: case_late", "due_on, which an item cannot give"),
    "a notice about an item that is none": (E, "notice: case_item_done}", "notice: case_item_done, about: jab}", "about names jab"),
    "a sentence with a name that nothing gives": (E, "到{clinic}接种", "到{hospital}接种", "says names {hospital}"),
    "a condition on a name that nothing gives": (
        E,
        "when: 'hukou_first_local = true'",
        "when: 'registered = true'",
        "'when' reads 'registered'",
    ),
    "a service that the catalogue has not": (E, "service: vaccination", "service: vaccine", "the catalogue has no service 'vaccine'"),
    "money that nothing decides": (
        E,
        "payment, benefits: [guojia_yuer_2025]",
        "payment, benefits: [dibao]",
        "nothing decides 'dibao'",
    ),
    "a word of the file that nobody knows": (E, "leads: health", "leads: health\nlead_by: x", "'lead_by' means nothing here"),
    "a word of an item that nobody knows": (E, "    service: vaccination", "    services: vaccination", "is it 'service'?"),
    "a word of evidence that nobody knows": (E, "    required: false", "    requried: false", "is it 'required'?"),
    "a sentence that a comma cuts in two": (
        E,
        "en: Household registration}",
        "en: Household, registration}",
        "put the whole sentence in double quotes",
    ),
    "a sentence that a colon ends": (
        E,
        "en: Household registration}",
        "en: Household: registration}",
        "a sentence with a colon or a quotation",
    ),
    "a day of a decision that nothing gives": (
        E,
        "benefits: [guojia_yuer_2025]}",
        "benefits: [guojia_yuer_2025], month: wished_on}",
        "nothing in this event gives 'wished_on'",
    ),
    "days that are no number": (E, "promised_working_days: 10", "promised_working_days: ten", "must be a whole number such as 5"),
    "a feed with a strange word": (E, "record_type: birth, subject:", "register: birth, record_type: birth, subject:", "'register' means"),
    "a table's input that nothing gives": ("vaccines.dmn", "<text>days_since</text>", "<text>age_in_days</text>", "reads 'age_in_days'"),
    "a flow's condition that nothing gives": (
        "process.bpmn",
        "hukou_first_local = false",
        "registered_here = false",
        "reads 'registered_here'",
    ),
}


@pytest.mark.parametrize("what", ERRORS)
def test_an_error_is_named(birth: Callable[..., Path], what: str) -> None:
    file, old, new, said = ERRORS[what]
    assert said in " | ".join(str(each) for each in check_life_event(birth(file, old, new)).errors)


WARNINGS = {
    "a promise shorter than the items' own days": (
        E,
        "promised_working_days: 10",
        "promised_working_days: 3",
        "3 working days are promised, and ",
    ),
    "nobody said whom": (E, "subject: {age_below: 3}", "", "by hand it can be opened about anybody; write subject"),
    "no promise": (E, "promised_working_days: 10\n", "", "no promised_working_days"),
    "a count without source": (E, 'source: "户口簿、身份证；字段为本系统清点", ', "", "one_by_one names no source"),
    "a text in the wrong language": (E, "en: Household registration}", "en: 户口登记}", "stands in the wrong language"),
    "a text missing in one language": (E, "en: Household registration}", 'en: ""}', "a text is missing in one language"),
    "an item that no situation names": ("tests/paths.yaml", "money_review", "joint_result", "no situation in tests/ names it"),
    "a desk nobody is assumed at": ("simulation.yaml", "  money_review:", "  reviewing:", "'money_review' has no officers and minutes"),
    "a copy that nobody has named": (
        E,
        "label: {zh: 出生一件事, en: A child is born}",
        "label: {zh: x（待命名）, en: x (to be named)}",
        "to be named",
    ),
    "a code that a page would show": (E, "none: {zh: 没有", "nothing: {zh: 没有", "options with words for none"),
    "a number that nothing draws in the simulation": (
        "maternity.dmn",
        "<text>mother_scheme</text>",
        "<text>birth_order</text>",
        "a table or condition reads 'birth_order' and no shares are given of it",
    ),
    "asked though a register has it": (
        E,
        "    from: {record_type: birth, field: birth_order}\n",
        "",
        "has this field, and still it is asked",
    ),
}


@pytest.mark.parametrize("what", WARNINGS)
def test_a_warning_is_named(birth: Callable[..., Path], what: str) -> None:
    file, old, new, said = WARNINGS[what]
    checked = check_life_event(birth(file, old, new))
    assert said in " | ".join(str(each) for each in checked.warnings), [str(each) for each in (*checked.errors, *checked.warnings)]


def test_an_item_without_law_is_named(birth: Callable[..., Path]) -> None:
    text = (BIRTH / E).read_text("utf-8")
    start = text.index("    law: {", text.index("- key: household_registration"))
    folder = birth(E, text[start : text.index("\n", start) + 1], "")
    (warning,) = check_life_event(folder).warnings
    assert "items.household_registration" in warning.place
    assert warning.text.en.startswith("no law is named")


def test_a_gap_in_a_table_is_named_with_inputs_that_can_come(birth: Callable[..., Path]) -> None:
    text = (BIRTH / "insurance.dmn").read_text("utf-8")
    rule = text[text.index("<rule") : text.index("</rule>") + len("</rule>")]
    (warning,) = check_life_event(birth("insurance.dmn", rule, "")).warnings
    assert warning.place == "insurance.dmn"
    assert warning.text.en.startswith("no rule says anything for hukou_first_local = ")


def test_a_refusal_that_undoes_what_has_no_way_back_is_an_error(birth: Callable[..., Path]) -> None:
    folder = birth(E, "    on_refusal: undo\n    undo: {by: effects}\n", "    on_refusal: undo\n")
    assert check_life_event(folder).errors == (), "the first item has nothing before it"
    text = (folder / E).read_text("utf-8")
    start = text.index("- key: household_registration")
    (folder / E).write_text(text[:start] + text[start:].replace("on_refusal: go_on", "on_refusal: undo", 1), "utf-8")
    (error,) = check_life_event(folder).errors
    assert "items.birth_certificate" in error.place
    assert "a refusal of 'household_registration' undoes it and it has no undo" in error.text.en


def test_places_name_the_line(birth: Callable[..., Path]) -> None:
    folder = birth(E, "service: vaccination", "service: vaccine")
    (error,) = check_life_event(folder).errors
    line = int(error.place.split(":")[1].split()[0])
    assert "key: vaccination_file" in (folder / E).read_text("utf-8").splitlines()[line - 1]


def test_what_cannot_be_read_at_all_is_an_error_and_not_an_exception(birth: Callable[..., Path]) -> None:
    folder = birth(E, "leads: health", "leads: [")
    (error,) = check_life_event(folder).errors
    assert error.place.startswith("event.yaml")


def test_the_longest_way_counts_what_runs_side_by_side_once() -> None:
    declared = read_life_event(BIRTH)
    days, path = longest_days(declared)
    assert days == sum(declared.items[key].working_days for key in path)
    assert days < sum(item.working_days for item in declared.people_items)
    assert path[0] == "birth_certificate"


def test_the_documentation_names_every_word_of_event_yaml() -> None:
    said = (Path(__file__).resolve().parents[5] / "docs" / "life-events.md").read_text("utf-8")
    known = words.EVENT | words.OPENED_BY | words.EVIDENCE | words.FROM | words.ITEM | words.UNDO | words.FEED | words.ONE_BY_ONE
    assert [word for word in sorted(known) if not re.search(rf"[`{{ ]{word}[`,:}} ]", said)] == []
