"""The pages of certificates: the public check, the resident's own, the street's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from zhida.blocks.access.api import SYSTEM, Purpose
from zhida.blocks.credentials import api as credentials
from zhida.kernel.text import Text
from zhida.web import verify

pytestmark = pytest.mark.django_db
MOTHER = 12


@pytest.fixture(autouse=True)
def a_new_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZHIDA_TODAY", "2025-11-05")
    verify._asked.clear()


@pytest.fixture
def certificate(db: None) -> credentials.IssuedCertificate:
    lines = (credentials.CertificateLine(Text("户口登记", "Household registration"), "已办理"),)
    wanted = credentials.CertificateWanted(
        "birth", Text("出生结果", "Birth"), MOTHER, 330106003001, "林小满", "110105********002X", lines, Text("卫健委", "Health")
    )
    return credentials.issue_certificate(SYSTEM, Purpose.CASEWORK, wanted, "case:1")


def test_a_code_is_checked_without_signing_in(client: Client, certificate: credentials.IssuedCertificate) -> None:
    for answer in (client.get("/verify/", {"code": certificate.code}), client.post("/verify/", {"code": certificate.code.lower()})):
        page = answer.content.decode()
        assert answer.status_code == 200 and "现在有效" in page and certificate.number in page and "林** 002X" in page
        assert "小满" not in page and "110105" not in page and "户口" not in page and answer["Cache-Control"] == "no-store"
    credentials.revoke_certificate(SYSTEM, Purpose.CASEWORK, certificate.pk, "办错了")
    page = client.get("/verify/", {"code": certificate.code}).content.decode()
    assert "现在已撤销" in page and "办错了" not in page


@pytest.mark.parametrize(
    ("codes", "said"),
    [
        (("2222-2222-2222-2222", "3333-3333-3333-3333", ""), "没有这个核验码对应的证照"),
        (("not a code", "0000-0000-0000-0000", "12"), "核验码是 16 位字母和数字"),
    ],
    ids=["no such code", "cannot be a code"],
)
def test_every_wrong_code_gets_the_same_page(
    client: Client, certificate: credentials.IssuedCertificate, codes: tuple[str, ...], said: str
) -> None:
    nearly = ("3" if certificate.code[0] == "2" else "2") + certificate.code[1:]
    pages = set()
    for code in (each or nearly for each in codes):
        answer = client.get("/verify/", {"code": code})
        pages.add(answer.content.decode().replace(code, "").split("<main", 1)[1].split("csrfmiddlewaretoken")[0])
    assert len(pages) == 1 and said in pages.pop()


def test_who_asks_too_often_waits(client: Client, certificate: credentials.IssuedCertificate, settings: Any) -> None:
    settings.CHECKS_PER_MINUTE = 2
    answers = [client.get("/verify/", {"code": certificate.code}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert certificate.number not in answers[-1].content.decode()
    assert client.get("/verify/", {"code": certificate.code}, REMOTE_ADDR="10.0.0.9").status_code == 200


def test_nothing_given_is_said_beside_the_field(client: Client) -> None:
    assert client.get("/verify/").status_code == 200
    assert "请填写核验码。" in client.post("/verify/", {"code": ""}).content.decode()
    assert "请选择文件。" in client.post("/verify/", {"by_file": "1"}).content.decode()


def test_the_file_a_resident_takes_home_is_genuine_and_a_changed_one_is_not(
    certificate: credentials.IssuedCertificate, signed_in: Callable[..., Client], client: Client
) -> None:
    mine = signed_in("resident", "lin", resident_no=MOTHER)
    assert certificate.code in mine.get("/my/certificates/").content.decode()
    answer = mine.get(f"/my/certificates/{certificate.pk}.pdf")
    assert answer["Content-Type"] == "application/pdf" and "attachment" in answer["Content-Disposition"]
    told = []
    for data in (answer.content, answer.content[:-1] + b" ", b"no PDF"):
        sent = {"by_file": "1", "file": SimpleUploadedFile("a.pdf", data)}
        told.append("文件是真的" in client.post("/verify/", sent).content.decode())
    assert told == [True, False, False]


def test_nobody_else_sees_it(certificate: credentials.IssuedCertificate, signed_in: Callable[..., Client]) -> None:
    other = signed_in("resident", "chen", resident_no=MOTHER + 1)
    assert "还没有电子证照" in other.get("/my/certificates/").content.decode()
    assert other.get(f"/my/certificates/{certificate.pk}.pdf").status_code == 403
    street = signed_in("street_officer", "zhou", area_code="330106003")
    assert certificate.code in street.get(f"/office/residents/{MOTHER}/certificates/").content.decode()
    neighbour = signed_in("street_officer", "wu", area_code="330106004")
    assert certificate.code not in neighbour.get(f"/office/residents/{MOTHER}/certificates/").content.decode()
    assert neighbour.get(f"/office/certificates/{certificate.pk}.pdf").status_code == 403
    assert signed_in("captain", "head").get(f"/office/certificates/{certificate.pk}.pdf").status_code == 403
