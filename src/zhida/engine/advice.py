"""What may be advised: facts that no sentence may touch, and what a household can decide by itself."""

from __future__ import annotations

from zhida.kernel.text import Text

# Facts that no condition "must not be" is said of: "must not have died".
NOT_SAID = frozenset({"birth_date", "sex", "died_on", "members_complete"})
# Facts whose value brings others with it, so that no answer can be tried before: the member who waits, and all that is known of them.
BRINGS_MORE = frozenset({"members_complete"})
# Facts that no advice may touch, for it would be odd or hurt: "if you were born earlier", "if she were disabled", "if you lost your work".
NOT_ADVISED = NOT_SAID | frozenset(
    {
        "birth_order",
        "care_institution_days",
        "care_level",
        "certified_kind",
        "claim_cost",
        "claim_cost_before",
        "claim_deductible_paid",
        "claim_kind",
        "claim_settled_on",
        "claim_tier",
        "couple_children",
        "delivered_on",
        "destitute",
        "difficulty_kind",
        "disability_category",
        "disability_institution",
        "disability_level",
        "expected_children",
        "hardship_worker",
        "household_kind",
        "housing_support_kind",
        "hukou_first_local",
        "insured_kind",
        "is_head",
        "loan_lpr_bp",
        "loan_rate_bp",
        "needs_long_term_care",
        "orphan_care",
        "plurality",
        "pregnancy_started_on",
        "relation",
        "relief_extraordinary",
        "relief_need",
        "relief_occurred_on",
        "residence_kind",
        "school_stage",
        "self_care",
        "settling_allowance",
        "unemployed_on",
        "unemployment_benefit_from",
        "unemployment_involuntary",
        "veteran_kind",
    }
)
# Facts that a household decides by itself, and what is said where it has not yet.
ADVICE = {
    "means_tested": Text(
        "您家还没有授权核对经济状况。授权民政部门核对后，这一项就能按收入和财产判定。",
        "Your household has not authorised a means test. Authorise Civil Affairs to carry one out, and income and assets can decide this.",
    )
}
