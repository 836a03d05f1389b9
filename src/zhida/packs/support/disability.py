"""The two allowances for people with disabilities. Neither counts as income of a dibao household."""

from __future__ import annotations

from zhida.blocks.policies.api import FEN, MONTH, Household, Person, benefit, round_half_up, variable, where


@variable(Person, unit="bool", label=("持残疾人证", "Holds a disability certificate"))
def has_disability(person):
    """A living local resident with a certificate in force."""
    return person.is_local & (person.disability_level > 0)


@variable(Person, unit="bool", label=("重度残疾", "Severely disabled"), clause="一级、二级")
def is_severely_disabled(person, law):
    """Level 1 or 2 of the certificate."""
    return person.has_disability & (person.disability_level <= law.severe_disability_level)


@variable(Household, unit="fen/month", label=("困难残疾人收入上限", "Income limit for the living allowance"))
def disability_income_limit(household, law):
    """One and a half times the minimum standard."""
    return household.dibao_standard * law.canji_income_multiple


@variable(
    Household, unit="bool", label=("家庭人均收入在限额内", "Household within the income limit"), clause="家庭人均收入不高于低保标准150%"
)
def disability_income_allowed(household):
    """By the means test where authorised; a dibao household by the register is below the limit anyway."""
    tested = household.means_tested & (household.income_per_head <= household.disability_income_limit)
    return household.is_dibao | tested


@variable(Person, unit="bool", label=("本人收入在限额内", "Own income within the limit"), clause="劳动年龄段本人收入不高于低保标准150%")
def disability_own_income_allowed(person):
    """Only for people of working age; own income is the wage that was declared."""
    return person.is_working_age & (person.wage <= person.household.disability_income_limit)


@benefit(
    Person,
    code="canji_shenghuo",
    every=MONTH,
    unit="fen",
    label=("困难残疾人生活补贴", "Living allowance for people with disabilities"),
    payee="guardian",
    law="浙江省困难残疾人生活补贴实施办法（2016）；国发〔2015〕52号",
    clause="低保标准的30%；特困人员、孤儿不享受",
    policy="canji_shenghuo",
    grade="B",
    in_force=("2021-01-01", None),
)
def canji_shenghuo(person, law):
    """30 % of the minimum standard. Destitute persons and orphans are provided for in full and get none."""
    poor = person.disability_own_income_allowed | person.household.disability_income_allowed
    eligible = person.has_disability & ~person.is_destitute & ~person.is_orphan & poor
    return where(eligible, round_half_up(person.household.dibao_standard * law.canji_shenghuo_rate, FEN), 0)


@variable(
    Person, unit="bool", label=("需长期照护的残疾人", "Disabled and in need of long-term care"), clause="一级、二级及非重度智力、精神残疾人"
)
def needs_nursing(person):
    """Severely disabled, or mentally or intellectually disabled at any level; and assessed as needing long-term care."""
    kind = person.is_severely_disabled | person.disability_category.is_in("intellectual", "mental")
    return person.has_disability & kind & person.needs_long_term_care


@benefit(
    Person,
    code="canji_huli",
    every=MONTH,
    unit="fen",
    label=("重度残疾人护理补贴", "Nursing allowance"),
    payee="guardian",
    law="浙江省重度残疾人护理补贴实施办法（2016）；国发〔2015〕52号",
    clause="按生活自理能力分档，机构托养上浮50%；享受养老服务补贴或特困供养的不享受",
    policy="canji_huli",
    grade="B",
    in_force=("2016-01-01", None),
)
def canji_huli(person, law):
    """By how far the person can look after itself; half as much again in an institution. The elder service subsidy excludes it."""
    eligible = person.needs_nursing & ~person.elder_service_subsidy & ~person.is_destitute
    amount = law.canji_huli_amount[person.self_care]
    in_institution = round_half_up(amount * law.canji_huli_institution_rate, FEN)
    return where(eligible, where(person.disability_institution, in_institution, amount), 0)
