"""Work: unemployment benefit, social insurance subsidies, posts for the hard to place.

Founders and graduates stand in their own files beside this one.
"""

from __future__ import annotations

from zhida.blocks.policies.api import (
    MONTH,
    NEVER,
    ONCE,
    Person,
    add_months,
    add_years,
    benefit,
    maximum,
    minimum,
    months_between,
    round_down,
    round_half_up,
    variable,
    where,
)

# ---- Unemployment benefit ----------------------------------------------------------------------------------------------------------------


@variable(
    Person,
    unit="month",
    label=("失业保险金领取期限", "Months of unemployment benefit"),
    clause="满6个月领1个月；五年以上部分满8个月领1个月；最长24个月",
)
def unemployment_duration(person, law):
    """One month for every six paid in the first five years, one for every eight after; half a step or more counts as a step."""
    early = minimum(person.unemployment_months, law.unemployment_early_months)
    late = maximum(person.unemployment_months - law.unemployment_early_months, 0)
    for_early = round_down((early + law.unemployment_early_remainder) / law.unemployment_early_step)
    for_late = round_down((late + law.unemployment_late_remainder) / law.unemployment_late_step)
    insured_enough = person.unemployment_months >= law.unemployment_months_least
    return where(insured_enough, minimum(for_early + for_late, law.unemployment_months_most), 0)


@variable(Person, unit="date", label=("失业保险金起算日", "Unemployment benefit counts from"), clause="自办理失业登记之日起计算")
def unemployment_counts_from(person):
    """The month of the first payment where there was one, else the day of registration: then the first whole month is the first paid."""
    return where(person.unemployment_benefit_from < NEVER, person.unemployment_benefit_from, person.unemployed_on)


@variable(Person, unit="bool", label=("本月应领失业保险金", "Draws unemployment benefit this month"))
def draws_unemployment_benefit(person, period):
    """Registered, not by own will, not back at work before the month ends, and the months earned are not used up."""
    out_of_work = (person.unemployed_on < period.end) & (person.reemployed_on >= period.end)
    used = months_between(person.unemployment_counts_from, period.start)
    within = (person.unemployment_counts_from <= period.start) & (used < person.unemployment_duration)
    return person.alive & out_of_work & within & person.unemployment_involuntary


@benefit(
    Person,
    code="shiye_baoxianjin",
    every=MONTH,
    unit="fen",
    payee="self",
    label=("失业保险金", "Unemployment benefit"),
    law="浙江省失业保险条例",
    clause="按当地最低月工资的90%按月发放",
    policy="shiye_baoxianjin",
    grade="A",
    in_force=("2022-08-01", None),
)
def shiye_baoxianjin(person, law):
    """A share of the minimum wage of the area."""
    amount = round_half_up(law.unemployment_share * law.min_wage_local[person.district])
    return where(person.draws_unemployment_benefit, amount, 0)


# ---- Social insurance subsidies ----------------------------------------------------------------------------------------------------------


@variable(
    Person, unit="bool", label=("符合用人单位社保补贴条件", "Counts for the employer's subsidy"), clause="领失业保险金当月不得同时享受"
)
def shebao_yongren_eligible(person):
    """A hard-to-place worker hired by an employer, not drawing unemployment benefit in the same month."""
    return person.alive & (person.post_kind == "hardship_hire") & ~person.draws_unemployment_benefit


@benefit(
    Person,
    code="shebao_butie_yongren",
    every=MONTH,
    unit="fen",
    payee="organisation:post_employer",
    label=("用人单位招用就业困难人员社保补贴", "Employer's social insurance subsidy"),
    law="杭州市就业创业政策实施办法（杭人社发〔2023〕7号）",
    clause="跨越新老政策的分段计算",
    policy="shebao_butie_yongren",
    grade="A",
    in_force=("2022-01-01", None),
)
def shebao_butie_yongren(person, law):
    """Until January 2023: a fixed sum, higher from an age that differs by sex."""
    older = person.age >= law.shebao_older_age[person.sex]
    return where(person.shebao_yongren_eligible, where(older, law.shebao_older_amount, law.shebao_other_amount), 0)


@shebao_butie_yongren.from_date("2023-02-01")
def shebao_butie_yongren_2023(person):
    """Since February 2023: what the employer actually paid for pension, medical and unemployment insurance."""
    paid = person.employer_pension_paid + person.employer_medical_paid + person.employer_unemployment_paid
    return where(person.shebao_yongren_eligible, paid, 0)


@variable(Person, unit="bool", label=("灵活就业参保", "Insured as a flexible worker"))
def linghuo_eligible(person, period):
    """Registered in flexible work and insured as such."""
    registered = (person.flexible_kind != "none") & (person.flexible_from < period.end)
    return person.alive & registered & (person.insured_kind == "flexible")


@benefit(
    Person,
    code="linghuo_shebao",
    every=MONTH,
    unit="fen",
    payee="self",
    label=("灵活就业社保补贴", "Flexible workers' social insurance subsidy"),
    law="杭州市就业创业政策实施办法（杭人社发〔2023〕7号）",
    clause="2023年1月底前按类别定额；此后按实际缴纳的比例",
    policy="linghuo_shebao",
    grade="A",
    in_force=("2022-01-01", None),
)
def linghuo_shebao(person, law):
    """Until January 2023: a fixed sum by kind of worker."""
    return where(person.linghuo_eligible, law.linghuo_amount[person.flexible_kind], 0)


@linghuo_shebao.from_date("2023-02-01")
def linghuo_shebao_2023(person, law, period):
    """Since February 2023: a share of what the worker paid for pension and medical insurance; for graduates at most three years."""
    within = period.start < add_years(person.flexible_from, law.linghuo_years_most)
    in_time = within | (person.flexible_kind != "graduate")
    amount = round_half_up((person.pension_paid + person.medical_paid) * law.linghuo_share[person.flexible_kind])
    return where(person.linghuo_eligible & in_time, amount, 0)


# ---- Public-welfare posts ----------------------------------------------------------------------------------------------------------------


@variable(Person, unit="bool", label=("在公益性岗位", "Holds a public-welfare post"))
def in_public_welfare_post(person):
    """A living person in a public-welfare post."""
    return person.alive & (person.post_kind == "public_welfare")


@benefit(
    Person,
    code="gongyixing_gangwei",
    every=MONTH,
    unit="fen",
    payee="organisation:post_employer",
    label=("公益性岗位补贴", "Public-welfare post subsidy"),
    law="杭州市公益性岗位政策（拱墅区2021-12-20公布）",
    clause="不低于市区最低月工资的1.30倍",
    policy="gongyixing_gangwei",
    grade="A",
    in_force=("2022-01-01", None),
)
def gongyixing_gangwei(person, law):
    """A multiple of the city's minimum wage for each post, paid to the employer."""
    return where(person.in_public_welfare_post, round_half_up(law.gongyixing_share * law.min_wage), 0)


@benefit(
    Person,
    code="gongyixing_gangwei_zhuijia",
    every=MONTH,
    unit="fen",
    payee="organisation:post_employer",
    label=("公益性岗位区级追加补贴", "District's top-up for public-welfare posts"),
    law="拱墅区公益性岗位政策（2021-12-20公布）",
    clause="拱墅区追加不低于市区最低月工资的0.40倍",
    policy="gongyixing_gangwei",
    grade="A",
    in_force=("2022-01-01", None),
)
def gongyixing_gangwei_zhuijia(person, law):
    """What the employer's district adds."""
    amount = round_half_up(law.gongyixing_top_up_share[person.post_district] * law.min_wage)
    return where(person.in_public_welfare_post, amount, 0)


# ---- One-off living allowance for the long unemployed on low income ----------------------------------------------------------------------


@variable(Person, unit="date", label=("失业登记满六个月之日", "Six months on the register"), clause="失业登记满6个月")
def unemployed_six_months_on(person, law):
    """The day the registration has lasted long enough."""
    return add_months(person.unemployed_on, law.dibao_shiye_wait)


@variable(Person, unit="bool", label=("符合一次性临时生活补贴条件", "Meets the conditions of the one-off living allowance"))
def dibao_shiye_eligible(person, period):
    """A member of a minimum-living or marginal household, out of work for six months and still out of work."""
    low_income = person.household.is_dibao | person.household.is_dibian
    waited = (person.unemployed_six_months_on < period.end) & (person.unemployed_six_months_on <= person.reemployed_on)
    return person.alive & waited & (person.reemployed_on >= period.start) & low_income


@benefit(
    Person,
    code="dibao_shiye_shenghuo",
    every=ONCE,
    unit="fen",
    occasion="unemployed_on",
    payee="self",
    label=("一次性临时生活补贴", "One-off living allowance for the long unemployed"),
    law="杭州市就业援助政策（拱墅区2021-12-20公布）",
    clause="失业登记满6个月的低保、低边成员，6倍月低保标准",
    policy="dibao_shiye_shenghuo",
    grade="A",
    in_force=("2022-01-01", None),
)
def dibao_shiye_shenghuo(person, law):
    """Months of the standard that applied on the day the six months were full, so that a later standard does not reopen the payment."""
    amount = law.dibao_shiye_months * law.dibao_standard[person.district].on(person.unemployed_six_months_on)
    return where(person.dibao_shiye_eligible, amount, 0)
