"""What am I eligible for: every service with benefits, answered by the rules of the night run for a resident's household now.

No rule stands here. The block policies evaluates and explains; this module sorts its answers by service.
"""

from __future__ import annotations

from dataclasses import dataclass

from zhida.blocks.access.api import Purpose, Viewer
from zhida.blocks.catalogue.model import PublicService
from zhida.blocks.catalogue.reading import catalogue
from zhida.blocks.policies import api as policies
from zhida.blocks.policies.api import Explanation

# The order in which a family asks, and in which one line's answer outweighs another's.
STATUSES = ("entitled", "unknown", "not_entitled")


@dataclass(frozen=True)
class ServiceEligibility:
    """The answers of one service. month: the one they are worked out for. answers: entitled ones first, then unknown, then not.

    An answer's ``line`` has amount, who and what is missing with the department that has it; its ``changes`` what would turn a no.
    """

    service: PublicService
    month: str
    answers: tuple[Explanation, ...]

    @property
    def status(self) -> str:
        """entitled where any line is; else unknown where any is; else not_entitled."""
        return self.answers[0].line.status

    def of(self, status: str) -> list[Explanation]:
        return [each for each in self.answers if each.line.status == status]


def eligibility(viewer: Viewer, purpose: Purpose, resident_no: int) -> list[ServiceEligibility]:
    """Return what a household may claim from each service in the newest decided month: entitled services first, then unknown, then not.

    Members the viewer may not see are left out, and so are services whose benefits are not granted in that month.
    Raises: NotYours, NoRun.
    """
    by = policies.basis()
    told: dict[str, list[Explanation]] = {}
    for each in policies.household_explanations(viewer, purpose, resident_no, by):
        told.setdefault(each.line.benefit.code, []).append(each)
    found = []
    for service in catalogue().services.values():
        answers = sorted((each for code in service.benefits for each in told.get(code, ())), key=_order)
        if answers:
            found.append(ServiceEligibility(service, by.month.text, tuple(answers)))
    return sorted(found, key=lambda each: STATUSES.index(each.status))


def _order(answer: Explanation) -> int:
    return STATUSES.index(answer.line.status)
