"""Orphans and children in difficulty."""

from __future__ import annotations

from zhida.blocks.policies.api import MONTH, YUAN, Household, Person, benefit, maximum, round_half_up, select, variable, where

NOTICE = "杭州市民政局 杭州市财政局关于调整最低生活保障等社会救助标准的通知"


@variable(Person, unit="bool", label=("孤儿", "Orphan"))
def is_orphan(person):
    """A child in force in the register of orphans, in an institution or in a family."""
    return person.is_child & (person.orphan_care != "none")


@variable(Person, unit="bool", label=("事实无人抚养儿童", "Child without carers"))
def is_unsupported_child(person):
    """A local child whose parents live but cannot care for it, and who is not paid as an orphan."""
    return person.is_child & person.is_local & (person.difficulty_kind == "unsupported") & ~person.is_orphan


@benefit(
    Person,
    code="guer_jigou",
    every=MONTH,
    unit="fen",
    label=("福利机构养育孤儿基本生活费", "Orphans raised in an institution"),
    payee="organisation:orphan_institution",
    law=NOTICE,
    clause="福利机构养育孤儿基本生活养育标准",
    policy="guer_jigou",
    grade="A",
    in_force=("2020-01-01", None),
)
def guer_jigou(person, law):
    """The standard, paid to the institution."""
    return where(person.is_child & (person.orphan_care == "institution"), law.orphan_institution_standard, 0)


@benefit(
    Person,
    code="guer_sanju",
    every=MONTH,
    unit="fen",
    label=("社会散居孤儿基本生活费", "Orphans raised in families"),
    payee="guardian",
    law=NOTICE,
    clause="社会散居孤儿（含艾滋病病毒感染儿童）基本生活费",
    policy="guer_sanju",
    grade="A",
    in_force=("2020-01-01", None),
)
def guer_sanju(person, law):
    """The standard, paid to whoever raises the child."""
    return where(person.is_child & (person.orphan_care == "scattered"), law.orphan_scattered_standard, 0)


@variable(Household, unit="fen/month", label=("散居孤儿标准与低保标准之差", "Orphans' standard less the minimum standard"))
def orphan_gap(household, law):
    """What a child of a poor family lacks to the standard of an orphan."""
    return maximum(law.orphan_scattered_standard - household.dibao_standard, 0)


@variable(Household, unit="fen/month", label=("低边其他儿童补贴", "Other children of dibian families"))
def other_child_dibian(household, law):
    """30 % of the gap rounded to a yuan; where the city published another figure than its formula gives, what was published."""
    formula = round_half_up(household.orphan_gap * law.kunjing_dibian_rate, YUAN)
    return where(law.kunjing_dibian_published > 0, law.kunjing_dibian_published, formula)


@variable(Household, unit="fen/month", label=("其他儿童补贴", "Other children of poor families"))
def other_child_amount(household, law):
    """Half of the gap in a dibao family, the dibian amount in a dibian one, nothing else."""
    dibao = round_half_up(household.orphan_gap * law.kunjing_dibao_rate, YUAN)
    return select((household.is_dibao, dibao), (household.is_dibian, household.other_child_dibian), otherwise=0)


@variable(Person, unit="bool", label=("重残重病等困境儿童", "Child gravely ill or disabled"))
def is_gravely_affected(person):
    """Severe disability, serious or rare disease, or mental or intellectual disability of level 3 or 4."""
    return person.difficulty_kind.is_in("severe_disability", "serious_illness", "rare_disease", "mental_3_4")


@benefit(
    Person,
    code="kunjing_ertong",
    every=MONTH,
    unit="fen",
    label=("困境儿童生活补贴", "Allowance for children in difficulty"),
    payee="guardian",
    law=NOTICE,
    clause="困境儿童生活补贴：全额、补差、50%、30%",
    policy="kunjing_ertong",
    grade="A",
    in_force=("2021-01-01", None),
)
def kunjing_ertong(person, law):
    """In full without carers; the gap if gravely affected in a poor family; a share of it for the family's other children.

    Orphans and destitute children are paid by their own standards and not here.
    """
    home = person.household
    poor = home.is_dibao | home.is_dibian
    amount = select(
        (person.is_unsupported_child, law.orphan_scattered_standard),
        (person.is_gravely_affected & poor, home.orphan_gap),
        otherwise=home.other_child_amount,
    )
    eligible = person.is_child & person.is_local & ~person.is_orphan & (person.is_unsupported_child | ~person.is_destitute)
    return where(eligible, amount, 0)
