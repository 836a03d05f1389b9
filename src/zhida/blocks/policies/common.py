"""Variables that several packs need: alive, age, local, working age. Part of the law, written once.

Numbers stand in ``parameters/common.yaml`` beside this file. Packs name these variables; they never define them again.
"""

from __future__ import annotations

from zhida.blocks.policies.language import Household, Person, any_of, count, select, total, variable, where, years_between


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


# ---- kinds of households, for figures about them (simulation/) --------------------------------------------------------------------------


@variable(Person, unit="bool", label=("老年人", "Elderly"), clause="老年人权益保障法 第二条")
def is_elder(person, law):
    """A living person of 60 or more."""
    return person.alive & (person.age >= law.elder_age)


@variable(Household, unit="1", label=("登记在世成员", "Living members on the register"))
def registered_people(household):
    """How many living members the register names, whether or not it still waits for others."""
    return count(household.members.alive)


@variable(Household, unit="bool", label=("有残疾成员", "Has a disabled member"))
def has_disabled_member(household):
    """A living member holds a disability certificate."""
    return any_of(household.members.alive & (household.members.disability_category != "none"))


@variable(
    Household,
    unit="code",
    label=("家庭类型", "Type of household"),
    codes=("collective", "elder_alone", "elders_only", "one_adult_with_children", "with_children", "adults"),
)
def household_type(household):
    """The first that fits: collective; one elderly person alone; elderly only; one adult with children; more with children; adults only."""
    people = household.registered_people
    elders = count(household.members.is_elder)
    children = count(household.members.is_child)
    return select(
        (~household.is_family, "collective"),
        ((elders == people) & (people == 1), "elder_alone"),
        ((elders == people) & (people > 0), "elders_only"),
        ((children > 0) & (people - children == 1), "one_adult_with_children"),
        (children > 0, "with_children"),
        otherwise="adults",
    )


@variable(Household, unit="fen/month", label=("登记工资合计", "Registered wages together"))
def registered_wages(household):
    """The wages that employers declare for living members: a part of the household's income, never more than it."""
    return total(household.members.wage, where=household.members.alive)
