"""What is kept of cases. A case's path through its process is one column; what departments did and what left the house are rows."""

from zhida.blocks.cases.models.cases import Case, CaseEntry, CaseItem, ItemQuestion, LifeEventVersion
from zhida.blocks.cases.models.feedback import CaseAppeal, Rating
from zhida.blocks.cases.models.outputs import CaseDecision, CaseEffect, CasePayable, CaseRecord, SystemMessage
from zhida.blocks.cases.models.residents import KeptAnswer, LifeEventOptOut, UploadedFile

__all__ = [
    "Case",
    "CaseAppeal",
    "CaseDecision",
    "CaseEffect",
    "CaseEntry",
    "CaseItem",
    "CasePayable",
    "CaseRecord",
    "ItemQuestion",
    "KeptAnswer",
    "LifeEventOptOut",
    "LifeEventVersion",
    "Rating",
    "SystemMessage",
    "UploadedFile",
]
