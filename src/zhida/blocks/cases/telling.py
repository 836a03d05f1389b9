"""What residents and officers are told about a case. Nothing is sent here: ``notices`` writes it in the same transaction."""

from __future__ import annotations

from typing import Any

from zhida.blocks.access.api import SYSTEM, Purpose
from zhida.blocks.cases.declarations.model import LifeEventDeclaration
from zhida.blocks.cases.models import Case
from zhida.blocks.notices import api as notices
from zhida.kernel import clock


def tell(case: Case, declared: LifeEventDeclaration, kind: str, *, about: str = "", **parameters: Any) -> None:
    """Tell the applicant, or the subject where nobody has applied, one thing about a case; the same thing once.

    about: what makes this notice another than the last of its kind, such as an item. parameters: what a template may want to say.
    """
    offered = {"event": declared.label, "subject": case.subject_name, "number": case.number, "done_on": clock.today(), **parameters}
    wanted = notices.templates()[kind].parameters
    recipient = notices.Recipient(
        subject=f"case:{case.pk}:{about}" if about else f"case:{case.pk}",
        parameters={name: offered[name] for name in wanted if name in offered},
        resident_no=case.applicant_no or case.subject_no,
        community=case.community,
    )
    notices.notify(SYSTEM, kind, [recipient], Purpose.CASEWORK)
