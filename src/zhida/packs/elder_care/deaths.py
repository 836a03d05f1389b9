"""What is due when a member of the employees' pension insurance has died: the funeral subsidy."""

from __future__ import annotations

from zhida.blocks.policies.api import NEVER, ONCE, Person, benefit, round_half_up, variable, where, years_between


@variable(Person, unit="year", label=("去世年份距今", "Years since the year of the death"))
def years_since_death(person, law, period):
    """Calendar years between the death and the period: 0 in the year of the death."""
    return years_between(law.calendar_start, period.start) - years_between(law.calendar_start, person.died_on)


@variable(
    Person, unit="bool", label=("符合丧葬补助金条件", "Meets the conditions of the funeral subsidy"), clause="参加企业职工基本养老保险"
)
def funeral_eligible(person, law):
    """Insured as an employee or on one's own account, and died under the measures.

    A case is decided by the newest month, which may end before the death it is about; a register tells of no death to come.
    """
    insured = (person.insured_kind == "employee") | (person.insured_kind == "flexible")
    return insured & (person.died_on >= law.funeral_rule_from) & (person.died_on < NEVER)


@benefit(
    Person,
    code="sangzang_buzhu",
    every=ONCE,
    unit="fen",
    occasion="died_on",
    payee="self",
    label=("丧葬补助金", "Funeral subsidy"),
    law="企业职工基本养老保险遗属待遇暂行办法（人社部发〔2021〕18号）",
    clause="死亡时本省上一年度城镇居民月人均可支配收入的2倍",
    policy="sangzang_buzhu",
    grade="B",
    in_force=("2021-09-01", None),
)
def sangzang_buzhu(person, law):
    """Two months of the income of the year before the death; decided in the year of the death and the one after.

    Nobody can pay a dead person: the money waits until the case *death* has named the heir (decision on payees, 0027).
    """
    this_year = person.years_since_death == 0
    last_year = person.years_since_death == 1
    income = where(this_year, law.urban_income_last_year, law.urban_income_year_before)
    amount = round_half_up(income * law.funeral_months / law.months_of_a_year)
    return where(person.funeral_eligible & (this_year | last_year), amount, 0)
