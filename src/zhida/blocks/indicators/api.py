"""The door of indicators: what the cockpit shows."""

from zhida.blocks.indicators.commands import compare_with_truth, observe_month
from zhida.blocks.indicators.errors import NotObserved, NoTruth
from zhida.blocks.indicators.quality import Evidence
from zhida.blocks.indicators.queries import (
    DEFECT_LABELS,
    Cell,
    CockpitSummary,
    DefectRow,
    Quality,
    TakeUp,
    areas_below,
    benefit_label,
    by_age_sex,
    by_area,
    by_benefit,
    defect_cost,
    latest_observed_month,
    observed_months,
    quality,
    summary,
    take_up,
)
from zhida.blocks.indicators.timeliness import PAYDAY, Timeliness, days_late
from zhida.kernel.small_cells import SMALL_CELL

__all__ = [
    "DEFECT_LABELS",
    "PAYDAY",
    "SMALL_CELL",
    "Cell",
    "CockpitSummary",
    "DefectRow",
    "Evidence",
    "NoTruth",
    "NotObserved",
    "Quality",
    "TakeUp",
    "Timeliness",
    "areas_below",
    "benefit_label",
    "by_age_sex",
    "by_area",
    "by_benefit",
    "compare_with_truth",
    "days_late",
    "defect_cost",
    "latest_observed_month",
    "observe_month",
    "observed_months",
    "quality",
    "summary",
    "take_up",
]
