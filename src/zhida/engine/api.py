"""The door of the engine: words for packs, facts and batches for blocks, a law and its programs. No Django."""

from zhida.engine.batch import Batch
from zhida.engine.definitions import BenefitDefinition, Definition, VariableDefinition, benefit, variable
from zhida.engine.entities import HOUSE_FACTS, KINDS, Entity, FactDefinition
from zhida.engine.errors import EngineError, FormulaRefused
from zhida.engine.explain import BenefitExplanation, SheetLine, VariableExplanation
from zhida.engine.functions import (
    FEN,
    MONTH,
    ONCE,
    QUARTER,
    YEAR,
    YUAN,
    add_months,
    add_years,
    all_of,
    any_of,
    bracket,
    clamp,
    count,
    highest,
    is_known,
    longest_spell,
    lowest,
    marginal,
    maximum,
    minimum,
    months_between,
    months_in_a_row,
    rank,
    round_down,
    round_half_up,
    round_up,
    select,
    total,
    where,
    years_between,
)
from zhida.engine.household import HouseholdFacts, RootFacts
from zhida.engine.law import Law, load_law
from zhida.engine.law_source import LawSource
from zhida.engine.parameters import Entry, Parameter
from zhida.engine.program import Program
from zhida.engine.reform import Reform, ReformRefused, changed_benefits, read_reform
from zhida.engine.sources import Areas, PackSource
from zhida.engine.streaming import evaluate_files
from zhida.engine.trace import ParameterUse, TraceNode
from zhida.engine.vector import ENTITLED, NOT_ENTITLED, UNKNOWN, BenefitResult, Evaluation
from zhida.engine.wording import Names
from zhida.kernel.period import NEVER

__all__ = [
    "ENTITLED",
    "FEN",
    "HOUSE_FACTS",
    "KINDS",
    "MONTH",
    "NEVER",
    "NOT_ENTITLED",
    "ONCE",
    "QUARTER",
    "UNKNOWN",
    "YEAR",
    "YUAN",
    "Areas",
    "Batch",
    "BenefitDefinition",
    "BenefitExplanation",
    "BenefitResult",
    "Definition",
    "EngineError",
    "Entity",
    "Entry",
    "Evaluation",
    "FactDefinition",
    "FormulaRefused",
    "HouseholdFacts",
    "Law",
    "LawSource",
    "Names",
    "PackSource",
    "Parameter",
    "ParameterUse",
    "Program",
    "Reform",
    "ReformRefused",
    "RootFacts",
    "SheetLine",
    "TraceNode",
    "VariableDefinition",
    "VariableExplanation",
    "add_months",
    "add_years",
    "all_of",
    "any_of",
    "benefit",
    "bracket",
    "changed_benefits",
    "clamp",
    "count",
    "evaluate_files",
    "highest",
    "is_known",
    "load_law",
    "longest_spell",
    "lowest",
    "marginal",
    "maximum",
    "minimum",
    "months_between",
    "months_in_a_row",
    "rank",
    "read_reform",
    "round_down",
    "round_half_up",
    "round_up",
    "select",
    "total",
    "variable",
    "where",
    "years_between",
]
