"""The door of policies: the words packs are written in, runs, decisions, the happiness list, appeals."""

from zhida.blocks.policies.appeals import answer_appeal, appeals, file_appeal
from zhida.blocks.policies.decisions import AGE_BANDS, recurring_keys
from zhida.blocks.policies.difference import DifferenceRow, difference
from zhida.blocks.policies.errors import AppealNotOpen, AppealWithoutText, NoRun, UnknownBenefit, UnknownPack
from zhida.blocks.policies.explanations import Explanation, Step, explanation
from zhida.blocks.policies.language import *  # noqa: F403
from zhida.blocks.policies.language import __all__ as _words
from zhida.blocks.policies.law import BenefitDefinition, benefits, facts_of, installed_law, record_types_of
from zhida.blocks.policies.lists import EntitlementLine, EntitlementList, decided_months, entitlements
from zhida.blocks.policies.runs import decisions_path, latest_run, run, run_benefits, run_period, runs
from zhida.blocks.policies.sharing import set_household_sharing, shares_with_household
from zhida.blocks.policies.situation_checks import Failure, check_situations, laws_as_written
from zhida.blocks.policies.situations import Situation, read_situation_file, situation_folders

__all__ = [  # noqa: PLE0604 - the words are strings of language.__all__
    *_words,
    "AGE_BANDS",
    "AppealNotOpen",
    "AppealWithoutText",
    "BenefitDefinition",
    "DifferenceRow",
    "EntitlementLine",
    "EntitlementList",
    "Explanation",
    "Failure",
    "NoRun",
    "Situation",
    "Step",
    "UnknownBenefit",
    "UnknownPack",
    "answer_appeal",
    "appeals",
    "benefits",
    "check_situations",
    "decided_months",
    "decisions_path",
    "difference",
    "entitlements",
    "explanation",
    "facts_of",
    "file_appeal",
    "installed_law",
    "latest_run",
    "laws_as_written",
    "read_situation_file",
    "recurring_keys",
    "record_types_of",
    "run",
    "run_benefits",
    "run_period",
    "runs",
    "set_household_sharing",
    "shares_with_household",
    "situation_folders",
]
