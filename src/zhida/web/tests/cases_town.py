"""A small town with real joint cases and everybody who might look at them, for tests of who sees what."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from zhida.blocks.access import api as access
from zhida.blocks.access.api import SYSTEM, Purpose, Viewer
from zhida.blocks.cases import api as cases
from zhida.blocks.places import api as places
from zhida.blocks.policies import api as policies
from zhida.blocks.records import api as records
from zhida.blocks.records import testing
from zhida.kernel.period import Month

TODAY = "2025-11-05"
BORN = "2025-08-18"
LIN, CHEN = testing.id_number("1990-05-12", 22), testing.id_number("1988-03-02", 31)
# The three children of one birth: a case that is over, one under way, one that nobody has answered.
OVER, RUNNING, FOUND = "陈安", "陈宁", "陈静"
CHILDREN = {OVER: 51, RUNNING: 53, FOUND: 54}
# Their grandfather has died: a case that the feed began and nobody of the family has taken on.
GRANDFATHER = "陈根生"
HOUSEHOLD = testing.HOUSEHOLD_OF_LIN

# Words that only some may read, written into the cases where a slip would carry them furthest.
ETHNICITY, BILL, REGISTER_NO, DOUBT = "只给派出所看的民族", "only-for-the-insurer", "HK-331-7719", "请核对分娩记录的原件"
OBJECTION, OPINION = "邻居家同样是第二个孩子", "跑了三趟才办好"
# What the one form of a birth asks here.
ANSWERS = {
    "registers_with": "mother",
    "ethnicity": ETHNICITY,
    "delivery_settled": "settled",
    "card_pickup": "post",
    "household_no": str(HOUSEHOLD),
}

# account -> role, area, department. The neighbour street is in the same district, so that nothing but its area tells it apart.
OFFICERS = {
    "street": ("street_officer", "own street", "street"),
    "police": ("department_officer", "own district", "police"),
    # The grants of a birth are decided for the city, so objections to them are its to answer.
    "health": ("department_lead", "city", "health"),
    "insurer": ("department_officer", "own district", "medical_insurance"),
    "cards": ("department_officer", "own district", "human_resources"),
    "housing": ("department_lead", "own district", "housing"),
    "police_far": ("department_officer", "far district", "police"),
    "wu_jing": ("street_officer", "next street", "street"),
    "captain": ("captain", "city", ""),
    "maker": ("payment_maker", "city", ""),
    "checker": ("payment_checker", "city", ""),
    "auditor": ("auditor", "city", ""),
    "policy": ("policy_staff", "city", ""),
}
RESIDENTS = {"applicant": "林小满", "spouse": "陈立", "neighbour": "沈家和"}
CAST = (*RESIDENTS, *OFFICERS, "nobody")


@dataclass
class Town:
    """Cases by the name of their child, and the numbers of what hangs on them."""

    cases: dict[str, Any] = field(default_factory=dict)
    residents: dict[str, int] = field(default_factory=dict)
    items: dict[str, int] = field(default_factory=dict)
    # An item of the case that is over, of the police.
    registered: int = 0
    question: int = 0
    upload: int = 0
    decision: int = 0
    appeal: int = 0
    rating: int = 0
    certificate: int = 0


def build_town(home: Path, committed: Callable[..., Any]) -> Town:
    """Receive a birth of three, and let people do what people do. committed: pytest-django's on-commit context."""
    streets = [each.code for each in places.streets(330106)]
    # 沈家和 lives in the next street.
    rows = [
        *testing.tiny_residents()[:3],
        *(_child(name, number) for name, number in CHILDREN.items()),
        _grandfather(),
        _neighbour(streets[1]),
    ]
    births = [_birth(number, order) for order, number in enumerate(CHILDREN.values(), start=2)]
    deaths = [{"id_number": _grandfather()["id_number"], "died_on": "2025-10-20", "registered_on": "2025-10-21"}]
    insured = [{"id_number": LIN, "scheme": "resident_other", "year": "2025", "ltc_insured": True}]
    heads = [(HOUSEHOLD, rows[0]), (rows[-1]["household_no"], rows[-1])]
    households = [
        {"household_no": n, "kind": "family", "head_id_number": head["id_number"], "community": head["residence_community"]}
        for n, head in heads
    ]
    snapshot = testing.tiny_city(home, resident=rows, household=households, birth=births, death=deaths, medical_enrolment=insured)
    policies.run_period(SYSTEM, Month(2025, 10), snapshot=snapshot, law_as_of=date.fromisoformat(TODAY))

    town = Town()
    _accounts(
        town,
        {
            "own street": str(streets[0]),
            "next street": str(streets[1]),
            "own district": "330106",
            "far district": "330108",
            "city": "330100",
        },
    )
    with committed(execute=True):
        cases.find_cases(["birth", "death"])
    for case in cases.my_cases(viewer("applicant")):
        town.cases[case.subject_name] = case
    with committed(execute=True):
        town.upload = int(cases.keep_upload(viewer("applicant"), "delivery_bill", f"{BILL}.pdf", b"%PDF-1.4 a bill"))
        agree(town.cases[OVER], str(town.upload))
        second = cases.keep_upload(viewer("applicant"), "delivery_bill", f"{BILL}.pdf", b"%PDF-1.4 another bill")
        agree(town.cases[RUNNING], second)
    _finish_all(town.cases[OVER], committed)
    _begin_work(town, committed)
    with committed(execute=True):
        death = cases.queue(viewer("health")).get(case=town.cases[GRANDFATHER])
        cases.finish_item(viewer("health"), death.pk, {"certificate_no": "S1"})
    with committed(execute=True):
        _say_back(town)
    town.certificate = cases.case_certificates(viewer("applicant"), town.cases[OVER].pk)[0].pk
    return town


def _child(name: str, number: int) -> dict[str, Any]:
    return {**testing.tiny_residents()[3], "name": name, "id_number": testing.id_number(BORN, number)}


def _grandfather() -> dict[str, Any]:
    born = {"name": GRANDFATHER, "birth_date": "1941-03-04", "id_number": testing.id_number("1941-03-04", 61), "relation": "parent"}
    return {**testing.tiny_residents()[1], **born}


def _neighbour(street: int) -> dict[str, Any]:
    lives_in = places.communities(street)[0].code
    new = {
        "name": "沈家和",
        "id_number": testing.id_number("1975-09-09", 13),
        "household_no": 330106000077,
        "residence_community": lives_in,
    }
    return {**testing.tiny_residents()[-1], **new}


def _birth(number: int, order: int) -> dict[str, Any]:
    return {
        "id_number": testing.id_number(BORN, number), "mother_id_number": LIN, "father_id_number": CHEN, "born_on": BORN,
        "birth_order": order, "plurality": 3, "hukou_first_local": True,
    }  # fmt: skip


def _accounts(town: Town, areas: dict[str, str]) -> None:
    for username, name in RESIDENTS.items():
        town.residents[username] = records.find_residents(SYSTEM, Purpose.OPERATION, name)[0].resident_no
        access.create_account(username, name, "resident", resident_no=town.residents[username])
    for username, (role, where, department) in OFFICERS.items():
        access.create_account(username, username, role, area_code=areas[where], department=department)


def viewer(username: str) -> Viewer:
    return access.viewer_of(access.account_named(username))


def agree(case: Any, upload: str) -> None:
    """Give the one confirmation, as the mother."""
    cases.agree(viewer("applicant"), case.pk, {**ANSWERS, "delivery_settled": "paid_in_full", "delivery_bill": upload})


DESKS = ("health", "police", "insurer", "cards")


def _finish_all(case: Any, committed: Callable[..., Any]) -> None:
    """Let every desk do its items of a case until there is nothing left."""
    while waiting := [(desk, item) for desk in DESKS for item in cases.queue(viewer(desk)).filter(case=case)]:
        desk, item = waiting[0]
        fields = cases.declaration_of(case).items[item.item].enters
        with committed(execute=True):
            cases.finish_item(viewer(desk), item.pk, filled(fields))


def filled(fields: Iterable[Any]) -> dict[str, str]:
    """Return something valid for each field; the number of the household entry is one that only the police wrote."""
    plain = {"date": TODAY, "boolean": "true", "integer": "2", "money": "10.00", "text": "甲"}
    return {each.key: REGISTER_NO if each.key == "register_no" else plain.get(each.kind) or next(iter(each.options)) for each in fields}


def _begin_work(town: Town, committed: Callable[..., Any]) -> None:
    """The running case: health is done with the certificate, the police have asked health something, the rest waits."""
    case = town.cases[RUNNING]
    with committed(execute=True):
        certificate = cases.queue(viewer("health")).get(case=case, item="birth_certificate")
        cases.finish_item(viewer("health"), certificate.pk, {"certificate_no": "A331"})
        registration = cases.queue(viewer("police")).get(case=case, item="household_registration")
        town.question = cases.ask_department(viewer("police"), registration.pk, "health", DOUBT).pk
    town.registered = cases.queue(viewer("police"), which="over").get(case=town.cases[OVER]).pk
    for desk in DESKS:
        for which in ("open", "waiting", "over"):
            town.items |= {item.item: item.pk for item in cases.queue(viewer(desk), which=which).filter(case=case)}


def _say_back(town: Town) -> None:
    """Let the mother object to what was decided, and say what she thought of it."""
    over = town.cases[OVER].pk
    town.decision = cases.my_case(viewer("applicant"), over).decisions[0].pk
    town.appeal = cases.file_case_appeal(viewer("applicant"), over, "", OBJECTION, town.decision).pk
    town.rating = cases.rate_case(viewer("applicant"), over, 1, ["slow"], OPINION).pk
