"""What tests of credentials share: a key that is made once, a day that is set, and one certificate as a case would want it."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from zhida.blocks.access.api import SYSTEM, Purpose, Viewer
from zhida.blocks.credentials.api import CertificateLine, CertificateWanted, IssuedCertificate, issue_certificate
from zhida.blocks.credentials.keys import own_key
from zhida.kernel.text import Text

MOTHER = 12
COMMUNITY = 330106003001
RESIDENT = Viewer("lin_xiaoman", "resident", "", MOTHER)
OFFICER = Viewer("zhou", "street_officer", "330106003")
NEIGHBOUR = Viewer("wu", "street_officer", "330106004")

WANTED = CertificateWanted(
    certificate="birth_joint_result",
    title=Text("出生一件事办理结果", "Result of the joint case: a child is born"),
    resident_no=MOTHER,
    community=COMMUNITY,
    holder_name="林小满",
    masked_id="110105********002X",
    lines=(
        CertificateLine(Text("户口登记", "Household registration"), "已办理"),
        CertificateLine(Text("备注", "Remark"), '<img src="file:///etc/hostname">&'),
    ),
    issuer=Text("市卫生健康委员会", "Health Commission"),
    valid_until=date(2026, 11, 5),
)


@pytest.fixture(scope="session")
def key_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key as an installation makes it for itself, once for all tests."""
    return own_key(tmp_path_factory.mktemp("installation"))


@pytest.fixture(autouse=True)
def on_the_fifth(monkeypatch: pytest.MonkeyPatch, settings: Any, key_folder: Path) -> None:
    monkeypatch.setenv("ZHIDA_TODAY", "2025-11-05")
    settings.CERTIFICATE_KEY = str(key_folder / "signing.p12")


@pytest.fixture
def certificate(db: None) -> IssuedCertificate:
    return issue_certificate(SYSTEM, Purpose.CASEWORK, WANTED, "case:1:certificate")
