"""Variables that several packs need: alive, age, local, working age. Part of the law, written once.

Numbers stand in ``parameters/common.yaml`` beside this file. Packs name these variables; they never define them again.
"""

from __future__ import annotations

from zhida.blocks.policies.language import Household, Person, any_of, count, variable, where, years_between


@variable(Person, unit="bool", label=("在世", "Alive"))
def alive(person, period):
    """Not known to have died before the period began: the month of death still counts in full."""
    return person.died_on >= period.start


@variable(Person, unit="year", label=("周岁", "Age"))
def age(person, period):
    """Full years on the first day of the period."""
    return years_between(person.birth_date, period.start)


@variable(Person, unit="year", label=("本月末周岁", "Age at the end of the period"))
def age_at_end(person, period):
    """Full years on the last day of the period, for benefits that begin in the month of a birthday."""
    return years_between(person.birth_date, period.end - 1)


@variable(Person, unit="bool", label=("未成年人", "Under age"), clause="民法典 第十七条")
def is_child(person, law):
    """A living person who was not of age when the period began: the month of the birthday still counts."""
    return person.alive & (person.age < law.adult_age)


@variable(Person, unit="bool", label=("本市户籍", "Registered in the city"))
def is_local(person):
    """A living person whose hukou is in Hangzhou."""
    return person.alive & person.hukou_local


@variable(Person, unit="bool", label=("劳动年龄段", "Of working age"))
def is_working_age(person, law):
    """From the age at which work is allowed to the retirement age of the sex; the gradual raise since 2025 is not modelled."""
    from_age = person.age >= law.working_age_from
    return person.alive & from_age & (person.age < law.working_age_until[person.sex])


@variable(Household, unit="1", label=("在世家庭成员", "Living members"))
def people(household):
    """How many members are not known to have died before the period began; unknown while the register still waits for one."""
    return where(household.members_complete, count(household.members.alive), 0)


@variable(Household, unit="1", label=("本市户籍在世成员", "Living members registered in the city"))
def local_people(household):
    """How many of them are registered in the city; unknown in the same way."""
    return where(household.members_complete, count(household.members.is_local), 0)


@variable(Household, unit="bool", label=("有本市户籍成员", "Has a member registered in the city"))
def has_local_member(household):
    """At least one living member is registered in the city; whoever the register still waits for may be."""
    return any_of(household.members.is_local) | ~household.members_complete


@variable(Household, unit="bool", label=("家庭户", "Family household"))
def is_family(household):
    """A family household; people in a collective household do not live on one purse."""
    return household.household_kind == "family"
