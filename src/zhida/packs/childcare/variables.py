"""Having and raising children: the city's pregnancy and birth grants of 2023, the national childcare allowance of 2025.

The number of a child is its place among the children of the same couple (``birth_order``); twins have two numbers.
"""

from __future__ import annotations

from zhida.blocks.policies.api import (
    NEVER,
    ONCE,
    YEAR,
    Person,
    add_years,
    benefit,
    bracket,
    clamp,
    maximum,
    months_between,
    variable,
    where,
)

# ---- Pregnancy grant ---------------------------------------------------------------------------------------------------------------------


@variable(
    Person, unit="bool", label=("杭州户籍或驻杭现役军人", "Registered here, or serving here"), clause="女方杭州户籍（含驻杭现役军人）"
)
def is_local_mother(person):
    """A living woman who is registered in the city, or serves in a unit stationed in it."""
    serves_here = person.alive & (person.veteran_kind == "active_local")
    return (person.sex == "female") & (person.is_local | serves_here)


@variable(Person, unit="date", label=("孕满二十四周之日", "24 weeks pregnant on"), clause="孕满24周")
def pregnancy_due_on(person, law):
    """The day from which the grant may be claimed."""
    return person.pregnancy_started_on + law.yunchan_pregnancy_days


@variable(Person, unit="date", label=("孕产补助申领截止日", "Last day for the pregnancy grant"), clause="子女出生后180日内")
def pregnancy_window_ends_on(person, law):
    """180 days after the birth, or after the notice for births before it; counted from the expected day while no birth is recorded."""
    expected_on = person.pregnancy_started_on + law.pregnancy_term_days
    born_on = where(person.delivered_on < NEVER, person.delivered_on, expected_on)
    return maximum(born_on, law.birth_notice_on) + law.birth_claim_days


@variable(Person, unit="1", label=("本次妊娠最高孩次", "Highest number among the children of this pregnancy"), clause="多胞胎就高一次")
def pregnancy_highest_order(person):
    """The place of the last child of this pregnancy among the couple's children."""
    return person.couple_children + person.expected_children


@variable(Person, unit="bool", label=("符合孕产补助条件", "Meets the conditions of the pregnancy grant"))
def yunchan_eligible(person, law, period):
    """24 weeks reached before the period ended and before the birth, birth not before 2023, and still within the claim window."""
    reached = (person.pregnancy_due_on < period.end) & (person.pregnancy_due_on <= person.delivered_on)
    open_still = (person.delivered_on >= law.birth_grants_from) & (person.pregnancy_window_ends_on >= period.start)
    return person.is_local_mother & reached & open_still


@benefit(
    Person,
    code="yunchan_2023",
    every=ONCE,
    unit="fen",
    occasion="pregnancy_started_on",
    payee="self",
    label=("孕产补助", "Pregnancy grant"),
    law="杭州市育儿补助实施办法（试行）（2023）",
    clause="怀孕（生产）二孩2000元、三孩5000元；多胞胎就高一次",
    policy="hz_yuer_2023",
    grade="A",
    in_force=("2023-01-01", None),
)
def yunchan_2023(person, law):
    """One sum per pregnancy, at the rate of its last child."""
    return where(person.yunchan_eligible, bracket(law.yunchan_amount, person.pregnancy_highest_order), 0)


# ---- Birth grant -------------------------------------------------------------------------------------------------------------------------


@variable(
    Person, unit="date", label=("育儿补助申领截止日", "Last day for the birth grant"), clause="出生后180日内；通知前出生的自施行日起180日"
)
def birth_window_ends_on(person, law):
    """180 days after the birth; for children born before the notice, 180 days after the notice."""
    return maximum(person.birth_date, law.birth_notice_on) + law.birth_claim_days


@variable(Person, unit="bool", label=("符合育儿补助条件", "Meets the conditions of the birth grant"))
def yuer_eligible(person, law, period):
    """A living child born since 2023, first registered in the city, within the claim window."""
    born = (person.birth_date >= law.birth_grants_from) & (person.birth_date < period.end)
    return person.alive & born & person.hukou_first_local & (person.birth_window_ends_on >= period.start)


@benefit(
    Person,
    code="yuer_2023",
    every=ONCE,
    unit="fen",
    payee="mother",
    label=("育儿补助", "Birth grant"),
    law="杭州市育儿补助实施办法（试行）（2023）",
    clause="二孩5000元、三孩20000元；多胞胎按孩次逐个计算，三孩以上按三孩",
    policy="hz_yuer_2023",
    grade="A",
    in_force=("2023-01-01", None),
)
def yuer_2023(person, law):
    """One sum per child by its own number; each child of a multiple birth counts, above the third at the third child's rate."""
    return where(person.yuer_eligible, bracket(law.yuer_amount, person.birth_order), 0)


# ---- National childcare allowance --------------------------------------------------------------------------------------------------------


@variable(Person, unit="date", label=("三周岁生日", "Third birthday"), clause="至其年满3周岁")
def childcare_birthday(person, law):
    """The day the child reaches the age at which the allowance ends."""
    return add_years(person.birth_date, law.childcare_until_age)


@benefit(
    Person,
    code="guojia_yuer_2025",
    every=YEAR,
    unit="fen",
    payee="guardian",
    label=("国家育儿补贴", "National childcare allowance"),
    law="育儿补贴制度实施方案（2025-07-28）",
    clause="每孩每年3600元至满3周岁；2025年前出生的按月折算",
    policy="guojia_yuer_2025",
    grade="A",
    in_force=("2025-01-01", None),
    known_from="2025-07-28",
)
def guojia_yuer_2025(person, law, period):
    """3,600 for the year of birth and each of the two after; for children born before 2025, 300 for each month until the third birthday.

    The month of the birthday counts: a child of December 2023 has 12 months in 2025 and 12 in 2026.
    A death within the year takes nothing back.
    """
    three_on = person.childcare_birthday
    lived = (person.birth_date < period.end) & (person.died_on >= period.start)
    eligible = lived & person.hukou_local & (three_on >= period.start)
    by_year = where(three_on >= period.end, law.childcare_year_amount, 0)
    months = clamp(months_between(period.start, three_on) + 1, 0, period.months)
    by_month = months * law.childcare_month_amount
    return where(eligible, where(person.birth_date >= law.childcare_starts_on, by_year, by_month), 0)
