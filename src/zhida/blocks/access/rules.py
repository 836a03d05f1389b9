"""Who may do what, for which purpose. Pure: no database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Purpose(StrEnum):
    """Why somebody looks. Every query of personal data takes one, and the audit log keeps it (W3C DPV: purpose)."""

    OWN_ENTITLEMENTS = "own_entitlements"
    CASEWORK = "casework"
    DATA_QUALITY = "data_quality"
    PAYMENT = "payment"
    STATISTICS = "statistics"
    AUDIT = "audit"
    OPERATION = "operation"


@dataclass(frozen=True)
class Viewer:
    """The one who looks: account, role, the area or the resident it is bound to, and what others have delegated to it (DELEGABLE).

    department: whose items it handles; empty for nobody's.
    """

    account: str
    role: str
    area_code: str = ""
    resident_no: int | None = None
    delegated: tuple[str, ...] = ()
    department: str = ""

    @property
    def area_prefix(self) -> str:
        """The leading digits that every area this viewer sees shares; ``3301`` for the whole city."""
        return self.area_code.removesuffix("00") if len(self.area_code) == 6 else self.area_code

    @property
    def community_span(self) -> tuple[int, int]:
        """The half-open span of 12-digit community codes in this viewer's area; empty for no area.

        >>> Viewer("zhou", "street_officer", "330106").community_span, Viewer("nobody", "street_officer").community_span
        ((330106000000, 330107000000), (0, 0))
        """
        if not self.area_prefix:
            return (0, 0)
        width = 10 ** (12 - len(self.area_prefix))
        return int(self.area_prefix) * width, (int(self.area_prefix) + 1) * width

    def sees_area(self, area_code: str | int) -> bool:
        return bool(self.area_code) and str(area_code).startswith(self.area_prefix)


# The night run and the command line: not a person, never signs in.
SYSTEM = Viewer(account="system", role="system", area_code="330100")

# role -> permission -> the purposes it is for. A permission a role does not have here does not exist for it.
PERMISSIONS: dict[str, dict[str, Purpose]] = {
    "resident": {
        "entitlements.view_own": Purpose.OWN_ENTITLEMENTS,
        "entitlements.appeal": Purpose.OWN_ENTITLEMENTS,
        "notices.own": Purpose.OWN_ENTITLEMENTS,
        "notices.contact": Purpose.OWN_ENTITLEMENTS,
        "certificates.own": Purpose.OWN_ENTITLEMENTS,
        "cases.own": Purpose.OWN_ENTITLEMENTS,
    },
    "street_officer": {
        "notices.own": Purpose.OPERATION,
        "certificates.view": Purpose.CASEWORK,
        "entitlements.view_area": Purpose.CASEWORK,
        "appeals.handle": Purpose.CASEWORK,
        "quarantine.view": Purpose.DATA_QUALITY,
        "quarantine.correct": Purpose.DATA_QUALITY,
        "payments.returns": Purpose.PAYMENT,
        "payments.overpayments": Purpose.PAYMENT,
        "payments.recover": Purpose.PAYMENT,
        "payees.arrange": Purpose.CASEWORK,
        "payees.confirm": Purpose.CASEWORK,
        "notices.undelivered": Purpose.CASEWORK,
        "tills.view": Purpose.PAYMENT,
        "cases.handle": Purpose.CASEWORK,
        "cases.open": Purpose.CASEWORK,
        "cases.answer": Purpose.CASEWORK,
    },
    # Sits at a department's desk of a street, a district or the city and does its items of cases.
    "department_officer": {
        "notices.own": Purpose.OPERATION,
        "cases.handle": Purpose.CASEWORK,
    },
    # Leads such a desk: shares the work out, decides appeals and answers bad ratings.
    "department_lead": {
        "notices.own": Purpose.OPERATION,
        "cases.handle": Purpose.CASEWORK,
        "cases.share": Purpose.CASEWORK,
        "cases.answer": Purpose.CASEWORK,
    },
    "data_officer": {
        "notices.own": Purpose.OPERATION,
        "tills.view": Purpose.OPERATION,
        "tills.manage": Purpose.OPERATION,
        "feeds.view": Purpose.DATA_QUALITY,
        "feeds.receive": Purpose.DATA_QUALITY,
        "quarantine.view": Purpose.DATA_QUALITY,
        "quarantine.correct": Purpose.DATA_QUALITY,
        "merges.review": Purpose.DATA_QUALITY,
        "runs.view": Purpose.OPERATION,
        "runs.start": Purpose.OPERATION,
    },
    "payment_maker": {
        "notices.own": Purpose.OPERATION,
        "runs.view": Purpose.PAYMENT,
        "feeds.view": Purpose.DATA_QUALITY,
        "payments.view": Purpose.PAYMENT,
        "payments.prepare": Purpose.PAYMENT,
        "payments.release": Purpose.PAYMENT,
        "payments.returns": Purpose.PAYMENT,
        "payments.overpayments": Purpose.PAYMENT,
        "payments.recover": Purpose.PAYMENT,
        "tills.view": Purpose.PAYMENT,
        "tills.settle": Purpose.PAYMENT,
    },
    "payment_checker": {
        "notices.own": Purpose.OPERATION,
        "runs.view": Purpose.PAYMENT,
        "feeds.view": Purpose.DATA_QUALITY,
        "payments.view": Purpose.PAYMENT,
        "payments.approve": Purpose.PAYMENT,
        "payments.sample": Purpose.PAYMENT,
        "payments.overpayments": Purpose.PAYMENT,
        "payments.waive": Purpose.PAYMENT,
        "payees.confirm": Purpose.PAYMENT,
        "payments.close": Purpose.PAYMENT,
        "payments.settings": Purpose.PAYMENT,
        "delegations.view": Purpose.OPERATION,
        "delegations.make": Purpose.OPERATION,
        "tills.view": Purpose.PAYMENT,
    },
    "policy_staff": {
        "notices.own": Purpose.OPERATION,
        "reforms.simulate": Purpose.STATISTICS,
        "cases.declare": Purpose.STATISTICS,
        "statistics.view": Purpose.STATISTICS,
        "runs.view": Purpose.STATISTICS,
    },
    "captain": {
        "statistics.view": Purpose.STATISTICS,
        "runs.view": Purpose.STATISTICS,
        "notices.own": Purpose.OPERATION,
        "cases.supervise": Purpose.STATISTICS,
    },
    "auditor": {
        "notices.own": Purpose.OPERATION,
        "audit.view": Purpose.AUDIT,
        "delegations.view": Purpose.AUDIT,
        "statistics.view": Purpose.STATISTICS,
        "payments.view": Purpose.AUDIT,
        "payments.overpayments": Purpose.AUDIT,
        "runs.view": Purpose.AUDIT,
        "feeds.view": Purpose.AUDIT,
        "tills.view": Purpose.AUDIT,
    },
    # A device of a provider; it signs in with a secret of its own and never opens a page.
    "till": {"tills.use": Purpose.PAYMENT},
}

ALL_PERMISSIONS = frozenset(permission for granted in PERMISSIONS.values() for permission in granted)

# What may be delegated -> what comes with it: a signature needs eyes, but brings no budgets and no delegation of its own.
DELEGABLE: dict[str, dict[str, Purpose]] = {
    "payments.approve": {
        "payments.approve": Purpose.PAYMENT,
        "payments.sample": Purpose.PAYMENT,
        "payments.view": Purpose.PAYMENT,
        "delegations.view": Purpose.OPERATION,
    },
}
DELEGATION_DAYS_MAX = 92
# Roles that are no officers: nothing is delegated to them.
NOT_OFFICERS = ("resident", "till", "system")


def purpose_of(viewer: Viewer, permission: str) -> Purpose | None:
    """Return the purpose for which the viewer holds a permission, itself or by delegation, or None where it does not hold it."""
    return own_purpose(viewer, permission) or next(
        (DELEGABLE[power][permission] for power in viewer.delegated if permission in DELEGABLE[power]), None
    )


def own_purpose(viewer: Viewer, permission: str) -> Purpose | None:
    """Return the purpose for which the viewer's own role holds a permission: what was delegated cannot be passed on."""
    return PERMISSIONS.get(viewer.role, {}).get(permission)


def is_in_force(begin: date, end: date, ended_on: date | None, day: date) -> bool:
    """Say whether a delegation holds on a day: from its first until before its end, and not from the day on which it was ended early.

    >>> is_in_force(date(2025, 11, 1), date(2025, 11, 8), None, date(2025, 11, 7)), is_in_force(
    ...     date(2025, 11, 1), date(2025, 11, 8), None, date(2025, 11, 8)
    ... )
    (True, False)
    """
    return begin <= day < min(end, ended_on or end)
