"""OpenFisca's country template 8.2.0, formula by formula. Money is fen where the template has units of currency."""

from mix_facts import Household, Person

from zhida.engine.api import any_of, bracket, count, marginal, maximum, total, variable, where, years_between


@variable(Person, unit="year", label=("年龄", "Age"))
def age(person, period):
    return years_between(person.birth_date, period.start)


@variable(Person, unit="fen/month", label=("基本收入", "Basic income"))
def basic_income(person, law):
    # From 2015-12 only for adults without a salary.
    return where((person.age >= law.age_of_majority) & (person.salary == 0), law.basic_income_amount, 0)


@basic_income.from_date("2016-12-01")
def basic_income_2016_12(person, law):
    return where(person.age >= law.age_of_majority, law.basic_income_amount, 0)


@variable(Person, unit="fen/month", label=("养老金", "Pension"))
def pension(person, law):
    return where(person.age >= law.age_of_retirement, law.pension_amount, 0)


@variable(Person, unit="fen/month", label=("所得税", "Income tax"))
def income_tax(person, law):
    return (person.salary + person.capital + person.pension) * law.income_tax_rate


@variable(Person, unit="fen/month", label=("社会保险费", "Social security contribution"))
def social_security_contribution(person, law):
    return marginal(law.social_security_rates, person.salary)


@variable(Household, unit="fen/month", label=("工资合计", "Household income"))
def household_income(household):
    return total(household.members.salary)


@variable(Household, unit="fen/month", label=("住房补贴", "Housing allowance"))
def housing_allowance(household, law):
    return household.rent * law.housing_allowance_share


@housing_allowance.from_date("2016-12-01")
def housing_allowance_2016_12(household):
    return 0


@variable(Household, unit="fen/month", label=("育儿津贴", "Parenting allowance"))
def parenting_allowance(household, law):
    single = count(household.members.role == "adult") == 1
    under_8 = any_of(household.members.age < law.parenting_age_single)
    under_6 = any_of(household.members.age < law.parenting_age_couple)
    entitled = (household.household_income <= law.parenting_income_threshold) & ((single & under_8) | under_6)
    return where(entitled, law.parenting_amount, 0)


@variable(Household, unit="fen/month", label=("餐价", "Price of a meal"))
def meal_price(household, law):
    return bracket(law.meal_prices, household.household_income)


@variable(Household, unit="fen/month", label=("泳池费", "Cost of swimming pool access"))
def swimming_pool_access(household, law):
    return bracket(law.swimming_pool_costs, household.household_income)


@variable(Household, unit="fen/year", label=("房产税", "Housing tax"))
def housing_tax(household, law):
    tax = maximum(household.floor_area * law.housing_tax_rate, law.housing_tax_least)
    return where(household.occupancy.is_in("owner", "tenant"), tax, 0)


@variable(Household, unit="fen/month", label=("待遇合计", "Total benefits"))
def total_benefits(household):
    return total(household.members.basic_income) + household.housing_allowance


@variable(Household, unit="fen/month", label=("税费合计", "Total taxes"))
def total_taxes(household, law):
    taxes = total(household.members.income_tax) + total(household.members.social_security_contribution)
    return taxes + household.housing_tax / law.months_of_a_year


@variable(Household, unit="fen/month", label=("可支配收入", "Disposable income"))
def disposable_income(household, law):
    earned = household.household_income + total(household.members.capital) + total(household.members.pension)
    granted = total(household.members.basic_income) + household.housing_allowance + household.parenting_allowance
    taxes = total(household.members.income_tax) + total(household.members.social_security_contribution)
    return earned + granted - taxes - household.housing_tax / law.months_of_a_year
