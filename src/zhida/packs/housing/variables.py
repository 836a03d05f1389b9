"""Housing: the rent allowance of the old city, and the home purchase subsidy for high-level talents."""

from __future__ import annotations

from zhida.blocks.policies.api import (
    MONTH,
    ONCE,
    Household,
    Person,
    benefit,
    clamp,
    maximum,
    minimum,
    round_half_up,
    variable,
    where,
    years_between,
)

# ---- Rent allowance ----------------------------------------------------------------------------------------------------------------------


@variable(Household, unit="m2", label=("保障面积", "Floor area that counts"), clause="每人15平方米，不低于36、不超过60平方米")
def housing_area(household, law):
    """So much for each living member, between a floor and a ceiling."""
    return clamp(household.people * law.rent_area_per_person, law.rent_area_least, law.rent_area_most)


@variable(
    Household,
    unit="bool",
    label=("符合公租房货币补贴条件", "Meets the conditions of the rent allowance"),
    clause="市本级，在市场租房并有保障类别",
)
def gongzufang_eligible(household, law):
    """Rents on the market in the old city and holds a kind of housing support."""
    supported = (household.tenure == "rent") & (household.housing_support_kind != "none")
    return supported & law.rent_allowance_area[household.district]


@benefit(
    Household,
    code="gongzufang_huobi",
    every=MONTH,
    unit="fen",
    payee="head",
    label=("公租房货币补贴", "Rent allowance"),
    law="杭州市公共租赁住房保障政策（市本级）",
    clause="补贴标准×保障面积，不超过实际租金",
    policy="gongzufang_huobi",
    grade="B",
    in_force=("2020-03-01", None),
)
def gongzufang_huobi(household, law):
    """The rate of the kind of support for each square metre that counts, never more than the rent."""
    by_area = law.rent_rate[household.housing_support_kind] * household.housing_area
    return where(household.gongzufang_eligible, minimum(by_area, household.rent), 0)


# ---- Home purchase subsidy ---------------------------------------------------------------------------------------------------------------


@variable(Person, unit="year", label=("购房后年次", "Year since the purchase"), clause="分两年发放")
def talent_year(person, period):
    """1 in the year after the purchase, 2 in the next."""
    return maximum(years_between(person.home_purchased_on, period.start), 0) + 1


@variable(Person, unit="year", label=("购房补贴笔次", "Instalment of the subsidy"))
def talent_instalment(person):
    """Class A is paid in one sum; the others by year."""
    return where(person.talent_class == "a", 1, person.talent_year)


@variable(Person, unit="fen", label=("购房补贴总额", "Whole subsidy"), clause="扣减已享安家补助，不超过购房总价")
def talent_whole_amount(person, law):
    """The amount of the class less the settling allowance already received; not more than the home cost."""
    left = maximum(law.talent_amount[person.talent_class] - person.settling_allowance, 0)
    return minimum(left, person.home_price)


@variable(Person, unit="fen", label=("本年购房补贴", "Subsidy of this year"), clause="分两年各50%，年审")
def talent_yearly_amount(person, law):
    """The first half at the purchase; the rest a year later, when the yearly review is passed."""
    first = round_half_up(person.talent_whole_amount * law.talent_first_share)
    second_due = (person.talent_year <= law.talent_years) & person.talent_review_passed
    second = where(second_due, person.talent_whole_amount - first, 0)
    return where(person.talent_year == 1, first, second)


@variable(Person, unit="fen", label=("一人一议购房补贴", "Subsidy decided case by case"), clause="A类一人一议，最高800万元")
def talent_case_decided(person, law):
    """What the authority decided for this person; unknown until it did."""
    return minimum(person.talent_case_amount, law.talent_case_most)


@benefit(
    Person,
    code="rencai_goufang",
    every=ONCE,
    unit="fen",
    occasion="talent_instalment",
    payee="self",
    label=("高层次人才购房补贴", "Home purchase subsidy for talents"),
    law="杭州市高层次人才购房补贴政策",
    clause="A类一人一议；B类200万、C类150万、D类100万，分两年各50%",
    policy="rencai_goufang",
    grade="B",
    in_force=("2022-01-01", None),
)
def rencai_goufang(person, period):
    """Classes B to D in two yearly halves; class A as decided, once."""
    bought = person.alive & (person.talent_class != "none") & (person.home_purchased_on < period.end)
    amount = where(person.talent_class == "a", person.talent_case_decided, person.talent_yearly_amount)
    return where(bought, amount, 0)
