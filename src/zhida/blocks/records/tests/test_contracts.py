"""Contracts are read whole or refused with the place that is wrong."""

from __future__ import annotations

import pytest

from zhida.blocks.records import api as records
from zhida.blocks.records.record_types import FOLDER, parse_contract
from zhida.kernel.text import Text

DEPARTMENTS = {"police": Text("公安", "Public security")}
HOUSEHOLD = (FOLDER / "household.yaml").read_text("utf-8")


def test_every_contract_is_read():
    assert len(records.record_types()) == 31
    assert records.record_type("resident").key == ("id_number",)


def test_every_fact_has_an_owner_a_label_and_a_column():
    facts = records.facts()
    assert facts["died_on"].record_type == "death"
    assert facts["wage"].unit == "fen/month"
    assert facts["dwelling_area"].scale == 2
    assert facts["care_level"].codes[0] == "able"
    assert all(fact.label.zh and fact.label.en and fact.department for fact in facts.values())


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("entity: household", "entity: dwelling", "entity: the value 'dwelling'"),
        ("key: [household_no]", "key: [house_no]", "key: the value 'house_no'"),
        ("type: area12", "type: area9", "field community: the value 'area9'"),
        ("absent: unknown", "absent: maybe", "fact household_kind: the value 'maybe'"),
        ("required: true, sensitivity: 1", "obligatory: true, sensitivity: 1", "unknown key 'obligatory'"),
        ("en: Kind of household}", "en: Kind, of household}", "unknown key"),
        ("department: police", "department: palace", "cannot be read"),
        ("header: 社区代码", "header: 户号", "duplicate name or header"),
        ("record_type: household", "record_type: [", "cannot be read"),
    ],
)
def test_a_wrong_contract_names_the_place(old, new, sentence):
    assert old in HOUSEHOLD
    with pytest.raises(records.ContractInvalid) as refused:
        parse_contract("household", HOUSEHOLD.replace(old, new), DEPARTMENTS)
    assert sentence in str(refused.value)
    assert refused.value.text.zh.startswith("记录契约 household.yaml")


def test_a_contract_about_organisations_links_to_nobody_and_gives_no_facts():
    written = (FOLDER / "organisation_account.yaml").read_text("utf-8")
    departments = {"human_resources": Text("人社", "Human resources")}
    contract = parse_contract("organisation_account", written, departments)
    assert (contract.entity, contract.link, contract.facts) == ("organisation", "", ())
    told = "facts: [{name: has_account, label: {zh: 有账户, en: Account}, present: true, absent: false}]"
    for wrong, sentence in (
        (written.replace("key: [", "link: organisation_code\nkey: ["), "link: the value 'organisation_code'"),
        (written.replace("facts: []", told), "facts: the value 'entity: organisation'"),
    ):
        with pytest.raises(records.ContractInvalid) as refused:
            parse_contract("organisation_account", wrong, departments)
        assert sentence in str(refused.value)
