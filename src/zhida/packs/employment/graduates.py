"""Graduates: the living allowance in two halves, once more in the west of the city, and the rent allowance."""

from __future__ import annotations

from zhida.blocks.policies.api import (
    NEVER,
    ONCE,
    Person,
    add_years,
    benefit,
    months_between,
    rank,
    round_down,
    round_half_up,
    variable,
    where,
)


@variable(
    Person,
    unit="bool",
    label=("按2021年10月后规定登记的毕业生", "Graduate under the rules since October 2021"),
    clause="2021-10-15起以申请时间为准",
)
def is_subsidised_graduate(person, law, period):
    """A living graduate who registered for the subsidy since the rules of October 2021."""
    registered = (person.graduate_applied_on >= law.graduate_rules_from) & (person.graduate_applied_on < period.end)
    return person.alive & (person.degree != "none") & registered


@variable(Person, unit="fen", label=("生活补贴标准", "Living allowance by degree"), clause="博士毕业于2021-10-14及以前的5万元")
def graduate_living_amount(person, law):
    """The whole allowance; doctors who graduated before the rules get the older amount."""
    older_doctor = (person.degree == "doctor") & (person.graduated_on < law.graduate_rules_from)
    return where(older_doctor, law.graduate_living_older_doctor, law.graduate_living[person.degree])


# ---- Living allowance ------------------------------------------------------------------------------------------------------------------


@variable(Person, unit="1", label=("生活补贴笔次", "Half of the living allowance"), clause="连续参保满6个月和12个月各50%")
def graduate_living_half(person, law):
    """0 before six insured months, 1 from six, 2 from twelve."""
    first = where(person.graduate_insured_months >= law.graduate_first_half_months, 1, 0)
    return first + where(person.graduate_insured_months >= law.graduate_second_half_months, 1, 0)


@benefit(
    Person,
    code="daxuesheng_shenghuo",
    every=ONCE,
    unit="fen",
    occasion="graduate_living_half",
    payee="self",
    label=("应届大学毕业生生活补贴", "Graduates' living allowance"),
    law="杭州市应届大学毕业生补贴政策（2021-10-15起）",
    clause="分两笔各50%，连续参保满6个月和12个月",
    policy="daxuesheng_shenghuo",
    grade="A",
    in_force=("2021-10-15", None),
)
def daxuesheng_shenghuo(person, law):
    """Half of the allowance at each of the two marks."""
    half = round_half_up(person.graduate_living_amount * law.graduate_living_share)
    return where(person.is_subsidised_graduate & (person.graduate_living_half > 0), half, 0)


@variable(
    Person,
    unit="bool",
    label=("在西部区县工作满三年", "Three years of work in a western district or county"),
    clause="富阳、临安、桐庐、淳安、建德工作满3年",
)
def graduate_three_years_west(person, law, period):
    """Works in one of the five western districts and counties, for three years by the end of the period."""
    long_enough = add_years(person.graduate_worked_from, law.graduate_west_years) < period.end
    return long_enough & law.graduate_west[person.graduate_district]


@benefit(
    Person,
    code="daxuesheng_xibu",
    every=ONCE,
    unit="fen",
    payee="self",
    label=("西部区县毕业生生活补贴", "Graduates' second allowance in the west"),
    law="杭州市应届大学毕业生补贴政策（2021-10-15起）",
    clause="西部区县（富阳、临安、桐庐、淳安、建德）工作满3年再给一次",
    policy="daxuesheng_shenghuo",
    grade="A",
    in_force=("2021-10-15", None),
)
def daxuesheng_xibu(person):
    """The whole allowance once more."""
    return where(person.is_subsidised_graduate & person.graduate_three_years_west, person.graduate_living_amount, 0)


# ---- Rent allowance --------------------------------------------------------------------------------------------------------------------


@variable(
    Person,
    unit="bool",
    label=("符合租房补贴条件", "Meets the conditions of the rent allowance"),
    clause="在杭无房，未享受公租房、人才租赁房",
)
def graduate_rent_eligible(person, period):
    """A graduate without a home in the city and outside public and talent rental housing."""
    applied = person.graduate_applied_on <= period.start
    return person.is_subsidised_graduate & applied & person.graduate_no_home & ~person.graduate_public_rental


@variable(Person, unit="bool", label=("家庭户内首位", "First in the family"), clause="每户每年")
def graduate_rent_first(person):
    """One allowance per family: the member who registered first. In a collective household everybody is their own family."""
    order = where(person.graduate_rent_eligible, person.graduate_applied_on, NEVER)
    return (person.household.household_kind == "collective") | (rank(order, within="household") == 1)


@variable(Person, unit="1", label=("租房补贴笔次", "Half-year of the rent allowance"), clause="每年两笔，最长3年")
def graduate_rent_instalment(person, law, period):
    """1 in the first half-year after registration, 6 in the last."""
    return round_down(months_between(person.graduate_applied_on, period.start) / law.graduate_rent_half_months) + 1


@benefit(
    Person,
    code="daxuesheng_zufang",
    every=ONCE,
    unit="fen",
    occasion="graduate_rent_instalment",
    payee="self",
    label=("应届毕业生租房补贴", "Graduates' rent allowance"),
    law="杭州市应届大学毕业生补贴政策（2021-10-15起）",
    clause="每户每年10000元，每年两笔各50%，3年",
    policy="daxuesheng_zufang",
    grade="A",
    in_force=("2021-10-15", None),
)
def daxuesheng_zufang(person, law):
    """Half of a year's allowance in each of six half-years, to one member of a family."""
    half = round_half_up(law.graduate_rent_year_amount * law.graduate_rent_share)
    in_years = person.graduate_rent_instalment <= law.graduate_rent_instalments
    return where(person.graduate_rent_eligible & in_years & person.graduate_rent_first, half, 0)
