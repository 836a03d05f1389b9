"""What cases made, handed over: rows decide the next run, money is paid once; what was undone is taken back, wherever it is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from zhida.blocks.access import api as access
from zhida.blocks.access.api import SYSTEM, Purpose, Viewer
from zhida.blocks.cases import api as cases
from zhida.blocks.cases.declarations import installed
from zhida.blocks.cases.models import CaseDecision, CaseEntry, CasePayable, CaseRecord
from zhida.blocks.cases.tests import joint
from zhida.blocks.cases.tests.joint import desk, effect_of, finish, item_of
from zhida.blocks.cases.tests.test_hardship_cases import NOBODY, REGISTERS
from zhida.blocks.payments import api as payments
from zhida.blocks.payments.testing import CHECKER, MAKER
from zhida.blocks.policies import api as policies
from zhida.blocks.records import api as records
from zhida.blocks.records import testing
from zhida.kernel.period import Month

pytestmark = pytest.mark.django_db
NOVEMBER, DAY = Month(2025, 11), date(2025, 11, 5)
SUBSIDIES = ("canji_shenghuo", "canji_huli")


@pytest.fixture(autouse=True)
def november(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("ZHIDA_TODAY", DAY.isoformat())
    installed.life_events.cache_clear()
    yield
    installed.life_events.cache_clear()


# ---- registers ---------------------------------------------------------------------------------------------------------------------------


def statuses(lin: Viewer) -> dict[str, tuple[str, int]]:
    """Decide November by what is known today, and return what 林小满 is told of the two subsidies."""
    policies.run_period(SYSTEM, NOVEMBER, snapshot=records.freeze_snapshot(SYSTEM, NOVEMBER, DAY), law_as_of=DAY)
    lines = policies.entitlements(lin, Purpose.OWN_ENTITLEMENTS, lin.resident_no).lines
    own = [line for line in lines if line.entity_no == lin.resident_no and line.benefit.code in SUBSIDIES]
    return {line.benefit.code: (line.status, line.amount) for line in own}


def certify(lin: Viewer) -> cases.Case:
    """Let a case of *disability* go through every desk: a physical disability of level 1 in a household with minimum living."""
    entered = {"category": "physical", "level": "1", "long_term_care": "true", "in_institution": "false", "self_care": "unable"}
    entered |= {"care_level": "severe_1", "certificate_no": "33010619900512022241"}
    given = {field.key: _plain(field) for field in cases.preview(lin, "disability", lin.resident_no).fields if field.kind != "file"}
    case = cases.open_case(lin, "disability", lin.resident_no, given)
    declared, desks = cases.my_case(lin, case.pk).declared, [access.viewer_of(each) for each in DESK_ACCOUNTS]
    while waiting := [(each, item) for each in desks for item in cases.queue(each, which="open").filter(case=case)]:
        officer, item = waiting[0]
        assert item.state != "stuck", (item.item, cases.desk_item(officer, item.pk).effects)
        fields = declared.items[item.item].enters
        cases.finish_item(officer, item.pk, {each.key: entered.get(each.key, _plain(each)) for each in fields})
    return case


DESK_ACCOUNTS: list[Any] = []


def _plain(field: Any) -> str:
    return {"date": "2025-11-05", "boolean": "true", "statement": "true", "integer": "1", "text": "无", "money": "0.00"}.get(
        field.kind
    ) or next(iter(field.options))


@pytest.fixture
def lin(own_home: Path) -> Viewer:
    """林小满 in a household with minimum living, all desks of the district, and October decided."""
    poor = {"area": 330106, "household_no": testing.HOUSEHOLD_OF_LIN, "certificate_no": "D2", "kind": "dibao", "valid_from": "2024-01-01"}
    served = {"id_number": NOBODY, "valid_from": "2024-01-01"}
    account = {"id_number": testing.id_number("1990-05-12", 22), "account_no": testing.account_number(1), "bank_code": "102"}
    registers = {**REGISTERS, "low_income": [*REGISTERS["low_income"], poor], "elder_service": [served], "card_account": [account]}
    policies.run_period(SYSTEM, Month(2025, 10), snapshot=testing.tiny_city(own_home, **registers), law_as_of=DAY)
    DESK_ACCOUNTS.clear()
    for department in [*records.departments(), "street"]:
        area, role = (str(testing.community())[:9], "street_officer") if department == "street" else ("330106", "department_officer")
        DESK_ACCOUNTS.append(
            access.create_account(f"d_{department}", department, role, area_code=area, is_demo=True, department=department)
        )
    number = records.find_residents(SYSTEM, Purpose.OPERATION, "林小满")[0].resident_no
    return access.viewer_of(access.create_account("lin", "林小满", "resident", resident_no=number, is_demo=True))


def test_a_certificate_that_a_case_issued_decides_the_two_subsidies_in_the_next_run(lin: Viewer) -> None:
    assert {status for status, _ in statuses(lin).values()} <= {"not_entitled"}
    certify(lin)
    assert CaseRecord.objects.get(record_type="disability_certificate").state == "waiting"
    done = cases.hand_over_records(SYSTEM)
    assert (done.refused, CaseRecord.objects.filter(state="handed").count()) == (0, done.added)
    assert cases.hand_over_records(SYSTEM).deliveries == (), "a second time there is nothing to hand over"
    assert {name: status for name, (status, _) in statuses(lin).items()} == dict.fromkeys(SUBSIDIES, "entitled")


def test_the_two_subsidies_begin_with_the_month_of_the_application(lin: Viewer) -> None:
    case = certify(lin)
    assert set(CaseDecision.objects.filter(case=case).values_list("month", "status")) == {("2025-11", "entitled")}
    assert set(CasePayable.objects.filter(decision__case=case).values_list("period_key", flat=True)) == {"2025-11"}


def joint_case(own_home: Path, settings: Any) -> tuple[Viewer, cases.Case]:
    joint.install(settings)
    resident = joint.people(own_home)
    return resident, cases.open_case(resident, "joint", resident.resident_no, {"wish": "快"})


def enrolled() -> dict[int, Any]:
    id17 = int(testing.id_number("1990-05-12", 22)[:17])
    return {key: row.values["scheme"] for key, row in records.rows_about("medical_enrolment", "id_number", [id17]).items()}


def test_a_row_of_a_case_that_is_undone_leaves_the_register_again(own_home: Path, settings: Any) -> None:
    resident, case = joint_case(own_home, settings)
    finish(case, "register")
    assert (cases.hand_over_records(SYSTEM).added, list(enrolled().values())) == (1, ["child"])
    cases.withdraw_case(resident, case.pk, "不办了")
    assert CaseRecord.objects.get().state == "withdrawing"
    done = cases.hand_over_records(SYSTEM)
    assert (done.withdrawn, done.left_to_departments, enrolled()) == (1, 0, {})
    assert CaseRecord.objects.get().state == "withdrawn"


def test_what_the_department_has_delivered_since_is_left_to_it(own_home: Path, settings: Any) -> None:
    resident, case = joint_case(own_home, settings)
    finish(case, "register")
    cases.hand_over_records(SYSTEM)
    row = {"id_number": testing.id_number("1990-05-12", 22), "scheme": "child", "year": "2025", "ltc_insured": False}
    records.receive_feed(SYSTEM, testing.make_feed(own_home / "next", "medical_enrolment", [row]), received_on=DAY)
    cases.withdraw_case(resident, case.pk, "不办了")
    assert cases.hand_over_records(SYSTEM).left_to_departments == 1
    assert "部门" in CaseRecord.objects.get().problem_zh
    assert CaseEntry.objects.filter(case=case, what="record_left", item="register").exists()


def test_a_row_that_its_contract_refuses_is_kept_with_the_reason(own_home: Path, settings: Any) -> None:
    _, case = joint_case(own_home, settings)
    finish(case, "register")
    row = CaseRecord.objects.get()
    row.values = {**row.values, "year": 1850}
    row.save()
    done = cases.hand_over_records(SYSTEM)
    assert (done.added, done.refused, CaseRecord.objects.get().state) == (0, 1, "refused")
    effects = cases.desk_item(desk("register"), item_of(case, "register").pk).effects
    assert "年度" in next(each for each in effects if each.kind == "record").problem_zh
    assert CaseEntry.objects.filter(case=case, what="record_refused").exists()


# ---- money -------------------------------------------------------------------------------------------------------------------------------


def paid() -> tuple[cases.HandedPayables, int]:
    """Hand over what is due and return it with its batch."""
    made = cases.prepare_case_payments(MAKER)
    assert made.batch_id
    return made, made.batch_id


def release(batch_id: int) -> None:
    for level in payments.Level:
        payments.set_budget(CHECKER, "shengyu_butie", 2025, 10**8, level, 330106 if level == payments.Level.DISTRICT else 0)
    payments.look_at(CHECKER, batch_id)
    payments.approve_batch(CHECKER, batch_id)
    payments.release_batch(MAKER, batch_id)


def money_of(batch_id: int) -> int:
    return payments.batch(MAKER, batch_id).amount_fen


def insured(own_home: Path, settings: Any) -> tuple[Viewer, cases.Case]:
    resident, case = joint_case(own_home, settings)
    finish(case, "register")
    finish(case, "insure")
    return resident, case


def test_money_of_a_case_undone_before_the_batch_left_is_taken_out_of_it(own_home: Path, settings: Any) -> None:
    resident, _ = insured(own_home, settings)
    child = next(each for each in cases.possible_subjects(resident, "joint") if each.resident_no != resident.resident_no)
    other = cases.open_case(resident, "joint", child.resident_no, {"wish": "快"})
    finish(other, "register")
    finish(other, "insure")
    first, batch_id = paid()
    assert (first.count, first.amount_fen, money_of(batch_id)) == (2, 240_00, 240_00)
    cases.withdraw_case(resident, other.pk, "不办了")
    again, next_id = paid()
    assert (again.cancelled, again.count, again.amount_fen, again.to_recover) == ((batch_id,), 1, 120_00, 0)
    assert (payments.batch(MAKER, batch_id).state, money_of(next_id)) == ("cancelled", 120_00)
    assert sorted(CasePayable.objects.values_list("state", flat=True)) == ["handed", "withdrawn"]
    assert cases.prepare_case_payments(MAKER) == cases.HandedPayables(0, 0, None)


def test_money_that_has_left_becomes_an_overpayment_of_the_payment_officers(own_home: Path, settings: Any) -> None:
    resident, case = insured(own_home, settings)
    _, batch_id = paid()
    release(batch_id)
    cases.withdraw_case(resident, case.pk, "不办了")
    made = cases.prepare_case_payments(MAKER)
    assert (made.cancelled, made.to_recover, made.to_recover_fen, made.batch_id) == ((), 1, 120_00, None)
    (debt,) = payments.overpayments(CHECKER, Purpose.PAYMENT)
    assert (debt.benefit, debt.instructed_fen, debt.decided_fen) == ("shengyu_butie", 120_00, 0)
    # Found due again by another case of the same child, it is not paid a second time: what stands is what is due.
    anew = cases.open_case(resident, "joint", resident.resident_no, {"wish": "快"})
    finish(anew, "register")
    finish(anew, "insure")
    made = cases.prepare_case_payments(MAKER)
    assert (made.count, made.batch_id) == (1, None)


def test_what_a_checker_sends_back_is_due_again(own_home: Path, settings: Any) -> None:
    _, case = insured(own_home, settings)
    _, batch_id = paid()
    payments.refuse_batch(CHECKER, batch_id, "再核一遍")
    made, next_id = paid()
    assert (made.count, money_of(next_id), next_id != batch_id) == (1, 120_00, True)
    assert effect_of(case, "insure").state == "done"
