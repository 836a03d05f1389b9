"""Medical insurance, the disabled persons' federation, education, vehicles, housing, veterans."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from zhida.city.chunk import Chunk, Rows, nulls
from zhida.city.columns import NULL, digits, text_table
from zhida.city.contracts import code, codes
from zhida.city.draws import Quantiles, below, choose, spread
from zhida.city.families import HEAD
from zhida.city.people import (
    EMPLOYEE,
    FLEXIBLE,
    FOUNDER,
    JUNIOR,
    KINDERGARTEN,
    PENSIONER,
    PRIMARY,
    RETIRED,
    SENIOR,
    TERTIARY,
    UNEMPLOYED,
    WEALTHY,
)
from zhida.city.plan import FIRST_COLLECTIVE
from zhida.city.rates import rates

Array = np.ndarray[Any, Any]


def scheme(chunk: Chunk) -> Array:
    """Return everybody's medical scheme: place in the contract's codes, -1 for none."""
    rule = rates()["medical"]
    draw, _ = chunk.draw("medical")
    names = ("employee_working", "employee_retired", "child", "student", "resident_other")
    working, retired, child, student, other = codes("medical_enrolment", "scheme", names)
    works = np.isin(chunk.work, (EMPLOYEE, FLEXIBLE, FOUNDER, UNEMPLOYED))
    found = np.select([works, chunk.work == RETIRED, chunk.work == TERTIARY, chunk.age < 18], [working, retired, student, child], other)
    by_residence = np.isin(found, (child, other))
    share = np.where(chunk.local, below(1 - rule["not_insured_local"]), below(rule["resident_scheme_for_migrants"]))
    insured = (~by_residence | (draw < share)) & chunk.alive & chunk.not_cast
    return np.where(insured, found, -1)


def medical_enrolment(chunk: Chunk) -> Rows:
    found = scheme(chunk)
    rows = np.flatnonzero(found >= 0)
    _, draw = chunk.draw("medical")
    ltc = (draw[rows] < below(rates()["medical"]["ltc_insured"])).astype(np.int64)
    columns = {"id_number": rows, "scheme": found[rows], "year": np.full(len(rows), chunk.month.year), "ltc_insured": ltc}
    return Rows("medical_enrolment", rows, columns)


@cache
def _costs(name: str) -> Quantiles:
    return Quantiles(rates()["medical"][name], 100)


def medical_claim(chunk: Chunk) -> Rows:
    """The month's settlements: hospital stays, and one line for a person's visits."""
    rule, month = rates()["medical"], chunk.month.text
    insured = scheme(chunk) >= 0
    stays, visits = chunk.draw(f"claim-{month}")
    older = chunk.age >= 60
    stay_share = np.where(older, below(rule["inpatient_per_month"]["from_60"]), below(rule["inpatient_per_month"]["under_60"]))
    visit_share = np.where(older, below(rule["outpatient_per_month"]["from_60"]), below(rule["outpatient_per_month"]["under_60"]))
    inside, outside = np.flatnonzero(insured & (stays < stay_share)), np.flatnonzero(insured & (visits < visit_share))
    rows = np.concatenate([inside, outside])
    stay = np.concatenate([np.ones(len(inside), bool), np.zeros(len(outside), bool)])
    order = np.argsort(rows, kind="stable")
    rows, stay = rows[order], stay[order]
    when, how_much = (draw[rows] for draw in chunk.draw(f"claim-cost-{month}"))
    where, earlier = (draw[rows] for draw in chunk.draw(f"claim-before-{month}"))
    # The second line of one person has its own cost: turn the draw by half.
    how_much = np.where(stay, how_much, (how_much + 2**31) & 0xFFFFFFFF)
    tier = np.where(stay, choose(where, rule["tiers"]["inpatient"]), choose(where, rule["tiers"]["outpatient"]))
    before = _costs("cost_before_yuan").at(earlier) // 100 * 100
    return Rows(
        "medical_claim",
        rows,
        {
            "claim_no": int(month.replace("-", "")) * 10**10 + chunk.number[rows] * 10 + np.where(stay, 1, 2),
            "id_number": rows,
            "kind": np.where(stay, code("medical_claim", "kind", "inpatient"), code("medical_claim", "kind", "outpatient")),
            "tier": codes("medical_claim", "tier", ("tertiary", "other_hospital", "community_clinic"))[tier],
            "settled_on": spread(when, chunk.month_start, chunk.month_end),
            "eligible_cost": np.where(stay, _costs("inpatient_cost_yuan").at(how_much), _costs("outpatient_cost_yuan").at(how_much)),
            "cost_before": before,
            "deductible_paid": np.minimum(before, np.where(stay, 80_000, 30_000)),
        },
    )


def disability_certificate(chunk: Chunk) -> Rows:
    level, category = chunk.disability
    rows = np.flatnonzero(level > 0)
    since, care = (draw[rows] for draw in chunk.draw("certificate"))
    grave, mind = level[rows] <= 2, np.isin(category[rows], codes("disability_certificate", "category", ("intellectual", "mental")))
    begin = np.minimum(
        np.maximum(spread(since, chunk.month_end - 3400, chunk.month_end - 40), chunk.birth[rows] + 200), chunk.month_end - 35
    )
    ends = chunk.age[rows] < 60
    needs_care = (grave & (care < below(0.85))) | (~grave & mind & (care < below(0.4)))
    number = np.concatenate([chunk.ids[rows], digits(category[rows] + 1, 1), digits(level[rows], 1)], axis=1)
    return Rows(
        "disability_certificate",
        rows,
        {
            "id_number": rows,
            "certificate_no": number,
            "category": category[rows].astype(np.int64),
            "level": level[rows].astype(np.int64),
            "long_term_care": needs_care.astype(np.int64),
            "in_institution": (needs_care & (care < below(0.06))).astype(np.int64),
            "valid_from": begin,
            "valid_until": np.where(ends, begin + 3652, NULL),
        },
    )


def enrolment(chunk: Chunk) -> Rows:
    rows = np.flatnonzero(np.isin(chunk.work, (KINDERGARTEN, PRIMARY, JUNIOR, SENIOR, TERTIARY)) & chunk.alive & chunk.not_cast)
    work, age = chunk.work[rows].astype(np.int64), chunk.age[rows].astype(np.int64)
    stages = codes("enrolment", "stage", ("kindergarten", "primary", "junior", "senior", "tertiary"))
    lowest = np.array([3, 6, 12, 15, 18])[work - KINDERGARTEN]
    school, _ = (draw[rows] for draw in chunk.draw("school"))
    number = chunk.district[rows] * 10_000 + (work - KINDERGARTEN + 1) * 1000 + (school * 200 >> 32)
    grade = np.clip(age - lowest + 1, 1, np.array([3, 6, 3, 3, 8])[work - KINDERGARTEN])
    return Rows(
        "enrolment", rows, {"id_number": rows, "school_code": digits(number, 10), "stage": stages[work - KINDERGARTEN], "grade": grade}
    )


_PLATES = np.frombuffer(b"0123456789ABCDEFGHJKLMNPQRSTUVWXYZ", np.uint8)


def vehicle(chunk: Chunk) -> Rows:
    rule = rates()["vehicles"]
    draw, second = chunk.draw("vehicle")
    since, kind = chunk.draw("vehicle-day")
    adult = (chunk.age >= 20) & (chunk.age <= 75) & ~chunk.poor & chunk.alive & chunk.not_cast
    share = np.where(np.isin(chunk.work, (EMPLOYEE, FLEXIBLE, FOUNDER)), below(rule["per_working_adult"]), 0)
    share = np.where(np.isin(chunk.work, (RETIRED, PENSIONER)), below(rule["per_retired"]), share)
    share = np.where((chunk.income_class == WEALTHY) & (chunk.relation == HEAD), below(0.4), share)
    owners = np.flatnonzero(adult & (draw < share))
    rows = np.repeat(owners, 1 + (second[owners] < below(rule["second"])))
    turn = np.concatenate([[0], (rows[1:] == rows[:-1]).astype(np.int64)]) if len(rows) else np.zeros(0, np.int64)
    begin = np.minimum(
        np.maximum(spread(since[rows], chunk.month_end - 4300, chunk.month_end - 5), chunk.birth[rows] + 18 * 366), chunk.month_end - 2
    )
    purposes = codes("vehicle", "purpose", ("private", "operating"))
    return Rows(
        "vehicle",
        rows,
        {
            "plate_no": _plates(chunk.number[rows] * 2 + turn),
            "id_number": rows,
            "purpose": purposes[(kind[rows] < below(rule["operating"])).astype(int)],
            "valid_from": begin,
            "valid_until": nulls(len(rows)),
        },
    )


def _plates(number: Array) -> Array:
    """Return a plate of its own for each number below 34**5: 浙A and five signs."""
    scattered, signs = number * 19_999_999 % 34**5, []
    for _ in range(5):
        scattered, sign = np.divmod(scattered, 34)
        signs.append(_PLATES[sign])
    prefix = np.repeat(text_table(["浙A"])[:1], len(number), axis=0)
    return np.concatenate([prefix, np.stack(signs, axis=1)], axis=1)


@cache
def _rents(name: str) -> Quantiles:
    return Quantiles(rates()["tenure"][name], 100)


def tenure(chunk: Chunk) -> Rows:
    rule, kind = rates()["tenure"], chunk.own_home
    rows = np.flatnonzero((chunk.kind < FIRST_COLLECTIVE) & chunk.household_not_cast)
    how_much, when = (draw[rows] for draw in chunk.household_draw("rent"))
    support, _ = (draw[rows] for draw in chunk.household_draw("support"))
    tenures = codes("tenure", "tenure", ("own", "rent", "public_rent", "employer_home"))
    kind = kind[rows]
    rent = np.select([kind == 1, kind == 2], [_rents("rent_yuan").at(how_much), _rents("public_rent_yuan").at(how_much)], NULL)
    return Rows(
        "tenure",
        rows,
        {
            "household_no": chunk.household_no[rows],
            "tenure": tenures[kind],
            "support_kind": _support(chunk, rows, kind, support, rule),
            "rent": np.where(rent == NULL, NULL, rent // 1000 * 1000),
            "valid_from": spread(when, chunk.month_end - 2500, chunk.month_end - 32),
            "valid_until": nulls(len(rows)),
        },
        of_household=True,
    )


def _support(chunk: Chunk, rows: Array, kind: Array, draw: Array, rule: dict[str, Any]) -> Array:
    """Return the housing support of renters on the market: hardship where a certificate is, new graduates, founders, lower incomes."""
    from zhida.city.registers.civil_affairs import certified

    names = ("low_mid_income", "new_graduate", "startup_person", "low_income_hardship", "lianzu")
    low_mid, new_graduate, founder, hardship, lianzu = codes("tenure", "support_kind", names)
    graduates = np.zeros(chunk.households, bool)
    graduates[chunk.household[chunk.picked("graduate")[0]]] = True
    founders = np.zeros(chunk.households, bool)
    founders[chunk.household[chunk.picked("startup")[0]]] = True
    certificate = certified(chunk)[rows]
    with_papers = (certificate >= 0) & (draw < below(rule["supported_poor_renters"]))
    lowest = with_papers & (certificate == code("low_income", "kind", "dibao")) & (draw < below(0.35))
    local = chunk.household_local[rows]
    found = np.select(
        [
            lowest,
            with_papers,
            graduates[rows],
            founders[rows] & (draw < below(0.3)),
            local & (draw < below(rule["supported_renters"]["low_mid_income"])),
        ],
        [lianzu, hardship, new_graduate, founder, low_mid],
        -1,
    )
    return np.where(kind == 1, found, -1)


def veteran(chunk: Chunk) -> Rows:
    rows, turn = chunk.picked("veteran")
    since, which = (draw[rows] for draw in chunk.draw("veteran"))
    kinds = codes("veteran", "kind", ("retired", "disabled", "martyr_family", "active_local"))
    kind = choose(which, [88, 6, 4, 2])
    kind = np.where((chunk.age[rows] <= 40) & (turn % 12 == 0), 3, kind)
    begin = np.maximum(spread(since, chunk.month_end - 6500, chunk.month_end - 40), chunk.birth[rows] + 18 * 366)
    return Rows(
        "veteran",
        rows,
        {"id_number": rows, "kind": kinds[kind], "valid_from": np.minimum(begin, chunk.month_end - 20), "valid_until": nulls(len(rows))},
    )
