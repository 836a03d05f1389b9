"""Human resources and social security: insurance, wages, unemployment, flexible work, posts, graduates, start-ups, talents, accounts."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from zhida.city.chunk import Chunk, Rows, day, first_of_month, nulls
from zhida.city.columns import NULL, card_numbers, digits, organisation_codes, text_table
from zhida.city.contracts import codes
from zhida.city.draws import below, choose, spread
from zhida.city.families import MAN
from zhida.city.people import DIBAO, DIBIAN, DISTRICTS, EMPLOYEE, FLEXIBLE, FOUNDER, PENSIONER, RESIDENT, UNEMPLOYED
from zhida.city.rates import rates
from zhida.city.registers.civil_affairs import WELFARE_HOME_AREA, WELFARE_HOME_SERIAL

Array = np.ndarray[Any, Any]
# Contribution bases of 2024 in Zhejiang, fen a month: lowest and highest.
BASE_LOW_FEN, BASE_HIGH_FEN = 481_200, 2_493_000
BANKS = ("ICBKCNBJ", "ABOCCNBJ", "BKCHCNBJ", "PCBCCNBJ", "COMMCNSH", "PSBCCNBJ", "HZCBCN2H", "ZJTLCNBH")
BINS = np.array([621226, 622848, 621660, 621700, 622258, 621799, 603367, 622858], dtype=np.int64)
# No card begins so: accounts of organisations are apart from those of residents.
ORGANISATION_BIN = 330100
# Odd and not a multiple of five: multiplying by it modulo 10**12 sends no two persons to one account.
_SCATTER = 618_033_988_749


def insured(chunk: Chunk) -> Rows:
    rows = np.flatnonzero(
        np.isin(chunk.work, (EMPLOYEE, FLEXIBLE, FOUNDER, UNEMPLOYED, RESIDENT, PENSIONER)) & chunk.alive & chunk.not_cast
    )
    work = chunk.work[rows]
    as_employee, as_resident = np.isin(work, (EMPLOYEE, UNEMPLOYED)), np.isin(work, (RESIDENT, PENSIONER))
    kinds = codes("insured", "kind", ("flexible", "employee", "resident"))
    months = chunk.worked_months[rows]
    base = np.clip(chunk.wages[rows], BASE_LOW_FEN, BASE_HIGH_FEN)
    pays = ~as_resident & (work != UNEMPLOYED)
    return Rows(
        "insured",
        rows,
        {
            "id_number": rows,
            "kind": kinds[as_employee + 2 * as_resident],
            "pension_months": months,
            "unemployment_months": np.where(as_employee, unemployment_months(chunk)[rows], 0),
            "continuous_months": np.where(pays, chunk.continuous_months[rows], 0),
            "pension_paid": np.where(pays, np.where(as_employee, base * 8 // 100, BASE_LOW_FEN * 18 // 100), 0),
            "medical_paid": np.where(pays, np.where(as_employee, base * 2 // 100, BASE_LOW_FEN * 9 // 100), 0),
        },
    )


def unemployment_months(chunk: Chunk) -> Array:
    """Return months of unemployment insurance: a part of the pension months."""
    draw, _ = chunk.draw("unemployment-months")
    return np.minimum(spread(draw, chunk.worked_months // 3, chunk.worked_months + 1), 380)


def wage(chunk: Chunk) -> Rows:
    rows = np.flatnonzero(chunk.wages > 0)
    columns = {
        "id_number": rows,
        "month": np.full(len(rows), chunk.month_start),
        "employer_code": employer_codes(chunk)[rows],
        "wage": chunk.wages[rows],
    }
    return Rows("wage", rows, columns)


def employer_codes(chunk: Chunk) -> Array:
    """Return an employer for everybody, large ones oftener: (persons, 18)."""
    draw, second = chunk.draw("employer")
    count = max(chunk.people.plan.residents // rates()["work"]["residents_per_employer"], 50)
    return employer_code(((draw >> 1) * second >> 31) * count >> 32)


def employer_area_serial(number: Array) -> tuple[Array, Array]:
    """Return where employers are registered and their serials; no two below 89,999,999 have the same."""
    return DISTRICTS[number % len(DISTRICTS)], 10_000_000 + number * 7_919 % 89_999_999


def employer_code(number: Array) -> Array:
    return organisation_codes(*employer_area_serial(number))


def unemployment(chunk: Chunk) -> Rows:
    draw, _ = chunk.draw("reemployed")
    back = (chunk.work == EMPLOYEE) & (draw < below(0.003)) & ~chunk.poor
    rows = np.flatnonzero(((chunk.work == UNEMPLOYED) | back) & chunk.alive & chunk.not_cast)
    when, why = (one[rows] for one in chunk.draw("unemployed"))
    returned = back[rows]
    registered = spread(when, chunk.month_end - 710, chunk.month_end - 3) - np.where(returned, 60, 0)
    months = unemployment_months(chunk)[rows]
    involuntary = why < below(0.8)
    first = first_of_month(registered + 31)
    draws_benefit = involuntary & (months >= 12) & (first <= chunk.month_start)
    latest = np.minimum(registered + 300, chunk.month_end - 1)
    return Rows(
        "unemployment",
        rows,
        {
            "id_number": rows,
            "registered_on": registered,
            "ended_on": np.where(returned, spread(why * 31 & 0xFFFFFFFF, registered + 20, latest + 1), NULL),
            "involuntary": involuntary.astype(np.int64),
            "benefit_from": np.where(draws_benefit, first, NULL),
            "hardship": ((why * 7_919 & 0xFFFFFFFF) < np.where(chunk.poor[rows], below(0.65), below(0.22))).astype(np.int64),
        },
    )


def flexible_employment(chunk: Chunk) -> Rows:
    rows, _ = chunk.picked("flexible_employment")
    age, man = chunk.age[rows], chunk.sex[rows] == MAN
    near = (man & (age >= 58)) | (~man & (age >= 53))
    poor = np.isin(chunk.income_class[rows], (DIBAO, DIBIAN))
    kinds = codes("flexible_employment", "kind", ("hardship", "graduate", "near_retirement", "low_income"))
    kind = np.select([poor, near, age <= 29], [3, 2, 1], 0)
    since, _ = (draw[rows] for draw in chunk.draw("flexible"))
    begin = spread(since, np.where(kind == 1, chunk.month_end - 1000, chunk.month_end - 1700), chunk.month_end - 32)
    return Rows("flexible_employment", rows, {"id_number": rows, "kind": kinds[kind], "valid_from": begin, "valid_until": nulls(len(rows))})


def post_employer(base: Array, turn: Array, district: Array) -> tuple[Array, Array]:
    """Return the district and the number of the employer of a post. turn: number of the post; district: where its holder lives."""
    # One public-welfare post in six is in 拱墅, which adds to the city's subsidy.
    district = np.where(turn % 6 == 1, 330105, district)
    return district, (base * 4_000 >> 32) * len(DISTRICTS) + np.searchsorted(DISTRICTS, district)


def subsidised_post(chunk: Chunk) -> Rows:
    rows, turn = chunk.picked("subsidised_post")
    since, base = (draw[rows] for draw in chunk.draw("post"))
    begin = spread(since, day(2021, 1, 1), chunk.month_end - 32)
    paid = np.clip(chunk.wages[rows], BASE_LOW_FEN, BASE_HIGH_FEN)
    kinds = codes("subsidised_post", "kind", ("hardship_hire", "public_welfare"))
    district, number = post_employer(base, turn, chunk.district[rows])
    return Rows(
        "subsidised_post",
        rows,
        {
            "id_number": rows,
            "employer_code": employer_code(number),
            "kind": kinds[turn % 2],
            "employer_district": district,
            "valid_from": begin,
            "valid_until": nulls(len(rows)),
            "pension_paid": paid * 16 // 100,
            "medical_paid": paid * 99 // 1000,
            "unemployment_paid": paid * 5 // 1000,
        },
    )


def graduate(chunk: Chunk) -> Rows:
    rows, _ = chunk.picked("graduate")
    degree, when = (draw[rows] for draw in chunk.draw("graduate"))
    apply, home = (draw[rows] for draw in chunk.draw("graduate-applied"))
    kinds = codes("graduate", "degree", ("bachelor", "master", "doctor"))
    ages = chunk.age[rows].astype(np.int64)
    kind = np.select([(ages >= 26) & (degree < below(0.16)), (ages >= 24) & (degree < below(0.5))], [2, 1], 0)
    # Graduation at 22, 25 or 28, in June, within the last five years.
    years = np.clip(ages - np.array([22, 24, 26])[kind], 0, 4)
    year = chunk.month.year - np.minimum(years, when * 5 >> 32)
    graduated = (year.astype(np.int64) - 1970).astype("datetime64[Y]").astype("datetime64[D]").astype(np.int64) + spread(when, 160, 181)
    graduated = np.minimum(graduated, chunk.month_end - 70)
    worked = np.minimum(graduated + spread(apply, 5, 90), chunk.month_end - 20)
    applied = np.minimum(worked + spread(when * 7 & 0xFFFFFFFF, 10, 200), chunk.month_end - 3)
    since = np.maximum((chunk.month_end - worked) // 31, 0)
    interrupted = apply < below(0.1)
    return Rows(
        "graduate",
        rows,
        {
            "id_number": rows,
            "degree": kinds[kind],
            "graduated_on": graduated,
            "applied_on": applied,
            "work_district": chunk.district[rows],
            "worked_from": worked,
            "insured_months": np.where(interrupted, since // 2, since),
            "no_home": (home < below(0.72)).astype(np.int64),
            "public_rental": ((home * 31 & 0xFFFFFFFF) < below(0.12)).astype(np.int64),
        },
    )


def startup(chunk: Chunk) -> Rows:
    rows, turn = chunk.picked("startup")
    founded, size = (draw[rows] for draw in chunk.draw("startup"))
    loan, paid = (draw[rows] for draw in chunk.draw("startup-loan"))
    sectors = codes("startup", "sector", ("elder_care", "domestic", "modern_agriculture", "other_sector"))
    begin = spread(founded, chunk.month_end - 1250, chunk.month_end - 45)
    months = (chunk.month_end - begin) // 31
    borrows = turn % 2 == 0
    principal = spread(loan, 5, 51) * 1_000_000
    since = np.minimum(begin + spread(paid, 20, 700), chunk.month_end - 5)
    rate = spread(loan * 7 & 0xFFFFFFFF, 335, 486)
    days = np.minimum(chunk.month_end - since, 92)
    return Rows(
        "startup",
        rows,
        {
            "id_number": rows,
            "company_code": employer_code(500_000 + rows + chunk.begin),
            "sector": sectors[turn % 4],
            "founded_on": begin,
            "operating": (size < below(0.93)).astype(np.int64),
            "jobs_created": np.minimum(size * 22 >> 32, months) // np.where(turn % 3 == 0, 1, 2),
            "insured_months": months,
            "social_paid": months * BASE_LOW_FEN * 27 // 100,
            "key_group": (paid < below(0.6)).astype(np.int64),
            "loan_principal": np.where(borrows, principal, NULL),
            "loan_from": np.where(borrows, since, NULL),
            "interest_paid": np.where(borrows, principal * rate * days // 3_600_000, NULL),
            "loan_rate_bp": np.where(borrows, rate, NULL),
            "lpr_bp": np.where(borrows, np.where(since < day(2024, 10, 21), 335, np.where(since < day(2025, 5, 20), 310, 300)), NULL),
        },
    )


def talent(chunk: Chunk) -> Rows:
    rows, turn = chunk.picked("talent")
    price, when = (draw[rows] for draw in chunk.draw("talent"))
    # Of 16 talents one of class A, two of B, five of C, eight of D.
    classes = codes("talent", "talent_class", [*"abbccccc", *"dddddddd"])
    bought = when < below(0.8)
    return Rows(
        "talent",
        rows,
        {
            "id_number": rows,
            "talent_class": classes[turn % 16],
            "home_price": np.where(bought, spread(price, 18, 130) * 10_000_000, NULL),
            "purchased_on": np.where(bought, spread(when, chunk.month_end - 690, chunk.month_end + 150), NULL),
            "settling_allowance": np.where(turn % 4 == 3, 10_000_000, 0),
            "review_passed": (price < below(0.9)).astype(np.int64),
            # Class A is decided case by case, up to eight million yuan.
            "case_amount": np.where(turn % 16 == 0, spread(price * 7 & 0xFFFFFFFF, 30, 81) * 10_000_000, NULL),
        },
    )


@cache
def _bank_names() -> Array:
    return text_table(BANKS)


def card_account(chunk: Chunk) -> Rows:
    rule = rates()["accounts"]
    has, which = chunk.draw("account")
    opened, closed = chunk.draw("account-day")
    rows = np.flatnonzero((has < below(rule["have"])) & chunk.present & chunk.not_cast)
    bank = choose(which[rows], [20, 17, 12, 16, 8, 8, 12, 7])
    since = np.maximum(spread(opened[rows], day(2012, 6, 1), day(2025, 6, 1)), chunk.birth[rows] + 15)
    ended = (closed[rows] < below(rule["closed"])) & (since < chunk.month_start - 400)
    return Rows(
        "card_account",
        rows,
        {
            "id_number": rows,
            "account_no": card_numbers(BINS[bank] * 10**12 + chunk.number[rows] * _SCATTER % 10**12),
            "bank_code": _bank_names()[bank],
            "opened_on": np.minimum(since, chunk.month_end - 1),
            "closed_on": np.where(ended, spread(has[rows], chunk.month_start - 380, chunk.month_end - 1), NULL),
        },
    )


@cache
def _organisation_names() -> Array:
    return text_table(["演示用人单位", "演示儿童福利院"])


def organisation_account(chunk: Chunk) -> Rows:
    """Accounts of the organisations that are paid for somebody: employers of subsidised posts and the children's home.

    Each is written by the first person it is paid for: an organisation has no place of its own in the city.
    """
    rows, order = chunk.picked("organisation_account")
    posts, turn = chunk.picked("subsidised_post")
    which, when = (draw[rows] for draw in chunk.draw("organisation"))
    holds_post = np.isin(rows, posts)
    area, serial = np.full(len(rows), WELFARE_HOME_AREA), np.full(len(rows), WELFARE_HOME_SERIAL)
    held = rows[holds_post]
    _, number = post_employer(chunk.draw("post")[1][held], turn[np.searchsorted(posts, held)], chunk.district[held])
    area[holds_post], serial[holds_post] = employer_area_serial(number)
    bank = choose(which, [20, 17, 12, 16, 8, 8, 12, 7])
    # One employer in twenty has closed its account (assumption); the children's home, the only one of its kind, has not.
    ended = holds_post & (order % 20 == 7)
    return Rows(
        "organisation_account",
        rows,
        {
            "organisation_code": organisation_codes(area, serial),
            "name": np.concatenate([_organisation_names()[np.where(holds_post, 0, 1)], digits(serial, 8)], axis=1),
            "account_no": card_numbers(ORGANISATION_BIN * 10**12 + serial * 1_000 + bank),
            "bank_code": _bank_names()[bank],
            "closed_on": np.where(ended, spread(when, chunk.month_start - 380, chunk.month_end - 1), NULL),
        },
    )
