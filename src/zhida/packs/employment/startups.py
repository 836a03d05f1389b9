"""Founders: interest on guaranteed loans, the three yearly grants, the social insurance grant, the reward for jobs."""

from __future__ import annotations

from zhida.blocks.policies.api import (
    ONCE,
    QUARTER,
    YEAR,
    Person,
    add_years,
    benefit,
    bracket,
    clamp,
    maximum,
    minimum,
    round_half_up,
    variable,
    where,
    years_between,
)


@variable(Person, unit="bool", label=("创业者企业正常经营", "Runs a start-up"))
def is_founder(person, period):
    """A living founder whose business was registered before the period began and operates."""
    return person.alive & (person.startup_founded_on <= period.start) & person.startup_operating


# ---- Interest --------------------------------------------------------------------------------------------------------------------------


@variable(Person, unit="fen", label=("限额内贷款利息", "Interest on the loan within the limit"), clause="个人最高50万元")
def loan_interest_within_limit(person, law):
    """The interest paid, cut in proportion where the loan is above the limit; the share keeps six decimals."""
    share = where(person.loan_principal > law.loan_most, law.loan_most / maximum(person.loan_principal, law.loan_most), 1)
    return round_half_up(person.loan_interest_paid * share)


@variable(Person, unit="1", label=("贴息比例", "Share of the interest that is paid back"), clause="重点人群全额；其他为LPR-150BP以上部分")
def loan_interest_share(person, law):
    """All of it for the key group; for others the part of the rate above the prime rate less 150 basis points."""
    own_part = maximum(person.loan_lpr_bp - law.loan_own_margin, 0)
    above = clamp(person.loan_rate_bp - own_part, 0, person.loan_rate_bp)
    share_of_others = where(person.loan_rate_bp > 0, above / maximum(person.loan_rate_bp, 1), 0)
    return where(person.startup_key_group, 1, share_of_others)


@benefit(
    Person,
    code="chuangye_danbao",
    every=QUARTER,
    unit="fen",
    payee="self",
    label=("创业担保贷款贴息", "Interest on guaranteed start-up loans"),
    law="浙江省创业担保贷款贴息政策",
    clause="个人最高50万元，期限3年；重点人群全额贴息，其他贴LPR-150BP以上部分",
    policy="chuangye_danbao",
    grade="B",
    in_force=("2025-04-01", None),
)
def chuangye_danbao(person, law, period):
    """The subsidised share of the quarter's interest, for quarters that begin within the loan's three years."""
    has_loan = (person.loan_principal > 0) & (person.loan_from < period.end)
    within = period.start < add_years(person.loan_from, law.loan_years_most)
    amount = round_half_up(person.loan_interest_within_limit * person.loan_interest_share)
    return where(person.is_founder & has_loan & within, amount, 0)


# ---- Grants ----------------------------------------------------------------------------------------------------------------------------


@variable(Person, unit="year", label=("创业补贴年次", "Year of the start-up grant"), clause="连续三年")
def startup_year(person, period):
    """1 in the first year of business, 2 in the second."""
    return years_between(person.startup_founded_on, period.start) + 1


@variable(Person, unit="bool", label=("符合创业补贴条件", "Meets the conditions of the start-up grant"))
def startup_grant_eligible(person):
    """A founder of the key group in elder care, domestic service or modern agriculture."""
    in_sector = person.startup_sector.is_in("elder_care", "domestic", "modern_agriculture")
    return person.is_founder & person.startup_key_group & in_sector


@benefit(
    Person,
    code="chuangye_butie",
    every=ONCE,
    unit="fen",
    occasion="startup_year",
    payee="self",
    label=("创业补贴", "Start-up grant"),
    law="浙政发〔2015〕21号；浙委办发〔2017〕46号",
    clause="养老、家政服务、现代农业创业：第一年5万元、第二年3万元、第三年2万元",
    policy="chuangye_butie",
    grade="B",
    in_force=("2018-01-01", None),
)
def chuangye_butie(person, law):
    """One instalment for each of the first three years of business."""
    return where(person.startup_grant_eligible, bracket(law.startup_grant, person.startup_year), 0)


@variable(Person, unit="bool", label=("符合一次性创业社保补贴条件", "Meets the conditions of the founder's social insurance grant"))
def startup_social_eligible(person, law):
    """A founder of the key group who has been insured through the business for a year."""
    return person.is_founder & person.startup_key_group & (person.startup_insured_months >= law.startup_social_months)


@benefit(
    Person,
    code="chuangye_shebao",
    every=ONCE,
    unit="fen",
    payee="self",
    label=("一次性创业社保补贴", "Founder's social insurance grant"),
    law="浙政发〔2015〕21号；浙委办发〔2017〕46号",
    clause="不超过5000元",
    policy="chuangye_butie",
    grade="B",
    in_force=("2018-01-01", None),
)
def chuangye_shebao(person, law):
    """What the founder paid in, up to the limit, once."""
    return where(person.startup_social_eligible, minimum(person.startup_social_paid, law.startup_social_most), 0)


@benefit(
    Person,
    code="daidong_jiuye",
    every=YEAR,
    unit="fen",
    payee="self",
    label=("创业带动就业补贴", "Reward for jobs created"),
    law="浙政发〔2015〕21号；浙委办发〔2017〕46号",
    clause="带动3人2000元，每增1人加1000元，每年不超过20000元，不超过3年",
    policy="chuangye_butie",
    grade="B",
    in_force=("2018-01-01", None),
)
def daidong_jiuye(person, law, period):
    """A base for the first jobs and a step for each more, up to a limit; in the calendar year of founding and the two after."""
    within = (person.startup_founded_on < period.end) & (add_years(person.startup_founded_on, law.jobs_reward_years) >= period.end)
    eligible = (person.died_on >= period.start) & person.startup_operating & within & (person.startup_jobs >= law.jobs_reward_least)
    more = maximum(person.startup_jobs - law.jobs_reward_least, 0) * law.jobs_reward_step
    return where(eligible, minimum(law.jobs_reward_base + more, law.jobs_reward_most), 0)
