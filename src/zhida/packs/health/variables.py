"""What basic medical insurance pays of a bill, in the month the bill is settled.

Costs count over the settlement year: a bill begins where the year's earlier eligible costs end, and what is left of the deductible comes
off first. The slices of the scale are measured on the year's costs, the deductible included.
"""

from __future__ import annotations

from zhida.blocks.policies.api import FEN, MONTH, Claim, benefit, marginal, maximum, minimum, round_half_up, variable, where

RULES = "杭州市基本医疗保障办法（2021年施行，2026-01-01起修订）"


@variable(Claim, unit="bool", label=("本月结算", "Settled this month"))
def settled_in_period(claim, period):
    """A bill belongs to the month in which it was settled."""
    return (claim.claim_settled_on >= period.start) & (claim.claim_settled_on < period.end)


@variable(Claim, unit="bool", label=("参加职工医保", "Insured as an employee"))
def is_employee_claim(claim):
    """The patient is a working or a retired employee."""
    return claim.person.medical_scheme.is_in("employee_working", "employee_retired")


@variable(Claim, unit="bool", label=("参加城乡居民医保", "Insured as a resident"))
def is_resident_claim(claim):
    """The patient is a child, a student or another resident."""
    return claim.person.medical_scheme.is_in("child", "student", "resident_other")


@variable(Claim, unit="fen", label=("本次进入报销的起点", "Where reimbursement of this inpatient bill begins"))
def inpatient_from(claim, law):
    """The year's earlier costs plus what is left of the deductible of this tier, but not beyond the end of the bill."""
    left = maximum(law.inpatient_deductible[claim.claim_tier] - claim.claim_deductible_paid, 0)
    return minimum(claim.claim_cost_before + left, claim.inpatient_until)


@variable(Claim, unit="fen", label=("本年度累计到本次", "The year's costs including this bill"))
def inpatient_until(claim):
    """The year's eligible costs up to and with this bill."""
    return claim.claim_cost_before + claim.claim_cost


@variable(Claim, unit="fen", label=("职工医保累计到本次应支付", "Employees' share of the year's costs including this bill"))
def employee_share_until(claim, law):
    """The scale of the scheme and tier on the year's costs up to and with this bill."""
    return marginal(law.employee_inpatient_rates[claim.person.medical_scheme, claim.claim_tier], claim.inpatient_until)


@variable(Claim, unit="fen", label=("职工医保此前及起付标准部分", "Employees' share of what lies below this bill's start"))
def employee_share_before(claim, law):
    """The same scale on what lies below the point where this bill begins to be paid."""
    return marginal(law.employee_inpatient_rates[claim.person.medical_scheme, claim.claim_tier], claim.inpatient_from)


@benefit(
    Claim,
    code="yibao_zhigong_zhuyuan",
    every=MONTH,
    unit="fen",
    label=("职工医保住院报销", "Employees' inpatient care"),
    payee="self",
    law=RULES,
    clause="住院：起付标准以上分段按比例支付",
    policy="yibao_zhigong_zhuyuan",
    grade="B",
    in_force=("2021-01-01", "2026-01-01"),
)
def yibao_zhigong_zhuyuan(claim):
    """The rates of the tier and of working or retired, slice by slice, on what this bill adds to the year's costs."""
    eligible = claim.settled_in_period & (claim.claim_kind == "inpatient") & claim.is_employee_claim
    paid = claim.employee_share_until - claim.employee_share_before
    return where(eligible, round_half_up(paid, FEN), 0)


@benefit(
    Claim,
    code="yibao_zhigong_menzhen",
    every=MONTH,
    unit="fen",
    label=("职工医保门诊报销", "Employees' outpatient care"),
    payee="self",
    law=RULES,
    clause="门诊：起付标准以上按比例支付",
    policy="yibao_zhigong_zhuyuan",
    grade="B",
    in_force=("2021-01-01", "2026-01-01"),
)
def yibao_zhigong_menzhen(claim, law):
    """The rate of the tier on what the bill exceeds the rest of the year's deductible by."""
    eligible = claim.settled_in_period & (claim.claim_kind == "outpatient") & claim.is_employee_claim
    scheme = claim.person.medical_scheme
    left = maximum(law.employee_outpatient_deductible[scheme] - claim.claim_deductible_paid, 0)
    covered = maximum(claim.claim_cost - left, 0)
    return where(eligible, round_half_up(covered * law.employee_outpatient_rate[scheme, claim.claim_tier], FEN), 0)


@variable(Claim, unit="fen", label=("城乡居民医保累计到本次应支付", "Residents' share of the year's costs including this bill"))
def resident_share_until(claim, law):
    """The scale of the scheme and tier on the year's costs up to and with this bill."""
    return marginal(law.resident_inpatient_rates[claim.person.medical_scheme, claim.claim_tier], claim.inpatient_until)


@variable(Claim, unit="fen", label=("城乡居民医保此前及起付标准部分", "Residents' share of what lies below this bill's start"))
def resident_share_before(claim, law):
    """The same scale on what lies below the point where this bill begins to be paid."""
    return marginal(law.resident_inpatient_rates[claim.person.medical_scheme, claim.claim_tier], claim.inpatient_from)


@benefit(
    Claim,
    code="yibao_jumin_zhuyuan",
    every=MONTH,
    unit="fen",
    label=("城乡居民医保住院报销", "Residents' inpatient care"),
    payee="self",
    law=RULES,
    clause="少儿、其他城乡居民、大学生：住院",
    policy="yibao_jumin_zhuyuan",
    grade="A",
    in_force=("2021-01-01", "2026-01-01"),
)
def yibao_jumin_zhuyuan(claim):
    """The rate of the tier up to 250,000 a year, above it the rate of the kind of resident."""
    eligible = claim.settled_in_period & (claim.claim_kind == "inpatient") & claim.is_resident_claim
    paid = claim.resident_share_until - claim.resident_share_before
    return where(eligible, round_half_up(paid, FEN), 0)


@benefit(
    Claim,
    code="yibao_jumin_menzhen",
    every=MONTH,
    unit="fen",
    label=("城乡居民医保门诊报销", "Residents' outpatient care"),
    payee="self",
    law=RULES,
    clause="门诊起付标准300元，少儿、大学生按一档，其他居民按二档",
    policy="yibao_jumin_zhuyuan",
    grade="A",
    in_force=("2021-01-01", "2026-01-01"),
)
def yibao_jumin_menzhen(claim, law):
    """The rate of the tier above the deductible. Other residents are paid at the second class: which class they chose is not delivered."""
    eligible = claim.settled_in_period & (claim.claim_kind == "outpatient") & claim.is_resident_claim
    left = maximum(law.resident_outpatient_deductible - claim.claim_deductible_paid, 0)
    covered = maximum(claim.claim_cost - left, 0)
    rate = law.resident_outpatient_rate[claim.person.medical_scheme, claim.claim_tier]
    return where(eligible, round_half_up(covered * rate, FEN), 0)
