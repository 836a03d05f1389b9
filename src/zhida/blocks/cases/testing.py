"""A small life event, its desks and a case of it, for tests of the faces.

with small_event(tmp_path):       # the event "move": the street accepts, the police registers, civil affairs pays
    desks()                       # accounts: street, neighbour, police, civil (lead), civil_2, captain, maker
    case = open_small_case()      # at the counter, for 林小满 of ``records.testing.tiny_city``
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from zhida.blocks.access import api as access
from zhida.blocks.access.api import SYSTEM, Viewer
from zhida.blocks.cases import api as cases
from zhida.blocks.records import api as records

EVENT = """
life_event: move
label: {zh: 搬家一件事, en: Moving house}
summary: {zh: 搬到新家后要改的都一起改。, en: What changes with an address changes together.}
leads: police
law: [{name: 户口登记条例, clause: 第十条, source: 测试, grade: C}]
opened_by: {resident: true, counter: true}
consent: none
promised_working_days: 10
case_key: subject
evidence:
  - {key: mover, label: {zh: 姓名, en: Name}, kind: text, from: {card: name}, needed_by: [acceptance, registration]}
  - {key: new_address, label: {zh: 新地址, en: New address}, kind: text, needed_by: [acceptance, registration]}
  - {key: rent, label: {zh: 房租, en: Rent}, kind: money, needed_by: [grant], required: false}
items:
  - key: acceptance
    label: {zh: 受理, en: Acceptance}
    service: household_registration
    department: street
    level: street
    working_days: 1
    instruction: {zh: 看清地址。, en: Read the address.}
    law: {name: 户口登记条例, clause: 第十条}
    enters:
      - {key: moved_on, label: {zh: 搬家日期, en: Moved on}, kind: date}
      - {key: home, label: {zh: 住房, en: Home}, kind: choice, options: {rented: {zh: 租房, en: Rented}, owned: {zh: 自有, en: Owned}}}
      - {key: keys, label: {zh: 有钥匙, en: Has the keys}, kind: boolean, required: false}
    on_refusal: go_on
  - key: registration
    label: {zh: 迁移登记, en: Registration}
    service: household_registration
    department: police
    level: district
    working_days: 3
    instruction: {zh: 登记。, en: Register.}
    effects:
      - kind: certificate
        certificate: move
        title: {zh: 迁移证, en: Proof of moving}
        lines: [{label: {zh: 地址, en: Address}, value: new_address}]
    on_refusal: undo
    undo: {by: person, instruction: {zh: 收回迁移证。, en: Take the proof back.}}
  - key: grant
    label: {zh: 搬家补助, en: Grant}
    service: household_registration
    department: civil_affairs
    level: district
    working_days: 5
    instruction: {zh: 核定金额。, en: Set the amount.}
    enters: [{key: amount, label: {zh: 金额, en: Amount}, kind: money}]
    effects: [{kind: payment, benefits: [shengyu_butie], amount: amount}]
    on_refusal: undo
    undo: {by: effects}
"""
PROCESS = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="https://zhida.example/tests" id="move_file">
  <process id="move" isExecutable="true">
    <startEvent id="start"/>
    <userTask id="acceptance" name="受理"/>
    <userTask id="registration" name="迁移登记"/>
    <userTask id="grant" name="搬家补助"/>
    <endEvent id="end"/>
    <sequenceFlow id="f1" sourceRef="start" targetRef="acceptance"/>
    <sequenceFlow id="f2" sourceRef="acceptance" targetRef="registration"/>
    <sequenceFlow id="f3" sourceRef="registration" targetRef="grant"/>
    <sequenceFlow id="f4" sourceRef="grant" targetRef="end"/>
  </process>
</definitions>
"""
# account: name, role, area, department.
DESKS = {
    "street": ("周志强", "street_officer", "330106", "street"),
    "neighbour": ("吴静", "street_officer", "330108001", "street"),
    "police": ("高建明", "department_officer", "330106", "police"),
    "civil": ("曹国平", "department_lead", "330106", "civil_affairs"),
    "civil_2": ("蒋丽萍", "department_officer", "330106", "civil_affairs"),
    "captain": ("徐振华", "captain", "330100", ""),
    "maker": ("何建平", "payment_maker", "330100", ""),
}
# What the desks of the first two items enter.
ACCEPTED = {"moved_on": "2025-11-01", "home": "rented", "keys": "true"}


@contextmanager
def small_event(folder: Path) -> Iterator[cases.LifeEventDeclaration]:
    """Install the small event beside the others for as long as the context lasts."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "event.yaml").write_text(EVENT.strip(), "utf-8")
    (folder / "process.bpmn").write_text(PROCESS, "utf-8")
    declared = cases.read_life_event(folder)
    events = cases.life_events()
    events[declared.key] = declared
    try:
        yield declared
    finally:
        del events[declared.key]


def desks() -> None:
    for username, (name, role, area, department) in DESKS.items():
        access.create_account(username, name, role, area_code=area, is_demo=True, department=department)


def officer(username: str) -> Viewer:
    return access.viewer_of(access.account_named(username))


def resident_no(name: str = "林小满") -> int:
    return records.find_residents(SYSTEM, access.Purpose.OPERATION, name)[0].resident_no


def open_small_case(name: str = "林小满") -> cases.Case:
    """Open a case at the counter."""
    return cases.open_case(officer("street"), "move", resident_no(name), {"new_address": "文三路 1 号"})


def item_of(case: cases.Case, key: str) -> cases.CaseItem:
    return cases.CaseItem.objects.get(case=case, item=key)
