"""What the city pays because people are old: the old-age allowance, long-term care insurance, the residents' basic pension."""

from __future__ import annotations

from zhida.blocks.policies.api import FEN, MONTH, YEAR, Person, benefit, bracket, minimum, round_half_up, variable, where

LONG_TERM_CARE = "杭州市长期护理保险试行办法（2025-01-01起施行）"


@benefit(
    Person,
    code="gaoling",
    every=MONTH,
    unit="fen",
    label=("高龄老人生活津贴", "Old-age allowance"),
    payee="self",
    law="杭民发〔2023〕24号；浙政办发〔2022〕71号；浙民养〔2022〕209号",
    clause="2023-01-01起80周岁及以上户籍老人；此前100周岁及以上",
    policy="gaoling",
    grade="A",
    in_force=("2021-01-01", None),
)
def gaoling(person, law):
    """By age band, from the month of the birthday that opens the band, to the month of death."""
    old_enough = person.age_at_end >= law.gaoling_age
    return where(person.is_local & old_enough, bracket(law.gaoling_amount, person.age_at_end), 0)


@variable(Person, unit="bool", label=("长护险重度失能", "Severely disabled in long-term care insurance"))
def has_severe_care_level(person):
    """Insured, alive and assessed at one of the three severe levels: the insurance pays for no other."""
    return person.alive & person.ltc_insured & person.care_level.is_in("severe_1", "severe_2", "severe_3")


@benefit(
    Person,
    code="changhuxian_jigou",
    every=MONTH,
    unit="fen",
    label=("长护险机构护理待遇", "Long-term care in an institution"),
    payee="self",
    law=LONG_TERM_CARE,
    clause="机构护理：按失能等级每日定额",
    policy="changhuxian",
    grade="A",
    in_force=("2025-01-01", None),
)
def changhuxian_jigou(person, law):
    """The daily amount of the level for each day spent in the institution this month."""
    eligible = person.has_severe_care_level & (person.care_setting == "institution")
    return where(eligible, law.care_institution_rate[person.care_level] * person.care_institution_days, 0)


@benefit(
    Person,
    code="changhuxian_jujia",
    every=MONTH,
    unit="fen",
    label=("长护险居家护理待遇", "Long-term care at home"),
    payee="self",
    law=LONG_TERM_CARE,
    clause="居家护理：每小时60元，按失能等级封顶",
    policy="changhuxian",
    grade="A",
    in_force=("2025-01-01", None),
)
def changhuxian_jujia(person, law):
    """Each hour of care at home, up to the hours of the level. Who is cared for in an institution is not paid at home as well."""
    eligible = person.has_severe_care_level & (person.care_setting == "home")
    hours = minimum(person.care_home_hours, law.care_home_hours_limit[person.care_level])
    return where(eligible, law.care_home_rate * hours, 0)


@variable(Person, unit="bool", label=("资助参保对象", "Contribution paid by the government"), clause="资助参保对象")
def is_supported_contributor(person):
    """Local residents whose living the city secures: dibao and dibian households, destitute persons, orphans, children without carers."""
    poor = person.household.is_dibao | person.household.is_dibian
    return person.is_local & (poor | person.is_destitute | person.is_orphan | person.is_unsupported_child)


@benefit(
    Person,
    code="changhuxian_canbao",
    every=YEAR,
    unit="status",
    label=("长护险参保资助", "Contribution to long-term care insurance paid for you"),
    payee="self",
    law=LONG_TERM_CARE,
    clause="资助参保对象个人部分由政府全额资助",
    policy="changhuxian",
    grade="A",
    in_force=("2025-01-01", None),
)
def changhuxian_canbao(person, law):
    """The government pays the personal share into the fund: a status here, because no money goes to the person.

    Only residents' schemes have a personal share that is paid in cash; employees' share comes from the personal account.
    """
    resident = person.medical_scheme.is_in("child", "student", "resident_other")
    share = law.care_contribution_personal > 0
    return where(resident & person.is_supported_contributor & share, 1, 0)


@benefit(
    Person,
    code="yanglao_jichu",
    every=MONTH,
    unit="fen",
    label=("城乡居民基础养老金", "Residents' basic pension"),
    payee="self",
    law="杭人社发〔2018〕243号",
    clause="基础养老金标准",
    policy="yanglao_jichu",
    grade="B",
    in_force=("2014-01-01", "2019-01-01"),
)
def yanglao_jichu(person, law):
    """The basic pension of those insured as residents, from the pension age on. No amount after 2018 was found, so it ends there."""
    eligible = person.is_local & (person.insured_kind == "resident") & (person.age_at_end >= law.residents_pension_age)
    return where(eligible, round_half_up(law.basic_pension[person.household.district], FEN), 0)
