# mypy: ignore-errors
from zhida.engine.api import (
    FEN,
    MONTH,
    ONCE,
    YEAR,
    add_months,
    any_of,
    benefit,
    clamp,
    count,
    highest,
    is_known,
    marginal,
    maximum,
    minimum,
    months_between,
    rank,
    round_half_up,
    select,
    total,
    variable,
    where,
    years_between,
)
from zhida.engine.tests.sample.entities import Claim, Household, Person


@variable(Person, unit="year", label=("周岁", "Age"))
def age(person, period):
    return years_between(person.birth_date, period.start)


@variable(Person, unit="bool", label=("在世", "Alive"))
def alive(person, period):
    return person.died_on >= period.start


@variable(Household, unit="fen/month", label=("人均月收入", "Income per head"), clause="第九条")
def income_per_head(household):
    return household.household_income / household.size


@variable(Household, unit="1", label=("在世人数", "Living members"))
def living(household):
    return count(household.members.alive)


@benefit(Household, code="support", every=MONTH, unit="fen", label=("救助金", "Support"), payee="head", law="示例办法", clause="第三条")
def support(household, law):
    gap = maximum(law.support_standard[household.district] - household.income_per_head, 0)
    return where(household.means_tested, round_half_up(gap * household.living, FEN), 0)


@benefit(Person, code="old_age", every=MONTH, unit="fen", label=("高龄津贴", "Old-age allowance"), in_force=("2020-01-01", None))
def old_age(person, law):
    return where(person.alive & person.hukou_local & (person.age >= law.old_age), law.old_age_allowance, 0)


@old_age.from_date("2023-01-01", known_from="2023-03-01")
def old_age_2023(person, law):
    amount = select(
        (person.age >= law.age_three, law.old_age_three),
        (person.age >= law.age_two, law.old_age_two),
        (person.age >= law.old_age, law.old_age_one),
        otherwise=0,
    )
    return where(person.alive & person.hukou_local, amount, 0)


@benefit(Person, code="graduate", every=ONCE, unit="fen", label=("毕业生补贴", "Graduate grant"), occasion="birth_date")
def graduate(person, law):
    return where(person.degree != "none", law.graduate_grant[person.degree], 0)


@benefit(Person, code="care", every=MONTH, unit="fen", label=("护理补贴", "Care allowance"))
def care(person, law):
    eligible = (person.disability_level >= 1) & ~person.household.any_wage
    return where(eligible & (person.old_age == 0), law.care_allowance[person.disability_level], 0)


@variable(Household, unit="bool", label=("有工资", "Somebody earns"))
def any_wage(household):
    return any_of(household.members.wage > 0, where=household.members.alive)


@benefit(Household, code="rent_allowance", every=MONTH, unit="fen", label=("租金补贴", "Rent allowance"), payee="head")
def rent_allowance(household, law):
    area = clamp(household.size * law.area_per_person, law.area_least, law.area_most)
    return where(is_known(household.rent), minimum(round_half_up(area * law.rent_rate), household.rent), 0)


@benefit(Claim, code="claim_payment", every=ONCE, unit="fen", label=("报销", "Reimbursement"), occasion="claim_settled_on")
def claim_payment(claim, law, period):
    covered = maximum(claim.claim_cost - law.deductible[claim.claim_tier], 0)
    paid = marginal(law.claim_rates[claim.claim_tier], covered)
    recent = months_between(claim.claim_settled_on, period.end) <= law.claim_months
    return where(recent & claim.person.alive, round_half_up(paid), 0)


def person_start(period):
    return period.start


@benefit(Person, code="eldest", every=YEAR, unit="fen", label=("长者", "Eldest"))
def eldest(person, law, period):
    first = rank(person.birth_date, where=person.alive) == 1
    cost = total(person.claims.claim_cost)
    late = highest(person.claims.claim_settled_on, default=person_start(period)) >= add_months(period.start, law.claim_months)
    return where(first & (cost > 0) & late, law.old_age_one.on(period.start), 0)
