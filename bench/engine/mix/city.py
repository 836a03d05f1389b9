"""Twelve city rules and their totals, in whole fen a month."""

from mix_facts import Household, Person

from zhida.engine.api import bracket, count, marginal, maximum, minimum, round_half_up, select, total, variable, where

# ---- steps on the way -------------------------------------------------------------------------------------------------------------------


@variable(Household, unit="1", label=("未成年人数", "Children"))
def children(household, law):
    return count(household.members.age < law.child_age)


@variable(Household, unit="1", label=("老人数", "Elders"))
def elders(household, law):
    return count(household.members.age >= law.elder_age)


@variable(Household, unit="fen/month", label=("家庭收入", "Gross income"))
def gross_income(household):
    return household.household_income + total(household.members.capital)


# ---- persons ----------------------------------------------------------------------------------------------------------------------------


@variable(Person, unit="fen/month", label=("高龄津贴", "1 Age allowance"))
def age_allowance(person, law):
    return bracket(law.age_allowances, person.age)


@variable(Person, unit="fen/month", label=("残疾津贴", "2 Disability allowance"))
def disability_allowance(person, law):
    return law.disability_allowances[person.disability]


@variable(Person, unit="fen/month", label=("护理补贴", "3 Care supplement"))
def care_supplement(person, law):
    needs_care = (person.age >= law.elder_age) | (person.age < law.care_young_age)
    return where(needs_care, law.care_supplements[person.disability], 0)


@variable(Person, unit="fen/month", label=("部分基本收入", "4 Partial basic income"))
def partial_basic_income(person, law):
    income = person.salary + person.capital
    taken = round_half_up(maximum(income - law.partial_basic_income_free, 0) * law.partial_basic_income_taper)
    entitled = (person.age >= law.child_age) & (person.age < law.partial_basic_income_end_age)
    return where(entitled, maximum(law.partial_basic_income_amount - taken, 0), 0)


@variable(Person, unit="fen/month", label=("儿童津贴", "5 Child allowance"))
def child_allowance(person, law):
    return where(person.age < law.child_age, bracket(law.child_allowances, person.household.children), 0)


@variable(Person, unit="fen/month", label=("交通补贴", "6 Transport"))
def transport(person, law):
    severe = (person.disability > 0) & (person.disability <= law.transport_severe_level)
    return select(
        ((person.age >= law.transport_full_age) | severe, law.transport_full),
        (person.age >= law.transport_half_age, law.transport_half),
        otherwise=0,
    )


@variable(Person, unit="fen/month", label=("缴费", "7 Contribution"))
def contribution(person, law):
    return round_half_up(marginal(law.contribution_rates, person.salary))


@variable(Person, unit="fen/month", label=("个人待遇合计", "Benefits of the person"))
def person_benefits(person):
    return (
        person.age_allowance
        + person.disability_allowance
        + person.care_supplement
        + person.partial_basic_income
        + person.child_allowance
        + person.transport
    )


# ---- households -------------------------------------------------------------------------------------------------------------------------


@variable(Household, unit="fen/month", label=("独居老人补贴", "8 Elder alone"))
def elder_alone(household, law):
    return where(household.elders == household.size, law.elder_alone_amounts[household.size], 0)


@variable(Household, unit="fen/month", label=("差额补助", "9 Top-up after a means test"))
def topup(household, law):
    counted = round_half_up(household.household_income * law.topup_counted) + total(household.members.capital)
    return maximum(household.size * law.topup_standard[household.region] - counted, 0)


@variable(Household, unit="fen/month", label=("租金补贴", "10 Rent allowance"))
def rent_allowance(household, law):
    poor = household.gross_income <= law.rent_income_limit * household.size
    rent = minimum(household.rent, law.rent_highest[household.size])
    fits = household.floor_area <= law.rent_largest_area[household.size]
    allowance = round_half_up(rent * where(fits, law.rent_share, law.rent_reduced_share))
    return where((household.occupancy == "tenant") & poor, allowance, 0)


@variable(Household, unit="fen/month", label=("取暖补贴", "11 Heating"))
def heating(household, law):
    area = minimum(household.floor_area, law.heating_area_base + law.heating_area_member * household.size)
    return where(household.occupancy != "homeless", round_half_up(area * law.heating_price[household.region]), 0)


@variable(Household, unit="fen/month", label=("儿童脱贫补助", "12 Child poverty"))
def child_poverty(household, law):
    weight = household.size - household.children + household.children * law.poverty_child_weight
    poor = household.gross_income + household.topup < law.poverty_line * weight
    return where(poor, household.children * law.child_poverty_amount, 0)


@variable(Household, unit="fen/month", label=("成员待遇合计", "Benefits of the members"))
def members_benefits(household):
    return total(household.members.person_benefits)


@variable(Household, unit="fen/month", label=("家庭待遇合计", "Benefits of the household"))
def household_benefits(household):
    own = household.elder_alone + household.topup + household.rent_allowance + household.heating + household.child_poverty
    return household.members_benefits + own


@variable(Household, unit="fen/month", label=("家庭缴费合计", "Contributions of the household"))
def household_contributions(household):
    return total(household.members.contribution)


@variable(Household, unit="fen/month", label=("净收入", "Net income"))
def net_income(household):
    return household.gross_income + household.household_benefits - household.household_contributions
