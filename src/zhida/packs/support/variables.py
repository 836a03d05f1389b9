"""Who is poor, and what minimum living security pays: 低保, 低边, 特困, free electricity, property fees, emergency relief.

Children and disability stand in their own modules beside this one.
"""

from __future__ import annotations

from zhida.blocks.policies.api import (
    FEN,
    MONTH,
    ONCE,
    Household,
    Person,
    any_of,
    benefit,
    count,
    maximum,
    minimum,
    round_half_up,
    total,
    variable,
    where,
)

SOCIAL_ASSISTANCE = "社会救助暂行办法（国务院令第649号）；浙江省社会救助条例"


@variable(Household, unit="fen/month", label=("当地低保标准", "Minimum standard here"))
def dibao_standard(household, law):
    """The standard of the district the household lives in, per person."""
    return law.dibao_standard[household.district]


@variable(Household, unit="fen/month", label=("人均月收入", "Income per head"), clause="共同生活家庭成员人均收入")
def income_per_head(household):
    """Checked monthly income per living member.

    Disability allowances and the national child-care subsidy do not count as income; the means test delivers income without them,
    so nothing is added here for any benefit this law grants.
    """
    return household.household_income / maximum(household.people, 1)


@variable(Household, unit="fen/month", label=("核对的家庭月收入", "Checked household income"))
def checked_income(household):
    """The income that the means test found, before any benefit this law grants; unknown for households that were not tested."""
    return household.household_income


@variable(
    Household,
    unit="fen/month",
    label=("低收入线", "Low-income line"),
    law="杭州市最低生活保障边缘家庭认定规定",
    clause="家庭人均月收入低于低保标准2倍且不超过最低工资",
)
def low_income_line(household, law):
    """The income per head below which a household here is poor or near it: the limit of dibian, whatever its property."""
    return minimum(household.dibao_standard * law.dibian_income_multiple, law.min_wage)


@variable(Household, unit="fen", label=("人均货币财产", "Savings per head"))
def savings_per_head(household):
    """Checked savings per living member."""
    return household.household_savings / maximum(household.people, 1)


@variable(
    Household, unit="bool", label=("住房符合规定", "Homes within the limit"), clause="一套或无房，或两套但人均面积低于上年度人均住房面积"
)
def homes_allowed(household, law):
    """At most one home, or two that together are small for the number of people."""
    small = household.dwelling_area / maximum(household.people, 1) < law.second_home_area_limit
    return (household.dwelling_count <= 1) | ((household.dwelling_count == law.two_homes) & small)


@variable(Household, unit="bool", label=("无生活用机动车", "No private vehicle"), clause="无生活用机动车、船")
def no_vehicle(household):
    """No member owns a vehicle for private use; whoever the register still waits for may."""
    return (total(household.members.private_vehicles) == 0) & household.members_complete


@variable(
    Household, unit="bool", label=("低保财产符合规定", "Property within the dibao limit"), clause="浙江省社会救助家庭经济状况认定办法"
)
def dibao_property_allowed(household, law):
    """Savings, vehicles, shops and homes within what the province allows."""
    year_of_standard = household.dibao_standard * law.months_of_a_year
    savings = household.savings_per_head < year_of_standard * law.dibao_savings_years
    return savings & household.no_vehicle & ~household.commercial_property & household.homes_allowed


@variable(Household, unit="bool", label=("核对符合低保条件", "Means test meets the dibao conditions"), clause="第九条")
def meets_dibao_test(household):
    """Income per head below the standard and property allowed."""
    poor = household.income_per_head < household.dibao_standard
    return household.is_family & household.has_local_member & poor & household.dibao_property_allowed


@variable(Household, unit="bool", label=("低保家庭", "Dibao household"))
def is_dibao(household):
    """By the means test where the household has authorised one, else by the civil-affairs register."""
    return where(household.means_tested, household.meets_dibao_test, household.certified_kind == "dibao")


@variable(Household, unit="bool", label=("核对符合低边条件", "Means test meets the dibian conditions"))
def meets_dibian_test(household, law):
    """Income below twice the standard and not above the minimum wage, savings below six years of the standard, no shop, homes allowed."""
    income = household.income_per_head < household.dibao_standard * law.dibian_income_multiple
    wage = household.income_per_head <= law.min_wage
    savings = household.savings_per_head < household.dibao_standard * law.months_of_a_year * law.dibian_savings_years
    property_allowed = savings & ~household.commercial_property & household.homes_allowed
    return household.is_family & household.has_local_member & income & wage & property_allowed


@variable(Household, unit="bool", label=("低边家庭", "Dibian household"))
def is_dibian(household):
    """Just above dibao: by the means test where authorised, else by the register. Never both at once."""
    by_test = household.meets_dibian_test & ~household.meets_dibao_test
    return where(household.means_tested, by_test, household.certified_kind == "dibian")


@variable(Person, unit="bool", label=("特困人员", "Destitute"))
def is_destitute(person):
    """In force in the register of destitute persons, whichever kind of support."""
    return person.alive & (person.destitute != "none")


@variable(Person, unit="bool", label=("享受低保人口", "Counts for dibao"), clause="享受人口")
def counts_for_dibao(person):
    """A living local member whose living is not already paid in full: destitute persons, orphans and children without carers are."""
    paid_elsewhere = person.is_destitute | person.is_orphan | person.is_unsupported_child
    return person.is_local & ~paid_elsewhere


@benefit(
    Household,
    code="dibao",
    every=MONTH,
    unit="fen",
    label=("最低生活保障金", "Minimum living allowance"),
    payee="head",
    law=SOCIAL_ASSISTANCE,
    clause="社会救助暂行办法 第九条、第十二条：差额补足",
    policy="dibao",
    grade="A",
    in_force=("2021-01-01", None),
)
def dibao(household):
    """Tops each member who counts up from the income per head to the standard of the district.

    Unknown while a member's row waits in quarantine: the income per head is then unknown.
    """
    members = count(household.members.counts_for_dibao)
    gap = household.dibao_standard - household.income_per_head
    return where(household.is_dibao, round_half_up(maximum(gap, 0) * members, FEN), 0)


@benefit(
    Household,
    code="dibian",
    every=MONTH,
    unit="status",
    label=("低保边缘家庭认定", "Recognised as near minimum"),
    payee="head",
    law="浙江省社会救助条例；杭州市最低生活保障边缘家庭认定规定",
    clause="人均月收入低于低保标准2倍且不超过最低工资，财产符合规定",
    policy="dibian",
    grade="A",
    in_force=("2022-01-01", None),
)
def dibian(household):
    """A status, not money: it opens the door to other help."""
    return where(household.is_dibian, 1, 0)


@benefit(
    Person,
    code="tekun",
    every=MONTH,
    unit="fen",
    label=("特困人员基本生活费", "Allowance for destitute persons"),
    payee="guardian",
    law=SOCIAL_ASSISTANCE,
    clause="社会救助暂行办法 第三章；特困人员基本生活标准",
    policy="tekun",
    grade="A",
    in_force=("2020-01-01", None),
)
def tekun(person, law):
    """The standard of the district. A child that is paid as an orphan or as without carers is not paid again as destitute."""
    entitled = person.is_destitute & ~person.is_orphan & ~person.is_unsupported_child
    return where(entitled, law.tekun_standard[person.household.district], 0)


@benefit(
    Household,
    code="wuye_fuwu",
    every=MONTH,
    unit="fen",
    label=("低边家庭物业服务补贴", "Property service subsidy"),
    payee="head",
    law="滨江区低边家庭物业服务补贴（2023-02-17）",
    clause="每人每月74元",
    policy="dibian",
    grade="A",
    in_force=("2023-03-01", None),
)
def wuye_fuwu(household, law):
    """A fixed amount per local member of a dibian household, in the district that published it."""
    amount = law.wuye_fuwu_amount[household.district]
    return where(household.is_dibian & (amount > 0), amount * household.local_people, 0)


@benefit(
    Household,
    code="mianfei_dian",
    every=MONTH,
    unit="kWh",
    label=("免费用电", "Free electricity"),
    payee="head",
    law="关于浙江省居民阶梯电价“两保户”免费用电有关事项的通知（2013）",
    clause="低保户、五保户每户每月15千瓦时",
    policy="mianfei_dian",
    grade="A",
    in_force=("2021-01-01", None),
)
def mianfei_dian(household, law):
    """Free kilowatt hours for a dibao household, or one with a destitute person supported at home."""
    at_home = any_of(household.members.is_destitute_at_home)
    return where(household.is_dibao | (household.is_family & at_home), law.free_electricity, 0)


@variable(Person, unit="bool", label=("分散供养特困人员", "Destitute, supported at home"))
def is_destitute_at_home(person):
    """The 五保户 of the electricity notice: supported outside an institution."""
    return person.alive & (person.destitute == "scattered")


@variable(Household, unit="fen", label=("临时救助封顶", "Most that emergency relief may pay"))
def relief_limit(household, law):
    """Months of the minimum standard for each living member; twice as many months in extraordinary hardship."""
    months = where(household.relief_extraordinary, law.linshi_months_extraordinary, law.linshi_months)
    return household.dibao_standard * months * household.people


@benefit(
    Household,
    code="linshi_jiuzhu",
    every=ONCE,
    unit="fen",
    label=("临时救助", "Emergency relief"),
    payee="head",
    occasion="relief_occurred_on",
    law="杭州市临时救助办法（2017）",
    clause="基本生活救助不超过6个月低保标准，特别困难的最高12个月",
    policy="linshi_jiuzhu",
    grade="B",
    in_force=("2021-01-01", None),
)
def linshi_jiuzhu(household, period):
    """The assessed need up to the limit, in the month the hardship occurred; hukou is not asked for."""
    in_month = (household.relief_occurred_on >= period.start) & (household.relief_occurred_on < period.end)
    return where(in_month, minimum(household.relief_need, household.relief_limit), 0)
