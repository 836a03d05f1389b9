"""The door of policies: the words packs are written in, runs, decisions, the happiness list, appeals, simulated reforms."""

from zhida.blocks.policies.appeals import answer_appeal, appeals, file_appeal
from zhida.blocks.policies.deciding import Decided, DecidedNow, decide_now
from zhida.blocks.policies.decisions import AGE_BANDS, recurring_keys
from zhida.blocks.policies.difference import DifferenceRow, difference
from zhida.blocks.policies.errors import (
    AppealNotOpen,
    AppealWithoutText,
    LawEdited,
    NoRun,
    NoSimulation,
    RunsDoNotCompare,
    UnknownBenefit,
    UnknownFact,
    UnknownLaw,
    UnknownPack,
)
from zhida.blocks.policies.explanations import (
    Basis,
    Explanation,
    HouseholdSheet,
    HouseholdSheetLine,
    Step,
    basis,
    explanation,
    explanations,
    household_explanations,
    household_sheet,
)
from zhida.blocks.policies.language import *  # noqa: F403
from zhida.blocks.policies.language import __all__ as _words
from zhida.blocks.policies.law import (
    BenefitDefinition,
    benefits,
    facts_of,
    installed_law,
    law_source,
    missing_named,
    pack_folders,
    record_types_of,
)
from zhida.blocks.policies.law_difference import ROWS as LAW_CHANGES
from zhida.blocks.policies.law_difference import BenefitChange, LawDifference, NamedLaw, law_difference, named_law
from zhida.blocks.policies.lists import EntitlementLine, EntitlementList, decided_months, entitlements
from zhida.blocks.policies.payee_differences import PayeeDifferences, PayeeTotal, payee_differences
from zhida.blocks.policies.runs import decisions_of, decisions_path, latest_run, run, run_benefits, run_period, runs
from zhida.blocks.policies.sharing import set_household_sharing, shares_with_household
from zhida.blocks.policies.simulation.asked import (
    Asked,
    ask_again,
    ask_simulation,
    asked_simulation,
    asked_simulations,
    forget_asked,
    stop_simulation,
)
from zhida.blocks.policies.simulation.commands import (
    delete_simulation,
    example_reforms,
    reform_problems,
    simulate,
    simulate_again,
    simulation,
    simulations,
)
from zhida.blocks.policies.simulation.numbers import LawNumber, law_numbers
from zhida.blocks.policies.simulation.results import (
    BenefitCost,
    Coverage,
    Decile,
    Effect,
    Group,
    ParameterShift,
    Simulation,
    Targeting,
    Welfare,
)
from zhida.blocks.policies.simulation.sheets import Sheet
from zhida.blocks.policies.simulation.sheets import sentences as simulation_sentences
from zhida.blocks.policies.simulation.sheets import sheets as simulation_sheets
from zhida.blocks.policies.situation_checks import Failure, check_situations, laws_as_written
from zhida.blocks.policies.situations import Situation, read_situation_file, situation_folders
from zhida.engine.reform import Reform, read_reform

__all__ = [  # noqa: PLE0604 - the words are strings of language.__all__
    *_words,
    "AGE_BANDS",
    "LAW_CHANGES",
    "AppealNotOpen",
    "AppealWithoutText",
    "Asked",
    "Basis",
    "BenefitChange",
    "BenefitCost",
    "BenefitDefinition",
    "Coverage",
    "Decile",
    "Decided",
    "DecidedNow",
    "DifferenceRow",
    "Effect",
    "EntitlementLine",
    "EntitlementList",
    "Explanation",
    "Failure",
    "Group",
    "HouseholdSheet",
    "HouseholdSheetLine",
    "LawDifference",
    "LawEdited",
    "LawNumber",
    "NamedLaw",
    "NoRun",
    "NoSimulation",
    "ParameterShift",
    "PayeeDifferences",
    "PayeeTotal",
    "Reform",
    "RunsDoNotCompare",
    "Sheet",
    "Simulation",
    "Situation",
    "Step",
    "Targeting",
    "UnknownBenefit",
    "UnknownFact",
    "UnknownLaw",
    "UnknownPack",
    "Welfare",
    "answer_appeal",
    "appeals",
    "ask_again",
    "ask_simulation",
    "asked_simulation",
    "asked_simulations",
    "basis",
    "benefits",
    "check_situations",
    "decide_now",
    "decided_months",
    "decisions_of",
    "decisions_path",
    "delete_simulation",
    "difference",
    "entitlements",
    "example_reforms",
    "explanation",
    "explanations",
    "facts_of",
    "file_appeal",
    "forget_asked",
    "household_explanations",
    "household_sheet",
    "installed_law",
    "latest_run",
    "law_difference",
    "law_numbers",
    "law_source",
    "missing_named",
    "laws_as_written",
    "named_law",
    "pack_folders",
    "payee_differences",
    "read_reform",
    "read_situation_file",
    "record_types_of",
    "recurring_keys",
    "reform_problems",
    "run",
    "run_benefits",
    "run_period",
    "runs",
    "set_household_sharing",
    "shares_with_household",
    "simulate",
    "simulate_again",
    "simulation",
    "simulation_sentences",
    "simulation_sheets",
    "simulations",
    "situation_folders",
    "stop_simulation",
]
