"""A small life event with a real decision, a file and a refusal, for tests of uploads, appeals and ratings.

The street checks, the rules decide the childcare grant by the order of birth that the parents told, health has the last word.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from zhida.blocks.access import api as access
from zhida.blocks.access.api import SYSTEM, Viewer
from zhida.blocks.cases import api as cases
from zhida.blocks.cases.models import CaseItem
from zhida.blocks.policies import api as policies
from zhida.blocks.records import api as records
from zhida.blocks.records import testing
from zhida.kernel.period import Month

DAY = "2025-11-05"
EVENT = """
life_event: newborn
label: {zh: 育儿补助一件事, en: Childcare grant}
summary: {zh: 一张表，核对，发钱。, en: "One form, one check, one payment."}
leads: health
law: [{name: 测试, clause: 第一条, source: 测试, grade: C}]
opened_by: {resident: true, counter: true}
consent: none
promised_working_days: 10
case_key: subject
evidence:
  - {key: child, label: {zh: 孩子, en: Child}, kind: text, from: {card: name}, needed_by: [check]}
  - {key: order, label: {zh: 第几个孩子, en: Number of the child}, kind: integer, needed_by: [check]}
  - key: rented
    label: {zh: 住房, en: Home}
    kind: choice
    required: false
    needed_by: [check]
    options: {own: {zh: 自有, en: Owned}, rent: {zh: 租房, en: Rented}}
  - {key: lease, label: {zh: 租房合同, en: Lease}, kind: file, needed_by: [check], when: 'rented = "rent"'}
  - {key: agrees, label: {zh: 我同意核对, en: I agree to checks}, kind: statement, needed_by: [check]}
items:
  - key: check
    label: {zh: 上门核对, en: A visit}
    service: household_registration
    department: street
    level: street
    working_days: 3
    instruction: {zh: 上门。, en: Go there.}
    on_refusal: go_on
    one_by_one: {forms: 1, fields: 10, documents: 3, visits: 2, source: 测试, grade: C}
  - key: grant
    label: {zh: 育儿补助, en: Grant}
    service: household_registration
    department: health
    level: district
    effects:
      - {kind: decision, benefits: [yuer_2023], facts: {birth_order: order}}
      - {kind: payment, benefits: [yuer_2023]}
    undo: {by: effects}
    one_by_one: {forms: 1, fields: 8, documents: 2, visits: 1, source: 测试, grade: C, visits_now: 1}
  - key: last_word
    label: {zh: 确认, en: Last word}
    service: household_registration
    department: health
    level: district
    working_days: 2
    instruction: {zh: 看一遍。, en: Look it over.}
    enters: [{key: note, label: {zh: 备注, en: Note}, kind: text, required: false}]
    effects:
      - kind: notice
        notice: case_item_done
        says: {zh: "{note}；{rented}；{grant_due_fen} 元", en: "{note}; {rented}; {grant_due_fen} yuan"}
    on_refusal: undo
"""
PROCESS = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="https://zhida.example/tests" id="newborn_file">
  <process id="newborn" isExecutable="true">
    <startEvent id="start"/>
    <userTask id="check" name="上门核对"/>
    <serviceTask id="grant" name="育儿补助"/>
    <userTask id="last_word" name="确认"/>
    <endEvent id="end"/>
    <sequenceFlow id="f1" sourceRef="start" targetRef="check"/>
    <sequenceFlow id="f2" sourceRef="check" targetRef="grant"/>
    <sequenceFlow id="f3" sourceRef="grant" targetRef="last_word"/>
    <sequenceFlow id="f4" sourceRef="last_word" targetRef="end"/>
  </process>
</definitions>
"""
DESKS = {
    "street": ("street_officer", "", "street"),
    "far_street": ("street_officer", "330108001", "street"),
    "health": ("department_lead", "330106", "health"),
    "police": ("department_lead", "330106", "police"),
    "captain": ("captain", "330100", ""),
    "maker": ("payment_maker", "330100", ""),
}
PDF = b"%PDF-1.4 a lease"
GIVEN = {"order": "2", "agrees": "true"}


@contextmanager
def town(home: Path, monkeypatch: Any) -> Iterator[None]:
    """Install the event beside the others, and set up the tiny city with its month decided, two residents and the desks."""
    monkeypatch.setenv("ZHIDA_TODAY", DAY)
    folder = home / "events" / "newborn"
    folder.mkdir(parents=True)
    (folder / "event.yaml").write_text(EVENT.strip(), "utf-8")
    (folder / "process.bpmn").write_text(PROCESS, "utf-8")
    events = cases.life_events()
    events["newborn"] = cases.read_life_event(folder)
    try:
        _people(home)
        yield
    finally:
        del events["newborn"]


def _people(home: Path) -> None:
    mother = testing.id_number("1990-05-12", 22)
    born = {
        "id_number": testing.id_number("2025-08-18", 51), "born_on": "2025-08-18", "birth_order": 2, "plurality": 1,
        "hukou_first_local": True, "mother_id_number": mother,
    }  # fmt: skip
    nobody = {"id_number": testing.id_number("1930-01-01", 99), "died_on": "2020-01-01", "registered_on": "2020-01-02"}
    snapshot = testing.tiny_city(home, birth=[born], death=[nobody])
    policies.run_period(SYSTEM, Month(2025, 10), snapshot=snapshot, law_as_of=date(2025, 11, 5))
    for name, (role, area, department) in DESKS.items():
        area = area or str(testing.community())[:9]
        access.create_account(name, name, role, area_code=area, is_demo=True, department=department)
    for account, name in (("lin", "林小满"), ("zhou", "周明")):
        access.create_account(account, name, "resident", resident_no=resident_no(name), is_demo=True)


def resident_no(name: str) -> int:
    return records.find_residents(SYSTEM, access.Purpose.OPERATION, name)[0].resident_no


def viewer(account: str) -> Viewer:
    return access.viewer_of(access.account_named(account))


def open_newborn(**given: str) -> Any:
    """Let 林小满 open the case of her child."""
    return cases.open_case(viewer("lin"), "newborn", resident_no("陈安"), {**GIVEN, **given})


def item(case: Any, key: str) -> CaseItem:
    return CaseItem.objects.filter(case=case, item=key).latest("pk")


def finish(case: Any, *keys: str) -> None:
    for key in keys:
        desk = "street" if key == "check" else "health"
        cases.finish_item(viewer(desk), item(case, key).pk, {})


def view(case: Any) -> Any:
    return cases.my_case(viewer("lin"), case.pk)
